"""Kills each process of a fleet at each stage of an index run, and cuts the network between them, again and again.

python -m benchmarks.faults [--times 20] [--fault NAME]... [--stage NAME]... [--minutes N] [--write FILE]: a real
PostgreSQL and a real S3 server (Ceph's RADOS gateway), an indexer and two services on loopback, the databases behind
proxies. While an index run replaces every file of a repository, one thing fails. Two services are asked all the while.
Afterwards the next run has to complete, and its index has to be a fresh one chunk for chunk.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.faults.fleet import Asker, Fleet, Run
from benchmarks.faults.proxy import Cut
from benchmarks.faults.workers import JobRun, WorkerFleet

STAGES = ("reading the source", "indexing", "publishing", "tidying up")
# A fault comes so long after its stage began at most, and lasts so long.
JITTER_SECONDS = 0.25
DOWN_SECONDS = (0.3, 2.0)

Fault = Callable[[Fleet, Run, float], None]


def kill_index(fleet: Fleet, run: Run, seconds: float) -> None:
    """Kill the index run."""
    run.kill()


def kill_postgres(fleet: Fleet, run: Run, seconds: float) -> None:
    """Kill PostgreSQL, and start it again."""
    fleet.postgres.kill()
    time.sleep(seconds)
    fleet.postgres.start()


def kill_objects(fleet: Fleet, run: Run, seconds: float) -> None:
    """Kill the S3 server, and start it again."""
    fleet.object_store.kill()
    time.sleep(seconds)
    fleet.object_store.start()


def kill_service(fleet: Fleet, run: Run, seconds: float) -> None:
    """Kill one of the services, and start it again."""
    service = fleet.services[0]
    service.stop()
    service.start()


def cut_postgres(how: Cut) -> Fault:
    """Cut the network to PostgreSQL."""

    def cut(fleet: Fleet, run: Run, seconds: float) -> None:
        fleet.to_postgres.cut(how)
        time.sleep(seconds)
        fleet.to_postgres.cut(Cut.NONE)

    return cut


def cut_objects(how: Cut) -> Fault:
    """Cut the network to the S3 server."""

    def cut(fleet: Fleet, run: Run, seconds: float) -> None:
        fleet.to_objects.cut(how)
        time.sleep(seconds)
        fleet.to_objects.cut(Cut.NONE)

    return cut


def cut_off_worker(how: Cut) -> Fault:
    """Cut the network between PostgreSQL and the worker that is at work, and no other's."""

    def cut(fleet: Fleet, run: Run, seconds: float) -> None:
        if isinstance(run, JobRun):
            run.cut_off(how, seconds)

    return cut


FAULTS: dict[str, Fault] = {
    "index run killed": kill_index,
    "PostgreSQL killed": kill_postgres,
    "object store killed": kill_objects,
    "service killed": kill_service,
    **{f"to PostgreSQL: {how.value}": cut_postgres(how) for how in Cut if how is not Cut.NONE},
    **{f"from the worker at work to PostgreSQL: {how.value}": cut_off_worker(how) for how in (Cut.RESET, Cut.STALL)},
    **{f"to the object store: {how.value}": cut_objects(how) for how in Cut if how is not Cut.NONE},
}


@dataclass(slots=True)
class Tally:
    """What came of a fault at a stage, so many times."""

    times: int = 0
    ended_well: int = 0
    said_why: int = 0
    killed: int = 0
    missed: int = 0
    answered: int = 0
    refused: int = 0
    wrong: list[str] = field(default_factory=list)


