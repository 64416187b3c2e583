"""What texts in awkward shapes cost, for every language table and section format: time, memory, what becomes of them.

python -m benchmarks.shapes [--size N] [--language NAME]... [--jobs N] [--write]: each shape goes through chunking and
embedding as in a worker, in a process of its own under the worker's own limits, and as lines in another one where it
ended that. Prints the worst; with --write all that cost more than a second or 200 MB, to results/. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.shape_rules import Shape, all_shapes
from codesearch.core.config import load_settings
from codesearch.core.types import SourceFile
from indexer.batches import BatchIndexer, Reading, parse_limits
from indexer.chunking.languages.table import all_languages, language_of
from indexer.chunking.sections.finding import SECTION_LANGUAGES
from indexer.workers.limits import FileGuard, Marks, prepare_limits
from indexer.workers.tasks import MEMORY_STATUS, WorkerSettings
from indexer.workers.work import prepare

RESULTS = Path(__file__).with_name("results")
MOST_CPU_SECONDS = 120
TARGET_SECONDS, TARGET_MB = 2.0, 300
SHOWN = 40


@dataclass(frozen=True, slots=True)
class Cost:
    """What one text cost: CPU seconds and peak memory of its processes, and how it was read in the end."""

    language: str
    shape: str
    seconds: float
    megabytes: float
    outcome: str


def main() -> None:
    """Measure the shapes of the chosen languages, a few at a time, and print the worst."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=100_000, help="characters of each text")
    parser.add_argument("--language", action="append", help="only these; default: all")
    parser.add_argument("--every", type=int, default=1, help="take only each so-manieth shape")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--details", type=Path, metavar="FILE", help="write every figure there, one JSON list a line")
    parser.add_argument("--write", action="store_true", help="write results/shapes-COMMIT.md")
    parser.add_argument("--inside", metavar="LANGUAGE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        for cost in measure(options.inside, options.size, options.every):
            print(as_line(cost), flush=True)
        return
    names = options.language or sorted(paths_by_language())
    with ThreadPoolExecutor(options.jobs) as side:
        costs = [cost for found in side.map(lambda name: _measure_outside(name, options), names) for cost in found]
    if options.details:
        options.details.write_text("".join(f"{as_line(cost)}\n" for cost in costs), encoding="utf-8")
    page = describe(costs, options.size)
    print(page)
    if options.write:
        commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
        (RESULTS / f"shapes-{commit.stdout.strip()}.md").write_text(page + "\n", encoding="utf-8")


def as_line(cost: Cost) -> str:
    """Return a cost as one JSON list."""
    return json.dumps([cost.language, cost.shape, cost.seconds, cost.megabytes, cost.outcome])


def paths_by_language() -> dict[str, str]:
    """Return a file name for each language that has a table, and for each format that is cut into sections."""
    paths = {language: f"a.{language}" for language in SECTION_LANGUAGES}
    paths |= {"make": "Makefile", "cmake": "a.cmake", "hcl": "a.tf", "text": "a.txt", "markdown": "a.md"}
    for language in all_languages():
        names = [f"a{extension}" for extension in language.extensions] + list(language.filenames)
        paths[language.name] = next(name for name in names if _is(name, language.name))
    return paths


def _is(path: str, language: str) -> bool:
    found = language_of(path)
    return found is not None and found.name == language


def _measure_outside(language: str, options: argparse.Namespace) -> list[Cost]:
    command = [sys.executable, "-m", "benchmarks.shapes", "--inside", language]
    command += ["--size", str(options.size), "--every", str(options.every)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    output = done.stdout
    problem = f", then it ended with {done.returncode}" if done.returncode else ""
    print(f"{language}: {len(output.splitlines())} shapes{problem}", file=sys.stderr, flush=True)
    return [Cost(*json.loads(line)) for line in output.splitlines()]


def measure(language: str, size: int, every: int = 1) -> Iterator[Cost]:
    """Yield the cost of each shape in one language, worked out in processes forked from this one."""
    settings = load_settings(embedding_model="bundled")
    needed = WorkerSettings("bundled", Path(), *_limits_of(settings))
    indexer = prepare(needed)
    path = paths_by_language()[language]
    # The grammar is in memory before, as in a worker that has read a file of the language.
    indexer.chunk([SourceFile(path, "a\n", "id", None)])
    for shape in all_shapes()[::every]:
        yield _measure_shape(indexer, needed, SourceFile(path, shape.make(size), "id", None), language, shape)


def _limits_of(settings: object) -> tuple[int, float, int]:
    return tuple(getattr(settings, name) for name in ("max_chunk_tokens", "max_parse_seconds", "max_parse_memory_mb"))


def _measure_shape(
    indexer: BatchIndexer, settings: WorkerSettings, file: SourceFile, language: str, shape: Shape
) -> Cost:
    seconds = megabytes = 0.0
    outcome = ""
    for reading in Reading:
        ours, theirs = Pipe(duplex=False)
        pid = os.fork()
        if not pid:
            _index_and_exit(indexer, settings, file, reading, theirs)
        theirs.close()
        found = _answer(ours)
        _, status, usage = os.wait4(pid, 0)
        ours.close()
        seconds += usage.ru_utime + usage.ru_stime
        megabytes = max(megabytes, usage.ru_maxrss / 1024)
        if found is not None:
            outcome += found
            break
        outcome += f"ended by {os.waitstatus_to_exitcode(status)}, "
    return Cost(language, shape.name, round(seconds, 2), round(megabytes), outcome or "tree")


def _answer(connection: Connection) -> str | None:
    try:
        return str(connection.recv())
    except EOFError:
        return None


def _index_and_exit(
    indexer: BatchIndexer, settings: WorkerSettings, file: SourceFile, reading: Reading, answer: Connection
) -> None:
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        prepare_limits()
        resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_SECONDS, MOST_CPU_SECONDS))
        indexer.guard = FileGuard(Marks([0.0, 0.0], 0), parse_limits(settings))
        (chunked,) = indexer.chunk([file], reading)
        indexer.embed([chunked], "source")
        unparsed = chunked.unparsed
        how = "lines" if reading is Reading.LINES else "nothing" if reading is Reading.NOTHING else "tree"
        answer.send(how if unparsed is None else f"lines: {unparsed.reason.value} {unparsed.detail}".strip())
    except MemoryError:
        os._exit(MEMORY_STATUS)
    finally:
        os._exit(0)


