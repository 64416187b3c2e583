"""Deliveries of webhooks: each is known once it was taken, and the oldest are forgotten."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from codesearch.core.catalog import deliveries
from codesearch.core.catalog.catalog import open_catalog


def test_a_delivery_is_known_to_every_process_that_opens_the_catalog(database_url: str) -> None:
    with open_catalog(database_url) as one, open_catalog(database_url) as other:
        assert not one.has_delivery("a" * 64)
        one.note_delivery("a" * 64)
        other.note_delivery("a" * 64)
        assert other.has_delivery("a" * 64)
        assert not other.has_delivery("b" * 64)


def test_the_oldest_are_forgotten(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "_PRUNE_EVERY", 1)
    moment = datetime(2026, 11, 1, tzinfo=timezone.utc)
    with open_catalog(database_url, clock=lambda: moment) as catalog:
        catalog.note_delivery("first")
        moment += timedelta(days=deliveries.KEPT_DAYS - 1)
        catalog.note_delivery("second")
        assert catalog.has_delivery("first")
        moment += timedelta(days=2)
        catalog.note_delivery("third")
        assert [catalog.has_delivery(name) for name in ("first", "second", "third")] == [False, True, True]
        monkeypatch.setattr(deliveries, "MOST_KEPT", 2)
        catalog.note_delivery("fourth")
        assert [catalog.has_delivery(name) for name in ("second", "third", "fourth")] == [False, True, True]
