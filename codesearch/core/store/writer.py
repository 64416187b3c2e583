"""Writing the store: rows are staged in a file, published in one commit, and what is left over is cleaned up."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from codesearch.core.errors import CodesearchError, StoreError
from codesearch.core.index.builder import RowBatch
from codesearch.core.locks import delete_path, file_lock
from codesearch.core.store.checksums import Checksums
from codesearch.core.store.chunk_store import ChunkStore, quote
from codesearch.core.store.damage import describe
from codesearch.core.store.healing import heal_table
from codesearch.core.store.library import import_lancedb
from codesearch.core.store.rows import LANCE_GENERATION, RowColumns
from codesearch.core.store.schema import batch_to_rows, columns_to_batch, complete_batch, format_of, schema_of

logger = logging.getLogger(__name__)

# Rows outside the indexes are scanned by every run: up to so many that is not felt.
UNINDEXED_ROWS = 4096
VERSIONS = 8
# Optimizing so small a table takes a fraction of a second, so it is always kept tidy.
ALWAYS_OPTIMIZED_ROWS = 50_000


class StagedRows:
    """Rows on their way into the store, in one file; nothing of them is visible before `StoreWriter.publish`."""

    def __init__(self, path: Path, schema: pa.Schema, source_id: str, run_id: int, commit: str | None) -> None:
        self.path = path
        self.row_count = 0
        self._schema = schema
        self._source_id = source_id
        self._run_id = run_id
        self._commit = commit
        self._seen: set[str] = set()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = pa.ipc.new_stream(str(path), schema)
        except OSError as error:
            raise _cannot_stage(path, error) from error

    def write_columns(self, rows: RowColumns) -> None:
        """Append rows, at least one; a row whose document id was staged before is dropped."""
        batch = complete_batch(
            columns_to_batch(rows),
            source_id=self._source_id,
            run_id=self._run_id,
            commit=self._commit,
            schema=self._schema,
        )
        keep = []
        for index, document_id in enumerate(rows.texts["document_id"]):
            if document_id not in self._seen:
                self._seen.add(document_id)
                keep.append(index)
        if len(keep) < batch.num_rows:
            batch = batch.take(pa.array(keep, type=pa.int64()))
        try:
            self._writer.write_batch(batch)
        except OSError as error:
            raise _cannot_stage(self.path, error) from error
        self.row_count += batch.num_rows

    def __enter__(self) -> StagedRows:
        return self

    def __exit__(self, *_: object) -> None:
        # On a full disk closing fails like writing did, and that file above all must go.
        with suppress(OSError):
            self._writer.close()
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file for writing. Raises StoreError."""
        try:
            self._writer.close()
        except OSError as error:
            raise _cannot_stage(self.path, error) from error

    def reader(self) -> pa.RecordBatchReader:
        """Close the file for writing and read it back, without holding it in memory."""
        self.close()
        return pa.ipc.open_stream(pa.OSFile(str(self.path)))

    def scan(self) -> Iterator[RowBatch]:
        """Yield the rows as ChunkStore.scan_rows yields them once they are published."""
        return map(batch_to_rows, self.reader())


def _cannot_stage(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"Cannot write the staging file {path}: {error.strerror or error}. Mend that and run the same again; what was "
        "indexed before goes on answering."
    )


