"""What fails: one process killed, or the network to one cut, for all index runs of a fleet or for one of them."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.faults.fleet import Fleet
from benchmarks.faults.proxy import Cut, Proxy
from benchmarks.faults.runs import Run
from benchmarks.faults.workers import DOER, TAKER, WHOLE, JobRun, WorkerFleet

_CUTS = [how for how in Cut if how is not Cut.NONE]
# Long enough for others to take a worker for dead that is cut off.
_LONG_SECONDS = (16.0, 20.0)
_LONG_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that fails. `begin` lets it, has it mended or under way to be, and says what it was in detail.

    With `is_of_one` it is of one run's own, given to `begin`, and each run can have one. `outlasts_runs` says that runs
    begin again after it, or are over before it is mended. `may_refuse` says of a service, by number, whether it may
    refuse to answer.
    """

    name: str
    begin: Callable[[Fleet, Run, float, random.Random], str]
    is_of_one: bool = False
    outlasts_runs: bool = False
    may_refuse: Callable[[str, int], bool] = lambda detail, number: False


def kill_run(fleet: Fleet, run: Run, seconds: float, chance: random.Random) -> str:
    """Kill what does a run; a worker is started again after a while, or after another one has taken over."""
    variant = chance.choice([WHOLE, TAKER, DOER])
    run.kill(variant)
    if not isinstance(run, JobRun):
        return ""
    worker = run.worker
    if variant == WHOLE and worker is not None and chance.random() >= _LONG_SHARE:
        threading.Timer(seconds, worker.start).start()
        return variant
    return variant if variant != WHOLE else f"{variant}, for good"


def kill_service(fleet: Fleet, run: Run, seconds: float, chance: random.Random) -> str:
    """Kill one of the services, and start it again."""
    number = chance.randrange(len(fleet.services))
    fleet.services[number].stop()
    time.sleep(seconds)
    fleet.services[number].start()
    return f"service {number}"


def kill_postgres(fleet: Fleet, run: Run, seconds: float, chance: random.Random) -> str:
    """Kill PostgreSQL, and start it again."""
    fleet.postgres.kill()
    time.sleep(seconds)
    fleet.postgres.start()
    return ""


def kill_objects(fleet: Fleet, run: Run, seconds: float, chance: random.Random) -> str:
    """Kill the S3 server, and start it again."""
    fleet.object_store.kill()
    time.sleep(seconds)
    fleet.object_store.start()
    return ""


def cut_postgres(fleet: Fleet, run: Run, seconds: float, chance: random.Random) -> str:
    """Cut the network to PostgreSQL, for all or for the worker at work alone."""
    how = chance.choice(_CUTS)
    worker = run.worker if isinstance(run, JobRun) else None
    if worker is None or chance.random() < 0.5:
        return _cut(fleet.to_postgres, how, seconds)
    long = chance.random() < 4 * _LONG_SHARE
    return "one worker's: " + _cut(worker.to_postgres, how, chance.uniform(*_LONG_SECONDS) if long else seconds)


def cut_objects(fleet: Fleet, run: Run, seconds: float, chance: random.Random) -> str:
    """Cut the network to the S3 server."""
    return _cut(fleet.to_objects, chance.choice(_CUTS), seconds)


def _cut(network: Proxy, how: Cut, seconds: float) -> str:
    network.cut(how)
    time.sleep(seconds)
    network.cut(Cut.NONE)
    return how.value if seconds < _LONG_SECONDS[0] else f"{how.value}, for {seconds:.0f} s"


def faults_of(kind: type[Fleet]) -> dict[str, Fault]:
    """Return the faults that come to a kind of fleet, by name."""
    of_run = "worker killed" if kind is WorkerFleet else "index run killed"
    faults = (
        Fault(of_run, kill_run, is_of_one=True),
        Fault(
            "service killed",
            kill_service,
            outlasts_runs=True,
            may_refuse=lambda detail, number: detail == f"service {number}",
        ),
        Fault("PostgreSQL killed", kill_postgres, outlasts_runs=True, may_refuse=lambda detail, number: True),
        Fault("S3 server killed", kill_objects),
        Fault(
            "network to PostgreSQL cut",
            cut_postgres,
            outlasts_runs=True,
            may_refuse=lambda detail, number: "worker" not in detail,
        ),
        Fault("network to the S3 server cut", cut_objects),
    )
    return {fault.name: fault for fault in faults}
