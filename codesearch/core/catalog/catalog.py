"""The catalog: repositories, workspaces, keys and index runs, in SQLite or PostgreSQL, for service and indexers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from codesearch.core.catalog.database import open_database
from codesearch.core.catalog.keys import KeyCatalog
from codesearch.core.catalog.runs import IndexRun, RunCatalog, RunState
from codesearch.core.catalog.sources import SourceCatalog, utc_now
from codesearch.core.keys import ApiKey

__all__ = ["ApiKey", "Catalog", "IndexRun", "RunState", "open_catalog"]


class Catalog(SourceCatalog, RunCatalog, KeyCatalog):
    """All parts of the catalog on one database; safe to share between threads, to be opened anew after a fork.

    Every method raises CatalogError when the database fails.
    """

    @property
    def name(self) -> str:
        """The database's URL without password and options, for messages."""
        return self._database.name

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
