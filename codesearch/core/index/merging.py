"""The rows of segments as they were when the segments were built, so that several small ones become one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from codesearch.core.index.builder import Contents, RowBatch
from codesearch.core.index.postings import Entries
from codesearch.core.index.search_index import SearchIndex

_ROWS_AT_ONCE = 8_192


def read_rows(segment: SearchIndex) -> Iterator[RowBatch]:
    """Yield the live rows of a segment, from which `build_search_index` makes what they were in it."""
    rows = segment.live_row_numbers()
    terms = _TermsByRow(segment.row_postings, segment.row_count)
    for begin in range(0, len(rows), _ROWS_AT_ONCE):
        yield _read(segment, rows[begin : begin + _ROWS_AT_ONCE], terms)


def _read(segment: SearchIndex, rows: NDArray[np.int64], terms: _TermsByRow) -> RowBatch:
    numbers = rows.tolist()
    files = segment.file_of_row[rows].tolist()
    paths = {file: segment.path_of(file) for file in set(files)}
    content_ids = {file: segment.content_id_of(file) for file in set(files)}
    return RowBatch(
        document_ids=[segment.document_id_of(row) for row in numbers],
        paths=[paths[file] for file in files],
        content_ids=[content_ids[file] for file in files],
        languages=[segment.languages[code] for code in segment.row_languages[rows].tolist()],
        artifact_kinds=[segment.artifact_kinds[code] for code in segment.row_artifact_kinds[rows].tolist()],
        symbols=[segment.symbol_of(row) for row in numbers],
        symbol_kinds=[segment.symbol_kinds[code] for code in segment.row_symbol_kinds[rows].tolist()],
        start_lines=segment.start_lines[rows].astype(np.int64),
        end_lines=segment.end_lines[rows].astype(np.int64),
        modified_at=segment.times_of(rows),
        declares=segment.declares[rows],
        contents=_join([segment.content_of(row) for row in numbers]),
        terms=terms.pack(rows),
        vectors=segment.vectors[rows],
        vector_scales=segment.vector_scales[rows],
        pieces=segment.pieces.read(rows),
        subjects={path: lines for file, path in paths.items() if (lines := segment.subjects_of(file))},
    )


def _join(texts: Sequence[bytes]) -> Contents:
    lengths = np.array([len(text) for text in texts], np.int32)
    return Contents(np.frombuffer(b"".join(texts), np.uint8), np.cumsum(lengths, dtype=np.int64) - lengths, lengths)


class _TermsByRow:
    """Postings turned round: the terms of each row, ascending, with their payloads."""

    def __init__(self, postings: Entries, row_count: int) -> None:
        ids = postings.ids
        order = np.argsort(ids, kind="stable")
        self._terms = np.repeat(postings.terms, np.diff(postings.starts))[order]
        self._payloads = postings.payloads[order]
        self._starts = np.concatenate(([0], np.cumsum(np.bincount(ids, minlength=row_count))))

    def pack(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Return the packed terms of the rows as `pack_terms` does, joined, and where each row's begin."""
        counts = self._starts[rows + 1] - self._starts[rows]
        before = np.cumsum(counts) - counts
        within = np.arange(int(counts.sum())) - np.repeat(before, counts)
        entries = np.repeat(self._starts[rows], counts) + within
        packed = np.empty(6 * len(entries), np.uint8)
        begins = np.repeat(6 * before, counts)
        terms = self._terms[entries].astype("<u4").view(np.uint8).reshape(-1, 4)
        payloads = self._payloads[entries].astype("<u2").view(np.uint8).reshape(-1, 2)
        for byte in range(4):
            packed[begins + 4 * within + byte] = terms[:, byte]
        for byte in range(2):
            packed[begins + np.repeat(4 * counts, counts) + 2 * within + byte] = payloads[:, byte]
        offsets: NDArray[np.int64] = np.concatenate((6 * before, [6 * len(entries)])).astype(np.int64)
        return packed, offsets
