"""Writing the store: rows are staged in a file, published in one commit, and what is left over is cleaned up."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from filelock import FileLock
from lancedb.index import FTS, Bitmap, BTree, IvfSq

from codesearch.core.errors import StoreError
from codesearch.core.store import FULLY_SEARCHED_ROWS, ChunkStore
from codesearch.core.store_filter import quote
from codesearch.core.store_schema import (
    TABLE_PREFIX,
    VECTOR_DISTANCE,
    IndexedChunk,
    complete_batch,
    rows_to_batch,
    schema_of,
)

logger = logging.getLogger(__name__)

TOKEN_COLUMNS = ("symbol_tokens", "path_tokens", "body_tokens")
BITMAP_COLUMNS = ("data_source_id", "file_extension", "language", "artifact_kind", "symbol_kind")
BTREE_COLUMNS = ("document_id", "path_lower", "title_lower", "symbol_lower", "last_modified")
# Below this many rows an exact scan answers in a few milliseconds: an index would only cost.
VECTOR_INDEX_ROWS = 10_000
# Where searches go through every partition, few are quicker to train and to search (5.4 ms with 2, 6.5 ms with 26 for
# 87,000 rows in scope); larger tables are searched in part, which takes many.
ROWS_PER_PARTITION = 50_000
ROWS_PER_PROBED_PARTITION = 5_000
# The partitions were learned from the rows of then; after so much growth they no longer fit.
RETRAIN_GROWTH = 4
# Rows outside the indexes are scanned by every query: up to so many that is not felt.
UNINDEXED_ROWS = 512
VERSIONS = 8
# Optimizing so small a table takes a fraction of a second, so it is always kept tidy.
ALWAYS_OPTIMIZED_ROWS = 50_000
VECTOR_INDEX_PREFIX = "vector_trained_on_"


class StagedRows:
    """Rows on their way into the store, in one file; nothing of them is visible before `StoreWriter.publish`."""

    def __init__(self, path: Path, schema: pa.Schema, source_id: str, run_id: int, commit: str | None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.row_count = 0
        self._schema = schema
        self._source_id = source_id
        self._run_id = run_id
        self._commit = commit
        self._seen: set[str] = set()
        self._writer = pa.ipc.new_stream(str(path), schema)

    def write(self, rows: Sequence[IndexedChunk]) -> None:
        """Append rows; a row whose document id was staged before is dropped."""
        if rows:
            self.write_batch(rows_to_batch(rows, self._source_id))

    def write_batch(self, rows: pa.RecordBatch) -> None:
        """Append rows of `rows_to_batch`; a row whose document id was staged before is dropped."""
        batch = complete_batch(
            rows, source_id=self._source_id, run_id=self._run_id, commit=self._commit, schema=self._schema
        )
        keep = []
        for index, document_id in enumerate(batch.column("document_id").to_pylist()):
            if document_id not in self._seen:
                self._seen.add(document_id)
                keep.append(index)
        if len(keep) < batch.num_rows:
            batch = batch.take(pa.array(keep, type=pa.int64()))
        try:
            self._writer.write_batch(batch)
        except OSError as error:
            raise StoreError(f"Cannot write the staging file {self.path}: {error}") from error
        self.row_count += batch.num_rows

    def __enter__(self) -> StagedRows:
        return self

    def __exit__(self, *_: object) -> None:
        # On a full disk closing fails like writing did, and that file above all must go.
        with suppress(OSError):
            self._writer.close()
        self.path.unlink(missing_ok=True)

    def reader(self) -> pa.RecordBatchReader:
        """Close the file for writing and read it back, without holding it in memory."""
        self._writer.close()
        return pa.ipc.open_stream(pa.OSFile(str(self.path)))


class StoreWriter:
    """The one way rows get into a ChunkStore. Writers on one machine take turns by a lock file."""

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
            leftover.unlink(missing_ok=True)

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
        with self._locked("remove from"):
            for name in self._store._table_names():
                table = self._store._database.open_table(name) if name.startswith(TABLE_PREFIX) else None
                if table is not None and table.count_rows(where):
                    table.delete(where)
                    self._optimize(table)

    def drop_other_formats(self) -> None:
        """Delete the tables of every other format."""
        with self._locked("clean"):
            for name in self._store._table_names():
                if name.startswith(TABLE_PREFIX) and name != self._store.index_format.table_name:
                    self._store._database.drop_table(name)

    def maintain(self) -> None:
        """Bring the indexes up to date where that pays, and delete what no reader needs any more."""
        with self._locked("maintain") as table:
            row_count = table.count_rows()
            _maintain_vector_index(table, row_count)
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
    def _locked(self, verb: str) -> Iterator[Any]:
        self._data_dir.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self._data_dir / "store.lock"):
                table = self._store.table(create=True)
                _create_indexes(table)
                yield table
        except StoreError:
            raise
        except Exception as error:
            raise StoreError(f"Cannot {verb} the vector store at {self._store.uri}: {error}") from error


def _create_indexes(table: Any) -> None:
    existing = {index.name for index in table.list_indices()}
    if "body_tokens_idx" in existing:
        return
    configurations: list[tuple[str, Any]] = [(column, Bitmap()) for column in BITMAP_COLUMNS]
    configurations += [(column, BTree()) for column in BTREE_COLUMNS]
    # Tokens are split, lower-cased and joined by spaces before they get here.
    tokens = FTS(
        base_tokenizer="whitespace", lower_case=False, stem=False, remove_stop_words=False, ascii_folding=False,
        with_position=False, max_token_length=None,
    )  # fmt: skip
    configurations += [(column, tokens) for column in TOKEN_COLUMNS]
    for column, configuration in configurations:
        if f"{column}_idx" not in existing:
            table.create_index(column, config=configuration, replace=False)


def _maintain_vector_index(table: Any, row_count: int) -> None:
    """Train the vector index when there are enough rows, and again when they have outgrown it.

    Its name remembers how many rows it was trained on.
    """
    if row_count < VECTOR_INDEX_ROWS:
        return
    names = [index.name for index in table.list_indices() if index.name.startswith(VECTOR_INDEX_PREFIX)]
    trained_rows = max((int(name.removeprefix(VECTOR_INDEX_PREFIX)) for name in names), default=0)
    if row_count < RETRAIN_GROWTH * trained_rows:
        return
    # 8 bits per number: a quarter of the size, and half the time of a search; searches refine what they find.
    rows_per_partition = ROWS_PER_PARTITION if row_count <= FULLY_SEARCHED_ROWS else ROWS_PER_PROBED_PARTITION
    configuration = IvfSq(distance_type=VECTOR_DISTANCE, num_partitions=max(2, row_count // rows_per_partition))
    table.create_index("vector", config=configuration, name=f"{VECTOR_INDEX_PREFIX}{row_count}")
    for name in names:
        table.drop_index(name)
