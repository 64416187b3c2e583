"""Search indexes of made-up rows for the tests of retrieval: real builder and real files, no store behind them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesearch.core.index.builder import build_search_index
from codesearch.core.index.search_index import SearchIndex, open_search_index
from codesearch.core.index.source_index import SourceIndex
from codesearch.core.predicates import EVERYTHING, Predicate
from codesearch.core.store.schema import batch_to_rows, columns_to_batch
from codesearch.core.types import ArtifactKind, Chunk
from codesearch.retrieval.candidates import Candidates, find_candidates
from codesearch.retrieval.query.terms import parse_query
from tests.unit.core.store.indexed_chunks import IndexedChunk, rows_to_columns

DIMENSION = 64
QUERY_VECTOR: NDArray[np.float32] = np.eye(1, DIMENSION, dtype=np.float32)[0]
SOURCE = "a" * 24


def make_row(
    path: str = "src/a.py",
    content: str = "x = 1",
    *,
    start: int = 1,
    symbol: str | None = None,
    kind: str = "function",
    signature: str | None = None,
    language: str | None = "python",
    modified_at: int | None = None,
    similarity: float = 0.5,
    vector: NDArray[np.float32] | None = None,
    symbol_lines: tuple[int, int] | None = None,
    holds_head: bool = True,
    subjects: str | None = None,
) -> IndexedChunk:
    """Return a row; `similarity` is that of its vector to QUERY_VECTOR where no vector is given.

    `subjects` are those of its file, which count in the first of its rows.
    """
    if vector is None:
        vector = np.zeros(DIMENSION, np.float32)
        vector[0], vector[1] = similarity, (1 - similarity**2) ** 0.5
    chunk = Chunk(
        path=path,
        start_line=start,
        end_line=start + content.count("\n"),
        content=content,
        artifact_kind=ArtifactKind.SYMBOL if symbol else ArtifactKind.CHUNK,
        language=language,
        symbol=symbol,
        symbol_kind=kind if symbol else None,
        signature=signature,
        symbol_lines=symbol_lines,
        holds_head=holds_head,
    )
    return IndexedChunk(chunk, "content id", modified_at, vector, subjects)


def index_of(rows: Sequence[IndexedChunk], *, source_id: str = SOURCE, batch_rows: int = 1000) -> SearchIndex:
    """Return the index of at least one row. Its file is deleted at once: who has it mapped keeps it."""
    batches = [rows[start : start + batch_rows] for start in range(0, len(rows), batch_rows)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.index"
        found = (batch_to_rows(columns_to_batch(rows_to_columns(batch, source_id))) for batch in batches)
        build_search_index(found, len(rows[0].vector), path)
        index = open_search_index(path)
    assert index is not None
    assert index.row_count == len(rows)
    return index


def as_source(index: SearchIndex) -> SourceIndex:
    """Return a data source that has this one segment."""
    return SourceIndex([index])


def candidates_of(index: SearchIndex, query: str, **options: Any) -> Candidates:
    """Return what the searches bring up for a query when this index alone is asked."""
    (found,) = candidates_of_all([index], query, **options)
    return found


def candidates_of_all(
    indexes: Sequence[SearchIndex],
    query: str,
    *,
    vector: NDArray[np.float32] = QUERY_VECTOR,
    predicate: Predicate = EVERYTHING,
    wanted: int = 10,
) -> list[Candidates]:
    """Return what the searches bring up in each index when all are asked."""
    return find_candidates([(as_source(index), predicate) for index in indexes], parse_query(query), vector, wanted)


def position_of(index: SearchIndex, row: int) -> tuple[str, int]:
    """Return a row's path and first line."""
    return index.path_of(int(index.file_of_row[row])), int(index.start_lines[row])


def random_vectors(count: int, dimension: int = DIMENSION, seed: int = 7) -> NDArray[np.float32]:
    """Return vectors of length 1."""
    vectors = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors
