"""Admission: how many requests of each key, and of all, are in a process at once, and how many of a key a minute.

The others are to come again.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from codesearch.api.rates import Rates
from codesearch.core.errors import TooManyRequestsError


class Admission:
    """Counts requests from their authentication to their answer. For one event loop."""

    def __init__(self, max_per_key: int, max_in_all: int, rates: Rates) -> None:
        self.max_per_key = max_per_key
        self.max_in_all = max_in_all
        self._rates = rates
        self._of_key: Counter[str] = Counter()

    @contextmanager
    def enter(self, key: str, per_minute: int | None = None) -> Iterator[None]:
        """Count one request of a key while the context lasts; raises TooManyRequestsError where there is no room.

        `per_minute` is how many the key may send, where that is its own.
        """
        if self._of_key[key] >= self.max_per_key:
            raise TooManyRequestsError(
                f"{self.max_per_key} requests of this key are being answered already, and no more are taken "
                "(CODESEARCH_MAX_REQUESTS_PER_KEY). Try again in a second.",
                "key",
            )
        if self._of_key.total() >= self.max_in_all:
            raise TooManyRequestsError(
                f"{self.max_in_all} requests are being answered already, and no more are taken "
                "(CODESEARCH_MAX_REQUESTS). Try again in a second.",
                "process",
            )
        if wait := self._rates.take(key, time.monotonic(), per_minute):
            allowed, whose = self._rates.per_minute, "CODESEARCH_MAX_REQUESTS_PER_MINUTE"
            if per_minute is not None:
                allowed, whose = per_minute, "its own limit"
            raise TooManyRequestsError(
                f"This key has sent more than {allowed} requests a minute ({whose}). Try again in {math.ceil(wait)} s.",
                "rate",
                wait,
            )
        self._of_key[key] += 1
        try:
            yield
        finally:
            self._of_key[key] -= 1
            if not self._of_key[key]:
                del self._of_key[key]
