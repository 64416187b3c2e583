"""A process that does one job after the other: beginning one takes over a second, most of which the next need not."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Final

from codesearch.api.management import JobRequest
from codesearch.cli.index_process import IndexProcess

# A process that has nothing to do holds memory; one that has done much may have kept some of it.
IDLE_SECONDS: Final = 15.0
MOST_JOBS: Final = 100
_NO_WORD: Final = "its process ended without a word"


class KeptProcess:
    """Starts jobs, one at a time, in the process of the job before where that ended well and not long ago."""

    def __init__(self, command: Sequence[str]) -> None:
        """`command` starts a process that reads requests, a line of JSON each, from stdin."""
        self._command = command
        self._lock = threading.Lock()
        self._process: IndexProcess | None = None
        self._turn: _Turn | None = None
        self._count = 0

    def start(self, request: JobRequest, report: Callable[[str], None]) -> _Turn:
        """Start a job; each line that is said of it is given to `report`. Raises OSError."""
        line = json.dumps(asdict(request)) + "\n"
        with self._lock:
            kept, self._process = self._process, None
            if kept is not None and self._count < MOST_JOBS:
                try:
                    return self._begin(kept, line, report)
                except OSError:
                    # It was ended meanwhile.
                    pass
        if kept is not None:
            kept.stop()
        process = IndexProcess(self._command, self._hear, has_own_group=True)
        with self._lock:
            self._count = 0
            return self._begin(process, line, report)

    def keep(self, process: IndexProcess) -> None:
        """Keep a process whose job ended well, for a while."""
        with self._lock:
            self._process, self._turn = process, None
        timer = threading.Timer(IDLE_SECONDS, self._end_idle, (process, self._count))
        timer.daemon = True
        timer.start()

    def _begin(self, process: IndexProcess, line: str, report: Callable[[str], None]) -> _Turn:
        self._turn = turn = _Turn(self, process, report)
        self._count += 1
        process.send(line)
        return turn

    def _end_idle(self, process: IndexProcess, count: int) -> None:
        with self._lock:
            if self._process is not process or self._count != count:
                return
            self._process = None
        process.stop()

    def _hear(self, line: str) -> None:
        turn = self._turn
        if turn is not None:
            turn.hear(line)


class _Turn:
    """One job of a kept process: what codesearch.jobs.running.Process is."""

    def __init__(self, owner: KeptProcess, process: IndexProcess, report: Callable[[str], None]) -> None:
        self._owner = owner
        self._process = process
        self._report = report
        self._has_ended = threading.Event()
        self._failure: str | None = None

    def hear(self, line: str) -> None:
        """Take a line of its stdout: what is said of the job, or that it has ended, and how."""
        try:
            said = json.loads(line)
        except ValueError:
            return
        if isinstance(said, dict) and "ended" in said:
            self._end(said["failure"])
        else:
            self._report(line)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for its end, for so long at most; say whether it has ended."""
        if not self._has_ended.wait(seconds) and self._process.wait(0):
            self._end(self._process.failure or _NO_WORD)
        return self._has_ended.is_set()

    def stop(self, grace_seconds: float = 1.0) -> None:
        """End the process, by force after this time, unless the job ended well."""
        if self._has_ended.is_set() and self._failure is None:
            self._owner.keep(self._process)
            return
        self._process.stop(grace_seconds)
        self._end(self._process.failure or _NO_WORD)

    @property
    def failure(self) -> str | None:
        """Why it failed, in one line; None where it did not, or has not ended."""
        return self._failure

    @property
    def was_killed(self) -> bool:
        """Whether the system or somebody else ended its process."""
        return self._process.was_killed

    def _end(self, failure: str | None) -> None:
        """Take the first thing that is said about the end."""
        if not self._has_ended.is_set():
            self._failure = failure
            self._has_ended.set()
