"""Memory that was freed and that the C library keeps: given back to the system after a large piece of work."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache


def give_back_memory() -> None:
    """Give back what was freed, where the C library can: a long run otherwise holds what its largest piece took."""
    trim = _find_trim()
    if trim is not None:
        trim(0)


@lru_cache(maxsize=1)
def _find_trim() -> Callable[[int], int] | None:
    # glibc alone has it.
    with suppress(OSError, AttributeError, TypeError):
        trim: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
        return trim
    return None