def describe(costs: Sequence[Cost], size: int) -> str:
    """Return a page with the worst shape of each language, and the worst of all, by time and by memory."""
    over = [cost for cost in costs if cost.seconds > TARGET_SECONDS or cost.megabytes > TARGET_MB]
    lost = [cost for cost in costs if cost.outcome.endswith("nothing")]
    lines = [cost for cost in costs if cost.outcome != "tree"]
    rows = [
        f"# Shapes of {size:,} characters, {time.strftime('%Y-%m-%d', time.gmtime())}",
        "",
        f"{len(costs):,} texts: {len(costs) - len(lines):,} read as usual, {len(lines):,} as lines, {len(lost)} not at "
        f"all; {len(over)} over {TARGET_SECONDS:g} s or {TARGET_MB} MB. CPU seconds; memory of the whole process, "
        f"at least {_baseline(costs):.0f} MB.",
        "",
        "| language | shapes | as lines | slowest, s | largest, MB |",
        "|---|---:|---:|---:|---:|",
    ]
    for language in sorted({cost.language for cost in costs}):
        own = [cost for cost in costs if cost.language == language]
        count = sum(cost.outcome != "tree" for cost in own)
        worst, largest = max(cost.seconds for cost in own), max(cost.megabytes for cost in own)
        rows.append(f"| {language} | {len(own)} | {count} | {worst:.2f} | {largest:.0f} |")
    by_time = sorted(costs, key=lambda cost: (-cost.seconds, cost.language, cost.shape))[:SHOWN]
    by_memory = sorted(costs, key=lambda cost: (-cost.megabytes, cost.language, cost.shape))[:SHOWN]
    return "\n".join([*rows, "", *_table("Slowest", by_time), "", *_table("Largest", by_memory)])


def _baseline(costs: Iterable[Cost]) -> float:
    return min((cost.megabytes for cost in costs), default=0.0)


def _table(title: str, costs: Iterable[Cost]) -> list[str]:
    rows = [f"| {cost.seconds:.2f} | {cost.megabytes:.0f} | {cost.outcome} |" for cost in costs]
    return [f"## {title}", "", "| s | MB | read as |", "|---:|---:|---|", *rows]


if __name__ == "__main__":
    main()
