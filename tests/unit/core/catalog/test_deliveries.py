"""Deliveries of webhooks: each counts once, what it told of waits until somebody has seen to it, the oldest go."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import create_engine, func, select

from codesearch.core.catalog import deliveries
from codesearch.core.catalog.catalog import Catalog, open_catalog
from codesearch.core.catalog.deliveries import Delivery, WaitingPush
from codesearch.core.catalog.schema import webhook_deliveries, webhook_pushes
from codesearch.core.errors import CatalogError

SHOP, LEDGER = "0" * 23 + "1", "0" * 23 + "2"


def told(delivery: str, *source_ids: str) -> Delivery:
    return Delivery(delivery, source_ids, "webhook of github")


def add_sources(catalog: Catalog) -> None:
    for source_id, name in ((SHOP, "shop"), (LEDGER, "ledger")):
        catalog.add_source(id=source_id, name=name, location=f"https://git.example.org/{name}")


def test_a_delivery_is_known_to_every_process_that_opens_the_catalog(database_url: str) -> None:
    with open_catalog(database_url) as one, open_catalog(database_url) as other:
        assert not one.has_delivery("a" * 32)
        assert one.take_deliveries([told("a" * 32)]) == {"a" * 32}
        assert other.take_deliveries([told("a" * 32), told("b" * 32)]) == {"b" * 32}
        assert other.has_delivery("a" * 32)
        assert not other.has_delivery("c" * 32)


def test_what_is_pushed_to_waits_once_for_however_many_pushes(database_url: str) -> None:
    with open_catalog(database_url) as catalog, open_catalog(database_url) as other:
        add_sources(catalog)
        assert not other.has_pushes()
        catalog.take_deliveries([told(f"{number}", SHOP) for number in range(100)])
        catalog.take_deliveries([told("both", SHOP, LEDGER), told("gone", "f" * 24)])
        assert other.has_pushes()
        waiting = other.claim_pushes()
        assert waiting == [
            WaitingPush(source_id, name, "both", "webhook of github")
            for source_id, name in ((SHOP, "shop"), (LEDGER, "ledger"))
        ]
        # Nobody else does it, and a delivery that comes again has nothing done.
        assert catalog.claim_pushes() == []
        assert catalog.take_deliveries([told("both", SHOP)]) == frozenset()
        assert catalog.claim_pushes() == []
        other.forget_pushes(waiting)
        assert not catalog.has_pushes()


def test_a_push_that_comes_meanwhile_is_not_forgotten(database_url: str) -> None:
    with open_catalog(database_url) as catalog:
        add_sources(catalog)
        catalog.take_deliveries([told("first", SHOP, LEDGER)])
        first = catalog.claim_pushes()
        catalog.take_deliveries([told("second", SHOP)])
        (second,) = catalog.claim_pushes()
        assert (second.source_id, second.delivery) == (SHOP, "second")
        catalog.forget_pushes(first)
        assert catalog.has_pushes()
        catalog.forget_pushes([second])
        assert not catalog.has_pushes()


def test_what_somebody_claimed_who_died_is_claimed_again(database_url: str) -> None:
    moment = datetime(2026, 11, 1, tzinfo=timezone.utc)
    with open_catalog(database_url, clock=lambda: moment) as catalog:
        add_sources(catalog)
        catalog.take_deliveries([told("first", SHOP)])
        claimed = catalog.claim_pushes()
        moment += timedelta(seconds=deliveries.CLAIM_SECONDS - 1)
        assert catalog.claim_pushes() == []
        moment += timedelta(seconds=2)
        assert catalog.claim_pushes() == claimed


def test_a_source_that_is_removed_waits_no_more(database_url: str) -> None:
    with open_catalog(database_url) as catalog:
        add_sources(catalog)
        catalog.take_deliveries([told("first", SHOP)])
        catalog.remove_source(SHOP)
        assert not catalog.has_pushes()
        assert catalog.claim_pushes() == []


def test_a_push_to_a_source_that_is_paused_waits_until_it_goes_on(database_url: str) -> None:
    with open_catalog(database_url) as catalog:
        add_sources(catalog)
        catalog.set_paused(SHOP, True)
        catalog.take_deliveries([told("first", SHOP)])
        assert not catalog.has_pushes()
        catalog.take_deliveries([told("second", SHOP, LEDGER)])
        assert catalog.has_pushes()
        (claimed,) = catalog.claim_pushes()
        assert claimed.source_id == LEDGER
        catalog.forget_pushes([claimed])
        assert not catalog.has_pushes()
        catalog.set_paused(SHOP, False)
        assert catalog.has_pushes()
        assert catalog.claim_pushes() == [WaitingPush(SHOP, "shop", "second", "webhook of github")]


def test_the_oldest_are_forgotten(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "_PRUNE_EVERY", 1)
    moment = datetime(2026, 11, 1, tzinfo=timezone.utc)
    with open_catalog(database_url, clock=lambda: moment) as catalog:
        catalog.take_deliveries([told("first")])
        moment += timedelta(days=deliveries.KEPT_DAYS - 1)
        catalog.take_deliveries([told("second")])
        assert catalog.has_delivery("first")
        moment += timedelta(days=2)
        catalog.take_deliveries([told("third")])
        assert [catalog.has_delivery(name) for name in ("first", "second", "third")] == [False, True, True]
        monkeypatch.setattr(deliveries, "MOST_KEPT", 2)
        catalog.take_deliveries([told("fourth")])
        assert [catalog.has_delivery(name) for name in ("second", "third", "fourth")] == [False, True, True]


def test_what_many_threads_take_at_once_counts_once(database_url: str) -> None:
    names = [f"{number % 150:032x}" for number in range(300)]
    with open_catalog(database_url) as catalog, ThreadPoolExecutor(16) as threads:
        add_sources(catalog)
        taken = list(threads.map(lambda name: catalog.take_deliveries([told(name, SHOP)]), names))
        assert sorted(name for each in taken for name in each) == sorted(set(names))
        assert len(catalog.claim_pushes()) == 1
    engine = create_engine(database_url)
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(webhook_deliveries)).scalar() == 150
    engine.dispose()


def test_a_delivery_whose_push_could_not_be_noted_may_come_again(tmp_path: Path) -> None:
    file = tmp_path / "catalog.sqlite3"
    with open_catalog(f"sqlite:///{file}") as catalog, closing(sqlite3.connect(file)) as connection:
        add_sources(catalog)
        connection.execute(
            f"CREATE TRIGGER refuse BEFORE INSERT ON {webhook_pushes.name} BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
        connection.commit()
        with pytest.raises(CatalogError):
            catalog.take_deliveries([told("first", SHOP)])
        assert not catalog.has_delivery("first")
        connection.execute("DROP TRIGGER refuse")
        connection.commit()
        assert catalog.take_deliveries([told("first", SHOP)]) == {"first"}
        assert catalog.has_pushes()
