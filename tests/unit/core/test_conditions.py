"""How a data source stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from codesearch.core.conditions import Condition, condition_of
from codesearch.core.types import DataSource, SourceState

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=timezone.utc)
BARE = DataSource(id="1" * 24, name="shop", type="repository", location="https://git.example.org/shop")
PUBLISHED = replace(BARE, state=SourceState.READY, run_id=1, commit="a", indexed_at=NOW)
SEEN_LATER = replace(PUBLISHED, remote_seen_at=NOW + timedelta(minutes=1))


@pytest.mark.parametrize(
    ("source", "condition"),
    [
        (BARE, Condition.NEW),
        (replace(BARE, state=SourceState.FAILED, message="no such branch"), Condition.FAILED),
        (replace(BARE, state=SourceState.INDEXING), Condition.FAILED),
        (PUBLISHED, Condition.READY),
        (replace(PUBLISHED, message="the host is away"), Condition.STALE),
        (replace(SEEN_LATER, remote_commit="b"), Condition.STALE),
        (replace(SEEN_LATER, remote_commit="a"), Condition.READY),
        (replace(PUBLISHED, remote_commit="b", remote_seen_at=NOW - timedelta(minutes=1)), Condition.READY),
    ],
)
def test_a_source_stands_as_what_is_known_says(source: DataSource, condition: Condition) -> None:
    assert condition_of(source, is_at_work=False) is condition
    assert condition_of(source, is_at_work=True) is Condition.PROCESSING