def main() -> None:
    """Break, look, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=20, help="how often each fault comes at each stage")
    parser.add_argument("--fault", action="append", choices=list(FAULTS), help="only this one; may be repeated")
    parser.add_argument("--stage", action="append", choices=STAGES, help="only this one; may be repeated")
    parser.add_argument("--workers", action="store_true", help="index runs are jobs, done by three workers")
    parser.add_argument(
        "--down-seconds", type=float, nargs=2, default=DOWN_SECONDS, help="how long it lasts, from and to"
    )
    parser.add_argument("--minutes", type=float, help="end after so long, with what was done until then")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the table there, too")
    arguments = parser.parse_args()
    tallies = {(fault, stage): Tally() for fault in arguments.fault or FAULTS for stage in arguments.stage or STAGES}
    chance = random.Random(arguments.seed)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True)))
        fleet = WorkerFleet(folder, stack) if arguments.workers else Fleet(folder, stack)
        ends_at = time.monotonic() + 60 * (arguments.minutes or 60 * 24)
        for number in range(arguments.times * len(tallies)):
            fault, stage = list(tallies)[number % len(tallies)]
            if time.monotonic() > ends_at:
                break
            try_fault(fleet, fault, stage, tallies[fault, stage], chance, tuple(arguments.down_seconds), number)
    lines = list(describe(tallies))
    print("\n".join(lines))
    if arguments.write:
        arguments.write.write_text("\n".join([*lines, ""]), encoding="utf-8")
    sys.exit(any(tally.wrong for tally in tallies.values()))


def try_fault(
    fleet: Fleet,
    fault: str,
    stage: str,
    tally: Tally,
    chance: random.Random,
    down_seconds: tuple[float, float],
    number: int,
) -> None:
    """Let it happen once, and note what came of it."""
    wanted = 1 - fleet.generation
    fleet.repository.go_to(wanted)
    with Asker(fleet.services, fleet.secret) as asker:
        run = fleet.start_index()
        tally.missed += not run.wait_for(stage)
        time.sleep(chance.uniform(0, JITTER_SECONDS))
        FAULTS[fault](fleet, run, chance.uniform(*down_seconds))
        end, wrong = judge_end(run, tally)
        wrong += fleet.complete()
        fleet.generation = wanted
        wrong += fleet.compare(wanted, number)
        wrong += fleet.wait_for_services(asker, wanted)
    tally.times += 1
    tally.answered += asker.answered
    tally.refused += asker.refused
    wrong += sorted(set(asker.wrong))
    tally.wrong += wrong
    print(f"{number}: {fault}, {stage}: {end}: {'; '.join(wrong) or 'right'}", file=sys.stderr, flush=True)


def judge_end(run: Run, tally: Tally) -> tuple[str, list[str]]:
    """Return how the run ended and what is wrong with that: it has to end well, or to say in one line why not."""
    try:
        status = run.wait()
    except subprocess.TimeoutExpired:
        return "", ["the run hangs"]
    said = [line for line in run.lines if line.startswith("codesearch: ")]
    tally.killed += status < 0
    tally.ended_well += status == 0
    tally.said_why += status == 1 and len(said) == 1
    if status > 1 or (status == 1 and len(said) != 1) or any("Traceback" in line for line in run.lines):
        return "ended", [f"it ended with {status}: {' / '.join(run.lines[-3:])}"]
    return "killed" if status < 0 else said[0] if status else "ended well", []


def describe(tallies: dict[tuple[str, str], Tally]) -> list[str]:
    """Return a table, a line for each fault, its stages together."""
    lines = [
        "| what fails | times at each of the stages | the run ended well / said why not / was killed | "
        "answered / refused | wrong |",
        "|---|---|---|---|---|",
    ]
    for fault in dict.fromkeys(name for name, _ in tallies):
        found = [tally for (name, _), tally in tallies.items() if name == fault]
        times = ", ".join(str(tally.times) for tally in found)
        ends = " / ".join(
            str(sum(getattr(tally, name) for tally in found)) for name in ("ended_well", "said_why", "killed")
        )
        asked = f"{sum(tally.answered for tally in found):,} / {sum(tally.refused for tally in found):,}"
        wrong = sorted({text for tally in found for text in tally.wrong})
        lines.append(f"| {fault} | {times} | {ends} | {asked} | {'; '.join(wrong) or 'nothing'} |")
    return [*lines, "", f"Load average at the end: {os.getloadavg()[0]:.1f}."]


if __name__ == "__main__":
    main()
