"""A worker: does jobs, each in a process of its own, sees what is due, and takes over from workers that died."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from codesearch.api.management import JobKind, JobProgress, JobRequest
from codesearch.core.counts import say_count
from codesearch.core.errors import CatalogError, CodesearchError, JobsUnavailableError, TooManyRequestsError
from codesearch.jobs.database import QUEUE, WORKFLOW, JobDatabase
from codesearch.jobs.engine import LEASE_SECONDS, Leases, launch, recover
from codesearch.jobs.places import WorkerPlace
from codesearch.jobs.queue import JobQueue
from codesearch.jobs.records import AT_WORK, IS_AT_WORK, PROGRESS, STARTED_AT, JobOutcome
from codesearch.jobs.running import Interruption, PassingError, RunningJob, StartProcess
from codesearch.jobs.schedule import Schedule

if TYPE_CHECKING:
    from dbos import WorkflowStatus

    from codesearch.core.catalog.catalog import Catalog
    from codesearch.core.types import DataSource

logger = logging.getLogger(__name__)

# How often it looks whether its job is still wanted, says how far that is, and looks for what others have left.
_LOOK_SECONDS: Final = 0.5
_WRITE_SECONDS: Final = 1.0
_BEAT_SECONDS: Final = 4.0
_RECOVERY_SECONDS: Final = 2.0
_SCHEDULE_SECONDS: Final = 2.0
_PRUNE_SECONDS: Final = 300.0


class Worker:
    """Does jobs until `run` is told to end. One of a process, which has to end after it."""

    def __init__(self, database: JobDatabase, place: WorkerPlace, catalog: Catalog, start: StartProcess) -> None:
        """`start` starts the process of a job."""
        self._database = database
        self._queue = JobQueue(database)
        self._place = place
        self._catalog = catalog
        self._start = start
        self._schedule = Schedule(catalog, self._queue)
        self._leases = Leases()
        self._lock = threading.Lock()
        self._job: RunningJob | None = None
        self._written = _Written()
        self._reached_at = time.monotonic()
        self._is_away = False
        self._next: dict[str, float] = {}

    def run(self, is_over: threading.Event) -> None:
        """Do jobs until the event is set; what is at work then is put back into the queue.

        Raises JobsUnavailableError where the database cannot be reached at first.
        """
        with self._database.translating():
            launch(self._database, self._place.name, self._hold)
        while not is_over.wait(_LOOK_SECONDS):
            try:
                self._look_after_job()
                self._every(_RECOVERY_SECONDS, self._take_over)
                self._every(_SCHEDULE_SECONDS, self._schedule.enqueue_due)
                self._every(_PRUNE_SECONDS, self._queue.prune)
                self._note_database(None)
            except JobsUnavailableError as error:
                self._note_database(error)
            except CodesearchError as error:
                logger.warning("jobs: %s", error.message)
        self._give_back()

    @contextmanager
    def _hold(self, job_id: str, request: JobRequest) -> Iterator[Callable[[], JobOutcome]]:
        """Hold a job, in a thread of the engine, and give what does it."""
        if request.kind is JobKind.REFRESH_ALL:
            yield partial(self._refresh_all, job_id)
            return
        job = RunningJob(job_id, request, self._start)
        with self._lock:
            self._job, self._written = job, _Written()
        logger.info("job %s begins: %s %s", job_id, request.kind.value, request.title)
        try:
            yield job.run
        finally:
            with self._lock:
                self._job = None
            logger.info("job %s ends here%s", job_id, f": {job.interruption.value}" if job.interruption else "")
            self._say_last(job)

    def _refresh_all(self, job_id: str) -> JobOutcome:
        """Ask for a refresh of each source. Raises PassingError where catalog or jobs are out of reach."""
        try:
            return self._ask_for_all(self._catalog.list_sources(), job_id)
        except (CatalogError, JobsUnavailableError) as error:
            raise PassingError(error.message) from error

    def _ask_for_all(self, sources: Sequence[DataSource], job_id: str) -> JobOutcome:
        if not sources:
            return JobOutcome("Nothing is indexed yet.", has_failed=True)
        beat_at = time.monotonic()
        for number, source in enumerate(sources):
            try:
                self._queue.submit(JobRequest(JobKind.REFRESH, source.name, source.id), "refresh all")
            except TooManyRequestsError as error:
                said = f"{number:,} of {len(sources):,} sources are in the queue. {error.message}"
                return JobOutcome(said, has_failed=True)
            if time.monotonic() - beat_at >= _BEAT_SECONDS:
                # Workers elsewhere would take this one for dead.
                beat_at = time.monotonic()
                progress = JobProgress(phase="asking for refreshes", files_done=number + 1, files_total=len(sources))
                with self._database.asking() as client:
                    client.update_workflow_attributes(job_id, {PROGRESS: asdict(progress)})
        return JobOutcome(f"{say_count(len(sources), 'source is', 'sources are')} in the queue.")

    def _every(self, seconds: float, work: Callable[[], object]) -> None:
        """Do something when this much time has passed since it was done last."""
        name, now = work.__qualname__, time.monotonic()
        if now >= self._next.get(name, 0.0):
            self._next[name] = now + seconds
            work()

    def _look_after_job(self) -> None:
        """See whether the job at work is still wanted from this worker, and say how far it is."""
        with self._lock:
            job, written = self._job, self._written
        if job is None:
            return
        with self._database.asking() as client:
            found = client.list_workflows(workflow_ids=[job.id], load_input=False, load_output=False)
            if not found or found[0].status == "CANCELLED":
                job.interrupt(Interruption.CANCELLED)
                return
            if found[0].status != AT_WORK or found[0].executor_id != self._place.name:
                job.interrupt(Interruption.LOST)
                return
            job.resume()
            if written.is_due(job.progress):
                client.update_workflow_attributes(job.id, written.to_attributes(job.progress))

    def _say_last(self, job: RunningJob) -> None:
        """Say how far a job came, and that its process is gone."""
        if job.interruption is Interruption.LOST:
            return
        try:
            with self._database.asking() as client:
                client.update_workflow_attributes(
                    job.id, {**self._written.to_attributes(job.progress), IS_AT_WORK: False}
                )
        except JobsUnavailableError as error:
            logger.warning("%s", error.message)

    def _take_over(self) -> None:
        """Put back what workers that are gone had begun."""
        with self._database.asking() as client:
            at_work = [
                status
                for status in client.list_workflows(
                    name=WORKFLOW, status=AT_WORK, queue_name=QUEUE, load_input=False, load_output=False
                )
                if status.executor_id not in (None, self._place.name)
            ]
            gone = self._find_gone(at_work)
            if gone:
                logger.warning("workers that are gone: %s; what they had begun is begun again", ", ".join(sorted(gone)))
                recover(gone)

    def _find_gone(self, at_work: list[WorkflowStatus]) -> set[str]:
        names = {status.executor_id for status in at_work if status.executor_id is not None}
        known = {name: self._place.is_gone(name) for name in names}
        elsewhere = self._leases.find_gone(
            [status for status in at_work if known.get(status.executor_id or "") is None]
        )
        return {name for name, is_gone in known.items() if is_gone} | elsewhere

    def _note_database(self, error: JobsUnavailableError | None) -> None:
        """Note whether the database was reached; stop the job at work before others take this worker for dead."""
        if error is None:
            if self._is_away:
                logger.warning("the jobs are there again")
            self._is_away, self._reached_at = False, time.monotonic()
            return
        if not self._is_away:
            logger.warning("%s", error.message)
        self._is_away = True
        with self._lock:
            job = self._job
        if job is not None and time.monotonic() - self._reached_at > LEASE_SECONDS / 2:
            job.interrupt(Interruption.UNREACHABLE)

    def _give_back(self) -> None:
        """Stop the job at work, and put it back into the queue."""
        with self._lock:
            job = self._job
        if job is None:
            return
        job.interrupt(Interruption.CLOSING)
        job.wait_for_process()
        logger.info("job %s goes back into the queue: this worker ends", job.id)
        with self._database.translating():
            recover({self._place.name})


class _Written:
    """What of a job was last written, and when."""

    def __init__(self) -> None:
        self._started_at = int(time.time() * 1000)
        self._progress: JobProgress | None = None
        self._at = float("-inf")

    def is_due(self, progress: JobProgress) -> bool:
        """Say whether to write it: at once for a new phase, else once a second; now and then to say that it lives."""
        seconds = time.monotonic() - self._at
        is_new_phase = self._progress is None or progress.phase != self._progress.phase
        return is_new_phase or seconds >= _BEAT_SECONDS or (progress != self._progress and seconds >= _WRITE_SECONDS)

    def to_attributes(self, progress: JobProgress) -> dict[str, Any]:
        """Return what is written of a job at work."""
        self._progress, self._at = progress, time.monotonic()
        return {PROGRESS: asdict(progress), STARTED_AT: self._started_at, IS_AT_WORK: True}
