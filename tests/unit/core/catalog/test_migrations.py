"""Upgrades of the catalog: what people have of it stays, whole, or nothing is changed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import Connection

from codesearch.core.catalog.catalog import Catalog, RunState, open_catalog
from codesearch.core.catalog.database import open_database
from codesearch.core.catalog.migrations import STEPS, Step
from codesearch.core.errors import AuthenticationError, CatalogError
from codesearch.core.types import DataSource, Principal, SourceState

VERSION_1 = Path(__file__).with_name("version_1.sql")
SHOP_ID, OTHER_ID, TEAM_ID = "000000000000000000000001", "000000000000000000000002", "0000000000000000000000a1"
SHOP = DataSource(
    id=SHOP_ID,
    name="shop",
    type="repository",
    location="https://example.org/acme/shop.git",
    branch="main",
    subdir="api",
    commit="c0ffee",
    state=SourceState.READY,
    run_id=1,
    file_count=7,
    chunk_count=93,
    indexed_at=datetime(2026, 11, 26, 7, 45, 15, 123456, tzinfo=timezone.utc),
    index_format="a format, as text",
)
OTHER = DataSource(
    id=OTHER_ID,
    name="Größe",
    type="repository",
    location="/srv/größe",
    state=SourceState.FAILED,
    message="no such branch",
)


def secret_of(name: str) -> str:
    return "cs_" + 43 * name[0]


@contextmanager
def connect(url: str) -> Iterator[Connection]:
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        yield connection


def describe_tables(url: str) -> dict[str, Any]:
    """Return all that SQLAlchemy can see of the tables, but the order of their columns and defaults of the server."""
    with connect(url) as connection:
        inspector = sqlalchemy.inspect(connection)
        return {
            table: {
                "columns": {
                    column["name"]: (str(column["type"]), column["nullable"]) for column in inspector.get_columns(table)
                },
                "primary key": inspector.get_pk_constraint(table)["constrained_columns"],
                "unique": sorted(unique["column_names"] for unique in inspector.get_unique_constraints(table)),
                "references": sorted(
                    (key["constrained_columns"], key["referred_table"], key["referred_columns"], key["options"])
                    for key in inspector.get_foreign_keys(table)
                ),
                "indexes": sorted((index["name"], index["column_names"]) for index in inspector.get_indexes(table)),
            }
            for table in inspector.get_table_names()
        }


def read_rows(url: str) -> dict[str, list[tuple[Any, ...]]]:
    with connect(url) as connection:
        return {
            table: sorted((tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {table}")), key=repr)
            for table in sqlalchemy.inspect(connection).get_table_names()
        }


def read_version(url: str) -> int:
    with connect(url) as connection:
        return int(connection.exec_driver_sql("SELECT version FROM codesearch_schema_version").scalar_one())


@pytest.fixture
def old_url(database_url: str) -> str:
    """A catalog of schema 1, as the first builds made it."""
    lines = VERSION_1.read_text(encoding="utf-8").splitlines()
    statements = "\n".join(line for line in lines if not line.startswith("--"))
    if database_url.startswith("postgresql"):
        statements = statements.replace("INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT", "BIGSERIAL PRIMARY KEY")
        statements = statements.replace("INTEGER NOT NULL PRIMARY KEY", "SERIAL PRIMARY KEY")
        statements = "SET TIME ZONE 'UTC';\n" + statements.replace("DATETIME", "TIMESTAMP WITH TIME ZONE")
    with connect(database_url) as connection:
        for statement in statements.split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement)
    return database_url


def open_with(url: str, steps: Sequence[Step]) -> Catalog:
    return Catalog(open_database(url, steps))


def check_nothing_is_lost(catalog: Catalog) -> None:
    """Compare a catalog that began as version_1.sql with what that holds."""
    assert catalog.list_sources() == [OTHER, SHOP]
    (team,) = catalog.list_workspaces()
    assert (team.id, team.name, team.members) == (TEAM_ID, "team", (OTHER, SHOP))
    reader = catalog.authenticate(secret_of("reader"))
    assert reader == Principal(
        key_id="0000000000000000000000a2", name="reader", is_admin=False, source_ids=frozenset({SHOP_ID})
    )
    assert catalog.authenticate(secret_of("admin")).is_admin
    with pytest.raises(AuthenticationError):
        catalog.authenticate(secret_of("gone"))
    assert {key.name for key in catalog.list_keys()} == {"reader", "admin", "gone"}
    run = catalog.latest_run(SHOP_ID)
    assert run is not None
    assert (run.id, run.state, run.chunks_done, run.host) == (1, RunState.FINISHED, 93, "builder")


def add_a_column(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE codesearch_api_keys ADD COLUMN note TEXT")
    connection.exec_driver_sql("UPDATE codesearch_api_keys SET note = name")


def make_a_table_anew(connection: Connection) -> None:
    """Change a table that all others refer to, which SQLite can only by making it anew."""
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql("ALTER TABLE codesearch_knowledge_bases ALTER COLUMN kind TYPE TEXT")
        return
    connection.exec_driver_sql(
        "CREATE TABLE codesearch_new"
        " (id VARCHAR(24) PRIMARY KEY NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, name_key TEXT NOT NULL UNIQUE)"
    )
    connection.exec_driver_sql(
        "INSERT INTO codesearch_new SELECT id, kind, name, name_key FROM codesearch_knowledge_bases"
    )
    connection.exec_driver_sql("DROP TABLE codesearch_knowledge_bases")
    connection.exec_driver_sql("ALTER TABLE codesearch_new RENAME TO codesearch_knowledge_bases")


def fail_in_sql(connection: Connection) -> None:
    connection.exec_driver_sql("DELETE FROM codesearch_api_keys")
    connection.exec_driver_sql("ALTER TABLE codesearch_no_such_table ADD COLUMN note TEXT")


def fail_in_python(connection: Connection) -> None:
    connection.exec_driver_sql("DELETE FROM codesearch_knowledge_bases")
    raise ZeroDivisionError


def kill_itself(connection: Connection) -> None:
    connection.exec_driver_sql("DELETE FROM codesearch_api_keys")
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_catalog_of_the_first_version_keeps_all_that_it_holds(old_url: str) -> None:
    for _ in range(2):
        with open_catalog(old_url) as catalog:
            check_nothing_is_lost(catalog)
            assert read_version(old_url) == 1 + len(STEPS)
    with open_catalog(old_url) as catalog:
        assert catalog.start_run(SHOP_ID) == 4, "3 was a run that is gone"
        _, secret = catalog.create_key("another")
        assert catalog.authenticate(secret).source_ids is None
        assert catalog.create_workspace("second", ["shop"]).members == (SHOP,)


def test_a_catalog_of_the_first_version_gets_the_tables_of_a_new_one(old_url: str) -> None:
    """Fails when the tables in schema.py change and no step in migrations.py changes those that people have."""
    open_catalog(old_url).close()
    upgraded = describe_tables(old_url)
    with connect(old_url) as connection:
        everything = sqlalchemy.MetaData()
        everything.reflect(connection)
        everything.drop_all(connection)
    open_catalog(old_url).close()
    assert upgraded == describe_tables(old_url)
    assert len(upgraded) == 16


def test_steps_run_once_and_in_order(old_url: str) -> None:
    """The same for the first step alone and then the second, and for both at once."""
    steps = [*STEPS, add_a_column, make_a_table_anew]
    newest = 1 + len(steps)
    with open_with(old_url, steps[:-1]) as catalog:
        check_nothing_is_lost(catalog)
        assert read_version(old_url) == newest - 1
    for _ in range(2):
        with open_with(old_url, steps) as catalog:
            check_nothing_is_lost(catalog)
            assert read_version(old_url) == newest
    with connect(old_url) as connection:
        notes = connection.exec_driver_sql("SELECT name, note FROM codesearch_api_keys").all()
    assert sorted(map(tuple, notes)) == [("admin", "admin"), ("gone", "gone"), ("reader", "reader")]
    assert describe_tables(old_url)["codesearch_knowledge_bases"]["columns"]["kind"] == ("TEXT", False)
    with pytest.raises(CatalogError, match=rf"schema {newest}.*upgrade this one.* Nothing in it was changed"):
        open_catalog(old_url)


def test_references_count_again_after_an_upgrade(old_url: str) -> None:
    with open_with(old_url, [*STEPS, make_a_table_anew]) as catalog:
        check_nothing_is_lost(catalog)
        catalog.remove_source("shop")
        assert catalog.authenticate(secret_of("reader")).source_ids == frozenset()
        assert [workspace.members for workspace in catalog.list_workspaces()] == [(OTHER,)]


@pytest.mark.parametrize("failing", [fail_in_sql, fail_in_python])
def test_a_step_that_fails_leaves_the_old_catalog(old_url: str, failing: Step) -> None:
    tables, rows = describe_tables(old_url), read_rows(old_url)
    with pytest.raises((CatalogError, ZeroDivisionError)) as caught:
        open_with(old_url, [*STEPS, add_a_column, failing])
    if isinstance(caught.value, CatalogError):
        assert "codesearch_no_such_table" in caught.value.message
        assert caught.value.message.endswith("Nothing in it was changed.")
        assert "sesame" not in caught.value.message
    assert (describe_tables(old_url), read_rows(old_url)) == (tables, rows)
    with open_catalog(old_url) as catalog:
        check_nothing_is_lost(catalog)


def test_a_step_that_would_leave_references_to_nothing_is_refused(old_url: str) -> None:
    def forget_a_source(connection: Connection) -> None:
        connection.exec_driver_sql(f"DELETE FROM codesearch_data_sources WHERE id = '{SHOP_ID}'")

    rows = read_rows(old_url)
    if old_url.startswith("sqlite"):
        with pytest.raises(CatalogError, match="without the rows of codesearch_data_sources"):
            open_with(old_url, [*STEPS, forget_a_source])
        assert read_rows(old_url) == rows
    else:
        # There references are on, and deleting is deleting what refers to it, as everywhere else.
        with open_with(old_url, [*STEPS, forget_a_source]) as catalog:
            assert catalog.authenticate(secret_of("reader")).source_ids == frozenset()


def test_a_process_that_is_killed_while_it_upgrades_leaves_the_old_catalog(old_url: str) -> None:
    rows = read_rows(old_url)
    process = multiprocessing.get_context("spawn").Process(
        target=open_database, args=(old_url, [*STEPS, add_a_column, kill_itself])
    )
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert read_rows(old_url) == rows
    with open_with(old_url, [*STEPS, add_a_column]) as catalog:
        check_nothing_is_lost(catalog)


def test_of_many_that_open_at_once_one_upgrades(old_url: str) -> None:
    upgrades: list[str] = []

    def count(connection: Connection) -> None:
        add_a_column(connection)
        upgrades.append(threading.current_thread().name)

    barrier, opened = threading.Barrier(6), list[Catalog]()

    def open_when_all_are_ready() -> None:
        barrier.wait(30)
        opened.append(open_with(old_url, [*STEPS, count]))

    threads = [threading.Thread(target=open_when_all_are_ready) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(opened) == 6
    assert len(upgrades) == 1
    for catalog in opened:
        check_nothing_is_lost(catalog)
        catalog.close()
