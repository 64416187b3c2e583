"""Vector search of search indexes: the sign bits of all rows choose some, whose vectors are then compared."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesearch.core.index.numbering import count_on, split_numbers
from codesearch.core.index.search_index import SearchIndex
from codesearch.core.index.sign_bits import count_different_bits, sign_bits_of
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
    indexes: Sequence[SearchIndex],
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
    bounds = pairwise(accumulate((len(chosen) for chosen in rows), initial=0))
    return choose_lowest([far[begin:end] for begin, end in bounds], rows, limit, order)


class Comparison:
    """The first pass over all rows, segment by segment; several threads may work at it."""

    def __init__(
        self,
        indexes: Sequence[SearchIndex],
        vector: NDArray[np.float32],
        allowed: Sequence[NDArray[np.int64] | None],
    ) -> None:
        self._indexes, self._allowed = indexes, allowed
        self._bits = sign_bits_of(vector[None])[0]
        # The largest first: what is left at the end is soon done.
        self._left = deque(sorted(range(len(indexes)), key=lambda number: -indexes[number].row_count))
        self._pairs: dict[int, tuple[NDArray[Any], NDArray[np.int64]]] = {}

    def work(self) -> None:
        """Compare rows as long as there are some that nobody compares."""
        while self._left:
            try:
                number = self._left.popleft()
            except IndexError:
                break
            self._pairs[number] = compare_bits(self._indexes[number], self._allowed[number], self._bits)

    def finish(self) -> list[tuple[NDArray[Any], NDArray[np.int64]]]:
        """Return what `compare_bits` does for each segment. No other thread may be at work any more."""
        self.work()
        return [self._pairs[number] for number in range(len(self._indexes))]


def rows_of(index: SearchIndex, chosen: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Return the chosen rows, all live ones for None, ascending."""
    if chosen is not None:
        return chosen
    return index.all_rows if index.live_rows is None else np.flatnonzero(index.live_rows)


def leave_dead(index: SearchIndex, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    return rows if index.live_rows is None else rows[index.live_rows[rows]]


def compare_bits(
    index: SearchIndex, chosen: NDArray[np.int64] | None, bits: NDArray[np.uint64]
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return in how many bits rows differ, more than any for dead ones, and which rows these are."""
    if chosen is not None:
        return count_different_bits(index.sign_bits[:, chosen], bits) if len(chosen) else chosen, chosen
    different = count_different_bits(index.sign_bits, bits)
    if not len(index.dead_rows):
        return different, index.all_rows
    # Copying the bits of all others would take longer than comparing all.
    different[index.dead_rows] = _FARTHEST
    return different, index.all_rows


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
        parts = split_numbers(equal, count_on(list(map(len, values))))
        keys = order.keys_of(range(len(rows)), [of_list[part] for of_list, part in zip(rows, parts, strict=True)])
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
    indexes: Sequence[SearchIndex], vector: NDArray[np.float32], rows: Sequence[NDArray[np.int64] | NDArray[np.int32]]
) -> NDArray[np.float32]:
    """Return the cosines of the query's vector and of rows of several segments, those of one after another's."""
    if len(indexes) == 1:
        return similarity_of(indexes[0], vector, rows[0])
    sizes = [len(of_index) for of_index in rows]
    ends = np.cumsum(sizes).tolist()
    vectors = np.empty((sum(sizes), len(vector)), np.int8)
    scales = np.empty(len(vectors), np.float32)
    for index, of_index, size, end in zip(indexes, rows, sizes, ends, strict=True):
        if size:
            index.vectors.take(of_index, axis=0, out=vectors[end - size : end], mode="clip")
            index.vector_scales.take(of_index, out=scales[end - size : end], mode="clip")
    return _multiply(vectors, vector, scales)


def file_similarity_to(
    indexes: Sequence[SearchIndex], vector: NDArray[np.float32], files: Sequence[NDArray[np.int32]]
) -> NDArray[np.float32]:
    """Return the cosines of the query's vector and of files' mean vectors, those of one segment after another's."""
    vectors = np.concatenate([index.file_vectors.take(own, axis=0) for index, own in zip(indexes, files, strict=True)])
    scales = np.concatenate([index.file_vector_scales.take(own) for index, own in zip(indexes, files, strict=True)])
    return _multiply(vectors, vector, scales)
