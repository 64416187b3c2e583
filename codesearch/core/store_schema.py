"""The rows of the store: their Arrow schema, how chunks become rows, and the format an index remembers of itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from codesearch.core.paths import file_extension_of
from codesearch.core.tokens import tokenize
from codesearch.core.types import Chunk

SCHEMA_VERSION = 2
TABLE_PREFIX = "chunks_"
FORMAT_KEY = b"codesearch"
# Of vectors of length 1 it orders as the inner product does, and partitions learned by it are of about equal size.
VECTOR_DISTANCE: Final = "cosine"
TEXT_COLUMNS = [
    "document_id",
    "data_source_id",
    "path",
    "path_lower",
    "title_lower",
    "file_extension",
    "language",
    "artifact_kind",
    "symbol",
    "symbol_lower",
    "symbol_kind",
    "signature",
    "content",
    "content_id",
    "commit",
    "symbol_tokens",
    "path_tokens",
    "body_tokens",
    "record",
]
# What `record` holds again, in one string: every column that is read costs a query half a millisecond.
RECORD_FIELDS = (
    "document_id",
    "path",
    "language",
    "artifact_kind",
    "symbol",
    "symbol_kind",
    "signature",
    "start_line",
    "end_line",
    "last_modified",
    "symbol_tokens",
    "path_tokens",
    "body_tokens",
)


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
    symbols = [chunk.symbol or "" for chunk in chunks]
    columns: dict[str, list[str] | list[int] | list[int | None]] = {
        "document_id": [document_id_of(source_id, chunk) for chunk in chunks],
        "path": paths,
        "path_lower": [path.lower() for path in paths],
        "title_lower": [path.rsplit("/", 1)[-1].lower() for path in paths],
        "file_extension": [file_extension_of(path) or "" for path in paths],
        "language": [chunk.language or "" for chunk in chunks],
        "artifact_kind": [chunk.artifact_kind.value for chunk in chunks],
        "symbol": symbols,
        "symbol_lower": [symbol.lower() for symbol in symbols],
        "symbol_kind": [chunk.symbol_kind or "" for chunk in chunks],
        "signature": [chunk.signature or "" for chunk in chunks],
        "content": [chunk.content for chunk in chunks],
        "content_id": [row.content_id for row in rows],
        "symbol_tokens": [" ".join(tokenize(symbol)) for symbol in symbols],
        "path_tokens": [_path_tokens(path) for path in paths],
        "body_tokens": [" ".join(tokenize(_body_of(chunk))) for chunk in chunks],
        "start_line": [chunk.start_line for chunk in chunks],
        "end_line": [chunk.end_line for chunk in chunks],
        "last_modified": [row.modified_at for row in rows],
    }
    records = zip(*(columns[name] for name in RECORD_FIELDS), strict=True)
    columns["record"] = [pack_record(record) for record in records]
    arrays = {
        name: pa.array(values, type=pa.string() if name in TEXT_COLUMNS else pa.int64())
        for name, values in columns.items()
    }
    vectors = np.stack([row.vector for row in rows]).astype(np.float32, copy=False)
    arrays["vector"] = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    return pa.record_batch(arrays)


def pack_record(values: Sequence[str | int | None]) -> str:
    """Join the values of RECORD_FIELDS; their lengths stand in front, so that any text may be among them."""
    texts = ["" if value is None else str(value) for value in values]
    return f"{','.join(str(len(text)) for text in texts)}\n{''.join(texts)}"


def unpack_record(record: str) -> dict[str, str]:
    """Return what `pack_record` joined, by name; '' for what is absent."""
    head, _, joined = record.partition("\n")
    ends = [0, *accumulate(map(int, head.split(",")))]
    return {name: joined[start:end] for name, start, end in zip(RECORD_FIELDS, ends, ends[1:], strict=False)}


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


@lru_cache(maxsize=1024)
def _path_tokens(path: str) -> str:
    return " ".join(tokenize(path))


def _body_of(chunk: Chunk) -> str:
    return f"{chunk.content}\n{chunk.outline}" if chunk.outline else chunk.content
