"""A job at work: its process, started, listened to, and ended when somebody or something wants that."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from typing import Final, Protocol

from codesearch.api.management import JobProgress, JobRequest
from codesearch.core.redaction import redact
from codesearch.jobs.records import JobOutcome
from codesearch.jobs.reports import Reports

_WATCH_SECONDS: Final = 0.1
# What a process gets to end by itself before it is killed. What it had not published is as before either way.
_CANCEL_SECONDS: Final = 1.0
_STOP_SECONDS: Final = 4.0
_MAX_MESSAGE_LENGTH: Final = 1000


class Process(Protocol):
    """The process of a job."""

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for its end, for so long at most; say whether it has ended."""

    def stop(self, grace_seconds: float = ...) -> None:
        """End it, by force after this time."""

    @property
    def failure(self) -> str | None:
        """Why it failed, in one line; None where it did not, or has not ended."""

    @property
    def was_killed(self) -> bool:
        """Whether the system or somebody else ended it."""


# Starts the process that does what is asked for; each line of its stdout is given to the function. Raises OSError.
StartProcess = Callable[[JobRequest, Callable[[str], None]], Process]


class Interruption(Enum):
    """Why a job's process is ended before its time."""

    # Somebody stopped the job.
    CANCELLED = "cancelled"
    # Another worker does it: this one was taken for dead.
    LOST = "lost"
    # The jobs' database is out of reach: another worker may do it by now.
    UNREACHABLE = "unreachable"
    # The worker ends.
    CLOSING = "closing"


class PassingError(Exception):
    """What failed may go well in a while: the network, a lock."""


class RunningJob:
    """One job of this worker. `run` is called from one thread, everything else from any."""

    def __init__(self, job_id: str, request: JobRequest, start: StartProcess) -> None:
        self.id = job_id
        self.request = request
        self._start = start
        self._reports = Reports()
        self._note = ""
        self._interruption: Interruption | None = None
        self._has_news = threading.Event()
        self._has_no_process = threading.Event()
        self._has_no_process.set()

    @property
    def interruption(self) -> Interruption | None:
        """Why its process is ended, None as long as it is not to be."""
        return self._interruption

    @property
    def is_crowded(self) -> bool:
        """Whether what it has published is to be merged."""
        return self._reports.is_crowded

    @property
    def progress(self) -> JobProgress:
        """How far it is, or what it waits for."""
        progress = self._reports.progress
        return replace(progress, phase=self._note, files_done=0, files_total=None) if self._note else progress

    def interrupt(self, why: Interruption) -> None:
        """Have its process ended. Only what is out of reach for a while may be followed by something else."""
        if self._interruption in (None, Interruption.UNREACHABLE):
            self._interruption = why
            self._has_news.set()

    def resume(self) -> None:
        """Have it done after all, from the beginning: the database is there again, and the job still this worker's."""
        if self._interruption is Interruption.UNREACHABLE:
            self._interruption = None
            self._has_news.set()

    def wait_for_process(self) -> None:
        """Wait until its process has ended, after an interruption."""
        self._has_no_process.wait()

    def run(self) -> JobOutcome:
        """Do the job and return what came of it. Raises PassingError for what may go well in a while.

        Does not return where the worker ends: the job goes on elsewhere, and what this one would say of it is no end.
        """
        while True:
            outcome = self._attempt()
            why = self._interruption
            if outcome is not None or why in (Interruption.CANCELLED, Interruption.LOST):
                return outcome or JobOutcome("", has_failed=True)
            self._has_news.clear()
            if self._interruption is not None:
                self._note = "waiting for the database of the jobs"
                self._has_news.wait()
            self._note = ""

    def _attempt(self) -> JobOutcome | None:
        """Run the process to its end; None where it was ended before. Raises PassingError."""
        self._has_no_process.clear()
        try:
            return self._run_process() if self._interruption is None else None
        finally:
            self._has_no_process.set()

    def _run_process(self) -> JobOutcome | None:
        self._reports, self._note = Reports(), ""
        try:
            process = self._start(self.request, self._reports.add)
        except OSError as error:
            return JobOutcome(f"Its process cannot be started: {error.strerror or error}.", has_failed=True)
        try:
            while not process.wait(_WATCH_SECONDS):
                if self._interruption is not None:
                    return None
        finally:
            process.stop(_STOP_SECONDS if self._interruption is Interruption.CLOSING else _CANCEL_SECONDS)
        if process.failure is None:
            return JobOutcome(_to_line(self._reports.summary))
        failure = _to_line(" ".join((process.failure, *self._reports.failures)))
        if self._reports.may_pass or process.was_killed:
            self._note = f"trying again soon, since this failed: {failure}"
            raise PassingError(failure)
        return JobOutcome(failure, has_failed=True)


def _to_line(message: str) -> str:
    return " ".join(redact(message).split())[:_MAX_MESSAGE_LENGTH]
