"""What is read again and again comes from memory, and never from before somebody's last write."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

from codesearch.core.catalog.catalog import Catalog, open_catalog
from codesearch.core.errors import AuthenticationError

ID = "0123456789abcdef01234567"


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with open_catalog(f"sqlite:///{tmp_path / 'catalog.sqlite3'}") as opened:
        yield opened


@pytest.fixture
def other(catalog: Catalog) -> Iterator[Catalog]:
    """Another process's catalog on the same file."""
    with open_catalog(f"sqlite:///{catalog.file}") as opened:
        yield opened


@pytest.fixture
def statements(catalog: Catalog) -> list[str]:
    """What the catalog asks its database from here on."""
    asked: list[str] = []

    @event.listens_for(catalog._database._engine, "before_cursor_execute")
    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    return asked


def test_a_second_lookup_asks_the_database_nothing(catalog: Catalog, statements: list[str]) -> None:
    catalog.add_source(id=ID, location="/code", name="code")
    _, secret = catalog.create_key("client")
    first = (catalog.resolve("code"), catalog.resolve("nothing"), catalog.authenticate(secret))
    statements.clear()
    assert (catalog.resolve("code"), catalog.resolve("nothing"), catalog.authenticate(secret)) == first
    assert statements == []


def test_a_key_that_was_looked_up_is_recalled_until_somebody_writes(
    catalog: Catalog, other: Catalog, statements: list[str]
) -> None:
    key, secret = other.create_key("client")
    assert catalog.recall(secret) is None
    found = catalog.authenticate(secret)
    statements.clear()
    assert catalog.recall(secret) == found
    assert catalog.recall("no secret") is None
    other.revoke_key(key.id)
    assert catalog.recall(secret) is None
    assert statements == []
    with pytest.raises(AuthenticationError):
        catalog.authenticate(secret)
    with pytest.raises(AuthenticationError):
        catalog.recall(secret)


def test_a_key_is_not_recalled_while_others_ask_or_once_the_catalog_is_closed(catalog: Catalog) -> None:
    _, secret = catalog.create_key("client")
    found = catalog.authenticate(secret)
    recent = catalog._database._recent
    assert recent is not None
    with recent._lock:
        assert catalog.recall(secret) is None
    assert catalog.recall(secret) == found
    recent.close()
    assert catalog.recall(secret) is None


def test_what_others_write_is_seen_at_once(catalog: Catalog, other: Catalog) -> None:
    other.add_source(id=ID, location="/code", name="code")
    key, secret = other.create_key("client")
    assert catalog.get_source("code").id == ID
    assert catalog.authenticate(secret).name == "client"
    other.rename_source("code", "renamed")
    assert catalog.resolve("code") is None
    assert catalog.get_source(ID).name == "renamed"
    other.revoke_key(key.id)
    with pytest.raises(AuthenticationError):
        catalog.authenticate(secret)


def test_its_own_writes_are_seen_at_once(catalog: Catalog) -> None:
    catalog.add_source(id=ID, location="/code", name="code")
    assert catalog.resolve("code") is not None
    catalog.remove_source("code")
    assert catalog.resolve("code") is None


def test_what_was_read_beside_a_write_is_not_kept(catalog: Catalog, other: Catalog) -> None:
    def read(_connection: object) -> str:
        other.add_source(id=ID, location="/code", name="code")
        return "before"

    assert catalog._database.read_once("asked", read) == "before"
    assert catalog._database.read_once("asked", lambda _: "after") == "after"


def test_what_a_read_raises_is_raised_and_not_kept(catalog: Catalog) -> None:
    def fail(_connection: object) -> str:
        raise ValueError("no state")

    with pytest.raises(Exception, match="no state"):
        catalog._database.read_once("asked", fail)
    assert catalog._database.read_once("asked", lambda _: "state") == "state"


def test_a_connection_that_is_used_beside_closing_is_closed_when_it_is_done(catalog: Catalog) -> None:
    """As in the thread of a request whose service ends: a pool that is gone would keep it open."""
    with catalog._database.reading() as connection:
        driver = connection.connection.driver_connection
        catalog.close()
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1
    assert isinstance(driver, sqlite3.Connection)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        driver.execute("SELECT 1")


def test_a_closed_catalog_can_be_asked_again(catalog: Catalog) -> None:
    catalog.add_source(id=ID, location="/code", name="code")
    catalog.resolve("code")
    catalog.close()
    assert catalog.get_source("code").id == ID
