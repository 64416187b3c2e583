"""How old something is, in the words of people. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from codesearch.core.counts import say_count

_UNIT_SECONDS: Final = (("year", 31_557_600), ("month", 2_629_800), ("day", 86_400), ("hour", 3_600), ("minute", 60))


def say_age(moment: datetime, now: datetime) -> str:
    """Return the time since a moment in the largest unit that gives at least one: `3 days`, `less than a minute`."""
    seconds = (now - moment).total_seconds()
    for unit, length in _UNIT_SECONDS:
        count = int(seconds // length)
        if count >= 1:
            return say_count(count, unit)
    return "less than a minute"
