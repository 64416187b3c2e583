"""What reading one file's tree may cost, in time and memory, and how the parser learns that it was too much."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from enum import Enum

# A file of this size may take twice what an empty one may: long files are no reason to give up.
_DOUBLING_BYTES = 500_000
# The parser reports every 200 bytes or so; looking at the clock, or at the memory, each time would cost 3% of parsing.
# A power of two.
_CALLS_PER_LOOK = 16
_LOOKS_PER_MEMORY_LOOK = 4


class Unparsed(str, Enum):
    """Why a file is cut at lines although its language has a tree."""

    TIME = "took too long"
    MEMORY = "took too much memory"
    CRASH = "ended its process"
    ERROR = "could not be read as a tree"


@dataclass(frozen=True, slots=True)
class ParseLimits:
    """What a small file's tree may cost: CPU seconds, and bytes of memory on top of what the process had."""

    seconds: float = 1.0
    memory_bytes: int = 128 << 20

    def of(self, size: int) -> ParseLimits:
        """Return what a file of `size` bytes may cost: twice as much for every 500 kB."""
        factor = 1 + size / _DOUBLING_BYTES
        return ParseLimits(self.seconds * factor, int(self.memory_bytes * factor))


class ParseBudget:
    """What is left for one file. Asked by the parser's progress callback, which it ends by answering True."""

    def __init__(self, limits: ParseLimits) -> None:
        """Start the clock: of the CPU, since a busy machine is no fault of the file."""
        self.shortfall: Unparsed | None = None
        self._deadline = time.thread_time() + limits.seconds
        self._highest = memory_in_use() + limits.memory_bytes
        self._calls = 0
        # Of the calls, those are passed over whose number has one of these bits.
        self._passed_over = _CALLS_PER_LOOK - 1

    def is_spent(self, _offset: int = 0, _has_error: bool = False) -> bool:
        """Say whether the file has had its share; cheap enough to be asked all the time."""
        self._calls += 1
        return False if self._calls & self._passed_over else self._look()

    def _look(self) -> bool:
        if self.shortfall is not None:
            return True
        if time.thread_time() > self._deadline:
            self.shortfall = Unparsed.TIME
        elif self._calls % (_CALLS_PER_LOOK * _LOOKS_PER_MEMORY_LOOK) == 0 and memory_in_use() > self._highest:
            self.shortfall = Unparsed.MEMORY
        if self.shortfall is None:
            return False
        # Whoever asks from now on is told at once.
        self._passed_over = 0
        return True


if sys.platform == "linux":
    _PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

    def memory_in_use() -> int:
        """Return the bytes of memory that this process holds; on systems that do not tell, the most it ever held."""
        return process_pages()[1] * _PAGE_BYTES

    def process_pages() -> list[int]:
        """Return the pages of this process: of its address space, then of its memory."""
        descriptor = os.open("/proc/self/statm", os.O_RDONLY)
        try:
            return [int(part) for part in os.read(descriptor, 200).split()[:2]]
        finally:
            os.close(descriptor)

elif sys.platform == "win32":

    def memory_in_use() -> int:
        """Return 0: this system does not tell cheaply."""
        return 0

else:
    import resource

    def memory_in_use() -> int:
        """Return the most bytes of memory that this process ever held."""
        held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return held if sys.platform == "darwin" else held * 1024
