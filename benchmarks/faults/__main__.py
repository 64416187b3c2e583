"""Kills each process of a fleet at each stage of an index run, and cuts the network between them, again and again.

python -m benchmarks.faults [--index-runs] [--times 20] [--fault NAME]... [--stage NAME]... [--minutes N] [--log FILE]:
a real PostgreSQL and a real S3 server (Ceph's RADOS gateway), three workers and two services on loopback, the databases
behind proxies. While index runs replace every file of three repositories, something fails when one of them begins a
stage. Two services are asked all the while. Afterwards each run has to end well, or the next one has to, and all three
indexes have to be fresh ones chunk for chunk. With --log each is noted in a file at once, and a later call goes on from
it; --table FILE... prints the table of such files.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from pathlib import Path

from benchmarks.faults.fleet import Fleet
from benchmarks.faults.kinds import Fault, faults_of
from benchmarks.faults.log import Hit, Log, describe, read_hits
from benchmarks.faults.repositories import GENERATIONS
from benchmarks.faults.runs import STAGES, Run
from benchmarks.faults.services import Asker
from benchmarks.faults.workers import WorkerFleet

DOWN_SECONDS = (0.1, 0.8)
# Of one fault in runs that are at work at the same time.
_MOST_STRIKES = 6


@dataclass(frozen=True, slots=True)
class Caught:
    """A run that a fault came to at a stage."""

    number: int
    run: Run
    stage: str
    detail: str


def main() -> None:
    """Break, look, print."""
    names = list(dict.fromkeys([*faults_of(WorkerFleet), *faults_of(Fleet)]))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=20, help="to how many runs each fault comes at each stage")
    parser.add_argument("--fault", action="append", choices=names, help="only this one; may be repeated")
    parser.add_argument("--stage", action="append", choices=STAGES, help="only this one; may be repeated")
    parser.add_argument("--index-runs", action="store_true", help="`codesearch index` instead of jobs of three workers")
    parser.add_argument(
        "--minutes", type=float, default=24 * 60.0, help="end after so long, with what was done by then"
    )
    parser.add_argument("--seed", type=int, help="of the moments; another one in each call by default")
    parser.add_argument("--log", type=Path, metavar="FILE", help="note each there at once, and go on from what it has")
    parser.add_argument("--table", type=Path, nargs="+", metavar="FILE", help="print the table of these logs, no more")
    arguments = parser.parse_args()
    if arguments.table:
        hits = [hit for path in arguments.table for hit in read_hits(path)]
        print("\n".join(describe(hits)))
        return
    # Whatever ends this ends all that it started.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(f"ended by signal {number}"))
    kind = Fleet if arguments.index_runs else WorkerFleet
    log, ends_at = Log(arguments.log), time.monotonic() + 60 * arguments.minutes
    faults = [fault for name, fault in faults_of(kind).items() if name in (arguments.fault or names)]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True)))
        chance, stages = random.Random(arguments.seed), arguments.stage or STAGES
        trial = Trial(kind(folder, stack), log, chance, stages, arguments.times)
        while time.monotonic() < ends_at:
            missing = {fault.name: trial.count_missing(fault) for fault in faults}
            fault = max(faults, key=lambda fault: missing[fault.name])
            if not missing[fault.name]:
                break
            trial.try_fault(fault)
    print("\n".join([*describe(log.hits), "", f"Load average at the end: {os.getloadavg()[0]:.1f}."]))
    sys.exit(not all(hit.is_right for hit in log.hits))


class Trial:
    """Faults that come to one fleet, one after the other."""

    def __init__(self, fleet: Fleet, log: Log, chance: random.Random, stages: Sequence[str], times: int) -> None:
        self._fleet, self._log, self._chance, self._stages, self._times = fleet, log, chance, stages, times

    def count_missing(self, fault: Fault) -> int:
        """Return how many runs the fault has still to come to."""
        return sum(max(0, self._times - self._count(fault, stage)) for stage in self._stages)

    def _count(self, fault: Fault, stage: str) -> int:
        return self._log.count(self._fleet.kind, fault.name, stage)

    def try_fault(self, fault: Fault) -> None:
        """Let it come to the runs that replace every file, have all of that end, and note what came of it."""
        fleet, began = self._fleet, time.monotonic()
        fleet.prepare()
        before, wanted = fleet.generation, (fleet.generation + 1) % GENERATIONS
        fleet.go_to(wanted)
        with fleet.asking((before, wanted)) as asker:
            runs = fleet.start_runs(fleet.repositories)
            caught, wrong = (self._strike_each if fault.is_of_one else self._strike_all)(fault, runs, (before, wanted))
            fleet.wait_for_end(runs)
            ran = time.monotonic()
            ends = {run.repository.name: run.judge() for run in runs}
            wrong += [problem for _, problems in ends.values() for problem in problems]
            wrong += fleet.complete([run for run in runs if fleet.runs_again or ends[run.repository.name][0] != "well"])
            wrong += fleet.compare()
            wrong += fleet.catch_up(asker)
        wrong += [*sorted(asker.wrong), *self._judge_refusals(fault, caught, asker)]
        seconds, now = time.monotonic() - began, datetime.now(timezone.utc)
        for item in caught:
            self._note(fault, item, ends[item.run.repository.name][0], asker, wrong, seconds, now)
        if not caught:
            print(f"{fault.name} came too late, {seconds:.1f} s: {wrong or 'right'}", file=sys.stderr, flush=True)
        checked = f"{ran - began:.1f} s until the runs were over, {time.monotonic() - ran:.1f} s to look at them; "
        stages = ", ".join(f"{stage} {fleet.news.stage_seconds[stage]:.2f} s" for stage in STAGES)
        print(checked + stages, file=sys.stderr, flush=True)

    def _strike_each(
        self, fault: Fault, runs: Sequence[Run], states: tuple[int, int]
    ) -> tuple[list[Caught], list[str]]:
        """Let a fault of its own come to each run, as soon as the run begins the stage that is for it.

        Then what is published has to be as before or as it is to be.
        """
        fewest = sorted(self._stages, key=lambda stage: self._count(fault, stage))
        pending = {run: fewest[number % len(fewest)] for number, run in enumerate(runs)}
        caught = list[Caught]()
        while pending:
            self._fleet.news.wait_until(lambda: any(run.is_past(pending[run]) or run.is_over() for run in pending))
            run = next((run for run in pending if run.is_past(pending[run]) or run.is_over()), next(iter(pending)))
            stage = pending.pop(run)
            self._wait_within(stage)
            if not run.is_over() and run.stage is not None:
                number, stage = self._log.next_number + len(caught), run.stage
                caught.append(Caught(number, run, stage, self._strike(fault, run)))
        return caught, self._fleet.compare_meanwhile(states)

    def _strike_all(self, fault: Fault, runs: Sequence[Run], states: tuple[int, int]) -> tuple[list[Caught], list[str]]:
        """Let a fault come to all runs, each time that another stage begins, as often as they begin one.

        After each of them what is published has to be as before or as it is to be, and services have to answer so.
        """
        caught, wrong, over = list[Caught](), list[str](), 0
        number, last = self._log.next_number, self._log.next_number + _MOST_STRIKES
        while number < last and over < len(runs):
            stage = self._choose_stage(fault, {item.stage for item in caught})
            if not self._fleet.news.wait_until(partial(_has_come, runs, stage, over)):
                break
            self._wait_within(stage)
            over = sum(run.is_over() for run in runs)
            at_work = [(run, run.stage) for run in runs if run.reached and run.stage is not None and not run.is_over()]
            if not at_work:
                continue
            for run in runs:
                run.reached.clear()
            first = next((run for run, at in at_work if at == stage), at_work[0][0])
            detail = self._strike(fault, first)
            caught += [
                Caught(number, run, at, detail)
                for run, at in at_work
                if run is first or not detail.startswith("one worker")
            ]
            wrong += self._fleet.compare_meanwhile(states)
            number += 1
        return caught, wrong

    def _choose_stage(self, fault: Fault, done: Collection[str]) -> str:
        """Return the stage that the next fault comes at; `done` are those that it has come to in these runs."""
        missing = {
            stage: max(0, self._times - self._count(fault, stage)) for stage in self._stages if stage not in done
        }
        wanted = [stage for stage, count in missing.items() if count] or self._stages
        # What runs survive may come to them at one stage after the other; otherwise each stage has to be the first.
        if not fault.outlasts_runs:
            return wanted[0]
        return self._chance.choices(wanted, [max(1, missing.get(stage, 0)) for stage in wanted])[0]

    def _wait_within(self, stage: str) -> None:
        time.sleep(self._chance.uniform(0, 0.7 * self._fleet.news.stage_seconds[stage]))

    def _strike(self, fault: Fault, run: Run) -> str:
        return fault.begin(self._fleet, run, self._chance.uniform(*DOWN_SECONDS), self._chance)

    def _judge_refusals(self, fault: Fault, caught: Sequence[Caught], asker: Asker) -> list[str]:
        return [
            f"service {number} refused to answer: {dict(refusals)}"
            for number, refusals in enumerate(asker.refusals)
            if refusals and not any(fault.may_refuse(item.detail, number) for item in caught)
        ]

    def _note(
        self, fault: Fault, item: Caught, end: str, asker: Asker, wrong: Sequence[str], seconds: float, now: datetime
    ) -> None:
        refusals = sum(asker.refusals[1:], asker.refusals[0].copy())
        hit = Hit(
            time=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            kind=self._fleet.kind,
            fault=fault.name,
            detail=item.detail,
            number=item.number,
            stage=item.stage,
            end=end,
            seconds=round(seconds, 1),
            answered=asker.answered,
            refused=sum(refusals.values()),
            refusals=", ".join(f"{count} x {name}" for name, count in sorted(refusals.items())),
            notes="; ".join([*dict.fromkeys(item.run.notes), item.run.said]),
            wrong="; ".join(wrong) or "nothing",
        )
        self._log.add(hit)
        print(hit.to_line(), file=sys.stderr, flush=True)


def _has_come(runs: Sequence[Run], stage: str, over: int) -> bool:
    """Say whether a fault is to come now: by the second run at a stage most are at work; an end is the last moment."""
    left = [run for run in runs if not run.is_over()]
    return sum(run.is_past(stage) for run in left) >= min(2, len(left)) or len(runs) - len(left) > over


if __name__ == "__main__":
    main()
