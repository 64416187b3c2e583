"""Where jobs are kept: the engine's tables in a file of the data folder, or in PostgreSQL; opened when first asked."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from codesearch.core.catalog.postgres import CONNECTION, bound_waits
from codesearch.core.catalog.sqlite_file import enable_write_ahead_log
from codesearch.core.errors import CodesearchError, JobsUnavailableError
from codesearch.core.redaction import redact

if TYPE_CHECKING:
    from dbos import DBOSClient

# What the engine calls whom the jobs belong to, and what it may meet of other versions: to be raised when what a job
# is told changes, for workers of one version do those of another no more.
APPLICATION: Final = "codesearch"
JOBS_VERSION: Final = "1"
SCHEMA: Final = "codesearch_jobs"
QUEUE: Final = "jobs"
WORKFLOW: Final = "job"
_CONNECT_SECONDS = 5
# Of libpq. A connection that is cut is noticed long before another worker takes this one for dead.
_CONNECTION: Final = {"connect_timeout": str(_CONNECT_SECONDS), **CONNECTION}
_FILE_PREFIX = "sqlite:///"
_KNOWS_MILLISECONDS: Final = (3, 42, 0)
_REPEATED_SECONDS = 60.0
# What SQLite says of a file whose bytes are not those that it wrote.
_DAMAGE = ("malformed", "not a database", "unsupported file format")


def jobs_url(data_dir: Path, *urls: str | None) -> str:
    """Return the URL of the jobs: the first one that is given and PostgreSQL's, else a file in the data folder."""
    for url in urls:
        if url is not None and url.startswith("postgres"):
            parts = urlsplit(url)
            query = {**_CONNECTION, **dict(parse_qsl(parts.query))}
            return parts._replace(scheme="postgresql", query=urlencode(query)).geturl()
    return f"{_FILE_PREFIX}{data_dir.absolute() / 'jobs.sqlite3'}"


class JobDatabase:
    """The database of the jobs; safe to use from many threads. Every method raises JobsUnavailableError."""

    def __init__(self, url: str) -> None:
        """Take a URL that `jobs_url` gave."""
        self.url = url
        self._lock = Lock()
        self._client: DBOSClient | None = None

    @property
    def file(self) -> Path | None:
        """The file of the jobs, None where they are in PostgreSQL."""
        return Path(self.url.removeprefix(_FILE_PREFIX)) if self.url.startswith(_FILE_PREFIX) else None

    def is_there(self) -> bool:
        """Say whether there is one, or may be: a file is made when the first job is asked for."""
        return self.file is None or self.file.exists()

    @contextmanager
    def asking(self) -> Iterator[DBOSClient]:
        """Yield the engine's client."""
        with self.translating():
            yield self._open()

    @contextmanager
    def translating(self) -> Iterator[None]:
        """Raise JobsUnavailableError for whatever the engine or its database raises."""
        try:
            yield
        except CodesearchError:
            raise
        # The engine has no root of its errors, and passes on those of three libraries.
        except Exception as error:
            reason = _one_line(error)
            if self.file is not None and any(sign in reason for sign in _DAMAGE):
                reason += ". The file is damaged: delete it, and ask again for what waited"
            raise JobsUnavailableError(f"The jobs in {self.name} cannot be had: {reason}.") from error

    @property
    def name(self) -> str:
        """The URL without password and options, for messages."""
        return redact(self.url.partition("?")[0])

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.destroy()

    def _open(self) -> DBOSClient:
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def _connect(self) -> DBOSClient:
        # It takes half a second: commands and requests that are not about jobs never wait for it.
        from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer

        prepare_engine()
        if self.file is not None:
            # Who looks at the jobs need not wait for who writes them.
            with closing(sqlite3.connect(self.file)) as connection:
                enable_write_ahead_log(connection, _CONNECT_SECONDS)
        DBOS.migrate(self.url, schema=SCHEMA)
        return DBOSClient(
            system_database_url=self.url,
            dbos_system_schema=SCHEMA,
            # The other one reads pickles: whoever can write the database could have workers run anything.
            serializer=DBOSPortableJSONSerializer(),
            application_name=APPLICATION,
            retry_connection_errors=False,
        )


class _Connection(sqlite3.Connection):
    """A connection of the engine that keeps the log of changes short, also on an SQLite that knows no milliseconds."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # It stays beside the file as long as a service has it open: at most some 256 kB, not SQLite's 4 MB.
        self.execute("PRAGMA wal_autocheckpoint = 64")
        if sqlite3.sqlite_version_info < _KNOWS_MILLISECONDS:
            self.create_function("unixepoch", 1, _seconds_since_1970)


def _seconds_since_1970(modifier: str) -> float | None:
    return time.time() if modifier == "subsec" else None


@cache
def _mend_connections() -> None:
    """Have the engine open SQLite as we need it, and know the time also with one from before 3.42, as Debian 12 has it.

    The engine goes by the version of Python: from 3.12 on it asks for `unixepoch('subsec')`, which an older SQLite
    answers with NULL, so that no job can be taken.
    """
    from dbos._sys_db_sqlite import SQLiteSystemDatabase

    # No option of the client, of a worker and of migrations alike leads there.
    create = SQLiteSystemDatabase._create_engine  # noqa: SLF001

    def create_mended(self: Any, url: str, options: dict[str, Any]) -> Any:
        connect = {**options.get("connect_args", {}), "factory": _Connection}
        return create(self, url, {**options, "connect_args": connect})

    setattr(SQLiteSystemDatabase, create.__name__, create_mended)


@cache
def _bound_waits() -> None:
    """Have the engine wait no longer for PostgreSQL than the catalog does, in workers, clients and migrations alike."""
    from dbos._sys_db_postgres import PostgresSystemDatabase

    create = PostgresSystemDatabase._create_engine  # noqa: SLF001 - as above

    def create_bounded(self: Any, url: str, options: dict[str, Any]) -> Any:
        engine = create(self, url, options)
        bound_waits(engine)
        return engine

    setattr(PostgresSystemDatabase, create.__name__, create_bounded)


def prepare_engine() -> None:
    """Have the engine log what is wrong, as the rest of this process logs, not twice a second, and know the time.

    What it asks of PostgreSQL is waited for with a bound.
    """
    _mend_connections()
    _bound_waits()
    logger = logging.getLogger("dbos")
    logger.handlers.clear()
    logger.propagate = True
    logger.setLevel(logging.WARNING)
    if not any(isinstance(item, EngineNoise) for item in logger.filters):
        logger.addFilter(EngineNoise())


class EngineNoise(logging.Filter):
    """Makes each message of the engine one line without a trace, and lets the same through once a minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        super().__init__()
        self._clock = clock
        self._told: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether a message is to be logged; that a job was stopped is none."""
        line = redact(record.getMessage()).strip().partition("\n")[0]
        if record.exc_info is not None and record.exc_info[0] is not None:
            line = f"{line} {record.exc_info[0].__name__}: {record.exc_info[1]}".partition("\n")[0]
        if "was cancelled" in line or "WorkflowCancelled" in line:
            return False
        # What differs is behind the first words: ids, ports, errors.
        kind, now = line[:40], self._clock()
        if now - self._told.get(kind, float("-inf")) < _REPEATED_SECONDS:
            return False
        self._told[kind] = now
        record.msg, record.args, record.exc_info, record.exc_text = f"jobs: {line}", None, None, None
        return True


def _one_line(error: Exception) -> str:
    text = redact(str(error)).split("\n[SQL:")[0].split("\n(Background")[0]
    return " ".join(text.split())[:300] or type(error).__name__
