"""Rates: how many requests a key may send a minute; those that come too soon are to come again."""

from __future__ import annotations


class Rates:
    """When each key may send its next request, by the generic cell rate algorithm. For one event loop."""

    def __init__(self, per_minute: int, burst: int) -> None:
        """Allow so many requests a minute, 0 for any number, and `burst` of them at once after a pause."""
        self.per_minute = per_minute
        self._burst = burst
        # When each key's requests will all have been paid for, by the caller's clock; who sent last is the last.
        self._paid_at: dict[str, float] = {}

    def __len__(self) -> int:
        """The number of keys that are remembered."""
        return len(self._paid_at)

    def take(self, key: str, now: float, per_minute: int | None = None) -> float:
        """Count a request and return 0, or return in how many seconds the next one counts, and do not count it.

        `per_minute` is the key's own number, where it has one; 0 for any.
        """
        allowed = self.per_minute if per_minute is None else per_minute
        if not allowed:
            return 0.0
        seconds_each = 60 / allowed
        # Keys of a lower rate may stand before others for a while.
        while self._paid_at and self._paid_at[first := next(iter(self._paid_at))] <= now:
            del self._paid_at[first]
        paid_at = max(now, self._paid_at.get(key, now))
        wait = paid_at - now - seconds_each * (self._burst - 1)
        # Sums of floats: a request at the very moment that it was told is not told again.
        if wait > 1e-6:
            return wait
        self._paid_at.pop(key, None)
        self._paid_at[key] = paid_at + seconds_each
        return 0.0
