"""How long to wait before a request is tried again: what Dify says, else twice as long each time. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 60.0
# Dify's cloud counts the requests of the last minute, and says so with 403.
RATE_LIMIT_WORDS = "rate limit"
RATE_LIMIT_WAIT_SECONDS = 20.0
GATEWAY_FAILURES = frozenset({502, 503, 504})


def is_rate_limit(status: int, message: str) -> bool:
    """Say whether an answer asks to come again later, and nothing else is wrong with the request."""
    return status == 429 or (status == 403 and RATE_LIMIT_WORDS in message.lower())


def wait_seconds(attempt: int, status: int, headers: Mapping[str, str], now: datetime | None = None) -> float:
    """Return how many seconds to wait after the `attempt`th failure, from 1 on; `status` 0 where no answer came."""
    asked = _read_retry_after(headers.get("retry-after", ""), now or datetime.now(timezone.utc))
    if asked is not None:
        return min(max(asked, 0.0), LONGEST_WAIT_SECONDS)
    first = RATE_LIMIT_WAIT_SECONDS if status == 403 else FIRST_WAIT_SECONDS
    wait: float = first * 2 ** (attempt - 1)
    return min(wait, LONGEST_WAIT_SECONDS)


def _read_retry_after(text: str, now: datetime) -> float | None:
    if not text.strip():
        return None
    try:
        return float(text)
    except ValueError:
        pass
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    return (when if when.tzinfo else when.replace(tzinfo=timezone.utc)).timestamp() - now.timestamp()
