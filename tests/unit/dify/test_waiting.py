"""How long to wait before a request is tried again."""

from __future__ import annotations

from datetime import datetime, timezone

from codesearch.dify.waiting import LONGEST_WAIT_SECONDS, is_rate_limit, wait_seconds

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=timezone.utc)


def test_what_the_server_says_counts() -> None:
    assert wait_seconds(1, 429, {"retry-after": "7"}) == 7
    assert wait_seconds(9, 503, {"retry-after": "0"}) == 0
    assert wait_seconds(1, 429, {"retry-after": "Thu, 01 Jan 2026 12:00:09 GMT"}, NOW) == 9
    assert wait_seconds(1, 429, {"retry-after": "Thu, 01 Jan 2026 11:00:00 GMT"}, NOW) == 0
    assert wait_seconds(1, 429, {"retry-after": "86400"}) == LONGEST_WAIT_SECONDS


def test_else_it_is_twice_as_long_each_time() -> None:
    assert [wait_seconds(attempt, 0, {}) for attempt in (1, 2, 3, 20)] == [0.5, 1, 2, LONGEST_WAIT_SECONDS]
    assert wait_seconds(2, 429, {"retry-after": "soon"}) == 1
    assert wait_seconds(1, 403, {}) == 20


def test_the_cloud_says_its_rate_limit_with_403() -> None:
    assert is_rate_limit(429, "")
    assert is_rate_limit(403, "Sorry, you have reached the knowledge base request rate limit of your subscription.")
    assert not is_rate_limit(403, "No permission.")
