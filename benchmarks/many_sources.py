"""Many small sources in one store: what a refresh without changes, one more source and a query cost among them.

python -m benchmarks.many_sources [--refreshed 200] [--few 9] [--many 999] [--rounds 5] [--requests 200] [--write FILE]:
makes small git repositories by rule. `codesearch index --all` over `--refreshed` of them that did not change; then two
data folders with few and with many sources, to which the same new ones are added in turns, and whose services are asked
in turns about one source and a workspace of ten.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.clients import percentiles
from benchmarks.made_repositories import Made, make_repository
from benchmarks.processes import folder_bytes
from benchmarks.quality import open_assembly
from benchmarks.replay import cpu_seconds
from benchmarks.services import Service, connect, environment_of, post, serve

WORKSPACE, MEMBERS = "ten", 10
WARM_UP = 20
QUERIES = 40


@dataclass(slots=True)
class Costs:
    """What the same thing took again and again."""

    seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{statistics.median(self.seconds):.2f} s | {statistics.median(self.cpu_seconds):.2f} CPU-s"


def main() -> None:
    """Make, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--refreshed", type=int, default=200, help="sources of the refresh without changes")
    parser.add_argument("--few", type=int, default=9, help="sources of the small data folder")
    parser.add_argument("--many", type=int, default=999, help="sources of the large one")
    parser.add_argument("--rounds", type=int, default=5, help="refreshes, and sources that are added")
    parser.add_argument("--requests", type=int, default=200, help="measured requests of each kind")
    parser.add_argument("--folder", type=Path, help="where to work; kept, with what is made and indexed already")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the tables there, too")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.folder or Path(temporary)).resolve()
        numbers = range(max(arguments.many + arguments.rounds, arguments.refreshed))
        trees = [find_tree(folder / "repositories", Made(number)) for number in numbers]
        lines = measure_refresh(folder / "refreshed", trees[: arguments.refreshed], arguments.rounds)
        few, many = folder / "few", folder / "many"
        added = trees[arguments.many : arguments.many + arguments.rounds]
        lines += measure_adding(few, many, trees[: arguments.few], trees[: arguments.many], added)
        lines += measure_queries(few, many, arguments.requests)
    lines += ["", f"Load average at the end: {os.getloadavg()[0]:.1f}."]
    print("\n".join(lines))
    if arguments.write:
        arguments.write.write_text("\n".join([*lines, ""]), encoding="utf-8")


def find_tree(folder: Path, made: Made) -> Path:
    """Return a repository of three commits, made where it is not there yet."""
    place = folder / made.name
    return place if place.exists() else make_repository(folder, made, commits=3)


def index(data_dir: Path, *arguments: str, settings: Mapping[str, str] | None = None) -> tuple[float, float]:
    """Run `codesearch index` and return its seconds, by the clock and of CPU."""
    begun, cpu_begun = time.monotonic(), cpu_seconds()
    command = [sys.executable, "-m", "codesearch.cli", "index", *arguments, "--json"]
    outcome = subprocess.run(command, env=environment_of(data_dir, settings), capture_output=True)
    if outcome.returncode:
        sys.exit(outcome.stderr.decode("utf-8", "replace")[-2_000:])
    return time.monotonic() - begun, cpu_seconds() - cpu_begun


def fill(data_dir: Path, trees: Sequence[Path]) -> str:
    """Index the trees in one command, unless the folder is there; return what that took."""
    if data_dir.exists():
        return "was there"
    seconds, cpu = index(data_dir, *map(str, trees))
    return (
        f"{len(trees)} in one command: {seconds:.1f} s, {cpu:.1f} CPU-s, {1000 * cpu / len(trees):.0f} ms of CPU each"
    )


