"""PostgreSQL behind a network that passes nothing on: nobody waits for ever."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import sqlalchemy
from sqlalchemy.exc import OperationalError

from benchmarks.faults.proxy import Cut, Proxy
from codesearch.core.catalog import database, postgres
from codesearch.core.catalog.catalog import Catalog, open_catalog
from codesearch.core.errors import CatalogError
from tests.unit.core.catalog.conftest import postgres_schema_url, postgres_url

__all__ = ["postgres_schema_url", "postgres_url"]

SILENCE_SECONDS = 1.0


@pytest.fixture
def network(postgres_schema_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    monkeypatch.setattr(postgres, "SILENCE_SECONDS", SILENCE_SECONDS)
    monkeypatch.setattr(database, "_CONNECT_TIMEOUT_SECONDS", 2)
    port = sqlalchemy.make_url(postgres_schema_url).port
    assert port is not None
    network = Proxy(port)
    yield network
    network.close()


@pytest.fixture
def url(postgres_schema_url: str, network: Proxy) -> sqlalchemy.URL:
    return sqlalchemy.make_url(postgres_schema_url).set(drivername="postgresql+psycopg", port=network.port)


@pytest.fixture
def far_catalog(url: sqlalchemy.URL) -> Iterator[Catalog]:
    with open_catalog(url.render_as_string(hide_password=False)) as catalog:
        yield catalog


def test_connections_that_pass_nothing_on_for_good_are_replaced(far_catalog: Catalog, network: Proxy) -> None:
    assert far_catalog.list_sources() == []
    network.forget()
    assert far_catalog.list_sources() == []


def test_a_network_that_passes_nothing_on_is_an_error(far_catalog: Catalog, network: Proxy) -> None:
    assert far_catalog.list_sources() == []
    network.cut(Cut.STALL)
    with pytest.raises(CatalogError, match="failed"):
        far_catalog.list_sources()
    network.cut(Cut.NONE)
    assert far_catalog.list_sources() == []


def test_an_answer_that_does_not_come_ends_the_connection(url: sqlalchemy.URL, network: Proxy) -> None:
    engine = sqlalchemy.create_engine(url)
    postgres.bound_waits(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
        network.forget()
        with pytest.raises(OperationalError, match="nothing was heard"):
            connection.exec_driver_sql("SELECT 1")
        assert connection.invalidated
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1
    engine.dispose()


def test_who_waits_for_a_lock_waits_longer(
    url: sqlalchemy.URL, far_catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = sqlalchemy.create_engine(url)
    postgres.bound_waits(engine)
    number = database._ADVISORY_LOCK
    monkeypatch.setattr(database, "LOCK_TIMEOUT_SECONDS", 1)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({number})")
        began = time.monotonic()
        with pytest.raises(CatalogError, match="nothing was heard"):
            far_catalog.create_key("one")
        assert time.monotonic() - began >= 1 + SILENCE_SECONDS
        connection.exec_driver_sql(f"SELECT pg_advisory_unlock({number})")
    far_catalog.create_key("two")
    engine.dispose()


def test_notifications_are_waited_for_without_a_bound(url: sqlalchemy.URL) -> None:
    engine = sqlalchemy.create_engine(url)
    postgres.bound_waits(engine)
    with engine.connect() as listening, engine.connect() as other:
        driver = listening.connection.driver_connection
        assert driver is not None
        listening.exec_driver_sql("LISTEN news")
        listening.commit()
        other.exec_driver_sql("SELECT pg_notify('news', 'late')")
        # Seen when it is committed, by which the listener has waited for longer than it may for an answer.
        assert list(driver.notifies(timeout=1.5 * SILENCE_SECONDS)) == []
        other.commit()
        assert [found.payload for found in driver.notifies(timeout=5, stop_after=1)] == ["late"]
    engine.dispose()
