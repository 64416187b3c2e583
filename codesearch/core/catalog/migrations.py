"""The catalog's migrations: a numbered list of steps that bring an older catalog's tables up to those of schema.py."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from sqlalchemy import Connection, inspect, select

from codesearch.core.catalog.schema import metadata, schema_version
from codesearch.core.errors import CatalogError

logger = logging.getLogger(__name__)

# Changes tables and rows on a connection, on SQLite and PostgreSQL, and neither commits nor rolls back.
Step = Callable[[Connection], None]


def _add_uncommitted_files(connection: Connection) -> None:
    """Schema 2 knows which files of a work tree are not as in the commit."""
    for column in ("uncommitted_count BIGINT", "uncommitted_paths TEXT"):
        connection.exec_driver_sql(f"ALTER TABLE codesearch_data_sources ADD COLUMN {column}")


def _add_groups(connection: Connection) -> None:
    """Schema 3 has groups, which keys may be bound to, and knows the person whom a key belongs to."""
    connection.exec_driver_sql("ALTER TABLE codesearch_api_keys ADD COLUMN user_name TEXT")
    connection.exec_driver_sql(
        "CREATE TABLE codesearch_groups"
        " (id VARCHAR(24) NOT NULL PRIMARY KEY, name TEXT NOT NULL, name_key TEXT NOT NULL UNIQUE)"
    )
    for table, column, target in (("members", "member_id", "knowledge_bases"), ("keys", "key_id", "api_keys")):
        connection.exec_driver_sql(
            f"CREATE TABLE codesearch_group_{table}"
            f" (group_id VARCHAR(24) NOT NULL, {column} VARCHAR(24) NOT NULL, PRIMARY KEY (group_id, {column}),"
            " FOREIGN KEY (group_id) REFERENCES codesearch_groups (id) ON DELETE CASCADE,"
            f" FOREIGN KEY ({column}) REFERENCES codesearch_{target} (id) ON DELETE CASCADE)"
        )
        connection.exec_driver_sql(
            f"CREATE INDEX ix_codesearch_group_{table}_{column} ON codesearch_group_{table} ({column})"
        )


def _add_schedules(connection: Connection) -> None:
    """Schema 4 knows when a data source is to be refreshed, and what its remote was last seen to have."""
    moment = "DATETIME" if connection.dialect.name == "sqlite" else "TIMESTAMP WITH TIME ZONE"
    for column in (
        "refresh_minutes BIGINT",
        "is_paused BOOLEAN NOT NULL DEFAULT FALSE",
        f"next_refresh_at {moment}",
        "remote_commit TEXT",
        f"remote_seen_at {moment}",
    ):
        connection.exec_driver_sql(f"ALTER TABLE codesearch_data_sources ADD COLUMN {column}")


def _add_webhook_deliveries(connection: Connection) -> None:
    """The next schema knows which deliveries of webhooks were taken."""
    is_sqlite = connection.dialect.name == "sqlite"
    key = "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT" if is_sqlite else "BIGSERIAL NOT NULL PRIMARY KEY"
    moment = "DATETIME" if is_sqlite else "TIMESTAMP WITH TIME ZONE"
    connection.exec_driver_sql(
        f"CREATE TABLE codesearch_webhook_deliveries"
        f" (id {key}, delivery VARCHAR(64) NOT NULL, received_at {moment} NOT NULL, UNIQUE (delivery))"
    )


def _add_organisations(connection: Connection) -> None:
    """The next schema has organisations, and knows which data sources are their repositories."""
    moment = "DATETIME" if connection.dialect.name == "sqlite" else "TIMESTAMP WITH TIME ZONE"
    connection.exec_driver_sql(
        "CREATE TABLE codesearch_organisations"
        " (id VARCHAR(24) NOT NULL PRIMARY KEY, name TEXT NOT NULL, name_key TEXT NOT NULL UNIQUE,"
        " kind VARCHAR(16) NOT NULL, host_url TEXT NOT NULL, path TEXT NOT NULL, include_patterns TEXT NOT NULL,"
        " exclude_patterns TEXT NOT NULL, takes_archived BOOLEAN NOT NULL, takes_forks BOOLEAN NOT NULL,"
        " prunes BOOLEAN NOT NULL, discover_minutes BIGINT, refresh_minutes BIGINT,"
        f" next_discovery_at {moment}, discovered_at {moment}, message TEXT, has_failed BOOLEAN NOT NULL)"
    )
    connection.exec_driver_sql(
        "CREATE TABLE codesearch_organisation_sources"
        " (organisation_id VARCHAR(24) NOT NULL, source_id VARCHAR(24) NOT NULL, remote_id TEXT NOT NULL,"
        " full_name TEXT NOT NULL, is_gone BOOLEAN NOT NULL, PRIMARY KEY (organisation_id, source_id),"
        " FOREIGN KEY (organisation_id) REFERENCES codesearch_organisations (id) ON DELETE CASCADE,"
        " FOREIGN KEY (source_id) REFERENCES codesearch_data_sources (id) ON DELETE CASCADE)"
    )
    connection.exec_driver_sql(
        "CREATE INDEX ix_codesearch_organisation_sources_source_id ON codesearch_organisation_sources (source_id)"
    )


def _add_rates(connection: Connection) -> None:
    """The next schema knows how many requests a minute a key may send."""
    connection.exec_driver_sql("ALTER TABLE codesearch_api_keys ADD COLUMN requests_per_minute BIGINT")


def _add_webhook_pushes(connection: Connection) -> None:
    """The next schema knows which data sources webhooks told of, and no job was asked for yet."""
    moment = "DATETIME" if connection.dialect.name == "sqlite" else "TIMESTAMP WITH TIME ZONE"
    connection.exec_driver_sql(
        "CREATE TABLE codesearch_webhook_pushes"
        " (source_id VARCHAR(24) NOT NULL PRIMARY KEY, delivery VARCHAR(64) NOT NULL, requested_by TEXT NOT NULL,"
        f" claimed_at {moment},"
        " FOREIGN KEY (source_id) REFERENCES codesearch_data_sources (id) ON DELETE CASCADE)"
    )


def _add_run_totals(connection: Connection) -> None:
    """The next schema knows what all runs of a data source came to; those before it count nothing."""
    connection.exec_driver_sql(
        "CREATE TABLE codesearch_run_totals"
        " (source_id VARCHAR(24) NOT NULL PRIMARY KEY, finished_runs BIGINT NOT NULL, failed_runs BIGINT NOT NULL,"
        " files BIGINT NOT NULL, chunks BIGINT NOT NULL, seconds FLOAT NOT NULL)"
    )


# The first one leads from schema 1 to schema 2, and so on. A step that was released is never changed again: it names
# its columns itself and does not import schema.py, which goes on changing. The last step leads to schema.py as it is.
STEPS: tuple[Step, ...] = (
    _add_uncommitted_files,
    _add_groups,
    _add_schedules,
    _add_webhook_deliveries,
    _add_organisations,
    _add_rates,
    _add_webhook_pushes,
    _add_run_totals,
)
_FIRST_VERSION = 1


def newest_version(steps: Sequence[Step]) -> int:
    """Return the version of the tables that these steps lead to."""
    return _FIRST_VERSION + len(steps)


def is_up_to_date(connection: Connection, steps: Sequence[Step]) -> bool:
    """Say whether the tables are there and of the version that the steps lead to."""
    return _find_version(connection) == newest_version(steps)


def create_or_upgrade(connection: Connection, name: str, steps: Sequence[Step]) -> None:
    """Create the tables where there are none; of an older version, run the steps that it lacks, in order.

    Belongs into a transaction that nobody else writes beside. `name` is what messages call the catalog. Raises
    CatalogError for a version from which no step leads, and when a step leaves references that lead nowhere.
    """
    newest = newest_version(steps)
    if not inspect(connection).has_table(schema_version.name):
        metadata.create_all(connection)
        connection.execute(schema_version.insert().values(version=newest))
        return
    found = _find_version(connection)
    if found is None or not _FIRST_VERSION <= found <= newest:
        raise CatalogError(_describe_mismatch(name, found, newest))
    for version, step in enumerate(steps[found - _FIRST_VERSION :], start=found + 1):
        logger.info("catalog %s: upgrading to schema %d", name, version)
        step(connection)
        _check_references(connection, name, version)
        connection.execute(schema_version.update().values(version=version))


def _find_version(connection: Connection) -> int | None:
    if not inspect(connection).has_table(schema_version.name):
        return None
    return connection.execute(select(schema_version.c.version)).scalar()


def _check_references(connection: Connection, name: str, version: int) -> None:
    """PostgreSQL checks references by itself; SQLite does not while a step runs, see Database.altering."""
    if connection.dialect.name != "sqlite":
        return
    dangling = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if dangling is not None:
        child, _, parent, _ = dangling
        raise CatalogError(
            f"The catalog {name} failed: the step to schema {version} would leave rows of {child} without the rows of "
            f"{parent} that they belong to."
        )


def _describe_mismatch(name: str, found: int | None, newest: int) -> str:
    if found is not None and found > newest:
        remedy = "it was written by a newer codesearch: upgrade this one"
    else:
        remedy = "no codesearch wrote that: set CODESEARCH_DATABASE_URL to a backup or a new database, and index again"
    return f"The catalog {name} has schema {found}, this codesearch reads schema {newest}; {remedy}."
