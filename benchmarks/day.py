"""A day in minutes: repositories that are pushed to, their webhooks, the refreshes that follow, and queries throughout.

python -m benchmarks.day [--repositories 60] [--commits 20] [--minutes 2] [--per-second 50] [--pushes-per-second 2]
[--clients 4] [--postgres] [--history REPOSITORY]: makes small git repositories by rule, or of the folders of a
repository, each with its real history, indexes them, and serves them with one worker. For a
quarter of the time only queries are asked, then for half of it webhooks come, some of them of commits that were just
made; when all refreshes are done, a last quarter is quiet again. Prints errors, milliseconds, memory and disk, and
looks whether each index is of its repository's last commit and equal to a fresh one, chunk for chunk. Status 1 where
one is not.
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import astuple, dataclass, field
from pathlib import Path

from benchmarks.clients import percentiles
from benchmarks.faults.postgres import Postgres
from benchmarks.made_repositories import Made
from benchmarks.many_sources import index
from benchmarks.processes import folder_bytes, read_tree
from benchmarks.pushes import SECRET, Pushes, push_for, url_of
from benchmarks.quality import open_assembly
from benchmarks.replay import chunks_of, disk, run_git
from benchmarks.services import Service, connect, post, serve
from benchmarks.taken_repositories import Taken, take_repositories
from codesearch.api.management import JobState
from codesearch.assembly import Assembly
from codesearch.core.catalog.catalog import Catalog
from codesearch.core.config import load_settings
from codesearch.jobs.database import JobDatabase, jobs_url
from codesearch.jobs.queue import JobQueue
from indexer.chunking.version import CHUNKER_VERSION

WORKSPACE, MEMBERS = "ten", 10
WARM_UP_SECONDS = 5.0
# Between two requests of a client.
PAUSE_SECONDS = 0.2
SETTLE_SECONDS = 600.0
# Longer than an idle process of jobs is kept.
IDLE_SECONDS = 17.0


@dataclass(slots=True)
class Phase:
    """What the clients met in a part of the day."""

    milliseconds: list[float] = field(default_factory=list)
    wrong: Counter[str] = field(default_factory=Counter)


class Clients:
    """Clients that ask all day, each with a connection that stays open: a source in turns, or a workspace."""

    def __init__(self, port: int, secret: str, made: Sequence[Made | Taken], count: int) -> None:
        self._port, self._secret, self._made = port, secret, made
        self._phase = Phase()
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._ask_all_day, args=(number,)) for number in range(count)]

    def __enter__(self) -> Clients:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    @contextmanager
    def phase(self) -> Iterator[Phase]:
        """Give what they meet while the context lasts."""
        self._phase = phase = Phase()
        try:
            yield phase
        finally:
            self._phase = Phase()

    def _ask_all_day(self, number: int) -> None:
        chance = random.Random(number)
        with closing(connect(self._port, timeout_seconds=60)) as connection:
            while not self._is_over.wait(PAUSE_SECONDS):
                made, phase = chance.choice(self._made), self._phase
                place = WORKSPACE if chance.random() < 0.2 else made.name
                body = {"knowledge_id": place, "query": chance.choice(made.queries(8))}
                begun = time.perf_counter()
                try:
                    status, answer = post(connection, "/retrieval", self._secret, body)
                except Exception as error:
                    phase.wrong[repr(error)] += 1
                    connection.close()
                    continue
                phase.milliseconds.append(1000 * (time.perf_counter() - begun))
                if status != 200 or not json.loads(answer)["records"]:
                    phase.wrong[f"{status}: {answer[:100]!r}"] += 1


@dataclass(frozen=True, slots=True)
class Footprint:
    """Resident bytes of the service, of its worker, and of the process of jobs where there is one; bytes on disk.

    Of the data folder: rows and segments, mirrors of the repositories, catalog with its backup and the jobs.
    """

    service: int
    worker: int
    jobs: int
    disk: int
    search: int
    mirrors: int
    databases: int

    @staticmethod
    def of(service: Service, data_dir: Path) -> Footprint:
        """Look at both now."""
        resident = {pid: memory for pid, _, memory in read_tree(service.process.pid)}
        root = service.process.pid
        parents = {pid: int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]) for pid in resident}
        worker = sum(memory for pid, memory in resident.items() if parents[pid] == root)
        rest = sum(resident.values()) - resident[root] - worker
        databases = sum(path.stat().st_size for path in data_dir.glob("*.sqlite3*"))
        kept = (disk(data_dir), folder_bytes(data_dir / "mirrors"), databases)
        return Footprint(resident[root], worker, rest, folder_bytes(data_dir), *kept)

    def __str__(self) -> str:
        return " | ".join(f"{value / 1e6:.1f}" for value in astuple(self))


def main() -> None:
    """Make, index, serve, let the day pass, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repositories", type=int, default=60)
    parser.add_argument("--commits", type=int, default=20, help="of each repository's history at the beginning")
    parser.add_argument("--minutes", type=float, default=2.0, help="how long the day is; half of it webhooks come")
    parser.add_argument("--per-second", type=int, default=50, help="webhooks")
    parser.add_argument("--pushes-per-second", type=float, default=2.0, help="webhooks before which a commit is made")
    parser.add_argument("--clients", type=int, default=4, help="who ask, each five times a second at most")
    parser.add_argument("--postgres", action="store_true", help="catalog and jobs in Debian's PostgreSQL")
    parser.add_argument(
        "--history", type=Path, metavar="REPOSITORY", help="take repositories of its folders' histories"
    )
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="day-", ignore_cleanup_errors=True)))
        made: Sequence[Made | Taken] = [Made(number) for number in range(arguments.repositories)]
        if arguments.history:
            made = take_repositories(arguments.history, arguments.repositories, arguments.commits)
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            place = folder / "repositories"
            trees = list(threads.map(lambda one: one.make(place, arguments.commits), made))
        settings = {"CODESEARCH_WEBHOOK_SECRETS": SECRET}
        if arguments.postgres:
            settings["CODESEARCH_DATABASE_URL"] = start_postgres(folder, stack)
        lines, is_right = live(folder / "data", trees, made, settings, arguments)
    print("\n".join(lines))
    sys.exit(0 if is_right else 1)


