"""ChunkStore: reads the vectors, texts and metadata in LanceDB. Writing is in writer.py."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import timedelta
from functools import cached_property, partial
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

import pyarrow as pa

from codesearch.core.counts import say_count
from codesearch.core.errors import CodesearchError, DamagedStoreError, StoreError
from codesearch.core.index.builder import RowBatch
from codesearch.core.index.manifest import first_code
from codesearch.core.store.checksums import Checksums
from codesearch.core.store.damage import describe, explain, folder_of, table_folder_of
from codesearch.core.store.files_of_source import FilesOfSource, drop_superseded
from codesearch.core.store.library import import_lancedb
from codesearch.core.store.quoting import quote
from codesearch.core.store.rows import TABLE_PREFIX, IndexFormat
from codesearch.core.store.schema import SCANNED_COLUMNS, batch_to_rows, format_of, schema_of
from codesearch.core.store.stored_rows import TEXT_KEY_COLUMNS, restore_batches

T = TypeVar("T")
logger = logging.getLogger(__name__)

# A reader that met files of a version that a writer has just cleaned up looks again at the newest version.
READ_ATTEMPTS = 4
# Stores elsewhere than on this machine's disk pay for every look at the newest version.
REMOTE_CONSISTENCY_INTERVAL = timedelta(seconds=5)
SCAN_BATCH_ROWS = 4096
# So many rows make a segment of a quarter of a gigabyte.
PART_ROWS = 1 << 18


class ChunkStore:
    """One LanceDB database, seen through one index format."""

    def __init__(
        self,
        uri: str,
        index_format: IndexFormat,
        creating: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        """Stand before `uri` (a folder, s3://...); the first look at a table connects to it and creates nothing.

        `creating` is held while a table is made, by one machine at a time where several share the store.
        """
        self.uri = uri
        self.index_format = index_format
        self._creating = creating
        self._table: Any = None

    @cached_property
    def _database(self) -> Any:
        interval = REMOTE_CONSISTENCY_INTERVAL if self.is_remote else timedelta(0)
        return self._translate("open", lambda: import_lancedb().connect(self.uri, read_consistency_interval=interval))

    @property
    def is_remote(self) -> bool:
        """Whether the store lies elsewhere than on this machine's disk."""
        return "://" in self.uri and not self.uri.startswith("file://")

    def prepare_to_write(self) -> None:
        """Begin to import lancedb in a thread, where there is other work to do meanwhile."""
        Thread(target=_import_early, daemon=True).start()

    def formats(self) -> list[IndexFormat]:
        """Return the formats of the indexes in this store, in the order of their tables' names."""
        names = self.table_names()
        tables = [self._translate("open", partial(self.open_table, name), name) for name in names]
        read = [format_of(table.schema) for table in tables]
        return [item for item in read if item is not None]

    def table_names(self) -> list[str]:
        """Return the names of the tables of all formats, sorted; others' tables are left out. Raises StoreError."""
        folder, names = folder_of(self.uri), list[str]()
        if folder is not None and not folder.exists():
            # To connect to it would create it.
            return names
        token: str | None = None
        while True:
            page = self._translate("list", partial(self._database.list_tables, page_token=token))
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
                self._table = self._create(name)
        return self._table

    def _create(self, name: str) -> Any:
        # Of two that create it at once, Lance lets the second replace the table with whatever the first has written.
        with self._creating():
            made = self._open_listed(name) if name in self.table_names() else None
            if made is not None:
                return made
            schema = schema_of(self.index_format)
            return self._translate("create", lambda: self._database.create_table(name, schema=schema, exist_ok=True))

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
            raise self.explain(error, "Cannot open") from error

    @property
    def folder(self) -> Path | None:
        """The store's folder, None for one elsewhere than on this machine's disk."""
        return folder_of(self.uri)

    def table_folder(self, table_name: str | None = None) -> Path | None:
        """Return where a table's files are, by default those of this format's; None for a store elsewhere."""
        return table_folder_of(self.uri, table_name or self.index_format.table_name)

    def measure(self) -> tuple[int, int] | None:
        """Return the bytes of this format's table and its versions, those that readers may still hold among them.

        None for a store elsewhere or without a table.
        """
        folder = self.table_folder()
        if folder is None or not folder.is_dir():
            return None
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        return size, len(list((folder / "_versions").glob("*.manifest")))

    def explain(self, error: BaseException, what: str, table_name: str | None = None) -> StoreError:
        """Return the error to raise for one of the library, of a damaged file where there is one."""
        name = table_name or self.index_format.table_name
        return explain(error, what, self.uri, name, partial(self.read_all, name))

    def read_all(self, table_name: str | None = None) -> dict[str, int]:
        """Read every row of a table, through its indexes too, and return how many each data source has.

        Raises whatever the library raises.
        """
        table = self._database.open_table(table_name or self.index_format.table_name)
        counts: dict[str, int] = {}
        for batch in table.search().limit(2**31 - 1).to_batches(SCAN_BATCH_ROWS):
            for pair in batch.column("data_source_id").value_counts().to_pylist():
                counts[pair["values"]] = counts.get(pair["values"], 0) + pair["counts"]
        for source_id in [*counts, ""]:
            where = f"data_source_id = {quote(source_id)}"
            found = table.search().where(where).select(["path"]).limit(2**31 - 1).to_arrow().num_rows
            if found != counts.get(source_id, 0):
                raise ValueError(
                    f"the index of data_source_id finds {say_count(found, 'row')} of {counts.get(source_id, 0)}"
                )
        return counts

    def find_damage(self) -> DamagedStoreError | None:
        """Compare the files of this format's table with their checksums; None when all are what was written."""
        folder = self.table_folder()
        damaged = Checksums(folder).find_damage() if folder is not None else []
        return describe(damaged[0], "it is not what was written", self.index_format.table_name) if damaged else None

    def require_files(self) -> None:
        """Raise DamagedStoreError where a file of this format's table is missing or has not the size it was written."""
        folder = self.table_folder()
        damaged = Checksums(folder).find_damage(only_sizes=True) if folder is not None else []
        if damaged:
            raise describe(damaged[0], "it has not the size that was written", self.index_format.table_name)

    def set_aside(self) -> list[Path]:
        """Return the damaged tables that are kept, in order."""
        return sorted(self.folder.glob("*.damaged-*")) if self.folder is not None else []

    def create_any(self, table_name: str, rows: pa.RecordBatchReader) -> Any:
        """Create a table of these rows. Raises whatever the library raises."""
        return self._database.create_table(table_name, rows, schema=rows.schema)

    def forget(self) -> None:
        """Open the table anew next time: another one is in its place."""
        self._table = None

    def count_by_source(self) -> dict[str, int]:
        """Read every row and return how many each data source has. Raises StoreError, of a damaged file where so."""
        if self.table() is None:
            return {}
        return self._translate("read", self.read_all)

    def _translate(self, verb: str, run: Callable[[], T], table_name: str | None = None) -> T:
        try:
            return run()
        except CodesearchError:
            raise
        except Exception as error:
            raise self.explain(error, f"Cannot {verb}", table_name) from error

    def count(self, source_id: str) -> tuple[int, int]:
        """Return how many files and how many chunks the data source has."""
        rows = self._scan(f"data_source_id = {quote(source_id)}", ["path"])
        return (len(rows["path"].unique()), rows.num_rows) if rows else (0, 0)

    def count_rows(self, source_id: str, segments: tuple[int, int] | None = None) -> int:
        """Return how many rows a data source has, of segments with codes from the first to before the second."""
        where = f"data_source_id = {quote(source_id)}"
        if segments is not None:
            where += f" AND segment >= {segments[0]} AND segment < {segments[1]}"
        return self._read(lambda table: int(table.count_rows(where))) or 0

    def scan_rows(self, source_id: str, run_id: int, part_rows: int = PART_ROWS) -> Iterator[Iterator[RowBatch]]:
        """Yield the rows of a data source as a run published them, in parts of whole files of about `part_rows` each.

        All are of one version. Of a file whose rows are there more than once, the newest are. There is at least one
        part. Raises StoreError.
        """
        if self.table() is None:
            yield iter(())
            return
        where = f"data_source_id = {quote(source_id)} AND segment < {first_code(run_id + 1)}"
        with self._translated("Cannot read"):
            # A handle of its own: the version that it reads stays the same while others write.
            table = self.open_table(self.index_format.table_name)
            table.checkout(table.version)
            files = FilesOfSource.read(_select(table, where, ["path", "segment"]))
        for condition in files.parts(part_rows):
            yield self._scan_part(table, source_id, where + condition, files.newest)

    def _scan_part(self, table: Any, source_id: str, where: str, newest: Mapping[str, int]) -> Iterator[RowBatch]:
        with self._translated("Cannot read"):
            batches = (drop_superseded(batch, newest) for batch in _select(table, where, SCANNED_COLUMNS))

            def read_texts(paths: Sequence[str]) -> Iterator[pa.RecordBatch]:
                listed = ", ".join(map(quote, paths))
                return _select(table, f"{where} AND path IN ({listed}) AND file_text IS NOT NULL", TEXT_KEY_COLUMNS)

            yield from map(batch_to_rows, restore_batches(batches, source_id, read_texts))

    def find_superseded(self, source_id: str, end: int) -> dict[str, int]:
        """Return the files with rows of several segments whose codes are below `end`, and the highest of these."""
        where = f"data_source_id = {quote(source_id)} AND segment < {end}"
        found = self._read(lambda table: FilesOfSource.read(_select(table, where, ["path", "segment"])).newest)
        return dict(found or {})

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        try:
            yield
        except CodesearchError:
            raise
        except Exception as error:
            raise self.explain(error, what) from error

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
                    raise self.explain(error, "Cannot read") from error
                logger.info("reading the store again after: %s", error)
                self._table = None
                table = self.table()
                if table is None:
                    return None
        return None


def _select(table: Any, where: str, columns: list[str]) -> Iterator[pa.RecordBatch]:
    batches: Iterator[pa.RecordBatch] = (
        table.search().where(where).select(columns).limit(2**31 - 1).to_batches(SCAN_BATCH_ROWS)
    )
    return batches


def _import_early() -> None:
    # Whoever needs it imports it again and is told what is wrong.
    with suppress(Exception):
        import_lancedb()
