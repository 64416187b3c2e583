"""What a table keeps of staged rows, and those made of it again: each file's text is there once, terms and ids are not.

A file's rows overlap, as a class and its methods do, and a signature is in most contents. So one row of each file has
the text of all of them, and each says where in it its own content is. All rows of a file come and go together. Staged
rows have it so, too: the table and the search index both take the text that was put together for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from codesearch.core.index.file_texts import FileText, mark_of
from codesearch.core.store.rows import RowColumns, identify_row
from codesearch.core.store.schema import SEARCHED_COLUMNS
from codesearch.core.text.terms import pack_terms
from codesearch.core.types import NOTEBOOK_LANGUAGE, ArtifactKind, Chunk

# Which text it is: that of a path as one segment has it.
TEXT_KEY_COLUMNS: Final = ["path", "segment", "file_text"]
TextKey = tuple[str, int]


def to_stored(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Turn staged rows into those of the table, in the same order."""
    names = ("stored_signature" if name == "signature" else name for name in schema.names)
    return pa.record_batch([batch.column(name) for name in names], schema=schema)


def place_rows(rows: RowColumns) -> dict[str, pa.Array]:
    """Return where the contents and signatures of rows are in the texts of their files, and these.

    All rows of a file are among them.
    """
    contents = [content.encode() for content in rows.texts["content"]]
    texts, runs, starts = _place_contents(rows, contents)
    signatures, signature_starts, signature_lengths = _place_signatures(rows)
    return {
        "file_text": pa.array(texts, pa.binary()).cast(pa.string()),
        "text_runs": pa.array(runs, pa.binary()),
        "content_start": pa.array(starts, pa.int64()),
        "content_length": pa.array(map(len, contents), pa.int64()),
        "content_mark": pa.array(map(mark_of, contents), pa.uint8()),
        "stored_signature": pa.array(signatures, pa.string()),
        "signature_start": pa.array(signature_starts, pa.int64()),
        "signature_length": pa.array(signature_lengths, pa.int64()),
    }


def _place_contents(
    rows: RowColumns, contents: Sequence[bytes]
) -> tuple[list[bytes | None], list[bytes | None], list[int]]:
    """Return for each row its file's text and its runs of lines, None in all but the first of a file, and its place."""
    firsts, lasts, ids, languages = rows.start_lines, rows.end_lines, rows.texts["document_id"], rows.texts["language"]
    rows_of_files: dict[str, list[int]] = {}
    for row, path in enumerate(rows.texts["path"]):
        rows_of_files.setdefault(path, []).append(row)
    texts: list[bytes | None] = [None] * len(rows)
    runs: list[bytes | None] = [None] * len(rows)
    starts = [0] * len(rows)
    for own in rows_of_files.values():
        text = FileText()
        # As a search index has them.
        for row in sorted(own, key=lambda row: (firsts[row], lasts[row], ids[row])):
            starts[row] = text.place(contents[row], firsts[row], lasts[row], languages[row] == NOTEBOOK_LANGUAGE)
        texts[own[0]] = bytes(text.data)
        runs[own[0]] = np.array(text.segments, np.int64).tobytes()
    return texts, runs, starts


def _place_signatures(rows: RowColumns) -> tuple[list[str], list[int], list[int]]:
    """Return the signatures that are not in their rows' contents, and where the others are, in characters."""
    signatures = list(rows.texts["signature"])
    starts, lengths = [0] * len(rows), [0] * len(rows)
    for row, (signature, content) in enumerate(zip(signatures, rows.texts["content"], strict=True)):
        start = content.find(signature) if signature else -1
        if start >= 0:
            starts[row], lengths[row], signatures[row] = start, len(signature), ""
    return signatures, starts, lengths


