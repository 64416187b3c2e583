"""The queue of jobs as services and commands see it: submit, look, stop. They do no work themselves."""

from __future__ import annotations

import re
import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from codesearch.api.management import Job, JobFigures, JobRequest, JobState
from codesearch.core.catalog.sources import utc_now
from codesearch.core.errors import NotFoundError, TooManyRequestsError
from codesearch.jobs.database import JOBS_VERSION, QUEUE, WORKFLOW, JobDatabase
from codesearch.jobs.records import AT_WORK, OVER, REASON, WAITING, partition_of, request_to_json, to_job

if TYPE_CHECKING:
    from dbos import DBOSClient, EnqueueOptions, WorkflowHandle, WorkflowStatus

MAX_QUEUED: Final = 10_000
# Jobs that are over: so many are shown, and so many kept.
SHOWN: Final = 30
KEPT: Final = 300
# Jobs that are looked for in one statement.
_ASKED_AT_ONCE: Final = 50
# How often a worker looks for a job: where none waits, for 2% of a core; and while some wait, for 5%, since
# without that the time between two short jobs is longer than they are.
IDLE_SECONDS: Final = 0.5
BUSY_SECONDS: Final = 0.1
_UNKNOWN: Final = "There is no such job, or it is over for long. `codesearch jobs` lists them."
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-z]{1,40}")