class StoreWriter:
    """The one way rows get into a ChunkStore. Writers on one machine take turns by a lock file.

    It lies in the store's folder, so that two data folders with one store take turns as well; for a store elsewhere, in
    the data folder.
    """

    def __init__(self, store: ChunkStore, data_dir: Path) -> None:
        self._store = store
        self._data_dir = data_dir

    def stage(self, source_id: str, run_id: int, commit: str | None) -> StagedRows:
        """Open a staging file for one run of one data source."""
        path = self._data_dir / "staging" / f"{source_id}-{run_id}.arrow"
        return StagedRows(path, schema_of(self._store.index_format), source_id, run_id, commit)

    def remove_leftovers(self, source_id: str) -> None:
        """Delete what killed runs of a data source left staged. For the one run of it that is at work."""
        for leftover in (self._data_dir / "staging").glob(f"{source_id}-*.arrow"):
            try:
                delete_path(leftover)
            except OSError as error:
                raise _cannot_stage(leftover, error) from error

    def publish(self, source_id: str, staged: StagedRows, replaced_paths: Collection[str] | None) -> None:
        """Make the staged rows visible in one commit, in place of all rows of `replaced_paths` (None: of the source).

        Raises StoreError; then the store is as it was.
        """
        where = f"data_source_id = {quote(source_id)}"
        if replaced_paths is not None:
            listed = ", ".join(quote(path) for path in sorted(replaced_paths))
            where += f" AND path IN ({listed})" if listed else " AND false"
        with self._locked("publish") as table:
            if table.count_rows(where) == 0:
                if staged.row_count:
                    table.add(staged.reader())
                return
            if not staged.row_count:
                table.delete(where)
                return
            (
                table.merge_insert("document_id")
                .when_matched_update_all()
                .when_not_matched_insert_all()
                .when_not_matched_by_source_delete(where)
                .execute(staged.reader())
            )

    def remove(self, source_id: str) -> None:
        """Delete every row of a data source, in every format, and give their space back."""
        where = f"data_source_id = {quote(source_id)}"
        with self._locked("remove from", create=False):
            for name, table in self._tables():
                if table.count_rows(where):
                    table.delete(where)
                    self._optimize(table)
                    self._update_checksums(name)

    def drop_other_formats(self, source_ids: Collection[str]) -> None:
        """Delete the tables of every other format whose rows are all of these data sources.

        Other rows are another data folder's: of such a table, only those of these data sources are deleted.
        """
        with self._locked("clean", create=False):
            for name, table in self._tables():
                if name != self._store.index_format.table_name:
                    self._drop(name, table, frozenset(source_ids))

    def _drop(self, name: str, table: Any, source_ids: frozenset[str]) -> None:
        found = table.search().select(["data_source_id"]).limit(2**31 - 1).to_arrow().column(0).unique().to_pylist()
        if source_ids.issuperset(found):
            self._store.drop_table(name)
        elif ours := sorted(source_ids.intersection(found)):
            table.delete(f"data_source_id IN ({', '.join(map(quote, ours))})")
        self._update_checksums(name)

    def heal(self, table_name: str, source_ids: Collection[str]) -> dict[str, int]:
        """Put the readable rows in the place of a damaged table; return how many each data source has now.

        The damaged table is kept beside it. `source_ids` are those to look for one by one where they cannot be read
        all at once. Raises StoreError.
        """
        with self._turn("heal"):
            self._store.forget()
            counts = heal_table(self._store, table_name, source_ids)
            self._store.forget()
            if counts:
                _create_indexes(self._store.open_table(table_name))
                self._update_checksums(table_name)
        return counts

    def _tables(self) -> Iterator[tuple[str, Any]]:
        """Yield every table that this version may write to, with its name; others are left alone."""
        for name in self._store.table_names():
            try:
                table = self._store.open_table(name)
            except Exception as error:
                raise self._store.explain(error, "Cannot open", name) from error
            if _is_of_this_generation(table):
                yield name, table
            else:
                logger.warning("the table %s is left as it is: another version of codesearch wrote it", name)

    def _update_checksums(self, name: str | None = None) -> None:
        folder = self._store.table_folder(name)
        if folder is not None:
            try:
                Checksums(folder).update()
            except OSError as error:
                # They are taken after the next write, or else doctor only reads.
                logger.warning("no checksums of %s were written: %s", folder, error)

    def maintain(self) -> None:
        """Bring the indexes up to date where that pays, and delete what no reader needs any more."""
        with self._locked("maintain") as table:
            row_count = table.count_rows()
            indexes = table.list_indices()
            unindexed = max((index.num_unindexed_rows for index in indexes), default=0)
            versions = len(table.list_versions())
            if row_count > ALWAYS_OPTIMIZED_ROWS and unindexed <= UNINDEXED_ROWS and versions <= VERSIONS:
                return
            self._optimize(table)

    def _optimize(self, table: Any) -> None:
        with warnings.catch_warnings():
            # It warns that readers of older versions may fail: ours look again at the newest.
            warnings.simplefilter("ignore", UserWarning)
            table.optimize(cleanup_older_than=timedelta(0), delete_unverified=not self._store.is_remote)

    @contextmanager
    def _locked(self, verb: str, *, create: bool = True) -> Iterator[Any]:
        """Hold the writers' lock; give the table of this format, made where there is none unless `create` is false."""
        with self._turn(verb):
            folder = self._store.table_folder()
            damaged = Checksums(folder).find_damage(only_sizes=True) if folder is not None else []
            if damaged:
                raise describe(damaged[0], "it has not the size that was written", self._store.index_format.table_name)
            table = self._store.table(create=create)
            if table is not None and create:
                _require_generation(table, self._store.uri)
                _create_indexes(table)
            yield table
            self._update_checksums()

    @contextmanager
    def _turn(self, verb: str) -> Iterator[None]:
        folder = self._store.folder
        try:
            with file_lock((folder or self._data_dir) / ("writers.lock" if folder else "store.lock")):
                yield
        except CodesearchError:
            raise
        except Exception as error:
            raise self._store.explain(error, f"Cannot {verb}") from error


def _is_of_this_generation(table: Any) -> bool:
    found = format_of(table.schema)
    return found is not None and found.lance_generation == LANCE_GENERATION


def _require_generation(table: Any, uri: str) -> None:
    if not _is_of_this_generation(table):
        found = format_of(table.schema)
        said = f"by Lance {found.lance_generation}" if found is not None else "by another version of codesearch"
        raise StoreError(
            f"The table {table.name} of the vector store at {uri} was written {said}; this codesearch writes with "
            f"Lance {LANCE_GENERATION} and would corrupt it. Use the version that wrote it, or set "
            "CODESEARCH_STORE_URI to another place and run `codesearch index --all`."
        )


def _create_indexes(table: Any) -> None:
    kinds = import_lancedb().index
    existing = {index.name for index in table.list_indices()}
    # The rows of one data source are what everything asks for; publishing matches them by document.
    for column, configuration in (("data_source_id", kinds.Bitmap()), ("document_id", kinds.BTree())):
        if f"{column}_idx" not in existing:
            table.create_index(column, config=configuration, replace=False)
