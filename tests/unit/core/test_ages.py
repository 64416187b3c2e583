"""Ages as people read them, the same at every door."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from codesearch.core.ages import say_age

NOW = datetime(2026, 5, 17, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-5, "less than a minute"),
        (0, "less than a minute"),
        (59.9, "less than a minute"),
        (60, "1 minute"),
        (7_200, "2 hours"),
        (86_399, "23 hours"),
        (86_400 * 45, "1 month"),
        (86_400 * 800, "2 years"),
    ],
)
def test_ages(seconds: float, expected: str) -> None:
    assert say_age(NOW - timedelta(seconds=seconds), NOW) == expected