def restore_batches(
    batches: Iterable[pa.RecordBatch],
    source_id: str,
    read_texts: Callable[[Sequence[str]], Iterable[pa.RecordBatch]],
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of batches of SCANNED_COLUMNS, all of one data source, as they were staged, as far as needed.

    The row with a file's text is the first of its rows, where nobody moved them. For others `read_texts` is asked in
    the end: it gives the rows with text, TEXT_KEY_COLUMNS, of some paths. Raises ValueError for a text that is nowhere.
    """
    known: dict[TextKey, bytes] = {}
    left: list[pa.RecordBatch] = []
    for batch in batches:
        if not batch.num_rows:
            continue
        known |= _texts_of(batch)
        keys = _keys_of(batch)
        lacking = [row for row, key in enumerate(keys) if key not in known]
        if lacking:
            left.append(batch.take(pa.array(lacking)))
            batch = batch.take(pa.array([row for row, key in enumerate(keys) if key in known], pa.int64()))
        if batch.num_rows:
            yield _restore(batch, source_id, known)
        known = {key: known[key] for key in keys[-1:] if key in known}
    for batch in left:
        # Batch by batch: the texts of all of them may be most of the source.
        paths = sorted(set(batch.column("path").to_pylist()))
        known = {key: text for found in read_texts(paths) for key, text in _texts_of(found).items()}
        yield _restore(batch, source_id, known)


def _keys_of(batch: pa.RecordBatch) -> list[TextKey]:
    return list(zip(batch.column("path").to_pylist(), batch.column("segment").to_pylist(), strict=True))


def _texts_of(batch: pa.RecordBatch) -> dict[TextKey, bytes]:
    with_text = batch.filter(batch.column("file_text").is_valid())
    texts = with_text.column("file_text").cast(pa.binary()).to_pylist()
    return dict(zip(_keys_of(with_text), texts, strict=True))


def _restore(batch: pa.RecordBatch, source_id: str, texts: dict[TextKey, bytes]) -> pa.RecordBatch:
    lacking = [path for path, segment in _keys_of(batch) if (path, segment) not in texts]
    if lacking:
        raise ValueError(f"the text of {lacking[0]} is not in the store")
    starts, lengths = batch.column("content_start").to_pylist(), batch.column("content_length").to_pylist()
    contents = [
        texts[key][start : start + length].decode()
        for key, start, length in zip(_keys_of(batch), starts, lengths, strict=True)
    ]
    signatures = _signatures_of(batch, contents)
    symbols, outlines = batch.column("symbol").to_pylist(), batch.column("outline").to_pylist()
    chunks = (_chunk_of(*values) for values in zip(contents, symbols, signatures, outlines, strict=True))
    made = {
        "document_id": pa.array(_identify(batch, source_id, contents), pa.string()),
        "content": pa.array(contents, pa.string()),
        "signature": pa.array(signatures, pa.string()),
        "terms": pa.array([pack_terms(chunk) for chunk in chunks], pa.binary()),
    }
    columns: dict[str, Any] = {"document_id": made.pop("document_id")}
    columns |= {name: batch.column(name) for name in SEARCHED_COLUMNS} | made
    return pa.record_batch(columns)


def _identify(batch: pa.RecordBatch, source_id: str, contents: Sequence[str]) -> list[str]:
    names = ("path", "start_line", "end_line", "symbol")
    columns = (batch.column(name).to_pylist() for name in names)
    return [
        identify_row(source_id, path, (first, last), symbol, content)
        for path, first, last, symbol, content in zip(*columns, contents, strict=True)
    ]


def _signatures_of(batch: pa.RecordBatch, contents: Sequence[str]) -> list[str]:
    names = ("signature", "signature_start", "signature_length")
    columns = (batch.column(name).to_pylist() for name in names)
    return [
        content[start : start + length] if length else signature
        for content, signature, start, length in zip(contents, *columns, strict=True)
    ]


def _chunk_of(content: str, symbol: str, signature: str, outline: str) -> Chunk:
    """Return a chunk that has the terms of a row; nothing else of it counts."""
    return Chunk("", 1, 1, content, ArtifactKind.CHUNK, None, symbol or None, None, signature or None, outline or None)
