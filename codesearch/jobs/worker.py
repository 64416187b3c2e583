"""A worker: does jobs, each in a process of its own, sees what is due, and takes over from workers that died."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from codesearch.api.management import HELD, JobKind, JobProgress, JobRequest, request_refresh
from codesearch.core.counts import say_count
from codesearch.core.errors import CatalogError, CodesearchError, JobsUnavailableError, TooManyRequestsError
from codesearch.core.types import DataSource
from codesearch.jobs.beats import Beats
from codesearch.jobs.database import QUEUE, WORKFLOW, JobDatabase
from codesearch.jobs.engine import LEASE_SECONDS, Leases, launch, recover
from codesearch.jobs.places import WorkerPlace
from codesearch.jobs.pushes import Pushes
from codesearch.jobs.queue import JobQueue
from codesearch.jobs.records import AT_WORK, IS_AT_WORK, PROGRESS, JobOutcome
from codesearch.jobs.running import Interruption, PassingError, RunningJob, StartProcess
from codesearch.jobs.schedule import Schedule

if TYPE_CHECKING:
    from dbos import WorkflowStatus

    from codesearch.core.catalog.catalog import Catalog

logger = logging.getLogger(__name__)

# Who asks for merges of what runs leave.
AFTER_RUN: Final = "run"

# Who asks for a refresh of every source looks after so many whether that is still wanted, about once a second.
STEP: Final = 50
# How often it looks whether its job is still wanted, and for what others have left.
_LOOK_SECONDS: Final = 0.5
_RECOVERY_SECONDS: Final = 2.0
_SCHEDULE_SECONDS: Final = 2.0
_PACE_SECONDS: Final = 2.0
_PRUNE_SECONDS: Final = 60.0
# The same failure of its looks is said so often.
_SAID_SECONDS: Final = 60.0


class Worker:
    """Does jobs until `run` is told to end. One of a process, which has to end after it."""

    def __init__(
        self,
        database: JobDatabase,
        place: WorkerPlace,
        catalog: Catalog,
        start: StartProcess,
        lease_seconds: float = LEASE_SECONDS,
        default_minutes: int = 0,
    ) -> None:
        """`start` starts the process of a job; all workers of a database have the same lease.

        Sources without a schedule are refreshed every `default_minutes`, where it is not 0.
        """
        self._database = database
        self._queue = JobQueue(database)
        self._place = place
        self._catalog = catalog
        self._start = start
        self._schedule = Schedule(catalog, self._queue, default_minutes=default_minutes)
        self._pushes = Pushes(catalog, self._queue)
        self._lease_seconds = lease_seconds
        self._leases = Leases(lease_seconds)
        self._lock = threading.Lock()
        self._job: RunningJob | None = None
        self._beats = Beats(lease_seconds)
        self._reached_at = time.monotonic()
        self._is_away = False
        self._next: dict[str, float] = {}

    def run(self, is_over: threading.Event) -> None:
        """Do jobs until the event is set; what is at work then is put back into the queue.

        Raises JobsUnavailableError where the database cannot be reached at first.
        """
        with self._database.translating():
            launch(self._database, self._place.name, self._hold)
        # Any call may wait for a database that says nothing for longer than others do before they take over. So what
        # asks it has threads of its own, none of which waits for the other, and this one only looks at the clock.
        for ask in (self._look_after_job, self._do_chores):
            threading.Thread(target=self._repeat, args=(ask, is_over), name=ask.__name__, daemon=True).start()
        while not is_over.wait(_LOOK_SECONDS):
            self._end_unheard()
        self._give_back()

    def _repeat(self, ask: Callable[[], None], is_over: threading.Event) -> None:
        said, said_at = "", float("-inf")
        while not is_over.wait(_LOOK_SECONDS):
            try:
                ask()
            except JobsUnavailableError as error:
                self._note_away(error)
            except CodesearchError as error:
                # It may last for hours.
                if error.message != said or time.monotonic() - said_at >= _SAID_SECONDS:
                    logger.warning("jobs: %s", error.message)
                    said, said_at = error.message, time.monotonic()

    def _do_chores(self) -> None:
        self._pushes.enqueue()
        self._every(_PACE_SECONDS, self._queue.keep_pace)
        self._every(_RECOVERY_SECONDS, self._take_over)
        self._every(_SCHEDULE_SECONDS, self._schedule.enqueue_due)
        self._every(_PRUNE_SECONDS, self._queue.prune)

    @contextmanager
    def _hold(self, job_id: str, request: JobRequest) -> Iterator[Callable[[], JobOutcome]]:
        """Hold a job, in a thread of the engine, and give what does it."""
        if request.kind is JobKind.REFRESH_ALL:
            yield partial(self._refresh_all, job_id)
            return
        job = RunningJob(job_id, request, self._start)
        with self._lock:
            self._job, self._beats, self._reached_at = job, Beats(self._lease_seconds), time.monotonic()
        logger.info("job %s begins: %s %s", job_id, request.kind.value, request.title)
        try:
            # The engine may have waited for its database since it took the job: another worker may have it by now.
            if self._is_held(request):
                self._queue.cancel(job_id, HELD)
                job.interrupt(Interruption.CANCELLED)
            self._look_before(job)
            yield partial(self._do, job)
        finally:
            with self._lock:
                self._job = None
            logger.info("job %s ends here%s", job_id, f": {job.interruption.value}" if job.interruption else "")
            self._say_last(job)

    def _do(self, job: RunningJob) -> JobOutcome:
        """Do a job, and ask for a merge of what it leaves. Raises PassingError."""
        outcome = job.run()
        if job.is_crowded and not outcome.has_failed:
            request = JobRequest(JobKind.MERGE, job.request.title, job.request.source_id)
            try:
                # The next run leaves segments of its own, and asks for a merge of all.
                if not self._queue.has_waiting(request):
                    self._queue.submit(request, AFTER_RUN)
            except (JobsUnavailableError, TooManyRequestsError) as error:
                logger.warning("the segments of %s are not merged now: %s", request.title, error.message)
        return outcome

    def _is_held(self, request: JobRequest) -> bool:
        """Say whether a source was paused since its refresh was asked for."""
        if request.kind is not JobKind.REFRESH or request.even_if_paused:
            return False
        try:
            source = self._catalog.resolve(request.source_id or "")
        except CatalogError:
            # The job itself says what is wrong.
            return False
        return isinstance(source, DataSource) and source.is_paused

    def _look_before(self, job: RunningJob) -> None:
        try:
            self._look_after_job()
        except JobsUnavailableError as error:
            self._note_away(error)
            job.interrupt(Interruption.UNREACHABLE)

    def _refresh_all(self, job_id: str) -> JobOutcome:
        """Ask for a refresh of each source. Raises PassingError where catalog or jobs are out of reach."""
        try:
            return self._ask_for_all(self._catalog.list_sources(), job_id)
        except (CatalogError, JobsUnavailableError) as error:
            raise PassingError(error.message) from error

    def _ask_for_all(self, sources: Sequence[DataSource], job_id: str) -> JobOutcome:
        if not sources:
            return JobOutcome("Nothing is indexed yet.", has_failed=True)
        beats = Beats(self._lease_seconds)
        for number, source in enumerate(sources):
            if number % STEP == 0 and not self._is_at_work_here(job_id):
                # It was stopped, or another worker does it: what this one says of it is not taken.
                return JobOutcome("", has_failed=True)
            try:
                self._queue.submit(request_refresh(source), "refresh all")
            except TooManyRequestsError as error:
                said = f"Of {say_count(len(sources), 'source')}, {number:,} are in the queue. {error.message}"
                return JobOutcome(said, has_failed=True)
            progress = JobProgress(phase="asking for refreshes", files_done=number + 1, files_total=len(sources))
            if beats.is_due(progress):
                # Workers elsewhere would take this one for dead.
                with self._database.asking() as client:
                    client.update_workflow_attributes(job_id, {PROGRESS: beats.to_attributes(progress)[PROGRESS]})
        return JobOutcome(f"{say_count(len(sources), 'source is', 'sources are')} in the queue.")

    def _is_at_work_here(self, job_id: str) -> bool:
        with self._database.asking() as client:
            found = client.list_workflows(workflow_ids=[job_id], load_input=False, load_output=False)
        return bool(found) and (found[0].status, found[0].executor_id) == (AT_WORK, self._place.name)

    def _every(self, seconds: float, work: Callable[[], object]) -> None:
        """Do something when this much time has passed since it was done last."""
        name, now = work.__qualname__, time.monotonic()
        if now >= self._next.get(name, 0.0):
            self._next[name] = now + seconds
            work()

    def _look_after_job(self) -> None:
        """See whether the job at work is still wanted from this worker, and say how far it is."""
        with self._lock:
            job, beats = self._job, self._beats
        begun_at = time.monotonic()
        with self._database.asking() as client:
            if job is None:
                # Whether it is there again is of interest all the same.
                if self._is_away:
                    client.list_workflows(name=WORKFLOW, limit=1, load_input=False, load_output=False)
                    self._note_reached(None, begun_at)
                return
            found = client.list_workflows(workflow_ids=[job.id], load_input=False, load_output=False)
            if not found or found[0].status == "CANCELLED":
                job.interrupt(Interruption.CANCELLED)
                return
            if found[0].status != AT_WORK or found[0].executor_id != self._place.name:
                job.interrupt(Interruption.LOST)
                return
            if beats.is_due(job.progress):
                client.update_workflow_attributes(job.id, beats.to_attributes(job.progress), merge=True)
        self._note_reached(job, begun_at)

    def _say_last(self, job: RunningJob) -> None:
        """Say how far a job came, and that its process is gone."""
        if job.interruption is Interruption.LOST:
            return
        try:
            with self._database.asking() as client:
                said = {**self._beats.to_attributes(job.progress), IS_AT_WORK: False}
                # Why it was cancelled stays.
                client.update_workflow_attributes(job.id, said, merge=True)
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

    def _note_reached(self, job: RunningJob | None, begun_at: float) -> None:
        """Note that the database has answered what was asked at that moment, and that the job is this worker's."""
        if self._is_away:
            logger.warning("the jobs are there again")
        with self._lock:
            self._is_away, self._reached_at = False, begun_at
            if job is not None:
                job.resume()

    def _note_away(self, error: JobsUnavailableError) -> None:
        if not self._is_away:
            logger.warning("%s", error.message)
        self._is_away = True

    def _end_unheard(self) -> None:
        """Stop the job at work before others take this worker for dead, whatever its calls to the database wait for.

        With a beat that was due and the time in which the process ends, it is over within the lease.
        """
        with self._lock:
            job, silence_seconds = self._job, time.monotonic() - self._reached_at
            if job is None or job.interruption is not None or silence_seconds <= self._lease_seconds / 2:
                return
            job.interrupt(Interruption.UNREACHABLE)
        logger.warning("job %s is stopped: nothing of the jobs was heard for %.0f seconds", job.id, silence_seconds)

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
