"""Deliveries of webhooks: each counts once, what it told of waits until somebody has seen to it, the oldest go."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select

from codesearch.core.catalog import deliveries
from codesearch.core.catalog.catalog import Catalog, open_catalog
from codesearch.core.catalog.deliveries import Delivery, WaitingPush
from codesearch.core.catalog.schema import webhook_deliveries, webhook_pushes
from codesearch.core.catalog.sources import MarkedSources
from codesearch.core.errors import CatalogError

SHOP, LEDGER = "0" * 23 + "1", "0" * 23 + "2"


def told(delivery: str, *source_ids: str) -> Delivery:
    return Delivery(delivery, source_ids, "webhook of github")


def take(catalog: Catalog, told_of: list[Delivery]) -> frozenset[str]:
    """Note deliveries to data sources that are known."""
    return catalog.take_deliveries(catalog.mark_sources(), lambda _: told_of)


def list_kept(database_url: str) -> list[str]:
    """Return which deliveries are remembered, in the order in which they came."""
    engine = create_engine(database_url)
    with engine.connect() as connection:
        found = connection.execute(select(webhook_deliveries.c.delivery).order_by(webhook_deliveries.c.id))
        kept = list(found.scalars())
    engine.dispose()
    return kept


def add_sources(catalog: Catalog) -> None:
    for source_id, name in ((SHOP, "shop"), (LEDGER, "ledger")):
        catalog.add_source(id=source_id, name=name, location=f"https://git.example.org/{name}")


def test_a_delivery_is_known_to_every_process_that_opens_the_catalog(database_url: str) -> None:
    with open_catalog(database_url) as one, open_catalog(database_url) as other:
        assert list_kept(database_url) == []
        assert take(one, [told("a" * 32)]) == {"a" * 32}
        assert take(other, [told("a" * 32), told("b" * 32)]) == {"b" * 32}
        assert take(one, [told("b" * 32)]) == set()
        assert list_kept(database_url) == ["a" * 32, "b" * 32]


def test_deliveries_are_listed_anew_where_data_sources_are_others_by_now(database_url: str) -> None:
    with open_catalog(database_url) as catalog, open_catalog(database_url) as other:
        empty = catalog.list_marked_sources()
        assert (empty.sources, other.mark_sources()) == ([], empty.mark)
        add_sources(other)
        seen: list[MarkedSources | None] = []

        def list_deliveries(sources: MarkedSources | None) -> list[Delivery]:
            seen.append(sources)
            return [told(f"{len(seen)}", *(source.id for source in (sources.sources if sources else ())))]

        assert catalog.take_deliveries(empty.mark, list_deliveries) == {"1"}
        assert [push.source_name for push in catalog.claim_pushes()] == ["shop", "ledger"]
        assert catalog.take_deliveries(catalog.mark_sources(), list_deliveries) == {"2"}
        assert seen == [catalog.list_marked_sources(), None]
        # As many as before, but others; what else changes of them makes no difference.
        mark = catalog.mark_sources()
        other.rename_source("shop", "store")
        other.set_paused("store", True)
        assert catalog.mark_sources() == mark
        other.remove_source("store")
        other.add_source(id="f" * 24, name="shop", location="https://git.example.org/shop")
        assert catalog.mark_sources() != mark


def test_what_is_pushed_to_waits_once_for_however_many_pushes(database_url: str) -> None:
    with open_catalog(database_url) as catalog, open_catalog(database_url) as other:
        add_sources(catalog)
        assert not other.has_pushes()
        take(catalog, [told(f"{number}", SHOP) for number in range(100)])
        take(catalog, [told("both", SHOP, LEDGER), told("gone", "f" * 24)])
        assert other.has_pushes()
        waiting = other.claim_pushes()
        assert waiting == [
            WaitingPush(source_id, name, "both", "webhook of github")
            for source_id, name in ((SHOP, "shop"), (LEDGER, "ledger"))
        ]
        # Nobody else does it, and a delivery that comes again has nothing done.
        assert catalog.claim_pushes() == []
        assert take(catalog, [told("both", SHOP)]) == frozenset()
        assert catalog.claim_pushes() == []
        other.forget_pushes(waiting)
        assert not catalog.has_pushes()


def test_a_push_that_comes_meanwhile_is_not_forgotten(database_url: str) -> None:
    with open_catalog(database_url) as catalog:
        add_sources(catalog)
        take(catalog, [told("first", SHOP, LEDGER)])
        first = catalog.claim_pushes()
        take(catalog, [told("second", SHOP)])
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
        take(catalog, [told("first", SHOP)])
        claimed = catalog.claim_pushes()
        moment += timedelta(seconds=deliveries.CLAIM_SECONDS - 1)
        assert catalog.claim_pushes() == []
        moment += timedelta(seconds=2)
        assert catalog.claim_pushes() == claimed
        # By a clock that was ahead, here or on the machine of whoever died: it is not waited for until then.
        moment -= timedelta(hours=5)
        assert catalog.claim_pushes() == claimed
        moment -= timedelta(seconds=1)
        assert catalog.claim_pushes() == []


def test_a_source_that_is_removed_waits_no_more(database_url: str) -> None:
    with open_catalog(database_url) as catalog:
        add_sources(catalog)
        take(catalog, [told("first", SHOP)])
        catalog.remove_source(SHOP)
        assert not catalog.has_pushes()
        assert catalog.claim_pushes() == []


def test_a_push_to_a_source_that_is_paused_waits_until_it_goes_on(database_url: str) -> None:
    with open_catalog(database_url) as catalog:
        add_sources(catalog)
        catalog.set_paused(SHOP, True)
        take(catalog, [told("first", SHOP)])
        assert not catalog.has_pushes()
        take(catalog, [told("second", SHOP, LEDGER)])
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
        take(catalog, [told("first")])
        moment += timedelta(days=deliveries.KEPT_DAYS - 1)
        take(catalog, [told("second")])
        assert list_kept(database_url) == ["first", "second"]
        moment += timedelta(days=2)
        take(catalog, [told("third")])
        assert list_kept(database_url) == ["second", "third"]
        monkeypatch.setattr(deliveries, "MOST_KEPT", 2)
        take(catalog, [told("fourth")])
        assert list_kept(database_url) == ["third", "fourth"]


def test_what_many_threads_take_at_once_counts_once(database_url: str) -> None:
    names = [f"{number % 150:032x}" for number in range(300)]
    with open_catalog(database_url) as catalog, ThreadPoolExecutor(16) as threads:
        add_sources(catalog)
        taken = list(threads.map(lambda name: take(catalog, [told(name, SHOP)]), names))
        assert sorted(name for each in taken for name in each) == sorted(set(names))
        assert len(catalog.claim_pushes()) == 1
    assert len(list_kept(database_url)) == 150


def test_a_delivery_whose_push_could_not_be_noted_may_come_again(tmp_path: Path) -> None:
    file = tmp_path / "catalog.sqlite3"
    with open_catalog(f"sqlite:///{file}") as catalog, closing(sqlite3.connect(file)) as connection:
        add_sources(catalog)
        connection.execute(
            f"CREATE TRIGGER refuse BEFORE INSERT ON {webhook_pushes.name} BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
        connection.commit()
        with pytest.raises(CatalogError):
            take(catalog, [told("first", SHOP)])
        assert list_kept(f"sqlite:///{file}") == []
        connection.execute("DROP TRIGGER refuse")
        connection.commit()
        assert take(catalog, [told("first", SHOP)]) == {"first"}
        assert catalog.has_pushes()
