"""The engine as a worker of one process uses it: DBOS, launched with one workflow, and what it leaves to us."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Final

from codesearch.api.management import JobRequest
from codesearch.jobs.database import (
    APPLICATION,
    JOBS_VERSION,
    QUEUE,
    SCHEMA,
    WORKFLOW,
    JobDatabase,
    prepare_engine,
)
from codesearch.jobs.queue import IDLE_SECONDS
from codesearch.jobs.records import JobOutcome, outcome_to_json, request_from_json
from codesearch.jobs.running import PassingError

if TYPE_CHECKING:
    from dbos import WorkflowStatus

# Attempts at what may pass: the waits between them are 2 and 10 seconds, in which the worker does nothing else. What
# has a schedule is tried again by that, too.
_ATTEMPTS: Final = 3
_FIRST_WAIT_SECONDS: Final = 2.0
_WAIT_FACTOR: Final = 5.0
# A job that ends its worker so often is no more begun.
_MOST_RECOVERIES: Final = 20
# A worker elsewhere counts as gone when nothing was heard of its jobs for so long.
LEASE_SECONDS: Final = 15.0


# Gives, for a job's id and request, what does the job while the context lasts; that may raise PassingError, and is then
# called again.
HoldJob = Callable[[str, JobRequest], AbstractContextManager[Callable[[], JobOutcome]]]


def launch(database: JobDatabase, worker_name: str, hold: HoldJob) -> None:
    """Do jobs from now on, one at a time, in a thread of the engine.

    What a worker of the same name had begun is begun again. Raises what the engine raises.
    """
    from dbos import DBOS, DBOSPortableJSONSerializer

    DBOS(
        config={
            "name": APPLICATION,
            "system_database_url": database.url,
            "dbos_system_schema": SCHEMA,
            "application_version": JOBS_VERSION,
            "executor_id": worker_name,
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "WARNING",
            "sys_db_pool_size": 5,
        }
    )
    prepare_engine()

    @DBOS.workflow(name=WORKFLOW, max_recovery_attempts=_MOST_RECOVERIES)
    def job(values: dict[str, Any], _requested_at: int) -> dict[str, Any]:
        return outcome_to_json(_do(hold, DBOS.workflow_id or "", values))

    DBOS.launch()
    DBOS.register_queue(
        QUEUE,
        worker_concurrency=1,
        partition_concurrency=1,
        polling_interval_sec=IDLE_SECONDS,
        on_conflict="always_update",
    )


def _do(hold: HoldJob, job_id: str, values: dict[str, Any]) -> JobOutcome:
    try:
        request = request_from_json(values)
    except (TypeError, ValueError, KeyError):
        return JobOutcome("It was asked for by another version of codesearch; ask again.", has_failed=True)
    with hold(job_id, request) as do:
        return _do_step(request.kind.value, do)


def _do_step(name: str, do: Callable[[], JobOutcome]) -> JobOutcome:
    from dbos import DBOS, error

    def run() -> dict[str, Any]:
        return outcome_to_json(do())

    try:
        return JobOutcome(
            **DBOS.run_step(
                {
                    "name": name,
                    "retries_allowed": True,
                    "max_attempts": _ATTEMPTS,
                    "interval_seconds": _FIRST_WAIT_SECONDS,
                    "backoff_rate": _WAIT_FACTOR,
                    "should_retry": lambda error: isinstance(error, PassingError),
                },
                run,
            )
        )
    except error.DBOSMaxStepRetriesExceeded as exceeded:
        return JobOutcome(f"{exceeded.errors[-1]} It failed {_ATTEMPTS} times in a row.", has_failed=True)


def recover(worker_names: Iterable[str]) -> None:
    """Put what these workers had begun back into the queue; to be called when they are gone, or this one is to end.

    The engine does it in one statement for each job, which has no effect where another worker has it already: what the
    old one may still say of the job is not taken. Of the engine, only its paid service calls this.
    """
    from dbos import DBOS

    names = sorted(worker_names)
    if names:
        DBOS._recover_pending_workflows(names)  # noqa: SLF001 - the engine has no public name for it


class Leases:
    """Which workers elsewhere are gone: those that were not heard of for as long as a lease is.

    What is compared is how often a job's row changes, by this process's own clock: clocks of machines differ.
    """

    def __init__(self, lease_seconds: float = LEASE_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        self._lease_seconds = lease_seconds
        self._clock = clock
        self._seen: dict[str, tuple[int | None, float]] = {}

    def find_gone(self, at_work: Sequence[WorkflowStatus]) -> set[str]:
        """Take the jobs that are said to be at work now, and return the workers of whose jobs none was heard of."""
        now = self._clock()
        seen = {}
        for status in at_work:
            before = self._seen.get(status.workflow_id)
            is_same = before is not None and before[0] == status.updated_at
            seen[status.workflow_id] = before if before is not None and is_same else (status.updated_at, now)
        self._seen = seen
        silent = {status.executor_id for status in at_work if now - seen[status.workflow_id][1] > self._lease_seconds}
        heard = {status.executor_id for status in at_work if now - seen[status.workflow_id][1] <= self._lease_seconds}
        return {name for name in silent - heard if name is not None}
