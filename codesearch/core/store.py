"""ChunkStore: reads and searches the vectors, texts and metadata in LanceDB. Writing is in store_writer.py."""

from __future__ import annotations

import asyncio
import logging
import math
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

# Lance writes its own lines to stderr; what matters of them reaches us as exceptions.
os.putenv("LANCE_LOG", "error")
os.putenv("LANCEDB_LOG", "error")

import lancedb
import numpy as np
import pyarrow as pa
from lancedb.background_loop import LOOP
from lancedb.query import FullTextOperator, MultiMatchQuery
from numpy.typing import NDArray

from codesearch.core.errors import StoreError
from codesearch.core.predicates import NOTHING, Predicate
from codesearch.core.store_filter import compile_filter, quote
from codesearch.core.store_schema import TABLE_PREFIX, VECTOR_DISTANCE, IndexFormat, format_of, schema_of, unpack_record
from codesearch.core.types import ArtifactKind, Chunk

T = TypeVar("T")
logger = logging.getLogger(__name__)

# A reader that met files of a version that a writer has just cleaned up looks again at the newest version.
READ_ATTEMPTS = 4
# Other places than this machine's disk pay for every look at the newest version.
REMOTE_CONSISTENCY_INTERVAL = timedelta(seconds=5)
# Up to so many rows in scope every partition of the vector index is searched: the time goes with the rows in scope, not
# with the partitions (8 ms for 120,000 rows on one core), and in a scope that is a part of the table, the partitions
# nearest to the query hold other sources' rows: with 20 of 80 partitions a source of 26,000 rows in a table of 120,000
# lost half of its 60 nearest.
FULLY_SEARCHED_ROWS = 300_000
EVERY_PARTITION = 1 << 20
MOST_PARTITIONS = 60
# The index holds vectors in 8 bits per number, which puts 1 or 2 of the 60 nearest further back: so many more are asked
# for, then ordered by their real vectors.
SPARE_CANDIDATES = 1.25

ROW_COLUMNS = ["data_source_id", "commit", "run_id", "record", "content", "vector"]


