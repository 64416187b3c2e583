"""Does jobs: one at a time in all processes of a data folder, each in a process of its own that ends with this one."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from codesearch.api.management import Job, JobProgress, JobRequest, JobState
from codesearch.cli.index_process import IndexProcess
from codesearch.cli.management.job_files import JobFiles
from codesearch.cli.management.job_reports import Reports
from codesearch.core.catalog.sources import utc_now
from codesearch.core.errors import TooManyRequestsError
from codesearch.core.locks import file_lock
from codesearch.core.redaction import redact

logger = logging.getLogger(__name__)

MAX_QUEUED = 50
STOPPED = "The service was stopped while this was at work. What was there before is as it was; start it again."
_CANCELLED = "Stopped on request. What was there before is as it was."
# How often a process that may not do the next job looks again, and how often one at work says how far it is.
_RETRY_SECONDS = 1.0
_WATCH_SECONDS = 0.2
_WRITE_SECONDS = 1.0
_SUBMIT_SECONDS = 10.0
_CLOSE_SECONDS = 20.0
_MAX_MESSAGE_LENGTH = 1000


class JobRunner:
    """Takes jobs and sees to it that they are done. Safe to use from many threads; `close` ends the one at work.

    Whoever holds the lock of the data folder's jobs does them. It goes with its process, however that ends: then a job
    that is said to be at work is not, and the next process that looks does what waits.
    """

    def __init__(
        self,
        data_dir: Path,
        command_of: Callable[[JobRequest], Sequence[str]],
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """`command_of` returns the command line of the process that does a job."""
        self._data_dir = data_dir
        self._command_of = command_of
        self._clock = clock
        self._files = JobFiles(data_dir / "page-jobs")
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()

    def submit(self, request: JobRequest, requested_by: str) -> Job:
        """Take a job, or return the one that waits for the same already; raises TooManyRequestsError, OSError."""
        with file_lock(self._data_dir / "locks" / "page-jobs-queue.lock", timeout_seconds=_SUBMIT_SECONDS):
            waiting = [job for job in self.list_jobs() if job.state is JobState.QUEUED]
            for job in waiting:
                if job.request == request:
                    return job
            if len(waiting) >= MAX_QUEUED:
                raise TooManyRequestsError(
                    f"{MAX_QUEUED} jobs are waiting already. Try again when some are done.", "jobs"
                )
            job = Job(self._files.create_id(), request, JobState.QUEUED, requested_by, self._clock())
            self._files.write(job)
        self.start()
        return job

    def get(self, job_id: str) -> Job:
        """Return a job. Raises NotFoundError."""
        return self._as_wanted(self._files.get(job_id))

    def list_jobs(self) -> list[Job]:
        """Return the jobs that wait or work, and the last ones that are over, the newest first."""
        jobs = self._files.list_jobs()
        if any(job.state is JobState.RUNNING for job in jobs) and self._settle():
            jobs = self._files.list_jobs()
        if any(job.state is JobState.QUEUED for job in jobs):
            self.start()
        return [self._as_wanted(job) for job in reversed(jobs)]

    def cancel(self, job_id: str) -> Job:
        """Stop a job, or keep it from beginning. Raises NotFoundError, OSError."""
        job = self._files.get(job_id)
        if not job.state.is_over:
            self._files.mark_cancelled(job_id)
            self.start()
        return self._as_wanted(job)

    def start(self) -> None:
        """Do what waits, in a thread that ends when nothing does."""
        with self._lock:
            if self._thread is None and not self._closing.is_set():
                self._thread = threading.Thread(target=self._work, name="jobs", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End the job at work, and take none any more; what waits is done by the next service."""
        with self._lock:
            self._closing.set()
            thread = self._thread
        if thread is not None:
            thread.join(_CLOSE_SECONDS)

    def _as_wanted(self, job: Job) -> Job:
        """Return a job as it will be, where somebody has stopped it just now."""
        if job.state.is_over or not self._files.is_cancelled(job.id):
            return job
        if job.state is JobState.QUEUED:
            return replace(job, state=JobState.CANCELLED, message=_CANCELLED)
        return replace(job, is_stopping=True)

    def _work(self) -> None:
        try:
            while self._has_work():
                if not self._do_next():
                    self._closing.wait(_RETRY_SECONDS)
        except Exception:
            # Whoever looks at the jobs next begins again.
            logger.exception("jobs that wait cannot be done now")
            with self._lock:
                self._thread = None

    def _has_work(self) -> bool:
        """Say whether a job waits; where none does, another thread may begin after this."""
        with self._lock:
            has_work = not self._closing.is_set() and any(
                job.state is JobState.QUEUED for job in self._files.list_jobs()
            )
            if not has_work:
                self._thread = None
            return has_work

    def _do_next(self) -> bool:
        """Do the oldest job that waits; False where another process is at one."""
        with suppress(Timeout), self._turn():
            self._settle_interrupted()
            job = next((item for item in self._files.list_jobs() if item.state is JobState.QUEUED), None)
            if job is not None:
                self._do(job)
                self._files.prune()
            return True
        return False

    def _turn(self) -> FileLock:
        return file_lock(self._data_dir / "locks" / "page-jobs.lock", timeout_seconds=0)

    def _settle(self) -> bool:
        """Note which jobs ended with the process that did them; False where one is at work."""
        with suppress(Timeout), self._turn():
            self._settle_interrupted()
            return True
        return False

    def _settle_interrupted(self) -> None:
        for job in self._files.list_jobs():
            if job.state is JobState.RUNNING:
                self._end(job, JobState.FAILED, STOPPED)

    def _do(self, job: Job) -> None:
        if self._files.is_cancelled(job.id):
            self._end(job, JobState.CANCELLED, _CANCELLED)
            return
        job = replace(job, state=JobState.RUNNING, started_at=self._clock())
        self._files.write(job)
        reports = Reports()
        try:
            process = IndexProcess(self._command_of(job.request), reports.add, has_own_group=True)
        except OSError as error:
            self._end(job, JobState.FAILED, f"Its process cannot be started: {error.strerror or error}.")
            return
        try:
            job = self._watch(job, process, reports)
        finally:
            process.stop()
        job = replace(job, progress=reports.progress)
        if process.failure is None:
            self._end(job, JobState.DONE, reports.summary)
        elif self._files.is_cancelled(job.id):
            self._end(job, JobState.CANCELLED, _CANCELLED)
        elif self._closing.is_set():
            self._end(job, JobState.FAILED, STOPPED)
        else:
            self._end(job, JobState.FAILED, " ".join((process.failure, *reports.failures)))

    def _watch(self, job: Job, process: IndexProcess, reports: Reports) -> Job:
        """Write how far a job is until it ends or is to end."""
        written = time.monotonic()
        while not process.wait(_WATCH_SECONDS):
            if self._closing.is_set() or self._files.is_cancelled(job.id):
                break
            progress: JobProgress = reports.progress
            if progress != job.progress and (
                progress.phase != job.progress.phase or time.monotonic() - written >= _WRITE_SECONDS
            ):
                job = replace(job, progress=progress)
                self._files.write(job)
                written = time.monotonic()
        return job

    def _end(self, job: Job, state: JobState, message: str) -> None:
        line = " ".join(redact(message).split())[:_MAX_MESSAGE_LENGTH]
        self._files.write(replace(job, state=state, message=line, ended_at=self._clock()))
        logger.info("job %s: %s %s, %s", state.value, job.request.kind.value, job.request.title, line)
