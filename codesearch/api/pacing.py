"""Pacing: how fast the bodies of one key are read, so that large ones do not keep other keys' requests waiting."""

from __future__ import annotations

# Reading a body keeps the event loop and the interpreter from others. Beside eight clients that send 138 kB again and
# again and hang up, another key's p99 was 6.3 times its quiet one at 16 MiB a second, 2.3 times at this; beside eight
# that send 1 MiB, 9.0 times without a limit. A plain query has some hundred bytes.
BYTES_PER_SECOND = 2 * 1_048_576
# What a key may send at once after a pause: a whole body.
BURST_BYTES = 1_048_576


class Pacing:
    """A token bucket for each key that has sent something of late. For one event loop."""

    def __init__(self, bytes_per_second: float = BYTES_PER_SECOND, burst_bytes: float = BURST_BYTES) -> None:
        self._bytes_per_second = bytes_per_second
        self._burst_seconds = burst_bytes / bytes_per_second
        # When each key's bytes will all have been paid for, by the caller's clock; who sent last is the last.
        self._paid_at: dict[str, float] = {}

    def __len__(self) -> int:
        """The number of keys that are remembered."""
        return len(self._paid_at)

    def take(self, key: str, count: int, now: float) -> float:
        """Count bytes of a key that were read; return for how many seconds it has to wait before it may send more."""
        while self._paid_at and self._paid_at[first := next(iter(self._paid_at))] <= now:
            del self._paid_at[first]
        paid_at = max(now, self._paid_at.pop(key, now)) + count / self._bytes_per_second
        self._paid_at[key] = paid_at
        return max(0.0, paid_at - now - self._burst_seconds)
