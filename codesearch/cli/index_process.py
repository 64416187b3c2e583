"""A process that indexes for this one: started, listened to, and ended with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import IO

_ERROR_PREFIX = "codesearch: "
# Longer than it takes to end by itself once it is told to.
_GRACE_SECONDS = 8.0


class IndexProcess:
    """What it writes to stderr goes on to this process's own; `report` gets each line of its stdout."""

    def __init__(
        self, command: Sequence[str], report: Callable[[str], None] | None = None, *, has_own_group: bool = False
    ) -> None:
        """Start it; in a group of its own, git and workers that it starts are ended with it. Raises OSError."""
        self._has_own_group = has_own_group and hasattr(os, "killpg")
        self._is_stopped = False
        self._process = subprocess.Popen(
            command,
            # It ends when this end is closed, be it by the death of this process.
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL if report is None else subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=self._has_own_group,
        )
        self._failure = "indexing ended without a word"
        self._listeners = [self._listen(self._hear_errors, self._process.stderr)]
        if report is not None:
            self._listeners.append(self._listen(self._hear_reports, self._process.stdout, report))

    def send(self, line: str) -> None:
        """Write a line to its stdin. Raises OSError where it has ended."""
        if self._process.stdin is None or self._process.stdin.closed:
            raise BrokenPipeError
        self._process.stdin.write(line.encode())
        self._process.stdin.flush()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for its end, for so long at most; say whether it has ended."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._is_stopped:
            # What it has started and could not end itself.
            self._kill_group()
        for listener in self._listeners:
            listener.join(_GRACE_SECONDS)
        return True

    def stop(self, grace_seconds: float = _GRACE_SECONDS) -> None:
        """Interrupt it as ctrl-C does, and end it if that does not help; what it has not published is as before."""
        if self._process.poll() is not None:
            return
        self._is_stopped = True
        if self._process.stdin is not None:
            self._process.stdin.close()
        if not self.wait(grace_seconds):
            self._kill_group()
            self.wait()

    @property
    def failure(self) -> str | None:
        """Why it failed, in one line; None where it did not, or has not ended."""
        return self._failure if self._process.returncode else None

    @property
    def was_killed(self) -> bool:
        """Whether the system or somebody else ended it."""
        return not self._is_stopped and (self._process.returncode or 0) < 0

    def _hear_errors(self, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                text = line.decode("utf-8", "replace").rstrip("\n")
                print(text, file=sys.stderr, flush=True)
                if text.startswith(_ERROR_PREFIX):
                    self._failure = text.removeprefix(_ERROR_PREFIX)

    def _hear_reports(self, stream: IO[bytes], report: Callable[[str], None]) -> None:
        with stream:
            for line in stream:
                report(line.decode("utf-8", "replace"))

    @staticmethod
    def _listen(hear: Callable[..., None], *arguments: object) -> threading.Thread:
        thread = threading.Thread(target=hear, args=arguments, name="index-process", daemon=True)
        thread.start()
        return thread

    def _kill_group(self) -> None:
        if self._has_own_group:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.kill()
