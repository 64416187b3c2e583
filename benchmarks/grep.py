"""grep_search beside ripgrep: the same literals and expressions over the same folder, in turns, in one run.

python -m benchmarks.grep TREE [--data-dir DIR] [--rounds 7] [--write]: indexes the folder (again only what changed when
the index is kept), asks each query of both, first once unmeasured, and prints the median seconds and CPU seconds of
each, how many lines both found, and whether they are the same. ripgrep's seconds include the start of its process.
With --write the table goes to results/.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from benchmarks.quality import open_assembly
from codesearch.assembly import LOCAL_PRINCIPAL, Assembly, open_indexer
from codesearch.core.index.source_index import SourceIndex
from codesearch.tools.grep_search import MAX_RESULTS
from indexer.pipeline import SilentProgress

RESULTS = Path(__file__).parent / "results"
Lines = frozenset[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked of both."""

    text: str
    is_regex: bool = False
    ignores_case: bool = False
    whole_word: bool = False

    @property
    def arguments(self) -> dict[str, object]:
        """Those of grep_search."""
        return {
            "query": self.text,
            "regex": self.is_regex,
            "case_sensitive": not self.ignores_case,
            "whole_word": self.whole_word,
        }

    @property
    def options(self) -> list[str]:
        """Those of ripgrep."""
        chosen = (("-F", not self.is_regex), ("-i", self.ignores_case), ("-w", self.whole_word))
        return [*(name for name, is_set in chosen if is_set), "-e", self.text]


QUERIES = (
    Query("no such text is anywhere"),
    Query("deprecated since"),
    Query("    return None"),
    Query("connection refused", ignores_case=True),
    Query("timeout", whole_word=True),
    Query(r"\w+_nowhere_at_all\b", is_regex=True),
    Query(r"^\s*(class|struct) \w+Handler\b", is_regex=True),
    Query(r"(?i)todo.*\bfix", is_regex=True),
    Query(r"(open|close|flush)_(file|socket|stream)\(", is_regex=True),
    Query(r"[A-Z]{4}_[0-9]{3,}", is_regex=True),
    Query(r"\b[0-9a-f]{32,}\b", is_regex=True),
    Query(r"[.,;:] $", is_regex=True),
    Query(r"[a-z]+_lock\(", is_regex=True),
    Query(r".*foo.*bar", is_regex=True),
    Query("Makefile"),
)


@dataclass(slots=True)
class Figures:
    """What one side took for one query, a value a round."""

    seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{1000 * statistics.median(self.seconds):.0f} | {1000 * statistics.median(self.cpu_seconds):.0f}"


def main() -> None:
    """Index, ask in turns, print a row for each query."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree", type=Path, metavar="TREE", help="a folder with source code")
    parser.add_argument("--data-dir", type=Path, help="keep the index here; default: a temporary folder")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--write", action="store_true", help="write results/grep-DATE.md, too")
    arguments = parser.parse_args()
    tree = arguments.tree.resolve()
    with (
        tempfile.TemporaryDirectory() as temporary,
        closing(open_assembly(arguments.data_dir or Path(temporary) / "data")) as assembly,
    ):
        report = open_indexer(assembly).index(str(tree), name=None, branch=None, subdir=None, progress=SilentProgress())
        index = assembly.search_indexes.get(report.source.id, report.source.run_id)
        rows = [measure(assembly, report.source.id, index, tree, query, arguments.rounds) for query in QUERIES]
        page = "\n".join([*describe(index, arguments.rounds), *rows]) + "\n"
    print(page, end="")
    if arguments.write:
        (RESULTS / f"grep-{date.today()}.md").write_text(page, encoding="utf-8")


def describe(index: SourceIndex, rounds: int) -> list[str]:
    """Return the lines above the table."""
    version = subprocess.run(["rg", "--version"], capture_output=True, text=True, check=True).stdout.split("\n")[0]
    return [
        f"# grep_search beside {version}, {date.today()}",
        "",
        f"{index.file_count:,} files, {count_lines(index):,} lines, {index.text_bytes:,} bytes of "
        f"text; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}. Medians of {rounds} rounds in turns, in "
        f"milliseconds. grep_search shows {MAX_RESULTS} lines and counts 1,000 more; CR and LF are one line end "
        "for it.",
        "",
        "    python -m benchmarks.grep TREE --data-dir DIR --write",
        "",
        "| query | grep_search | CPU | ripgrep | CPU | lines | the same |",
        "|---|---:|---:|---:|---:|---:|---|",
    ]


def count_lines(index: SourceIndex) -> int:
    """Return how many lines the indexed files have."""
    return sum(
        segment.texts.count_lines(int(segment.texts.file_starts[file]), int(segment.texts.file_starts[file + 1]))
        for _, segment, file in index.files_below("")
    )


def measure(assembly: Assembly, source_id: str, index: SourceIndex, tree: Path, query: Query, rounds: int) -> str:
    """Ask both in turns; return the table's row."""
    ours, theirs = Figures(), Figures()
    found = ask_grep_search(assembly, source_id, query)
    expected = ask_ripgrep(tree, query)
    known = set(index.paths())
    for _ in range(rounds):
        take_time(ours, resource.RUSAGE_SELF, lambda: ask_grep_search(assembly, source_id, query))
        take_time(theirs, resource.RUSAGE_CHILDREN, lambda: ask_ripgrep(tree, query))
    wanted = frozenset(place for place in expected if place[0] in known)
    same = "yes" if found == wanted else f"{len(found - wanted)} more, {len(wanted - found)} fewer"
    text = query.text.replace("|", "\\|")
    marks = "".join(f" {option}" for option in query.options[:-2])
    return f"| `{text}`{marks} | {ours} | {theirs} | {len(found)} | {same} |"


def take_time(figures: Figures, who: int, work: Callable[[], object]) -> None:
    """Do some work and add what it took, in this process or in those that it started."""
    before = resource.getrusage(who)
    started = time.perf_counter()
    work()
    figures.seconds.append(time.perf_counter() - started)
    after = resource.getrusage(who)
    figures.cpu_seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def ask_grep_search(assembly: Assembly, source_id: str, query: Query) -> Lines:
    """Return the lines that grep_search finds."""
    arguments = {**query.arguments, "data_sources": [source_id], "max_results": MAX_RESULTS}
    answer = assembly.toolbox.call("grep_search", LOCAL_PRINCIPAL, arguments).obj
    return frozenset((match["path"], match["line"]) for match in answer["matches"])


def ask_ripgrep(tree: Path, query: Query, more: Sequence[str] = ()) -> Lines:
    """Return the lines that ripgrep finds in any file of a folder, whatever is ignored."""
    command = ["rg", "--no-config", "--no-messages", "-uu", "-n", "--null", "--no-heading", *query.options, *more, "."]
    output = subprocess.run(command, cwd=tree, capture_output=True, check=False).stdout
    places = (line.split(b"\0", 1) for line in output.splitlines() if b"\0" in line)
    return frozenset(
        (path.decode("utf-8", "replace").removeprefix("./"), int(rest.split(b":", 1)[0])) for path, rest in places
    )


if __name__ == "__main__":
    main()