def measure_refresh(data_dir: Path, trees: Sequence[Path], rounds: int) -> list[str]:
    """Bring sources up to date that did not change."""
    lines = [fill(data_dir, trees)]
    costs = Costs()
    for _ in range(rounds):
        seconds, cpu = index(data_dir, "--all")
        costs.seconds.append(seconds)
        costs.cpu_seconds.append(cpu)
        print(f"refresh: {seconds:.1f} s, {cpu:.1f} CPU-s, load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
    each = 1000 * statistics.median(costs.cpu_seconds) / len(trees)
    best = f"least {min(costs.seconds):.2f} s | {min(costs.cpu_seconds):.2f} CPU-s"
    return [*lines, f"refresh of {len(trees)} without changes: {costs}, {each:.0f} ms of CPU each; {best}"]


def measure_adding(
    few: Path, many: Path, few_trees: Sequence[Path], many_trees: Sequence[Path], added: Sequence[Path]
) -> list[str]:
    """Add the same sources to both in turns."""
    lines = [fill(few, few_trees), fill(many, many_trees)]
    costs = {few: Costs(), many: Costs()}
    for tree in added:
        for data_dir, cost in costs.items():
            seconds, cpu = index(data_dir, str(tree))
            cost.seconds.append(seconds)
            cost.cpu_seconds.append(cpu)
            print(f"{data_dir.name}: one more: {seconds:.2f} s, {cpu:.2f} CPU-s", file=sys.stderr, flush=True)
    cpu_ratio = statistics.median(costs[many].cpu_seconds) / statistics.median(costs[few].cpu_seconds)
    ratio = statistics.median(costs[many].seconds) / statistics.median(costs[few].seconds)
    disk = [f"{name.name}: {folder_bytes(name) / 1e6:.1f} MB" for name in (few, many)]
    table = ["", "| one more source among | s | CPU-s |", "|---|---:|---:|"]
    table += [f"| {len(few_trees)} | {costs[few]} |", f"| {len(many_trees)} | {costs[many]} |"]
    return [*lines, *table, f"| ratio | {ratio:.2f} | {cpu_ratio:.2f} |", "", "; ".join(disk)]


def prepare_key(data_dir: Path) -> tuple[str, str]:
    """Make the workspace of the ten first where there is none; return the secret of a new key, and the first's name."""
    with closing(open_assembly(data_dir)) as assembly:
        names = [source.name for source in assembly.catalog.list_sources()][:MEMBERS]
        if assembly.catalog.resolve(WORKSPACE) is None:
            assembly.catalog.create_workspace(WORKSPACE, names)
        return assembly.catalog.create_key(f"many-sources-{time.time_ns()}")[1], names[0]


def measure_queries(few: Path, many: Path, requests: int) -> list[str]:
    """Ask both services in turns."""
    keys = {data_dir: prepare_key(data_dir) for data_dir in (few, many)}
    queries = [query for number in range(MEMBERS) for query in Made(number).queries(QUERIES // MEMBERS)]
    rows = ["", "| asked | among | p50 ms | p95 ms | p99 ms | CPU ms |", "|---|---:|---:|---:|---:|---:|"]
    with ExitStack() as stack:
        services = {data_dir: stack.enter_context(serve(data_dir)) for data_dir in (few, many)}
        for scope in ("one source", "a workspace of ten"):
            figures = {}
            for data_dir, found in ask_in_turns(services, keys, scope, queries, requests).items():
                figures[data_dir] = found
                shown = " | ".join(str(found[name]) for name in ("p50_ms", "p95_ms", "p99_ms", "cpu_ms"))
                rows.append(f"| {scope} | {data_dir.name} | {shown} |")
            ratios = [figures[many][name] / figures[few][name] for name in ("p50_ms", "p95_ms", "p99_ms", "cpu_ms")]
            rows.append(f"| ratio | | {' | '.join(f'{ratio:.2f}' for ratio in ratios)} |")
    return rows


def ask_in_turns(
    services: dict[Path, Service],
    keys: dict[Path, tuple[str, str]],
    scope: str,
    queries: Sequence[str],
    requests: int,
) -> dict[Path, dict[str, float]]:
    """Return the percentiles and the CPU of a request of each service, asked one after the other, again and again."""
    times: dict[Path, list[float]] = {data_dir: [] for data_dir in services}
    before: dict[Path, float] = {}
    with ExitStack() as stack:
        opened = {
            data_dir: stack.enter_context(closing(connect(service.port))) for data_dir, service in services.items()
        }
        for number, query in zip(range(WARM_UP + requests), itertools.cycle(queries), strict=False):
            for data_dir, connection in opened.items():
                if number == WARM_UP:
                    before[data_dir] = services[data_dir].cpu_seconds()
                secret, first = keys[data_dir]
                body = {"knowledge_id": first if scope == "one source" else WORKSPACE, "query": query}
                begun = time.perf_counter()
                status, answer = post(connection, "/retrieval", secret, body)
                times[data_dir].append(1000 * (time.perf_counter() - begun))
                if status != 200 or not json.loads(answer)["records"]:
                    sys.exit(f"{status}: {answer.decode()[:200]}")
    found = {}
    for data_dir, service in services.items():
        cpu = 1000 * (service.cpu_seconds() - before[data_dir]) / requests
        found[data_dir] = {**percentiles(times[data_dir][WARM_UP:]), "cpu_ms": round(cpu, 2)}
    return found


if __name__ == "__main__":
    main()
