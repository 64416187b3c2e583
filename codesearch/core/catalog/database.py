"""The catalog's connection: opens SQLite or PostgreSQL, hands out transactions, translates what goes wrong."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from codesearch.core.catalog import sqlite_file
from codesearch.core.catalog.migrations import STEPS, Step, create_or_upgrade, is_up_to_date
from codesearch.core.catalog.postgres import bound_waits, expect_lock
from codesearch.core.catalog.recent import Recent
from codesearch.core.errors import CatalogError, ConfigurationError, UnwritableError

logger = logging.getLogger(__name__)
T = TypeVar("T")

LOCK_TIMEOUT_SECONDS = 30
_CONNECT_TIMEOUT_SECONDS = 10
# Any fixed number: whoever writes to the catalog holds PostgreSQL's advisory lock of this number ("codesear").
_ADVISORY_LOCK = 0x636F6465_73656172
_WRITES = "codesearch_writes"
# What SQLite says of a file whose bytes are not those that it wrote.
_DAMAGE = ("malformed", "not a database", "Could not decode", "unsupported file format", "database corruption")
_URL_HINT = "e.g. sqlite:///folder/catalog.sqlite3 or postgresql://user:password@host/database"


class Database:
    """Transactions on one catalog; safe to share between threads, not across a fork.

    Writers take turns, on SQLite by its write lock, on PostgreSQL by an advisory lock, so that a check and the write
    that relies on it are never torn apart. Readers wait for nobody: each read is one statement on one snapshot.
    """

    def __init__(self, url: URL) -> None:
        self._url = url
        self._path = _path_of(url)
        self._unwritable = None if self._path is None else sqlite_file.prepare_file(self._path)
        self._has_written = False
        self._engine = _create_engine(url, None if self._unwritable is None else self._path)
        self._writer = self._engine.execution_options(**{_WRITES: True})
        self._recent: Recent | None = None
        self._opening = Lock()
        self._is_closed = False

    def read_once(self, key: Hashable, read: Callable[[Connection], T]) -> T:
        """Return what a read gives that is the same for the same key, from memory as long as nothing was written.

        Only an SQLite file that can be written says that at once: others are read each time. Raises CatalogError.
        """

        def read_now() -> T:
            with self.reading() as connection:
                return read(connection)

        if self._path is None or self._unwritable is not None:
            return read_now()
        try:
            return self._watched(self._path).get(key, read_now)
        except sqlite3.Error:
            # What cannot be watched, or no longer, is read: that says what is wrong, where something is.
            return read_now()

    def recall(self, key: Hashable) -> tuple[Any] | None:
        """Return in a tuple what `read_once` would give from memory now, None where it would read. Waits for nobody."""
        try:
            return None if self._recent is None else self._recent.recall(key)
        except sqlite3.Error:
            return None

    def _watched(self, path: Path) -> Recent:
        with self._opening:
            if self._recent is None:
                self._recent = Recent(sqlite_file.connect_for_watching(path))
            return self._recent

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection for one SELECT. Raises CatalogError when the database fails."""
        try:
            with self._engine.connect() as connection, self._closing_late(connection):
                yield connection
        except (SQLAlchemyError, sqlite3.Error, ValueError) as error:
            raise self._translate(error) from error

    @contextmanager
    def _closing_late(self, connection: Connection) -> Iterator[None]:
        """Close a connection that another thread still had when the database was closed: no pool takes it back."""
        try:
            yield
        finally:
            if self._is_closed:
                connection.invalidate()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield a connection in a transaction that nobody else writes beside; commit at the end, roll back on errors.

        Raises UnwritableError, and CatalogError when the database fails or the turn does not come within
        LOCK_TIMEOUT_SECONDS.
        """
        if self._unwritable is not None:
            raise UnwritableError(
                f"The catalog {self.name} cannot be written: {self._unwritable}. Searching works, changing it does not."
            )
        try:
            with self._writer.connect() as connection, self._closing_late(connection), connection.begin():
                before = self._count_changes(connection)
                yield connection
                has_changed = self._count_changes(connection) != before
        except (SQLAlchemyError, sqlite3.Error, ValueError) as error:
            raise self._translate(error) from error
        self._has_written |= has_changed

    @contextmanager
    def holding(self, number: int) -> Iterator[Callable[[], bool]]:
        """Give what tries to take PostgreSQL's lock of a number, of 64 bits with sign, and says whether it has it.

        It is held until the context ends, or the connection does. Raises CatalogError.
        """
        try:
            # A connection of its own: it may be held for hours, and is no part of any transaction.
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                try:
                    yield lambda: bool(
                        connection.execute(text("SELECT pg_try_advisory_lock(:number)"), {"number": number}).scalar()
                    )
                finally:
                    # The server takes the lock back with the connection.
                    connection.invalidate()
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise self._translate(error) from error

    @contextmanager
    def altering(self) -> Iterator[Connection]:
        """Yield a connection as `writing` does, on which tables may be made anew.

        SQLite counts dropping a table as deleting its rows, and deletes what refers to them: here references are off.
        """
        if self._path is None or self._unwritable is not None:
            with self.writing() as connection:
                yield connection
            return
        try:
            with self._writer.connect() as connection, self._closing_late(connection):
                # Past SQLAlchemy, which would begin a transaction first; inside of one this says nothing.
                pragma = connection.connection.cursor().execute
                pragma("PRAGMA foreign_keys = OFF")
                try:
                    with connection.begin():
                        yield connection
                finally:
                    pragma("PRAGMA foreign_keys = ON")
        except (SQLAlchemyError, sqlite3.Error, ValueError) as error:
            raise self._translate(error) from error
        self._has_written = True

    def prepare(self, steps: Sequence[Step]) -> None:
        """Create the tables in an empty database, bring those of an older version up to date, all or nothing.

        Raises CatalogError when they are of a version that the steps do not know, and when a step fails; and
        UnwritableError.
        """
        if self._path is not None and self._unwritable is None:
            with self.reading() as connection:
                sqlite_file.enable_write_ahead_log(_driver_of(connection), LOCK_TIMEOUT_SECONDS)
        with self.reading() as connection:
            if is_up_to_date(connection, steps):
                return
        # Another process may be first while this one waits for its turn: what is to be done is looked up then.
        try:
            with self.altering() as connection:
                create_or_upgrade(connection, self.name, steps)
        except (CatalogError, UnwritableError) as error:
            raise type(error)(f"{error.message} Nothing in it was changed.") from error

    def _count_changes(self, connection: Connection) -> int:
        """Return how many rows a connection to SQLite has changed so far."""
        return 0 if self._path is None else _driver_of(connection).total_changes

    @property
    def name(self) -> str:
        """What messages call the database: its URL without the password and the options."""
        return self._url.set(query={}).render_as_string(hide_password=True)

    @property
    def file(self) -> Path | None:
        """The file of an SQLite database."""
        return self._path

    def close(self) -> None:
        """Close every connection, after a backup of what was written to an SQLite file; one in use when it is done."""
        self.back_up()
        self._is_closed = True
        self._engine.dispose()
        with self._opening:
            if self._recent is not None:
                self._recent.close()
                self._recent = None

    def back_up(self) -> None:
        """Write the backup of an SQLite file that was changed here; without one, a failure is only logged."""
        if not self._has_written or self._path is None:
            return
        self._has_written = False
        try:
            with self.reading() as connection:
                sqlite_file.back_up(_driver_of(connection), self._path)
        except (CatalogError, UnwritableError, OSError) as error:
            logger.warning("the catalog has no new backup: %s", error)

    def find_problem(self) -> str | None:
        """Return what is wrong with the file of an SQLite catalog, None when nothing is or it is no file."""
        return None if self._path is None else sqlite_file.find_problem(self._path)

    def _translate(self, error: Exception) -> CatalogError | UnwritableError:
        reason = str(error.orig) if isinstance(error, DBAPIError) else str(error)
        if self._url.password:
            reason = reason.replace(str(self._url.password), "***")
        if "database is locked" in reason or "lock timeout" in reason:
            reason = f"another process kept it locked for {LOCK_TIMEOUT_SECONDS} seconds"
        reason = " ".join(reason.split())
        # A value that is not what was written: no text, no state, no time.
        is_damage = isinstance(error, ValueError) and not isinstance(error, UnicodeEncodeError)
        if self._path is not None and (is_damage or any(sign in reason for sign in _DAMAGE)):
            return CatalogError(sqlite_file.describe_damage(self._path, reason))
        if "readonly database" in reason:
            return UnwritableError(f"The catalog {self.name} cannot be written: it is read-only.")
        if "disk is full" in reason or ("disk I/O" in reason and self._path and sqlite_file.is_disk_full(self._path)):
            return UnwritableError(
                f"The catalog {self.name} failed: the disk is full; free some room and run the same again."
            )
        return CatalogError(f"The catalog {self.name} failed: {reason.rstrip('.')}.")


def open_database(database_url: str, steps: Sequence[Step] = STEPS) -> Database:
    """Connect to the catalog's database and make sure that it has the tables that the steps lead to.

    Raises ConfigurationError for a URL or driver that cannot be used, CatalogError when the database cannot.
    """
    database = Database(_parse_url(database_url))
    try:
        database.prepare(steps)
    except BaseException:
        database.close()
        raise
    return database


def sqlite_path_of(database_url: str) -> Path | None:
    """Return the file that a URL names, None for a database that is no file. Raises ConfigurationError."""
    return _path_of(_parse_url(database_url))


def _path_of(url: URL) -> Path | None:
    return Path(str(url.database)) if url.get_backend_name() == "sqlite" else None


def _parse_url(database_url: str) -> URL:
    try:
        url = make_url(database_url)
    except (ArgumentError, ValueError):
        # Without the cause: it may quote a part of the password.
        raise ConfigurationError(f"CODESEARCH_DATABASE_URL is not a database URL; {_URL_HINT}.") from None
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg"):
        raise ConfigurationError(f"CODESEARCH_DATABASE_URL: {url.drivername} is not supported; {_URL_HINT}.")
    if url.get_backend_name() == "sqlite" and (not url.database or url.database.startswith((":", "file:"))):
        raise ConfigurationError(
            "CODESEARCH_DATABASE_URL: the catalog is shared by several processes and needs a file; "
            "e.g. sqlite:///folder/catalog.sqlite3."
        )
    return url


def _create_engine(url: URL, read_only_path: Path | None) -> Engine:
    if read_only_path is not None:
        # A connection for each read: whoever else may write the file is seen by the next one.
        connect = partial(sqlite_file.connect_for_reading, read_only_path)
        options: dict[str, Any] = {"creator": connect, "poolclass": NullPool}
    elif url.get_backend_name() == "sqlite":
        options = {
            "connect_args": {"timeout": LOCK_TIMEOUT_SECONDS},
            "pool_size": 20,
            "max_overflow": -1,
        }
    else:
        options = {
            "connect_args": {"connect_timeout": _CONNECT_TIMEOUT_SECONDS},
            "pool_size": 5,
            "max_overflow": 15,
            "pool_pre_ping": True,
        }
    try:
        # With hide_parameters, no exception shows names or hashes.
        engine = create_engine(url, hide_parameters=True, **options)
    except (ImportError, NoSuchModuleError) as error:
        raise ConfigurationError(
            'CODESEARCH_DATABASE_URL: PostgreSQL needs its driver: pip install "codesearch[postgres]".'
        ) from error
    except (ArgumentError, TypeError) as error:
        raise ConfigurationError(
            f"CODESEARCH_DATABASE_URL has an option that the driver does not know; {_URL_HINT}."
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
    else:
        bound_waits(engine)
        event.listen(engine, "connect", _set_up_postgresql)
    event.listen(engine, "begin", _take_turn)
    return engine


def _set_up_sqlite(connection: Any, _record: object) -> None:
    # The driver must not begin transactions by itself: it would begin them as readers, which may not wait to write.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    # The log of changes stays beside the file as long as a service has it open: at most 256 kB, not SQLite's 4 MB.
    connection.execute("PRAGMA wal_autocheckpoint = 64")


def _set_up_postgresql(connection: Any, _record: object) -> None:
    connection.execute(f"SET lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'")
    connection.commit()


def _take_turn(connection: Connection) -> None:
    if not connection.get_execution_options().get(_WRITES):
        return
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        expect_lock(connection, LOCK_TIMEOUT_SECONDS)
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _ADVISORY_LOCK})


def _driver_of(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - of an SQLite engine
    return driver
