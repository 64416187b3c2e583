"""Rows that hold a quotation as it is written: its words choose them, their text decides; else all text is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from codesearch.core.checks import Check, do_not_check
from codesearch.core.index.search_index import SearchIndex
from codesearch.retrieval.exact.needle import ExactQuery, Needle, compile_query
from codesearch.retrieval.exact.scanning import Progress, scan
from codesearch.retrieval.phrase_rows import find_rows_with
from codesearch.retrieval.query.phrases import read_words
from codesearch.retrieval.query.quotations import Quotation

# Of the rows of an index that hold a quotation so many are brought up, whatever else is said of them.
MAX_LEADING = 100
# So many rows with its words are compared: 20 ms.
MAX_COMPARED = 4_000
_CHECKED_ROWS = 128
# So much text of all indexes together is read for a quotation without words, or with parts of words: half a second.
_MAX_READ_BYTES = 512 << 20
_MAX_READ_LINES = 400


def find_quoted_rows(
    indexes: Sequence[SearchIndex],
    masks: Sequence[NDArray[np.bool_] | None],
    quotation: Quotation,
    check: Check = do_not_check,
) -> list[list[int]]:
    """Return for each index rows that hold a quotation, of those that the masks allow, at most MAX_LEADING, ascending.

    `check` is called every few milliseconds and may raise.
    """
    words = read_words(quotation.text)
    found: list[list[int]] = [[] for _ in indexes]
    if words:
        for position, (index, mask) in enumerate(zip(indexes, masks, strict=True)):
            rows = find_rows_with(index, mask, words)[:MAX_COMPARED].tolist()
            found[position] = _choose(index, rows, quotation, check)
    if not any(found) and sum(len(index.texts.text) for index in indexes) <= _MAX_READ_BYTES:
        needle = compile_query(ExactQuery(quotation.text, ignores_case=True))
        for position, (index, mask) in enumerate(zip(indexes, masks, strict=True)):
            rows = sorted(set(_read(index, needle, check)))
            found[position] = _choose(index, [row for row in rows if mask is None or mask[row]], quotation, check)
    return found


def _choose(index: SearchIndex, rows: Sequence[int], quotation: Quotation, check: Check) -> list[int]:
    """Return of the rows those that hold a quotation, as it is written before others."""
    worth: dict[int, float] = {}
    for number, row in enumerate(rows):
        if number % _CHECKED_ROWS == 0:
            check()
        if weight := quotation.weigh(index.content_of(row)):
            worth[row] = weight
    return sorted(sorted(worth, key=lambda row: (-worth[row], row))[:MAX_LEADING])


def _read(index: SearchIndex, needle: Needle, check: Check) -> Iterator[int]:
    """Yield the rows in which the first matches are."""
    texts = index.texts
    for number, (start, end) in enumerate(scan(texts, 0, len(texts.text), needle, check, Progress())):
        if number == _MAX_READ_LINES:
            return
        file = texts.file_at(start)
        first, last = int(index.first_rows[file]), int(index.first_rows[file + 1])
        yield from index.rows_around(first, last, start, end)
