"""Vector search of search indexes: the sign bits of all rows choose some, whose vectors are then compared."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesearch.core.index.numbering import count_on, split_numbers
from codesearch.core.index.search_index import SearchIndex
from codesearch.core.index.sign_bits import count_different_bits, sign_bits_of
from codesearch.core.index.source_index import Searched
from codesearch.retrieval.row_order import RowOrder

# Up to so many rows every vector is compared, which then costs no more than a first pass.
EXACT_ROWS = 4_000
# The first pass keeps so many: of the 80 nearest of 87,000 rows 90 in 100, the others being far down that list.
KEPT_ROWS = 2_000
# From so many values on, the lowest are looked for with a sample of this size.
SAMPLED_VALUES = 50_000
SAMPLE_SIZE = 8_192
# 512 KB of numbers: a second-level cache.
_ROWS_AT_ONCE = 512
_LEAST_VALUE = np.finfo(np.float32).tiny
# In so many bits no row differs that is near.
_FARTHEST = 255


def find_nearest(
    indexes: Sequence[Searched],
    vector: NDArray[np.float32],
    allowed: Sequence[NDArray[np.int64] | None],
    limit: int,
    order: RowOrder | None = None,
    comparison: Comparison | None = None,
) -> list[NDArray[np.int64]]:
    """Return for each index those of its rows that are among the `limit` nearest of all by cosine, ascending.

    `allowed` says for each index which rows alone are looked at, None for all that are live. Of equally near ones the
    first in `order` come, without it those of the first index. `comparison` is one of the same rows that has begun.
    """
    if not vector.any():
        return [index.all_rows[:0] for index in indexes]
    counts = [
        index.live_row_count if chosen is None else len(chosen) for index, chosen in zip(indexes, allowed, strict=True)
    ]
    if sum(counts) > EXACT_ROWS:
        pairs = (comparison or Comparison(indexes, vector, allowed)).finish()
        rows = choose_lowest([values for values, _ in pairs], [of_index for _, of_index in pairs], KEPT_ROWS, order)
        rows = [leave_dead(index, of_index) for index, of_index in zip(indexes, rows, strict=True)]
    else:
        rows = [rows_of(index, chosen) for index, chosen in zip(indexes, allowed, strict=True)]
    far = -similarity_to(indexes, vector, rows)
    if len(rows) == 1:
        return choose_lowest([far], rows, limit, order)
    bounds = pairwise(accumulate((len(chosen) for chosen in rows), initial=0))
    return choose_lowest([far[begin:end] for begin, end in bounds], rows, limit, order)


class Comparison:
    """The first pass over all rows, segment by segment; several threads may work at it."""

    def __init__(
        self,
        indexes: Sequence[Searched],
        vector: NDArray[np.float32],
        allowed: Sequence[NDArray[np.int64] | None],
    ) -> None:
        self._indexes, self._allowed = indexes, allowed
        self._bits = sign_bits_of(vector[None])[0]
        self._found = [
            np.empty(index.row_count if chosen is None else len(chosen), np.uint8)
            for index, chosen in zip(indexes, allowed, strict=True)
        ]
        parts = [part for of_index in zip(indexes, allowed, self._found, strict=True) for part in _cut(*of_index)]
        # The largest first: what is left at the end is soon done.
        self._left = deque(sorted(parts, key=lambda part: -len(part[2])))

    def work(self) -> None:
        """Compare rows as long as there are some that nobody compares."""
        while self._left:
            try:
                segment, rows, found = self._left.popleft()
            except IndexError:
                break
            # Copying the bits of all rows that are alive would take longer than comparing all.
            bits = segment.sign_bits if rows is None else segment.sign_bits[:, rows]
            count_different_bits(bits, self._bits, found)

    def finish(self) -> list[tuple[NDArray[np.uint8], NDArray[np.int64]]]:
        """Return for each index in how many bits rows differ, more than any for dead ones, and which rows these are.

        No other thread may be at work any more.
        """
        self.work()
        pairs: list[tuple[NDArray[np.uint8], NDArray[np.int64]]] = []
        for index, chosen, different in zip(self._indexes, self._allowed, self._found, strict=True):
            if chosen is None and len(index.dead_rows):
                different[index.dead_rows] = _FARTHEST
            pairs.append((different, index.all_rows if chosen is None else chosen))
        return pairs


def _cut(
    index: Searched, chosen: NDArray[np.int64] | None, found: NDArray[np.uint8]
) -> Iterator[tuple[SearchIndex, NDArray[np.int64] | None, NDArray[np.uint8]]]:
    """Yield each segment, which of its rows are compared, None for all, and where it is written how they differ."""
    parts = [None] * len(index.segments) if chosen is None else index.split_rows(chosen)
    begin = 0
    for segment, rows in zip(index.segments, parts, strict=True):
        end = begin + (segment.row_count if rows is None else len(rows))
        if end > begin:
            yield segment, rows, found[begin:end]
        begin = end


def rows_of(index: Searched, chosen: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Return the chosen rows, all live ones for None, ascending."""
    if chosen is not None:
        return chosen
    return index.all_rows if index.live_rows is None else np.flatnonzero(index.live_rows)


