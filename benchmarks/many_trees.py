"""Many source trees in one command, beside semble indexing the same in one process: seconds, CPU seconds, memory.

python -m benchmarks.many_trees --bench DIR --trees DIR [--rounds N] [--semble-workers N] [--checkout DIR] [--write]
python -m benchmarks.many_trees --bench DIR --trees DIR --each --checkout DIR [--only NAME...] [--rounds N] [--write]

`codesearch index A B C...` into a fresh data folder, with everything on the disk at its end, and semble's library once
for code alone, its default, and once with documents and configuration, in turns. With --checkout another working tree
of codesearch takes its turn, too; with --write the table goes to results/. With --each every tree gets a command of its
own, and the two working trees alone are compared.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from benchmarks.environments import ENVIRONMENTS, python_of
from benchmarks.processes import ProcessWatch
from benchmarks.report import RESULTS, table
from benchmarks.scoring import read_repositories
from benchmarks.systems import ROOT

NAME = "many-trees"


@dataclass(frozen=True, slots=True)
class Run:
    """What one command did: seconds from its start to its end, CPU seconds of all of its processes, peak memory."""

    files: int
    chunks: int
    seconds: float
    cpu_seconds: float
    peak_bytes: int


def main() -> None:
    """Measure in turns, print, write."""
    options = parse()
    named = {found.name: found.folder for found in read_repositories(options.bench, options.trees)}
    trees = list(named.values())
    for checkout in (ROOT, options.checkout):
        # As an installation has them: whether Python keeps bytecode here is no part of what is measured.
        if checkout is not None:
            packages = [str(checkout / name) for name in ("codesearch", "indexer")]
            subprocess.run([sys.executable, "-m", "compileall", "-q", *packages], check=True)
    if options.each:
        compare_each(named, options)
        return
    semble = python_of(options.environments, "semble", ("semble",))
    systems = dict(systems_of(trees, semble, options.semble_workers, options.checkout))
    for tree in trees:  # so that the first system does not pay for reading the disk
        for path in tree.rglob("*"):
            if path.is_file():
                path.read_bytes()
    runs: dict[str, list[Run]] = {name: [] for name in systems}
    loads = [os.getloadavg()[0]]
    for number in range(options.rounds):
        for name, run in systems.items():
            runs[name].append(run())
            print(f"{number + 1}/{options.rounds} {name}: {runs[name][-1]}", file=sys.stderr, flush=True)
    loads.append(os.getloadavg()[0])
    page = "\n".join(page_of(runs, len(trees), options, loads)) + "\n"
    print(page, end="")
    if options.write:
        (RESULTS / f"{NAME}-{date.today()}.md").write_text(page, encoding="utf-8")


def compare_each(trees: Mapping[str, Path], options: argparse.Namespace) -> None:
    """Index every tree by a command of its own, with the other working tree and this one in turns; print, write."""
    rows, sums = [], [0.0, 0.0]
    for name in options.only or trees:
        tree = trees[name]
        seconds: list[list[float]] = [[], []]
        for _ in range(options.rounds):
            for checkout, found in zip((options.checkout.resolve(), ROOT), seconds, strict=True):
                run = run_codesearch([str(tree.resolve())], checkout)
                found.append(run.cpu_seconds)
        before, now = map(min, seconds)
        sums = [sums[0] + before, sums[1] + now]
        rows.append([name, f"{run.chunks:,}", f"{before:.2f}", f"{now:.2f}", f"{now / before:.2f}"])
        print(rows[-1], file=sys.stderr, flush=True)
    rows.append(["all", "", f"{sums[0]:.1f}", f"{sums[1]:.1f}", f"{sums[1] / sums[0]:.2f}"])
    lines = [
        f"# CPU seconds of one command for each tree, {date.today()}",
        "",
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; the least of {options.rounds} rounds in turns.",
        "",
        table(["tree", "chunks", "before", "now", "ratio"], rows),
    ]
    print("\n".join(lines))
    if options.write:
        (RESULTS / f"each-tree-{date.today()}.md").write_text("\n".join(lines), encoding="utf-8")


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=Path, required=True, help="folder with repos.json and annotations/")
    parser.add_argument("--trees", type=Path, required=True, help="folder with one source tree per repository")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each; their medians count")
    parser.add_argument("--semble-workers", type=int, default=0, help="worker processes of semble; default: none")
    parser.add_argument("--checkout", type=Path, help="another working tree of codesearch, for comparison")
    parser.add_argument("--environments", type=Path, default=ENVIRONMENTS, help="folder for the peer's environment")
    parser.add_argument("--write", action="store_true", help=f"write results/{NAME}-DATE.md, too")
    parser.add_argument("--each", action="store_true", help="a command for each tree, beside --checkout alone")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="with --each: these trees")
    options = parser.parse_args()
    if options.each and options.checkout is None:
        parser.error("--each compares with --checkout")
    return options


def systems_of(
    trees: Sequence[Path], semble: Path, semble_workers: int, checkout: Path | None
) -> Iterator[tuple[str, Callable[[], Run]]]:
    """Yield what is compared, by name."""
    folders = [str(tree.resolve()) for tree in trees]
    yield "codesearch", lambda: run_codesearch(folders, ROOT)
    if checkout is not None:
        yield "codesearch, the other checkout", lambda: run_codesearch(folders, checkout.resolve())
    runner = str(ROOT / "benchmarks" / "peers" / "semble_trees_runner.py")
    command = [str(semble), runner, "--workers", str(semble_workers)]
    yield "semble, code", lambda: watch([*command, *folders])
    yield "semble, with documents and configuration", lambda: watch([*command, "--content", "all", *folders])


def run_codesearch(folders: Sequence[str], checkout: Path) -> Run:
    """Index the folders with the `codesearch index` of a working tree into a fresh data folder."""
    with tempfile.TemporaryDirectory() as temporary:
        command = [sys.executable, "-m", "codesearch.cli", "index", *folders, "--json"]
        return watch(command, {"CODESEARCH_DATA_DIR": temporary, "PYTHONPATH": str(checkout)}, checkout)


def watch(command: Sequence[str], environment: Mapping[str, str] | None = None, folder: Path = ROOT) -> Run:
    """Run a command that prints one JSON object as its last line."""
    before, started = children_seconds(), time.perf_counter()
    with (
        subprocess.Popen(
            command,
            env={**os.environ, **(environment or {})},
            cwd=folder,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process,
        ProcessWatch(process.pid) as memory,
    ):
        output, _ = process.communicate()
        seconds = time.perf_counter() - started
    if process.returncode:
        raise SystemExit(f"{' '.join(command[:4])} failed: {process.returncode}")
    said = json.loads(output.strip().splitlines()[-1] if output.startswith('{"system"') else output)
    reports = said.get("sources", [said])
    files, chunks = (sum(int(report[key]) for report in reports) for key in ("files", "chunks"))
    return Run(files, chunks, seconds, children_seconds() - before, memory.peak_bytes)


def children_seconds() -> float:
    """Return user and system time of all processes that ended and were waited for, theirs included."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def page_of(
    runs: Mapping[str, Sequence[Run]], tree_count: int, options: argparse.Namespace, loads: Sequence[float]
) -> Iterator[str]:
    """Yield the lines of the page."""
    load = " to ".join(f"{value:.1f}" for value in loads)
    yield f"# {tree_count} trees in one command, {date.today()}"
    yield ""
    workers = f"{options.semble_workers} worker processes" if options.semble_workers else "no worker processes"
    yield f"{os.cpu_count()} cores, load {load}; medians of {options.rounds} rounds in turns; semble with {workers}."
    yield ""
    more = f" --semble-workers {options.semble_workers}" if options.semble_workers else ""
    yield f"    python -m benchmarks.{__spec__.name.rpartition('.')[2]} --bench DIR --trees DIR{more} --write"
    yield ""
    rows = []
    for name, found in runs.items():
        seconds, cpu, peak = (
            statistics.median(values)
            for values in zip(*((run.seconds, run.cpu_seconds, run.peak_bytes) for run in found), strict=True)
        )
        counts = [f"{found[0].files:,}", f"{found[0].chunks:,}"]
        rows.append([name, *counts, f"{seconds:.1f}", f"{cpu:.1f}", f"{peak / 1e6:,.0f}"])
    yield table(["", "files", "chunks", "seconds", "CPU seconds", "peak MB"], rows)


if __name__ == "__main__":
    main()
