"""When a worker says of its job how far it is, and that it lives."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any, Final

from codesearch.api.management import JobProgress
from codesearch.jobs.records import IS_AT_WORK, PROGRESS, STARTED_AT

_NEWS_SECONDS: Final = 1.0
# Of a lease: three beats may be missed.
_BEAT_SHARE: Final = 0.25


class Beats:
    """What was last said of one job, and when."""

    def __init__(self, lease_seconds: float) -> None:
        self._beat_seconds = _BEAT_SHARE * lease_seconds
        self._started_at = int(time.time() * 1000)
        self._progress: JobProgress | None = None
        self._at = float("-inf")

    def is_due(self, progress: JobProgress) -> bool:
        """Say whether to write it: at once for a new phase, else once a second; now and then to say that it lives."""
        seconds = time.monotonic() - self._at
        is_new_phase = self._progress is None or progress.phase != self._progress.phase
        has_news = progress != self._progress and seconds >= _NEWS_SECONDS
        return is_new_phase or has_news or seconds >= self._beat_seconds

    def to_attributes(self, progress: JobProgress) -> dict[str, Any]:
        """Return what is written of a job at work."""
        self._progress, self._at = progress, time.monotonic()
        return {PROGRESS: asdict(progress), STARTED_AT: self._started_at, IS_AT_WORK: True}
