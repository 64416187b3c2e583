"""Stores and search indexes of made-up rows, with small vectors: real LanceDB, real files."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codesearch.core.index.builder import RowBatch, build_search_index
from codesearch.core.index.manifest import SegmentName
from codesearch.core.index.search_index import SearchIndex, open_search_index
from codesearch.core.store.chunk_store import ChunkStore
from codesearch.core.store.rows import IndexFormat
from codesearch.core.store.schema import batch_to_rows, columns_to_batch
from codesearch.core.store.writer import DoomedRows, StoreWriter
from codesearch.core.types import ArtifactKind, Chunk
from tests.unit.core.store.indexed_chunks import IndexedChunk, rows_to_columns

DIMENSION = 8
FORMAT = IndexFormat("test model", "fingerprint", DIMENSION, "1")
SOURCE = "a" * 24
OTHER = "b" * 24


def open_store(folder: Path, index_format: IndexFormat = FORMAT) -> tuple[ChunkStore, StoreWriter]:
    store = ChunkStore(str(folder / "store"), index_format)
    return store, StoreWriter(store, folder)


def unit_vector(*values: float) -> NDArray[np.float32]:
    """Return the values, filled up with zeros, as a vector of length 1."""
    vector = np.zeros(DIMENSION, dtype=np.float32)
    vector[: len(values)] = values
    vector /= np.linalg.norm(vector)
    return vector


def make_row(
    path: str,
    content: str = "text",
    *,
    start_line: int = 1,
    vector: NDArray[np.float32] | None = None,
    symbol: str | None = None,
    symbol_kind: str | None = "function",
    signature: str | None = None,
    outline: str | None = None,
    language: str | None = None,
    modified_at: int | None = None,
    content_id: str = "id",
    symbol_lines: tuple[int, int] | None = None,
    holds_head: bool = True,
    subjects: str | None = None,
) -> IndexedChunk:
    chunk = Chunk(
        path=path,
        start_line=start_line,
        end_line=start_line + content.count("\n"),
        content=content,
        artifact_kind=ArtifactKind.SYMBOL if symbol else ArtifactKind.CHUNK,
        language=language,
        symbol=symbol,
        symbol_kind=symbol_kind if symbol else None,
        signature=signature,
        outline=outline,
        symbol_lines=symbol_lines,
        holds_head=holds_head,
    )
    return IndexedChunk(chunk, content_id, modified_at, unit_vector(1) if vector is None else vector, subjects)


def publish(
    writer: StoreWriter,
    source_id: str,
    rows: Sequence[IndexedChunk],
    *,
    run_id: int = 1,
    replaced: Collection[str] | None = None,
    commit: str | None = "c0ffee",
) -> None:
    """Add rows as a run does, then delete what they replace: the rows of these paths, or all for None."""
    code = SegmentName(run_id, 0).code
    with writer.stage(source_id, code, commit) as staged:
        if rows:
            staged.write_columns(rows_to_columns(rows, source_id))
        writer.append(staged)
    writer.delete(source_id, DoomedRows(0, code, paths=None if replaced is None else tuple(sorted(replaced))))


def contents(store: ChunkStore) -> dict[str, list[str]]:
    """Return source id -> the contents of its rows, sorted."""
    source_ids = sorted(set(store.table().to_arrow()["data_source_id"].to_pylist()))
    return {source_id: sorted(contents_of(scan(store, source_id))) for source_id in source_ids}


def scan(store: ChunkStore, source_id: str, run_id: int = 10_000) -> Iterator[RowBatch]:
    """Yield the published rows of a source, all parts after another."""
    return chain.from_iterable(store.scan_rows(source_id, run_id))


def known_files(store: ChunkStore, source_id: str) -> dict[str, str]:
    """Return path -> content id of every file with rows."""
    return {
        path: content_id
        for batch in scan(store, source_id)
        for path, content_id in zip(batch.paths, batch.content_ids, strict=True)
    }


def to_batch(rows: Sequence[IndexedChunk], source_id: str = SOURCE) -> RowBatch:
    """Return rows, at least one, as the store hands them to the builder of a search index."""
    return batch_to_rows(columns_to_batch(rows_to_columns(rows, source_id)))


def contents_of(batches: Iterable[RowBatch]) -> list[str]:
    """Return the contents of the rows in their order."""
    found = []
    for batch in batches:
        contents = batch.contents
        places = zip(contents.starts.tolist(), contents.lengths.tolist(), strict=True)
        found += [contents.data[start : start + length].tobytes().decode() for start, length in places]
    return found


def build_index(folder: Path, rows: Sequence[IndexedChunk], source_id: str = SOURCE) -> SearchIndex:
    """Write the search index of these rows to a new file in `folder` and open it."""
    path = folder / f"{len(list(folder.glob('*.index')))}.index"
    build_search_index([to_batch(rows, source_id)] if rows else [], DIMENSION, path)
    index = open_search_index(path)
    assert index is not None
    return index