class JobQueue:
    """Takes jobs for workers anywhere. Safe to use from many threads.

    Every method raises JobsUnavailableError where the database of the jobs cannot be reached or written.
    """

    def __init__(self, database: JobDatabase, clock: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._clock = clock

    def submit(self, request: JobRequest, requested_by: str, *, occasion: str | None = None) -> Job:
        """Take a job, or return the one that waits for the same already; raises TooManyRequestsError.

        Of those with one `occasion`, letters and digits, one is taken, also when it is over.
        """
        with self._database.asking() as client:
            partition = partition_of(request)
            wanted = _untitled(request)
            same = [job for job in self._list_about(client, [partition]) if _untitled(job.request) == wanted]
            waiting = next((job for job in same if job.state is JobState.QUEUED), None)
            if waiting is not None:
                return waiting
            return self._get(client, self._enqueue(client, request, requested_by, same, occasion))

    def submit_all(self, requests: Sequence[JobRequest], requested_by: str) -> None:
        """Take several jobs, each unless one waits for the same already; for less than `submit` takes for each.

        Raises TooManyRequestsError; those before are taken then.
        """
        with self._database.asking() as client:
            for begin in range(0, len(requests), _ASKED_AT_ONCE):
                some = requests[begin : begin + _ASKED_AT_ONCE]
                jobs = self._list_about(client, [partition_of(request) for request in some])
                for request in some:
                    same = [job for job in jobs if _untitled(job.request) == _untitled(request)]
                    if not any(job.state is JobState.QUEUED for job in same):
                        self._enqueue(client, request, requested_by, same)

    def _enqueue(
        self,
        client: DBOSClient,
        request: JobRequest,
        requested_by: str,
        same: Sequence[Job],
        occasion: str | None = None,
    ) -> str:
        """Have a job wait, besides those of the `same` that are at work, and return its id."""
        if _list(client, WAITING, limit=1, offset=MAX_QUEUED - 1, has_values=False):
            raise TooManyRequestsError(
                f"{MAX_QUEUED:,} jobs are waiting already. Try again when some are done.", "jobs"
            )
        partition = partition_of(request)
        working = next((job.id for job in same if job.state is JobState.RUNNING), "none")
        options: EnqueueOptions = {
            "workflow_name": WORKFLOW,
            "queue_name": QUEUE,
            # Of an occasion the whole partition: sources of which some digits are the same may be due at one moment.
            "workflow_id": f"{partition[:8]}-{occasion + partition[8:] if occasion else secrets.token_hex(5)}",
            "app_version": JOBS_VERSION,
            "queue_partition_key": partition,
            # What is asked for at once in several places is one job; what begins after one at work is another.
            "deduplication_id": f"{_untitled(request)!r} {working}",
            "duplication_policy": "return-existing",
            "authenticated_user": requested_by,
        }
        now = int(self._clock().timestamp() * 1000)
        handle: WorkflowHandle[object] = client.enqueue(options, request_to_json(request), now)
        return handle.get_workflow_id()

    def has_waiting(self, request: JobRequest) -> bool:
        """Say whether a job waits about what a request is about, such as its source."""
        with self._database.asking() as client:
            return any(job.state is JobState.QUEUED for job in self._list_about(client, [partition_of(request)]))

    def get(self, job_id: str) -> Job:
        """Return a job. Accepts any string. Raises NotFoundError."""
        if not self._database.is_there():
            raise NotFoundError(_UNKNOWN)
        with self._database.asking() as client:
            return self._get(client, job_id)

    def list_jobs(self) -> list[Job]:
        """Return the jobs that wait or work, and the last ones that are over, the newest first."""
        if not self._database.is_there():
            return []
        with self._database.asking() as client:
            found = [*_list(client, (*WAITING, AT_WORK)), *_list(client, OVER, limit=SHOWN)]
        now = self._clock()
        jobs = (to_job(status, now) for status in found)
        return sorted(
            (job for job in jobs if job is not None), key=lambda job: (job.requested_at, job.id), reverse=True
        )

    def cancel(self, job_id: str, reason: str | None = None) -> Job:
        """Stop a job, or keep it from beginning, and say for what reason. Raises NotFoundError."""
        if not self._database.is_there():
            raise NotFoundError(_UNKNOWN)
        with self._database.asking() as client:
            if not self._get(client, job_id).state.is_over:
                if reason is not None:
                    client.update_workflow_attributes(job_id, {REASON: reason}, merge=True)
                client.cancel_workflow(job_id)
            return self._get(client, job_id)

    def prune(self) -> None:
        """Delete the oldest jobs that are over."""
        with self._database.asking() as client:
            old = _list(client, OVER, limit=KEPT, offset=KEPT, has_values=False)
            if old:
                client.delete_workflows([status.workflow_id for status in old])

    def keep_pace(self) -> None:
        """Have workers look for jobs more often as long as some wait.

        Only where the jobs are in a file: PostgreSQL may have many workers, and each of their looks is some messages.
        """
        if self._database.file is None:
            return
        with self._database.asking() as client:
            wanted = BUSY_SECONDS if _list(client, WAITING, limit=1, has_values=False) else IDLE_SECONDS
            queue = client.retrieve_queue(QUEUE)
            if queue is not None and queue.polling_interval_sec != wanted:
                queue.set_polling_interval_sec(wanted)

    def measure(self) -> JobFigures:
        """Return the queue in figures of this moment."""
        if not self._database.is_there():
            return JobFigures()
        now = self._clock()
        with self._database.asking() as client:
            found = [*_list(client, (*WAITING, AT_WORK)), *_list(client, OVER, limit=JobFigures.MOST_OVER)]
        jobs = [job for job in (to_job(status, now) for status in found) if job is not None]
        counts = Counter(job.state for job in jobs)
        oldest = min((job.requested_at for job in jobs if job.state is JobState.QUEUED), default=now)
        return JobFigures({state.value: counts[state] for state in JobState}, max(0.0, (now - oldest).total_seconds()))

    def close(self) -> None:
        """Close the connections; jobs go on."""
        self._database.close()

    def _get(self, client: DBOSClient, job_id: str) -> Job:
        found = client.list_workflows(workflow_ids=[job_id]) if _ID.fullmatch(job_id) else []
        job = to_job(found[0], self._clock()) if found else None
        if job is None:
            raise NotFoundError(_UNKNOWN)
        return job

    def _list_about(self, client: DBOSClient, partitions: Sequence[str]) -> list[Job]:
        """Return the jobs that wait or work in partitions."""
        found = client.list_workflows(
            name=WORKFLOW,
            status=[*WAITING, AT_WORK],
            workflow_id_prefix=[f"{partition[:8]}-" for partition in partitions],
            queue_name=QUEUE,
            load_output=False,
        )
        jobs = (to_job(status, self._clock()) for status in found if status.queue_partition_key in partitions)
        return [job for job in jobs if job is not None]


def _untitled(request: JobRequest) -> JobRequest:
    """Return what is asked for, whatever it is called by now."""
    return replace(request, title="")


def _list(
    client: DBOSClient,
    states: Sequence[str],
    *,
    limit: int | None = None,
    offset: int | None = None,
    has_values: bool = True,
) -> list[WorkflowStatus]:
    """Return workflows, the newest first."""
    return client.list_workflows(
        name=WORKFLOW,
        status=list(states),
        sort_desc=True,
        limit=limit,
        offset=offset,
        load_input=has_values,
        load_output=has_values,
    )
