"""The rows of the store in Arrow: their schemas, how columns become batches, and what search indexes are built from.

Staged rows are whole; of those the table keeps what the others do not follow from (stored_rows.py).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields as fields_of

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from codesearch.core.index.builder import RepeatedTexts, RowBatch
from codesearch.core.index.pieces import PieceRows
from codesearch.core.index.search_index import NO_TIME
from codesearch.core.store.rows import IndexFormat, RowColumns

FORMAT_KEY = b"codesearch"
# Tables of the first generation of Lance do not say it.
_UNSAID_GENERATION = 13
# What only staged rows have: the table has the text of each file once, and terms and ids follow from the text.
STAGED_TEXT_COLUMNS = ["document_id", "content"]
TEXT_COLUMNS = [
    "data_source_id",
    "path",
    "file_extension",
    "language",
    "artifact_kind",
    "symbol",
    "symbol_kind",
    "signature",
    "outline",
    "content_id",
    "commit",
]
LINE_COLUMNS = ["start_line", "end_line", "symbol_start_line", "symbol_end_line"]
# Where a row's content is in its file's text, in bytes, and its signature in its content, in characters; a length of 0
# says that the signature is in a column of its own.
PLACE_COLUMNS = ["content_start", "content_length", "signature_start", "signature_length"]
# What a search index is built from, of staged rows and of those in the table alike.
SEARCHED_COLUMNS = [
    "path",
    "content_id",
    "language",
    "artifact_kind",
    "symbol",
    "symbol_kind",
    "signature",
    *LINE_COLUMNS,
    "last_modified",
    "holds_head",
    "declares",
    "vector",
    "vector_scale",
]
SCANNED_COLUMNS = [*SEARCHED_COLUMNS, "outline", "segment", "file_text", *PLACE_COLUMNS]
# Lance compresses short values only where it is told to, in blocks of 4 KB: texts of small files, names. Outlines and
# signatures, empty in most rows, grew by it.
_ENCODINGS = {name: {"lance-encoding:compression": "zstd"} for name in ("file_text", "symbol")}


def schema_of(index_format: IndexFormat) -> pa.Schema:
    """Return the table's schema, the format in its metadata. Text is '' where it has no value.

    file_text is there in one row of each file, null in the others: Lance compresses long values only where they are not
    among empty ones.
    """
    number = pa.int64()
    fields = [pa.field("file_text", pa.string(), metadata=_ENCODINGS["file_text"])]
    fields += [pa.field(name, number, nullable=False) for name in PLACE_COLUMNS]
    return _schema(TEXT_COLUMNS, fields, index_format)


def staged_schema_of(index_format: IndexFormat) -> pa.Schema:
    """Return the schema of rows on their way into the table."""
    fields = [pa.field("terms", pa.binary(), nullable=False)]
    return _schema([*TEXT_COLUMNS, *STAGED_TEXT_COLUMNS], fields, index_format)


def _schema(texts: Sequence[str], more: Sequence[pa.Field], index_format: IndexFormat) -> pa.Schema:
    fields = [pa.field(name, pa.string(), nullable=False, metadata=_ENCODINGS.get(name)) for name in texts]
    fields += [pa.field(name, pa.int64(), nullable=False) for name in (*LINE_COLUMNS, "segment")]
    fields += [
        pa.field("last_modified", pa.int64()),
        pa.field("holds_head", pa.bool_(), nullable=False),
        pa.field("declares", pa.bool_(), nullable=False),
        *more,
        pa.field("vector_scale", pa.float32(), nullable=False),
        pa.field("vector", pa.list_(pa.int8(), index_format.dimension)),
    ]
    return pa.schema(fields, metadata={FORMAT_KEY: json.dumps(index_format.as_json(), sort_keys=True).encode()})


def format_of(schema: pa.Schema) -> IndexFormat | None:
    """Read the format back from a table's schema; None when another program wrote it, or a codesearch to come."""
    raw = (schema.metadata or {}).get(FORMAT_KEY)
    values = json.loads(raw) if raw else {}
    known = {field.name for field in fields_of(IndexFormat)}
    return (
        IndexFormat(**{"lance_generation": _UNSAID_GENERATION, **values}) if values and set(values) <= known else None
    )


