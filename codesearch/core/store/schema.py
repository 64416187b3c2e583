"""The rows of the store in Arrow: their schemas, how columns become batches, and what search indexes are built from.

Of staged rows the table keeps what the others do not follow from (stored_rows.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields as fields_of

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from codesearch.core.index.builder import Contents, RepeatedTexts, RowBatch
from codesearch.core.index.file_texts import WholeTexts
from codesearch.core.index.pieces import PieceRows
from codesearch.core.index.search_index import NO_TIME
from codesearch.core.store.rows import IndexFormat, RowColumns

FORMAT_KEY = b"codesearch"
# Tables of the first generation of Lance do not say it.
_UNSAID_GENERATION = 13
# What only staged rows have: their ids and terms, which follow from the text, and the signature as the table has it.
STAGED_TEXT_COLUMNS = ["document_id", "stored_signature"]
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
    "subjects",
]
SCANNED_COLUMNS = [*SEARCHED_COLUMNS, "outline", "segment", "file_text", *PLACE_COLUMNS]
# Lance compresses short values only where it is told to, in blocks of 4 KB: texts of small files, names. Outlines and
# signatures, empty in most rows, grew by it.
_ENCODINGS = {name: {"lance-encoding:compression": "zstd"} for name in ("file_text", "symbol", "subjects")}


def schema_of(index_format: IndexFormat) -> pa.Schema:
    """Return the table's schema, the format in its metadata. Text is '' where it has no value.

    file_text is there in one row of each file, null in the others, and so are the subjects of the commits that changed
    it: Lance compresses long values only where they are not among empty ones.
    """
    return _schema(TEXT_COLUMNS, _place_fields(), index_format)


def staged_schema_of(index_format: IndexFormat) -> pa.Schema:
    """Return the schema of rows on their way into the table.

    text_runs, beside each file_text: where runs of neighbouring lines begin in it, and the number of the first, as
    pairs of numbers. content_mark: the mark of the row's content.
    """
    fields = [
        *_place_fields(),
        pa.field("text_runs", pa.binary()),
        pa.field("content_mark", pa.uint8(), nullable=False),
        pa.field("terms", pa.binary(), nullable=False),
    ]
    return _schema([*TEXT_COLUMNS, *STAGED_TEXT_COLUMNS], fields, index_format)


def _place_fields() -> list[pa.Field]:
    text = pa.field("file_text", pa.string(), metadata=_ENCODINGS["file_text"])
    return [text, *(pa.field(name, pa.int64(), nullable=False) for name in PLACE_COLUMNS)]


def _schema(texts: Sequence[str], more: Sequence[pa.Field], index_format: IndexFormat) -> pa.Schema:
    fields = [pa.field(name, pa.string(), nullable=False, metadata=_ENCODINGS.get(name)) for name in texts]
    fields += [pa.field(name, pa.int64(), nullable=False) for name in (*LINE_COLUMNS, "segment")]
    fields += [
        pa.field("last_modified", pa.int64()),
        pa.field("holds_head", pa.bool_(), nullable=False),
        pa.field("declares", pa.bool_(), nullable=False),
        pa.field("subjects", pa.string(), metadata=_ENCODINGS["subjects"]),
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
    """Turn rows, at least one, into a record batch in the given order, each with its content.

    It lacks the columns that are the same in every row of a run.
    """
    return pa.record_batch({**_arrays_of(rows), "content": pa.array(rows.texts["content"], pa.string())})


def _arrays_of(rows: RowColumns) -> dict[str, pa.Array]:
    """Return the columns of rows, all but their contents."""
    arrays = {name: pa.array(values, type=pa.string()) for name, values in rows.texts.items() if name != "content"}
    lines = (rows.start_lines, rows.end_lines, rows.symbol_start_lines, rows.symbol_end_lines)
    for name, numbers in zip(LINE_COLUMNS, lines, strict=True):
        arrays[name] = pa.array(numbers, type=pa.int64())
    arrays["last_modified"] = pa.array(rows.modified_at, type=pa.int64())
    arrays["holds_head"] = pa.array(rows.holds_head, type=pa.bool_())
    arrays["declares"] = pa.array(rows.declares, type=pa.bool_())
    arrays["terms"] = pa.array(rows.terms, type=pa.binary())
    arrays["subjects"] = pa.array(rows.subjects or [None] * len(rows), type=pa.string())
    arrays["vector_scale"] = pa.array(rows.vector_scales)
    arrays["vector"] = pa.FixedSizeListArray.from_arrays(pa.array(rows.vectors.ravel()), rows.vectors.shape[1])
    return arrays


def stage_rows(
    rows: RowColumns,
    placed: Mapping[str, pa.Array],
    *,
    source_id: str,
    segment: int,
    commit: str | None,
    schema: pa.Schema,
) -> pa.RecordBatch:
    """Turn rows of a segment, at least one, into a batch with the schema of staged rows; `placed` has their contents.

    `placed` is what stored_rows.py makes of them.
    """
    values = {"data_source_id": source_id, "segment": segment, "commit": commit or ""}
    arrays = {**_arrays_of(rows), **placed}
    columns = [
        pa.repeat(pa.scalar(values[field.name], field.type), len(rows)) if field.name in values else arrays[field.name]
        for field in schema
    ]
    return pa.record_batch(columns, schema=schema)


def batch_to_rows(batch: pa.RecordBatch) -> RowBatch:
    """Turn a batch of staged rows, or of those of its columns that count, into what a search index is built from."""
    paths = _repeated(batch.column("path"))
    return RowBatch(
        document_ids=batch.column("document_id").to_pylist(),
        paths=paths,
        content_ids=_repeated(batch.column("content_id")),
        languages=_repeated(batch.column("language")),
        artifact_kinds=_repeated(batch.column("artifact_kind")),
        symbols=_repeated(batch.column("symbol")),
        symbol_kinds=_repeated(batch.column("symbol_kind")),
        start_lines=batch.column("start_line").to_numpy(),
        end_lines=batch.column("end_line").to_numpy(),
        modified_at=batch.column("last_modified").fill_null(NO_TIME).to_numpy(),
        declares=batch.column("declares").to_numpy(zero_copy_only=False),
        contents=_contents_of(batch, paths),
        terms=_bytes_of(batch.column("terms")),
        vectors=batch.column("vector").flatten().to_numpy().reshape(batch.num_rows, -1),
        vector_scales=batch.column("vector_scale").to_numpy(),
        pieces=_pieces_of(batch),
        subjects=_subjects_of(batch),
    )


def _contents_of(batch: pa.RecordBatch, paths: RepeatedTexts) -> Contents:
    if "content" in batch.schema.names:
        data, offsets = _bytes_of(batch.column("content"))
        return Contents(data, offsets[:-1], np.diff(offsets).astype(np.int32))
    texts = batch.column("file_text")
    data, offsets = _bytes_of(texts)
    first_rows = np.flatnonzero(texts.is_valid().to_numpy(zero_copy_only=False))
    numbers = np.empty(len(first_rows), np.int32)
    numbers[paths.codes[first_rows]] = np.arange(len(first_rows), dtype=np.int32)
    of_rows = numbers[paths.codes]
    starts = offsets[first_rows]
    runs = [np.frombuffer(run, np.int64).reshape(-1, 2) for run in batch.column("text_runs").drop_null().to_pylist()]
    return Contents(
        data,
        starts[of_rows] + batch.column("content_start").to_numpy(),
        batch.column("content_length").to_numpy().astype(np.int32),
        WholeTexts(starts, offsets[first_rows + 1], runs, of_rows, batch.column("content_mark").to_numpy()),
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


def _subjects_of(batch: pa.RecordBatch) -> dict[str, str]:
    """Return the subjects of the files that have any, by path."""
    if batch.column("subjects").null_count == batch.num_rows:
        return {}
    found = batch.filter(batch.column("subjects").is_valid())
    return dict(zip(found.column("path").to_pylist(), found.column("subjects").to_pylist(), strict=True))


def _bytes_of(column: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the bytes of a text or binary column and the offsets of its rows, without copying the bytes."""
    _, offsets, data = column.buffers()
    bounds = np.frombuffer(offsets, np.int32, len(column) + 1, 4 * column.offset).astype(np.int64)
    return np.frombuffer(data or b"", np.uint8)[bounds[0] : bounds[-1]], bounds - bounds[0]
