"""ChunkStore: reads the vectors, texts and metadata in LanceDB. Writing is in writer.py."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import cached_property, partial
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

import pyarrow as pa

from codesearch.core.errors import StoreError
from codesearch.core.index.builder import RowBatch
from codesearch.core.store.library import import_lancedb
from codesearch.core.store.rows import TABLE_PREFIX, IndexFormat
from codesearch.core.store.schema import SEARCHED_COLUMNS, batch_to_rows, format_of, schema_of

T = TypeVar("T")
logger = logging.getLogger(__name__)

# A reader that met files of a version that a writer has just cleaned up looks again at the newest version.
READ_ATTEMPTS = 4
# Stores elsewhere than on this machine's disk pay for every look at the newest version.
REMOTE_CONSISTENCY_INTERVAL = timedelta(seconds=5)
SCAN_BATCH_ROWS = 4096


class ChunkStore:
    """One LanceDB database, seen through one index format."""

    def __init__(self, uri: str, index_format: IndexFormat) -> None:
        """Stand before `uri` (a folder, s3://...); the first look at a table connects to it and creates nothing."""
        self.uri = uri
        self.index_format = index_format
        self._table: Any = None

    @cached_property
    def _database(self) -> Any:
        interval = REMOTE_CONSISTENCY_INTERVAL if self.is_remote else timedelta(0)
        return _translate(
            "open", self.uri, lambda: import_lancedb().connect(self.uri, read_consistency_interval=interval)
        )

    @property
    def is_remote(self) -> bool:
        """Whether the store lies elsewhere than on this machine's disk."""
        return "://" in self.uri and not self.uri.startswith("file://")

    def prepare_to_write(self) -> None:
        """Begin to import lancedb in a thread, where there is other work to do meanwhile."""
        Thread(target=_import_early, daemon=True).start()

    def formats(self) -> list[IndexFormat]:
        """Return the formats of the indexes in this store, in the order of their tables' names."""
        read = [format_of(self.open_table(name).schema) for name in self.table_names()]
        return [item for item in read if item is not None]

    def table_names(self) -> list[str]:
        """Return the names of the tables of all formats, sorted; others' tables are left out. Raises StoreError."""
        names: list[str] = []
        token: str | None = None
        while True:
            page = _translate("list", self.uri, partial(self._database.list_tables, page_token=token))
            names += page.tables
            token = page.page_token
            if not token:
                return sorted(name for name in names if name.startswith(TABLE_PREFIX))

    def open_table(self, name: str) -> Any:
        """Return the LanceDB table of that name, at its newest version; the library's own errors come through."""
        return self._database.open_table(name)

    def drop_table(self, name: str) -> None:
        """Delete a table with all of its rows; the library's own errors come through."""
        self._database.drop_table(name)

    def table(self, *, create: bool = False) -> Any:
        """Return the LanceDB table of this format; None when there is none and `create` is false."""
        if self._table is None:
            name = self.index_format.table_name
            if not create and self._lacks_folder(name):
                return None
            if name in self.table_names():
                self._table = self._open_listed(name)
            if self._table is None and create:
                schema = schema_of(self.index_format)
                self._table = _translate(
                    "create", self.uri, lambda: self._database.create_table(name, schema=schema, exist_ok=True)
                )
        return self._table

    def _lacks_folder(self, table_name: str) -> bool:
        """Say whether there can be no such table, without importing lancedb, which takes longer than to look."""
        folder = Path(self.uri).expanduser()
        is_folder = "://" not in self.uri and (folder.is_dir() or not folder.exists())
        return is_folder and not (folder / f"{table_name}.lance").is_dir()

    def _open_listed(self, name: str) -> Any:
        """Open a table that was listed; None while another process is still creating it."""
        try:
            return self.open_table(name)
        except Exception as error:
            if "was not found" in str(error):
                return None
            raise StoreError(f"Cannot open the vector store at {self.uri}: {error}") from error

    def known_files(self, source_id: str) -> dict[str, str]:
        """Return path -> content id of every file that has rows for this data source."""
        rows = self._scan(f"data_source_id = {quote(source_id)}", ["path", "content_id"])
        return dict(zip(rows["path"].to_pylist(), rows["content_id"].to_pylist(), strict=True)) if rows else {}

    def count(self, source_id: str) -> tuple[int, int]:
        """Return how many files and how many chunks the data source has."""
        rows = self._scan(f"data_source_id = {quote(source_id)}", ["path"])
        return (len(rows["path"].unique()), rows.num_rows) if rows else (0, 0)

    def scan_rows(self, source_id: str) -> Iterator[RowBatch]:
        """Yield every row of a data source, in no order, all of one published version. Raises StoreError."""
        where = f"data_source_id = {quote(source_id)}"
        table = self.table()
        if table is None:
            return
        try:
            # A handle of its own: the version that it reads stays the same while others write.
            table = self.open_table(self.index_format.table_name)
            table.checkout(table.version)
            reader = table.search().where(where).select(SEARCHED_COLUMNS).limit(2**31 - 1).to_batches(SCAN_BATCH_ROWS)
            for batch in reader:
                if batch.num_rows:
                    yield batch_to_rows(batch)
        except StoreError:
            raise
        except Exception as error:
            raise StoreError(f"The vector store at {self.uri} cannot be read: {error}") from error

    def _scan(self, where: str, columns: list[str]) -> pa.Table | None:
        return self._read(lambda table: table.search().where(where).select(columns).limit(2**31 - 1).to_arrow())

    def _read(self, run: Callable[[Any], T]) -> T | None:
        """Run a read on the newest version; None when there is no table. Raises StoreError."""
        table = self.table()
        if table is None:
            return None
        for attempt in range(1, READ_ATTEMPTS + 1):
            try:
                return run(table)
            except Exception as error:
                if attempt == READ_ATTEMPTS:
                    raise StoreError(f"The vector store at {self.uri} cannot be read: {error}") from error
                logger.info("reading the store again after: %s", error)
                self._table = None
                table = self.table()
                if table is None:
                    return None
        return None


def _import_early() -> None:
    # Whoever needs it imports it again and is told what is wrong.
    with suppress(Exception):
        import_lancedb()


def _translate(verb: str, uri: str, run: Callable[[], T]) -> T:
    try:
        return run()
    except Exception as error:
        raise StoreError(f"Cannot {verb} the vector store at {uri}: {error}") from error


def quote(value: str) -> str:
    """Return a SQL string literal; nothing in `value` has a meaning of its own there."""
    return "'" + value.replace("'", "''") + "'"