def columns_to_batch(rows: RowColumns) -> pa.RecordBatch:
    """Turn rows, at least one, into a record batch in the given order.

    It lacks the columns that are the same in every row of a run; `complete_batch` adds them.
    """
    arrays = {name: pa.array(values, type=pa.string()) for name, values in rows.texts.items()}
    lines = (rows.start_lines, rows.end_lines, rows.symbol_start_lines, rows.symbol_end_lines)
    for name, numbers in zip(LINE_COLUMNS, lines, strict=True):
        arrays[name] = pa.array(numbers, type=pa.int64())
    arrays["last_modified"] = pa.array(rows.modified_at, type=pa.int64())
    arrays["holds_head"] = pa.array(rows.holds_head, type=pa.bool_())
    arrays["declares"] = pa.array(rows.declares, type=pa.bool_())
    arrays["terms"] = pa.array(rows.terms, type=pa.binary())
    arrays["vector_scale"] = pa.array(rows.vector_scales)
    arrays["vector"] = pa.FixedSizeListArray.from_arrays(pa.array(rows.vectors.ravel()), rows.vectors.shape[1])
    return pa.record_batch(arrays)


def complete_batch(
    batch: pa.RecordBatch, *, source_id: str, segment: int, commit: str | None, schema: pa.Schema
) -> pa.RecordBatch:
    """Add the columns of the segment to a batch of `columns_to_batch`: the result has the schema of staged rows."""
    values = {"data_source_id": source_id, "segment": segment, "commit": commit or ""}
    columns = [
        pa.repeat(pa.scalar(values[field.name], field.type), batch.num_rows)
        if field.name in values
        else batch.column(field.name)
        for field in schema
    ]
    return pa.record_batch(columns, schema=schema)


def batch_to_rows(batch: pa.RecordBatch) -> RowBatch:
    """Turn a batch of staged rows, or of those of its columns that count, into what a search index is built from."""
    return RowBatch(
        document_ids=batch.column("document_id").to_pylist(),
        paths=_repeated(batch.column("path")),
        content_ids=_repeated(batch.column("content_id")),
        languages=_repeated(batch.column("language")),
        artifact_kinds=_repeated(batch.column("artifact_kind")),
        symbols=_repeated(batch.column("symbol")),
        symbol_kinds=_repeated(batch.column("symbol_kind")),
        start_lines=batch.column("start_line").to_numpy(),
        end_lines=batch.column("end_line").to_numpy(),
        modified_at=batch.column("last_modified").fill_null(NO_TIME).to_numpy(),
        declares=batch.column("declares").to_numpy(zero_copy_only=False),
        contents=_bytes_of(batch.column("content")),
        terms=_bytes_of(batch.column("terms")),
        vectors=batch.column("vector").flatten().to_numpy().reshape(batch.num_rows, -1),
        vector_scales=batch.column("vector_scale").to_numpy(),
        pieces=_pieces_of(batch),
    )


def _repeated(column: pa.Array) -> RepeatedTexts:
    """Return a text column without an object for each row."""
    encoded = column.dictionary_encode()
    return RepeatedTexts(encoded.dictionary.to_pylist(), encoded.indices.to_numpy())


def _pieces_of(batch: pa.RecordBatch) -> PieceRows:
    """Return where the rows belong that are pieces of longer definitions: few of them, whose signatures are read."""
    first_lines = batch.column("symbol_start_line").to_numpy()
    rows = np.flatnonzero(first_lines)
    return PieceRows(
        rows=rows,
        first_lines=first_lines[rows],
        last_lines=batch.column("symbol_end_line").to_numpy()[rows],
        holds_head=batch.column("holds_head").to_numpy(zero_copy_only=False)[rows],
        signatures=batch.column("signature").take(pa.array(rows)).to_pylist(),
    )


def _bytes_of(column: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the bytes of a text or binary column and the offsets of its rows, without copying the bytes."""
    _, offsets, data = column.buffers()
    bounds = np.frombuffer(offsets, np.int32, len(column) + 1, 4 * column.offset)
    return np.frombuffer(data or b"", np.uint8), bounds.astype(np.int64)
