"""The rows of the store: their Arrow schema, how chunks become rows, and the format an index remembers of itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from codesearch.core.chunk_text import shows_signature
from codesearch.core.paths import file_extension_of
from codesearch.core.search_index import NO_TIME
from codesearch.core.search_index_builder import RowBatch
from codesearch.core.terms import pack_terms
from codesearch.core.types import Chunk

SCHEMA_VERSION = 3
TABLE_PREFIX = "chunks_"
FORMAT_KEY = b"codesearch"
TEXT_COLUMNS = [
    "document_id",
    "data_source_id",
    "path",
    "file_extension",
    "language",
    "artifact_kind",
    "symbol",
    "symbol_kind",
    "signature",
    "content",
    "content_id",
    "commit",
]
# What a search index is built from.
SEARCHED_COLUMNS = [
    "document_id",
    "path",
    "language",
    "artifact_kind",
    "symbol",
    "symbol_kind",
    "start_line",
    "end_line",
    "last_modified",
    "declares",
    "content",
    "terms",
    "vector",
]


@dataclass(frozen=True, slots=True)
class IndexFormat:
    """What must agree between the code that wrote an index and the code that reads it."""

    embedding_model: str
    embedding_fingerprint: str
    dimension: int
    chunker_version: str
    schema_version: int = SCHEMA_VERSION

    @property
    def table_name(self) -> str:
        """The table that holds rows of this format: another format is another table."""
        text = json.dumps(asdict(self), sort_keys=True)
        return TABLE_PREFIX + hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class IndexedChunk:
    """A chunk with all that its row needs. `vector` is float32 of the format's dimension, L2-normalised."""

    chunk: Chunk
    content_id: str
    modified_at: int | None
    vector: NDArray[np.float32]


def document_id_of(source_id: str, chunk: Chunk) -> str:
    """Return the record's id, 32 hex digits: the same as long as its place, its lines and its symbol are."""
    parts = (source_id, chunk.path, str(chunk.start_line), str(chunk.end_line), chunk.symbol or "", chunk.content)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def schema_of(index_format: IndexFormat) -> pa.Schema:
    """Return the table's schema, the format in its metadata. Text is '' where it has no value."""
    text, number = pa.string(), pa.int64()
    fields = [pa.field(name, text, nullable=False) for name in TEXT_COLUMNS]
    fields += [pa.field(name, number, nullable=False) for name in ("start_line", "end_line", "run_id")]
    fields += [
        pa.field("last_modified", number),
        pa.field("declares", pa.bool_(), nullable=False),
        pa.field("terms", pa.binary(), nullable=False),
        pa.field("vector", pa.list_(pa.float32(), index_format.dimension)),
    ]
    return pa.schema(fields, metadata={FORMAT_KEY: json.dumps(asdict(index_format), sort_keys=True).encode()})


def format_of(schema: pa.Schema) -> IndexFormat | None:
    """Read the format back from a table's schema; None when another program wrote it."""
    raw = (schema.metadata or {}).get(FORMAT_KEY)
    return IndexFormat(**json.loads(raw)) if raw else None


def rows_to_batch(rows: Sequence[IndexedChunk], source_id: str) -> pa.RecordBatch:
    """Turn indexed chunks, at least one, into a record batch in the given order.

    It lacks the columns that are the same in every row of a run; `complete_batch` adds them.
    """
    chunks = [row.chunk for row in rows]
    paths = [chunk.path for chunk in chunks]
    columns: dict[str, list[str]] = {
        "document_id": [document_id_of(source_id, chunk) for chunk in chunks],
        "path": paths,
        "file_extension": [file_extension_of(path) or "" for path in paths],
        "language": [chunk.language or "" for chunk in chunks],
        "artifact_kind": [chunk.artifact_kind.value for chunk in chunks],
        "symbol": [chunk.symbol or "" for chunk in chunks],
        "symbol_kind": [chunk.symbol_kind or "" for chunk in chunks],
        "signature": [chunk.signature or "" for chunk in chunks],
        "content": [chunk.content for chunk in chunks],
        "content_id": [row.content_id for row in rows],
    }
    arrays = {name: pa.array(values, type=pa.string()) for name, values in columns.items()}
    arrays["start_line"] = pa.array([chunk.start_line for chunk in chunks], type=pa.int64())
    arrays["end_line"] = pa.array([chunk.end_line for chunk in chunks], type=pa.int64())
    arrays["last_modified"] = pa.array([row.modified_at for row in rows], type=pa.int64())
    arrays["declares"] = pa.array([shows_signature(chunk) for chunk in chunks], type=pa.bool_())
    arrays["terms"] = pa.array([pack_terms(chunk) for chunk in chunks], type=pa.binary())
    vectors = np.stack([row.vector for row in rows]).astype(np.float32, copy=False)
    arrays["vector"] = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    return pa.record_batch(arrays)


def complete_batch(
    batch: pa.RecordBatch, *, source_id: str, run_id: int, commit: str | None, schema: pa.Schema
) -> pa.RecordBatch:
    """Add the columns of the run to a batch of `rows_to_batch`: the result has the table's schema."""
    values = {"data_source_id": source_id, "run_id": run_id, "commit": commit or ""}
    columns = [
        pa.repeat(pa.scalar(values[field.name], field.type), batch.num_rows)
        if field.name in values
        else batch.column(field.name)
        for field in schema
    ]
    return pa.record_batch(columns, schema=schema)


def batch_to_bytes(batch: pa.RecordBatch) -> bytes:
    """Write a batch as an Arrow stream, to hand it to another process."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def batch_from_bytes(data: bytes) -> pa.RecordBatch:
    """Read back what `batch_to_bytes` wrote."""
    return pa.ipc.open_stream(data).read_next_batch()


def batch_to_rows(batch: pa.RecordBatch) -> RowBatch:
    """Turn a batch of SEARCHED_COLUMNS into what a search index is built from."""
    return RowBatch(
        document_ids=batch.column("document_id").to_pylist(),
        paths=batch.column("path").to_pylist(),
        languages=batch.column("language").to_pylist(),
        artifact_kinds=batch.column("artifact_kind").to_pylist(),
        symbols=batch.column("symbol").to_pylist(),
        symbol_kinds=batch.column("symbol_kind").to_pylist(),
        start_lines=batch.column("start_line").to_numpy(),
        end_lines=batch.column("end_line").to_numpy(),
        modified_at=batch.column("last_modified").fill_null(NO_TIME).to_numpy(),
        declares=batch.column("declares").to_numpy(zero_copy_only=False),
        contents=_bytes_of(batch.column("content")),
        terms=_bytes_of(batch.column("terms")),
        vectors=batch.column("vector").flatten().to_numpy().reshape(batch.num_rows, -1),
    )


def _bytes_of(column: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the bytes of a text or binary column and the offsets of its rows, without copying the bytes."""
    _, offsets, data = column.buffers()
    bounds = np.frombuffer(offsets, np.int32, len(column) + 1, 4 * column.offset)
    return np.frombuffer(data or b"", np.uint8), bounds.astype(np.int64)
