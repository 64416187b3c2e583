"""The catalog: repositories, workspaces, keys, groups, runs, in SQLite or PostgreSQL, for service and indexers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from codesearch.core.catalog import sqlite_file
from codesearch.core.catalog.database import open_database, sqlite_path_of
from codesearch.core.catalog.deliveries import DeliveryCatalog
from codesearch.core.catalog.groups import GroupCatalog
from codesearch.core.catalog.keys import KeyCatalog
from codesearch.core.catalog.organisations import OrganisationCatalog
from codesearch.core.catalog.runs import IndexRun, RunCatalog, RunState
from codesearch.core.catalog.schedules import ScheduleCatalog
from codesearch.core.catalog.sources import SourceCatalog, utc_now
from codesearch.core.catalog.totals import TotalsCatalog
from codesearch.core.catalog.turns import TurnCatalog
from codesearch.core.errors import CatalogError
from codesearch.core.keys import ApiKey

__all__ = ["ApiKey", "Catalog", "IndexRun", "RunState", "open_catalog", "restore_catalog"]


class Catalog(
    SourceCatalog,
    ScheduleCatalog,
    TurnCatalog,
    RunCatalog,
    TotalsCatalog,
    KeyCatalog,
    GroupCatalog,
    DeliveryCatalog,
    OrganisationCatalog,
):
    """All parts of the catalog on one database; safe to share between threads, to be opened anew after a fork.

    Every method raises CatalogError when the database fails.
    """

    @property
    def name(self) -> str:
        """The database's URL without password and options, for messages."""
        return self._database.name

    @property
    def file(self) -> Path | None:
        """The file of an SQLite catalog."""
        return self._database.file

    def find_problem(self) -> str | None:
        """Read the whole file of an SQLite catalog and return what is wrong with it, None when nothing is."""
        return self._database.find_problem()

    def describe_backup(self) -> tuple[bool, str] | None:
        """Say whether nothing is wrong with an SQLite catalog's backup, and of when it is or what is wrong with it."""
        return None if self.file is None else sqlite_file.describe_backup(self.file)

    def back_up(self) -> None:
        """Write the backup of an SQLite catalog that was changed here; `close` does so, too."""
        self._database.back_up()

    def close(self) -> None:
        """Close every connection; nothing is lost."""
        self._database.close()

    def __enter__(self) -> Catalog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_catalog(database_url: str, *, clock: Callable[[], datetime] = utc_now) -> Catalog:
    """Open the catalog, creating the SQLite file and the tables where they are missing, and upgrading older tables.

    `postgresql://` and `postgres://` mean `postgresql+psycopg://`. `clock` gives the moment, aware. Raises
    ConfigurationError for a URL or driver that cannot be used, CatalogError when the database cannot be opened, its
    tables are of a newer version or cannot be upgraded; then everything is as it was.
    """
    return Catalog(open_database(database_url), clock)


def restore_catalog(database_url: str) -> str:
    """Put the backup of an SQLite catalog in the place of the damaged one; return one line that says what was done.

    Raises ConfigurationError for a URL that cannot be used, CatalogError where there is no usable backup.
    """
    path = sqlite_path_of(database_url)
    if path is None:
        raise CatalogError("The catalog is in PostgreSQL: restore it with that database's own tools.")
    return sqlite_file.restore(path)