def start_postgres(folder: Path, stack: ExitStack) -> str:
    """Start a PostgreSQL that ends with the stack; return its URL."""
    folder.chmod(0o755)
    postgres = Postgres(folder / "postgres")
    stack.callback(postgres.kill)
    postgres.start()
    return f"postgresql://tester@127.0.0.1:{postgres.port}/postgres"


def live(
    data_dir: Path,
    trees: Sequence[Path],
    made: Sequence[Made | Taken],
    settings: dict[str, str],
    arguments: argparse.Namespace,
) -> tuple[list[str], bool]:
    """Let the day pass; return what is to be said of it, and whether all was right."""
    seconds, cpu = index(data_dir, *map(url_of, trees), settings=settings)
    took = f"indexed in one command in {seconds:.1f} s, {cpu:.1f} CPU-s"
    say(took)
    database_url = settings.get("CODESEARCH_DATABASE_URL")
    with closing(open_parts(data_dir, database_url)) as assembly:
        assembly.catalog.create_workspace(WORKSPACE, [one.name for one in made[:MEMBERS]])
        secret = assembly.catalog.create_key("day")[1]
    quarter_seconds = 60 * arguments.minutes / 4
    footprints: dict[str, Footprint] = {}
    phases: dict[str, Phase] = {}
    load = [os.getloadavg()[0]]
    with (
        serve(data_dir, settings=settings) as service,
        closing(JobQueue(JobDatabase(jobs_url(data_dir, database_url)))) as queue,
        closing(open_parts(data_dir, database_url)) as parts,
        Clients(service.port, secret, made, arguments.clients) as clients,
    ):
        time.sleep(WARM_UP_SECONDS)
        with clients.phase() as phases["quiet, before"]:
            time.sleep(quarter_seconds)
        footprints["before"] = Footprint.of(service, data_dir)
        say("webhooks begin")
        with clients.phase() as phases["webhooks"]:
            pushes, footprints["half of the webhooks"] = push(service, data_dir, trees, made, arguments)
        load.append(os.getloadavg()[0])
        begun = time.monotonic()
        say(f"webhooks: {percentiles(pushes.milliseconds)}; refreshes go on")
        with clients.phase() as phases["until all refreshes were done"]:
            wait_until_idle(parts.catalog, queue)
        settled_seconds = time.monotonic() - begun
        say(f"all refreshes done after {settled_seconds:.1f} s")
        footprints["all refreshes done"] = Footprint.of(service, data_dir)
        time.sleep(max(0.0, IDLE_SECONDS - quarter_seconds))
        with clients.phase() as phases["quiet, after"]:
            time.sleep(quarter_seconds)
        footprints["at the end"] = Footprint.of(service, data_dir)
        jobs = queue.measure().counts
        runs = count_runs(parts.catalog)
    load.append(os.getloadavg()[0])
    say("the day is over; the indexes are compared with fresh ones")
    compared, is_right = compare(data_dir, database_url, trees)
    failed = jobs.get(JobState.FAILED.value, 0)
    errors = sum(phase.wrong.total() for phase in phases.values()) + pushes.errors + failed
    lines = [
        f"{len(trees)} repositories of {arguments.commits} commits, {took}, {pushes.commits} commits pushed, "
        f"{len(pushes.milliseconds):,} webhooks: {dict(pushes.statuses)}, runs that found something new: {runs:,}",
        f"webhooks: {percentiles(pushes.milliseconds)}, sent in {pushes.seconds:.0f} s; "
        f"all done {settled_seconds:.1f} s after the last; jobs that failed: {failed}",
        f"load {' '.join(f'{value:.1f}' for value in load)}",
        *compared,
        *describe_phases(phases),
        *describe_footprints(footprints),
    ]
    return lines, is_right and not errors


