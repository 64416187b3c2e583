"""Stores of made-up rows for the store's tests: small vectors, real LanceDB."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codesearch.core.predicates import EVERYTHING, Predicate
from codesearch.core.store import ChunkStore, Scope
from codesearch.core.store_schema import IndexedChunk, IndexFormat
from codesearch.core.store_writer import StoreWriter
from codesearch.core.types import ArtifactKind, Chunk

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
    language: str | None = None,
    modified_at: int | None = None,
    content_id: str = "id",
) -> IndexedChunk:
    chunk = Chunk(
        path=path,
        start_line=start_line,
        end_line=start_line + content.count("\n"),
        content=content,
        artifact_kind=ArtifactKind.SYMBOL if symbol else ArtifactKind.CHUNK,
        language=language,
        symbol=symbol,
        symbol_kind="function" if symbol else None,
    )
    return IndexedChunk(chunk, content_id, modified_at, unit_vector(1) if vector is None else vector)


def publish(
    writer: StoreWriter,
    source_id: str,
    rows: Sequence[IndexedChunk],
    *,
    run_id: int = 1,
    replaced: Collection[str] | None = None,
    commit: str | None = "c0ffee",
) -> None:
    with writer.stage(source_id, run_id, commit) as staged:
        staged.write(rows)
        writer.publish(source_id, staged, replaced)


def scope_to(*source_ids: str, predicate: Predicate = EVERYTHING) -> Scope:
    return Scope(((frozenset(source_ids), predicate),))


def contents(store: ChunkStore) -> dict[str, list[str]]:
    """Return source id -> the contents of its rows, sorted."""
    table = store.table().to_arrow()
    found: dict[str, list[str]] = {}
    for source_id, content in zip(table["data_source_id"].to_pylist(), table["content"].to_pylist(), strict=True):
        found.setdefault(source_id, []).append(content)
    return {source_id: sorted(values) for source_id, values in found.items()}
