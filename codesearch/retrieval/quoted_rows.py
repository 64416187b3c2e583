"""Rows that hold a quotation as it is written: its words choose them, their text decides; else all text is read."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from codesearch.core.checks import Check, do_not_check
from codesearch.core.index.source_index import Searched
from codesearch.retrieval.exact.needle import ExactQuery, Needle, compile_query
from codesearch.retrieval.exact.source_scan import SourceScan, find_live_files
from codesearch.retrieval.phrase_rows import find_rows_with
from codesearch.retrieval.query.phrases import read_words
from codesearch.retrieval.query.quotations import Quotation
from codesearch.retrieval.row_order import RowOrder

# Of the rows of an index that hold a quotation so many are brought up, whatever else is said of them.
MAX_LEADING = 100
# So many rows with its words are compared: 20 ms.
MAX_COMPARED = 4_000
_CHECKED_ROWS = 128
# So much text of all indexes together is read for a quotation without words, or with parts of words: half a second.
MAX_READ_BYTES = 512 << 20
_MAX_READ_LINES = 400


def find_quoted_rows(
    order: RowOrder,
    masks: Sequence[NDArray[np.bool_] | None],
    quotation: Quotation,
    check: Check = do_not_check,
) -> list[list[int]]:
    """Return for each index rows that hold a quotation, of those that the masks allow, ascending.

    At most MAX_LEADING of each. `check` is called every few milliseconds and may raise.
    """
    found = find_by_words(order, masks, quotation, check)
    if not any(found) and sum(index.text_bytes for index in order.indexes) <= MAX_READ_BYTES:
        found = find_by_reading(order, masks, quotation, check)
    return found


def find_by_words(
    order: RowOrder, masks: Sequence[NDArray[np.bool_] | None], quotation: Quotation, check: Check
) -> list[list[int]]:
    """Return what `find_quoted_rows` does, of the rows that have the terms of the quotation's words."""
    words = read_words(quotation.text)
    if not words:
        return [[] for _ in masks]
    rows = [find_rows_with(index, mask, words) for index, mask in zip(order.indexes, masks, strict=True)]
    return _choose(order, order.take_first(rows, MAX_COMPARED), quotation, check)


def find_by_reading(
    order: RowOrder, masks: Sequence[NDArray[np.bool_] | None], quotation: Quotation, check: Check
) -> list[list[int]]:
    """Return what `find_quoted_rows` does, from the text of all files."""
    needle = compile_query(ExactQuery(quotation.text, ignores_case=True))
    read = [_read(index, needle, check) for index in order.indexes]
    allowed = [rows if mask is None else rows[mask[rows]] for rows, mask in zip(read, masks, strict=True)]
    return _choose(order, allowed, quotation, check)


def _choose(order: RowOrder, rows: Sequence[NDArray[np.int32]], quotation: Quotation, check: Check) -> list[list[int]]:
    """Return of the rows those that hold a quotation, as it is written before others."""
    holding: list[NDArray[np.int32]] = []
    losses: list[NDArray[np.float64]] = []
    for index, of_index in zip(order.indexes, rows, strict=True):
        weights = np.zeros(len(of_index))
        for number, row in enumerate(of_index.tolist()):
            if number % _CHECKED_ROWS == 0:
                check()
            weights[number] = quotation.weigh(index.content_of(row))
        holding.append(of_index[weights > 0])
        losses.append(-weights[weights > 0])
    return [chosen.tolist() for chosen in order.take_first(holding, MAX_LEADING, losses)]


def _read(index: Searched, needle: Needle, check: Check) -> NDArray[np.int32]:
    """Return the rows of a data source in which the first matches are, ascending."""
    segments = index.segments
    found: set[int] = set()
    search = SourceScan(segments, list(map(find_live_files, segments)), index.path_ranks_by_segment, needle, check)
    for number, (start, end) in islice(search.find_matches(), _MAX_READ_LINES):
        segment = segments[number]
        file = segment.texts.file_at(start)
        first, last = int(segment.first_rows[file]), int(segment.first_rows[file + 1])
        found.update(index.row_at(number, row) for row in segment.rows_around(first, last, start, end))
    return np.array(sorted(found), np.int32)
