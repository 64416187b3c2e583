"""What ends a worker process that does too much over one file: timers and limits of the system's own.

Native code that hangs runs no Python, neither a thread nor a signal handler: what stops it must come from outside.
"""

from __future__ import annotations

import sys
import time
from collections.abc import MutableSequence

from indexer.chunking.budget import ParseLimits

# The budget of indexer.chunking.budget ends a parse by itself. These come on top of it, for what it does not reach: a
# share of the budget, so that a text of 100 kB that has to be read twice costs less than two seconds, but not less than
# the steps around a parse take.
SPARE_SHARE, LEAST_SPARE_SECONDS = 0.25, 0.25
SPARE_MEMORY_BYTES = 64 << 20
# On a machine that is very busy, CPU time takes long; but what gets none at all waits for something.
WALL_FACTOR = 10
NOBODY = -1.0


class Marks:
    """Where each worker is, in memory that it shares with its parent: two numbers a worker, its file and since when."""

    def __init__(self, shared: MutableSequence[float], slot: int) -> None:
        self._shared = shared
        self._at = 2 * slot

    def set(self, position: int | None) -> None:
        """Say which file of the task is read now, None for none."""
        self._shared[self._at + 1] = time.monotonic()
        self._shared[self._at] = NOBODY if position is None else position

    def get(self) -> tuple[int | None, float]:
        """Return which file the worker is at, None between files, and how many seconds ago it said so."""
        position = self._shared[self._at]
        return None if position == NOBODY else int(position), time.monotonic() - self._shared[self._at + 1]


class FileGuard:
    """Limits this process while it reads one file, and says where it is. For workers: what goes too far ends it."""

    def __init__(self, marks: Marks, limits: ParseLimits) -> None:
        self._marks = marks
        self._limits = limits

    def enter(self, position: int, size: int) -> None:
        """Begin with the file at a position of the task, of so many bytes."""
        self._marks.set(position)
        limits = self._limits.of(size)
        limit_process(cpu_seconds(limits), limits.memory_bytes + SPARE_MEMORY_BYTES)

    def leave(self) -> None:
        """Be done with the file."""
        lift_limits()
        self._marks.set(None)


def cpu_seconds(limits: ParseLimits) -> float:
    """Return after how much CPU time the system ends a worker over one file."""
    return limits.seconds + max(SPARE_SHARE * limits.seconds, LEAST_SPARE_SECONDS)


def wall_seconds(limits: ParseLimits, size: int) -> float:
    """Return after how long a worker that is still at a file of this size is killed by its parent."""
    return WALL_FACTOR * cpu_seconds(limits.of(size))


if sys.platform == "win32":

    def prepare_limits() -> None:
        """Do nothing: there are no such limits here, the parent's clock alone ends a worker."""

    def limit_process(cpu_seconds: float, memory_bytes: int) -> None:
        """Do nothing."""

    def lift_limits() -> None:
        """Do nothing."""

else:
    import resource
    import signal

    if sys.platform == "linux":
        from indexer.chunking.budget import process_pages

    _PAGE_BYTES = resource.getpagesize()

    def prepare_limits() -> None:
        """Let a worker that is ended leave no core file."""
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))

    def limit_process(cpu_seconds: float, memory_bytes: int) -> None:
        """Let the system end this process after so much more CPU time, and give it only so much more address space."""
        if sys.platform == "linux":
            _limit_address_space(process_pages()[0] * _PAGE_BYTES + memory_bytes)
        signal.setitimer(signal.ITIMER_PROF, cpu_seconds)

    def lift_limits() -> None:
        """Take back what limit_process did."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        if sys.platform == "linux":
            _limit_address_space(resource.RLIM_INFINITY)

    def _limit_address_space(size: int) -> None:
        highest = resource.getrlimit(resource.RLIMIT_AS)[1]
        if highest != resource.RLIM_INFINITY and (size == resource.RLIM_INFINITY or size > highest):
            size = highest
        resource.setrlimit(resource.RLIMIT_AS, (size, highest))