@dataclass(frozen=True, slots=True)
class Scope:
    """Which rows may be searched: for each predicate, the data sources it applies to. Empty: none at all."""

    groups: tuple[tuple[frozenset[str], Predicate], ...]

    @property
    def is_empty(self) -> bool:
        """Whether no row can be in scope."""
        return all(not ids or predicate == NOTHING for ids, predicate in self.groups)

    def to_sql(self) -> str:
        """Return the store's filter: data source ids are always part of it."""
        parts = [
            f"(data_source_id IN ({', '.join(quote(item) for item in sorted(ids))}) AND {compile_filter(predicate)})"
            for ids, predicate in self.groups
            if ids and predicate != NOTHING
        ]
        return " OR ".join(parts) if parts else "false"


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A row as the store found it. `lexical` is the full-text score, None when only the vector search found it."""

    document_id: str
    data_source_id: str
    chunk: Chunk
    commit: str
    run_id: int
    modified_at: int | None
    symbol_tokens: str
    path_tokens: str
    body_tokens: str
    vector: NDArray[np.float32]
    lexical: float | None


@dataclass(frozen=True, slots=True)
class Found:
    """Where rows are in one view of the store, best first; `scores` only of a full-text search, `vector` of the other.

    At most `limit` of them are wanted.
    """

    row_ids: tuple[int, ...]
    scores: tuple[float, ...]
    limit: int
    vector: NDArray[np.float32] | None = None


NOTHING_FOUND = Found((), (), 0)


class ChunkStore:
    """One LanceDB place, seen through one index format."""

    def __init__(self, uri: str, index_format: IndexFormat) -> None:
        """Connect to `uri` (a folder, s3://...); nothing is created. Raises StoreError."""
        self.uri = uri
        self.index_format = index_format
        interval = REMOTE_CONSISTENCY_INTERVAL if self.is_remote else timedelta(0)
        self._database = _translate("open", uri, lambda: lancedb.connect(uri, read_consistency_interval=interval))
        self._table: Any = None
        self._is_view = False
        self._newest_view: tuple[int, ChunkStore] | None = None

    @property
    def is_remote(self) -> bool:
        """Whether the store lies elsewhere than on this machine's disk."""
        return "://" in self.uri and not self.uri.startswith("file://")

    def formats(self) -> list[IndexFormat]:
        """Return the formats of the indexes at this place, in the order of their tables' names."""
        names = [name for name in self._table_names() if name.startswith(TABLE_PREFIX)]
        read = [format_of(self._database.open_table(name).schema) for name in sorted(names)]
        return [item for item in read if item is not None]

    def _table_names(self) -> list[str]:
        names: list[str] = []
        token: str | None = None
        while True:
            page = _translate("list", self.uri, partial(self._database.list_tables, page_token=token))
            names += page.tables
            token = page.page_token
            if not token:
                return names

    def table(self, *, create: bool = False) -> Any:
        """Return the LanceDB table of this format; None when there is none and `create` is false."""
        if self._table is None and not self._is_view:
            name = self.index_format.table_name
            if name in self._table_names():
                self._table = self._open_table(name)
            if self._table is None and create:
                schema = schema_of(self.index_format)
                self._table = _translate(
                    "create", self.uri, lambda: self._database.create_table(name, schema=schema, exist_ok=True)
                )
        return self._table

    def _open_table(self, name: str) -> Any:
        """Open a table that was listed; None while another process is still creating it."""
        try:
            return self._database.open_table(name)
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

    def _scan(self, where: str, columns: list[str]) -> pa.Table | None:
        return self._read(lambda table: table.search().where(where).select(columns).limit(2**31 - 1).to_arrow())

    def search(
        self,
        tokens: Sequence[str],
        boosts: Mapping[str, float],
        vector: NDArray[np.float32],
        scope: Scope,
        *,
        text_limit: int,
        vector_limit: int,
        rows_in_scope: int,
    ) -> tuple[list[StoredChunk], list[StoredChunk]]:
        """Return what `find_text` and `find_nearest` find in one published version, each best first."""
        if scope.is_empty:
            return [], []

        async def search(view: ChunkStore) -> tuple[list[StoredChunk], list[StoredChunk]]:
            found = await asyncio.gather(
                view.find_text(tokens, boosts, scope, text_limit),
                view.find_nearest(vector, scope, vector_limit, rows_in_scope=rows_in_scope),
            )
            return await view.fetch(*found)

        def run(view: ChunkStore) -> tuple[list[StoredChunk], list[StoredChunk]]:
            # One turn on the event loop of LanceDB's own calls: they take a dozen, which costs as much as a search.
            if view._table is None:
                return [], []
            return asyncio.run_coroutine_threadsafe(search(view), LOOP.loop).result()

        return self.read_together(run)

    def search_text(
        self, tokens: Sequence[str], boosts: Mapping[str, float], scope: Scope, limit: int
    ) -> list[StoredChunk]:
        """Return the rows that `find_text` finds, best first."""
        no_vector = np.zeros(self.index_format.dimension, np.float32)
        return self.search(tokens, boosts, no_vector, scope, text_limit=limit, vector_limit=0, rows_in_scope=0)[0]

    def search_vectors(
        self, vector: NDArray[np.float32], scope: Scope, limit: int, *, rows_in_scope: int
    ) -> list[StoredChunk]:
        """Return the rows that `find_nearest` finds, nearest first."""
        return self.search((), {}, vector, scope, text_limit=0, vector_limit=limit, rows_in_scope=rows_in_scope)[1]

    async def find_text(self, tokens: Sequence[str], boosts: Mapping[str, float], scope: Scope, limit: int) -> Found:
        """Find the rows in scope that best match any of the tokens, best first, at most `limit`.

        `boosts` maps a token column to its weight. Scores are BM25 sums over the columns, comparable within one answer.
        """
        if scope.is_empty or not tokens:
            return NOTHING_FOUND
        query = MultiMatchQuery(
            " ".join(tokens), list(boosts), boosts=list(boosts.values()), operator=FullTextOperator.OR
        )
        search = self._table._table.query().nearest_to_text(query).where(scope.to_sql())
        rows = await self._await(search.with_row_id().select(["_score"]).limit(limit).to_arrow())
        return Found(tuple(rows["_rowid"].to_pylist()), tuple(rows["_score"].to_pylist()), limit)

    async def find_nearest(self, vector: NDArray[np.float32], scope: Scope, limit: int, *, rows_in_scope: int) -> Found:
        """Find the rows in scope whose vectors are nearest by cosine: `fetch` returns at most `limit`, nearest first.

        `rows_in_scope` is an estimate that says how thoroughly the vector index is searched.
        """
        if scope.is_empty or not vector.any():
            return NOTHING_FOUND
        probes = EVERY_PARTITION if rows_in_scope <= FULLY_SEARCHED_ROWS else MOST_PARTITIONS
        search = self._table._table.query().nearest_to(vector).distance_type(VECTOR_DISTANCE).nprobes(probes)
        search = search.where(scope.to_sql()).with_row_id().select(["_distance"])
        rows = await self._await(search.limit(math.ceil(limit * SPARE_CANDIDATES)).to_arrow())
        return Found(tuple(rows["_rowid"].to_pylist()), (), limit, vector)

    async def fetch(self, text: Found, nearest: Found) -> tuple[list[StoredChunk], list[StoredChunk]]:
        """Read the rows of both, each once, for their columns cost more than finding them; return them best first.

        Both must have been found in this view, the one of `read_together`.
        """
        row_ids = list(dict.fromkeys((*text.row_ids, *nearest.row_ids)))
        if not row_ids:
            return [], []
        rows = await self._await(self._table._table.take_row_ids(row_ids).with_row_id().select(ROW_COLUMNS).to_arrow())
        chunks = _stored_chunks(rows, dict(zip(text.row_ids, text.scores, strict=True)))
        closest = [chunks[row_id] for row_id in nearest.row_ids]
        if nearest.vector is not None and closest:
            similarity = np.stack([chunk.vector for chunk in closest]) @ nearest.vector
            order = sorted(range(len(closest)), key=lambda i: (-similarity[i], closest[i].document_id))
            closest = [closest[i] for i in order[: nearest.limit]]
        return [chunks[row_id] for row_id in text.row_ids], closest

    async def _await(self, reading: Awaitable[pa.Table]) -> pa.Table:
        try:
            return await reading
        except Exception as error:
            raise StoreError(f"The vector store at {self.uri} cannot be read: {error}") from error

    def read_together(self, run: Callable[[ChunkStore], T]) -> T:
        """Return what `run` makes of a view of this store, all of whose reads are of one published version.

        It runs again when a writer has cleaned that version up meanwhile. Raises StoreError.
        """
        if self._is_view:
            return run(self)
        for _ in range(1, READ_ATTEMPTS):
            try:
                return run(self._open_view())
            except StoreError as error:
                logger.info("reading the store again after: %s", error)
                self._table = self._newest_view = None
        return run(self._open_view())

    def _open_view(self) -> ChunkStore:
        table = self.table()
        if table is None:
            return self
        version = _translate("read", self.uri, lambda: table.version)
        newest = self._newest_view
        if newest is None or newest[0] != version:
            newest = (version, self._view_of(version))
            self._newest_view = newest
        return newest[1]

    def _view_of(self, version: int) -> ChunkStore:
        view = copy(self)
        view._is_view, view._newest_view = True, None
        view._table = _translate("open", self.uri, lambda: self._database.open_table(self.index_format.table_name))
        _translate("read", self.uri, lambda: view._table.checkout(version))
        return view

    def warm_up(self) -> None:
        """Touch the table, so that the first query does not pay for opening it."""
        self._read(lambda table: table.count_rows("data_source_id = ''"))

    def _read(self, run: Callable[[Any], T]) -> T | None:
        """Run a read on the newest version; None when there is no table. Raises StoreError."""
        table = self.table()
        if table is None:
            return None
        for attempt in range(1, READ_ATTEMPTS + 1):
            try:
                return run(table)
            except Exception as error:
                if attempt == READ_ATTEMPTS or self._is_view:
                    raise StoreError(f"The vector store at {self.uri} cannot be read: {error}") from error
                logger.info("reading the store again after: %s", error)
                self._table = None
                table = self.table()
                if table is None:
                    return None
        return None


def _translate(verb: str, uri: str, run: Callable[[], T]) -> T:
    try:
        return run()
    except Exception as error:
        raise StoreError(f"Cannot {verb} the vector store at {uri}: {error}") from error


def _stored_chunks(rows: pa.Table, scores: Mapping[int, float]) -> dict[int, StoredChunk]:
    """Return row id -> row, with the full-text scores where there are any."""
    vectors = rows["vector"].combine_chunks().flatten().to_numpy(zero_copy_only=False).reshape(rows.num_rows, -1)
    columns = [rows[name].to_pylist() for name in ("_rowid", *ROW_COLUMNS) if name != "vector"]
    return {
        row_id: _stored_chunk(source_id, commit, run_id, unpack_record(record), content, vector, scores.get(row_id))
        for row_id, source_id, commit, run_id, record, content, vector in zip(*columns, vectors, strict=True)
    }


def _stored_chunk(
    source_id: str,
    commit: str,
    run_id: int,
    record: Mapping[str, str],
    content: str,
    vector: NDArray[np.float32],
    lexical: float | None,
) -> StoredChunk:
    return StoredChunk(
        document_id=record["document_id"],
        data_source_id=source_id,
        chunk=Chunk(
            path=record["path"],
            start_line=int(record["start_line"]),
            end_line=int(record["end_line"]),
            content=content,
            artifact_kind=ArtifactKind(record["artifact_kind"]),
            language=record["language"] or None,
            symbol=record["symbol"] or None,
            symbol_kind=record["symbol_kind"] or None,
            signature=record["signature"] or None,
        ),
        commit=commit,
        run_id=run_id,
        modified_at=int(record["last_modified"]) if record["last_modified"] else None,
        symbol_tokens=record["symbol_tokens"],
        path_tokens=record["path_tokens"],
        body_tokens=record["body_tokens"],
        vector=vector,
        lexical=lexical,
    )