def leave_dead(index: Searched, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    return rows if index.live_rows is None else rows[index.live_rows[rows]]


def choose_lowest(
    values: Sequence[NDArray[Any]],
    rows: Sequence[NDArray[np.int64]],
    limit: int,
    order: RowOrder | None = None,
) -> list[NDArray[np.int64]]:
    """Return for each list of rows those whose values are among the `limit` lowest of all lists, ascending.

    Rows have to ascend. Of equal values the first in `order` are chosen, without it those of the first list.
    """
    joined = values[0] if len(values) == 1 else np.concatenate(values)
    if len(joined) <= limit:
        return list(rows)
    lower, equal = _find_lowest(joined, limit)
    missing = limit - len(lower)
    if missing < len(equal) and order is not None and order.is_divided:
        keys = order.keys_of(rows, equal)
        equal = equal[keys.argpartition(missing)[:missing]]
    chosen = np.concatenate((lower, equal[:missing]))
    chosen.sort()
    if len(values) == 1:
        return [rows[0][chosen]]
    return [rows[number][part] for number, part in enumerate(split_numbers(chosen, count_on(list(map(len, values)))))]


def _find_lowest(values: NDArray[Any], limit: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which values are lower than the last of the `limit` lowest of more values, and which are as low as that.

    Of many values a sample says below what they probably lie, which is four times as fast as looking at all of them.
    """
    if limit < 1:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    if len(values) > SAMPLED_VALUES:
        sample = values[:: len(values) // SAMPLE_SIZE]
        rank = min(len(sample) - 1, 8 + 2 * limit * len(sample) // len(values))
        low = np.flatnonzero(values <= np.partition(sample, rank)[rank])
        if len(low) >= limit:
            lower, equal = _divide(values[low], limit)
            return low[lower], low[equal]
    return _divide(values, limit)


def find_high_values(values: NDArray[np.float32], limit: int) -> NDArray[np.int64]:
    """Return where the highest of many values are: the `limit` highest and some more, or too few.

    A sample says above what they probably lie.
    """
    sample = values[:: max(1, len(values) // SAMPLE_SIZE)]
    rank = max(0, len(sample) - 9 - 2 * limit * len(sample) // len(values))
    return np.flatnonzero(values >= max(np.partition(sample, rank)[rank], _LEAST_VALUE))


def _divide(values: NDArray[Any], limit: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    last = np.partition(values, limit - 1)[limit - 1]
    return np.flatnonzero(values < last), np.flatnonzero(values == last)


def similarity_of(
    index: SearchIndex, vector: NDArray[np.float32], rows: NDArray[np.int64] | NDArray[np.int32] | None
) -> NDArray[np.float32]:
    """Return the cosine of the query's vector and each row's, all rows for None."""
    if rows is None:
        return _multiply(index.vectors, vector, index.vector_scales)
    return _multiply(index.vectors.take(rows, axis=0), vector, index.vector_scales.take(rows))


def _multiply(
    vectors: NDArray[np.int8], vector: NDArray[np.float32], scales: NDArray[np.float32]
) -> NDArray[np.float32]:
    products: NDArray[np.float32] = np.empty(len(vectors), np.float32)
    for begin in range(0, len(vectors), _ROWS_AT_ONCE):
        # Few at once stay in the processor's cache. A matrix product would add up some rows in another order than
        # others, by where they stand: the same vectors are to be equally near.
        rows = slice(begin, begin + _ROWS_AT_ONCE)
        np.einsum("ij,j->i", vectors[rows].astype(np.float32), vector, out=products[rows])
    products *= scales
    return products


def similarity_to(
    indexes: Sequence[Searched], vector: NDArray[np.float32], rows: Sequence[NDArray[np.int64] | NDArray[np.int32]]
) -> NDArray[np.float32]:
    """Return the cosines of the query's vector and of rows of several indexes, which ascend, one's after another's."""
    parts = [part for index, of_index in zip(indexes, rows, strict=True) for part in _split(index, of_index)]
    if len(parts) == 1:
        return similarity_of(parts[0][0], vector, parts[0][1])
    vectors = np.empty((sum(len(own) for _, own in parts), len(vector)), np.int8)
    scales = np.empty(len(vectors), np.float32)
    begin = 0
    for segment, own in parts:
        part = slice(begin, begin := begin + len(own))
        segment.vectors.take(own, axis=0, out=vectors[part], mode="clip")
        segment.vector_scales.take(own, out=scales[part], mode="clip")
    return _multiply(vectors, vector, scales)


def _split(index: Searched, rows: NDArray[Any]) -> Iterator[tuple[SearchIndex, NDArray[Any]]]:
    """Yield those segments that have some of the rows, and their numbers there."""
    pairs = zip(index.segments, index.split_rows(rows), strict=True)
    return ((segment, own) for segment, own in pairs if len(own))


def file_similarity_to(index: Searched, vector: NDArray[np.float32], files: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return the cosines of the query's vector and of the mean vectors of files, which ascend."""
    parts = [pair for pair in zip(index.segments, index.split_files(files), strict=True) if len(pair[1])]
    vectors = [segment.file_vectors.take(own, axis=0) for segment, own in parts]
    scales = [segment.file_vector_scales.take(own) for segment, own in parts]
    if len(parts) == 1:
        return _multiply(vectors[0], vector, scales[0])
    if not parts:
        return np.empty(0, np.float32)
    return _multiply(np.concatenate(vectors), vector, np.concatenate(scales))