def open_parts(data_dir: Path, database_url: str | None) -> Assembly:
    """Open the parts on the data folder as the service does."""
    if database_url is None:
        return open_assembly(data_dir)
    return Assembly(load_settings(data_dir=data_dir, database_url=database_url), CHUNKER_VERSION)


def push(
    service: Service, data_dir: Path, trees: Sequence[Path], made: Sequence[Made | Taken], arguments: argparse.Namespace
) -> tuple[Pushes, Footprint]:
    """Let another process send the webhooks, for it would slow down the clients; look at memory when half are sent."""
    seconds = 30 * arguments.minutes
    context = multiprocessing.get_context("spawn")
    answers: multiprocessing.Queue[Pushes] = context.Queue()
    values = (service.port, trees, made, arguments.commits, arguments.per_second, arguments.pushes_per_second, seconds)
    process = context.Process(target=push_for, args=(answers, *values))
    process.start()
    time.sleep(seconds / 2)
    footprint = Footprint.of(service, data_dir)
    pushes = answers.get(timeout=seconds + 60)
    process.join()
    return pushes, footprint


def wait_until_idle(catalog: Catalog, queue: JobQueue) -> None:
    """Return when no push and no job waits or works; exit where that takes too long."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < deadline:
        # In this order: a push is forgotten when its job is in the queue.
        has_pushes, counts = catalog.has_pushes(), queue.measure().counts
        if not has_pushes and not counts[JobState.QUEUED.value] + counts[JobState.RUNNING.value]:
            return
        time.sleep(0.5)
    sys.exit(f"Jobs are still to be done: {dict(counts)}")


def say(line: str) -> None:
    """Say how far the day is."""
    print(line, file=sys.stderr, flush=True)


def count_runs(catalog: Catalog) -> int:
    """Return how many runs there were of all sources after the first of each; one that finds nothing new is none."""
    runs = catalog.list_latest_runs().values()
    return max(run.id for run in runs) - len(runs)


def compare(data_dir: Path, database_url: str | None, trees: Sequence[Path]) -> tuple[list[str], bool]:
    """Say how many indexes are of the last commit, and how many are those of a fresh index, chunk for chunk."""
    fresh_dir = data_dir.with_name("fresh")
    index(fresh_dir, *map(url_of, trees))
    current = equal = 0
    with closing(open_parts(data_dir, database_url)) as assembly, closing(open_assembly(fresh_dir)) as fresh:
        for tree in trees:
            source = assembly.catalog.get_source(tree.name)
            current += source.commit == run_git(tree, "rev-parse", "main").strip()
            equal += chunks_of(assembly, source) == chunks_of(fresh, fresh.catalog.get_source(tree.name))
    line = (
        f"of the last commit: {current} of {len(trees)}; equal to a fresh index, chunk for chunk: {equal}; "
        f"a fresh one of all takes {folder_bytes(fresh_dir) / 1e6:.1f} MB, "
        f"of it rows and segments {disk(fresh_dir) / 1e6:.1f}"
    )
    return [line], current == equal == len(trees)


def describe_phases(phases: dict[str, Phase]) -> Iterator[str]:
    """Yield a table of what the clients met."""
    yield from ("", "| queries | asked | p50 ms | p95 ms | p99 ms | errors |", "|---|---:|---:|---:|---:|---:|")
    for name, phase in phases.items():
        times = percentiles(phase.milliseconds)
        shown = " | ".join(str(times.get(f"p{share}_ms", "")) for share in (50, 95, 99))
        yield f"| {name} | {len(phase.milliseconds):,} | {shown} | {phase.wrong.total()} |"
    yield from itertools.chain.from_iterable(
        (f"{name}: {count} times {what}" for what, count in phase.wrong.most_common(3))
        for name, phase in phases.items()
    )


def describe_footprints(footprints: dict[str, Footprint]) -> Iterator[str]:
    """Yield a table of memory and disk."""
    yield from (
        "",
        "| MB | service | worker | process of jobs | data folder | rows and segments | mirrors | databases |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    )
    for name, footprint in footprints.items():
        yield f"| {name} | {footprint} |"


if __name__ == "__main__":
    main()
