"""Deliveries of webhooks: each is known once it was taken, and the oldest are forgotten."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import create_engine, func, select

from codesearch.core.catalog import deliveries
from codesearch.core.catalog.catalog import open_catalog
from codesearch.core.catalog.schema import webhook_deliveries
from codesearch.core.errors import CatalogError


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


def test_what_many_threads_note_at_once_is_all_noted_once(database_url: str) -> None:
    names = [f"{number % 150:064x}" for number in range(300)]
    with open_catalog(database_url) as catalog, ThreadPoolExecutor(16) as threads:
        list(threads.map(catalog.note_delivery, names))
        assert all(threads.map(catalog.has_delivery, names))
    engine = create_engine(database_url)
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(webhook_deliveries)).scalar() == 150
    engine.dispose()


def test_a_delivery_that_could_not_be_noted_may_come_again_and_keeps_no_other_from_it(tmp_path: Path) -> None:
    file = tmp_path / "catalog.sqlite3"
    with open_catalog(f"sqlite:///{file}") as catalog:
        catalog.note_delivery("first")
        with closing(sqlite3.connect(file)) as connection:
            connection.execute(
                f"CREATE TRIGGER refuse BEFORE INSERT ON {webhook_deliveries.name} WHEN NEW.delivery = 'bad' "
                "BEGIN SELECT RAISE(ABORT, 'no'); END"
            )
            connection.commit()
            with pytest.raises(CatalogError):
                catalog.note_delivery("bad")
            assert not catalog.has_delivery("bad")
            with ThreadPoolExecutor(8) as threads:
                list(threads.map(catalog.note_delivery, [f"good {number}" for number in range(40)]))
            connection.execute("DROP TRIGGER refuse")
            connection.commit()
            catalog.note_delivery("bad")
            assert all(catalog.has_delivery(name) for name in ("bad", "good 0", "good 39"))
