"""Chunks with what their rows need, one by one, as tests make them up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from codesearch.core.store.rows import RowColumns, chunks_to_columns
from codesearch.core.text.terms import pack_terms
from codesearch.core.types import Chunk


@dataclass(frozen=True, slots=True)
class IndexedChunk:
    """A chunk with all that its row needs. `vector` is float32 of the format's dimension, L2-normalised.

    `subjects`: those of its file, which counts in the first of its rows.
    """

    chunk: Chunk
    content_id: str
    modified_at: int | None
    vector: NDArray[np.float32]
    subjects: str | None = None


def rows_to_columns(rows: Sequence[IndexedChunk], source_id: str) -> RowColumns:
    """Turn indexed chunks, at least one, into columns in the given order."""
    chunks = [row.chunk for row in rows]
    columns = chunks_to_columns(
        chunks,
        source_id=source_id,
        content_ids=[row.content_id for row in rows],
        modified_at=[row.modified_at for row in rows],
        terms=[pack_terms(chunk) for chunk in chunks],
        vectors=np.stack([row.vector for row in rows]).astype(np.float32, copy=False),
    )
    paths = [chunk.path for chunk in chunks]
    firsts = [paths.index(path) == number for number, path in enumerate(paths)]
    return replace(columns, subjects=[row.subjects if first else None for row, first in zip(rows, firsts, strict=True)])


def unpack_terms(data: bytes) -> tuple[NDArray[np.uint32], NDArray[np.uint16]]:
    """Return the terms and payloads that `pack_terms` packed."""
    count = len(data) // 6
    return np.frombuffer(data, np.uint32, count), np.frombuffer(data, np.uint16, count, 4 * count)
