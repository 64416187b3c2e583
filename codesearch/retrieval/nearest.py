"""Vector search of search indexes: the sign bits of all rows choose some, whose vectors are then compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesearch.core.index.search_index import SearchIndex
from codesearch.core.index.sign_bits import count_different_bits, sign_bits_of

# Up to so many rows every vector is compared, which then costs no more than a first pass.
EXACT_ROWS = 4_000
# The first pass keeps so many: of the 80 nearest of 87,000 rows 90 in 100, the others being far down that list.
KEPT_ROWS = 2_000
# From so many values on, the lowest are looked for with a sample of this size.
SAMPLED_VALUES = 50_000
SAMPLE_SIZE = 8_192


def find_nearest(
    indexes: Sequence[SearchIndex],
    vector: NDArray[np.float32],
    allowed: Sequence[NDArray[np.int64] | None],
    limit: int,
) -> list[NDArray[np.int64]]:
    """Return for each index those of its rows that are among the `limit` nearest of all by cosine, in no order.

    `allowed` says for each index which rows alone are looked at, None for all.
    """
    rows = [index.all_rows if chosen is None else chosen for index, chosen in zip(indexes, allowed, strict=True)]
    if not vector.any():
        return [of_index[:0] for of_index in rows]
    if sum(map(len, rows)) > EXACT_ROWS:
        bits = sign_bits_of(vector[None])[0]
        different = [
            count_different_bits(index.sign_bits if chosen is None else index.sign_bits[:, chosen], bits)
            for index, chosen in zip(indexes, allowed, strict=True)
        ]
        rows = choose_lowest(different, rows, KEPT_ROWS)
    far = [-similarity_of(index, vector, chosen) for index, chosen in zip(indexes, rows, strict=True)]
    return choose_lowest(far, rows, limit)


def choose_lowest(
    values: Sequence[NDArray[Any]], rows: Sequence[NDArray[np.int64]], limit: int
) -> list[NDArray[np.int64]]:
    """Return for each list of rows those whose values are among the `limit` lowest of all lists, in no order."""
    joined = values[0] if len(values) == 1 else np.concatenate(values)
    if len(joined) <= limit:
        return list(rows)
    chosen = _find_lowest(joined, limit)
    if len(values) == 1:
        return [rows[0][chosen]]
    chosen.sort()
    ends = np.cumsum([len(of_list) for of_list in values])
    parts = np.split(chosen, np.searchsorted(chosen, ends[:-1]))
    starts = [0, *ends[:-1].tolist()]
    return [of_list[part - start] for of_list, part, start in zip(rows, parts, starts, strict=True)]


def _find_lowest(values: NDArray[Any], limit: int) -> NDArray[np.int64]:
    """Return where the `limit` lowest of more values are.

    Of many values a sample says below what they probably lie, which is four times as fast as looking at all of them.
    """
    if len(values) > SAMPLED_VALUES:
        sample = values[:: len(values) // SAMPLE_SIZE]
        rank = min(len(sample) - 1, 8 + 2 * limit * len(sample) // len(values))
        low = np.flatnonzero(values <= np.partition(sample, rank)[rank])
        if len(low) >= limit:
            return low if len(low) == limit else low[values[low].argpartition(limit)[:limit]]
    return values.argpartition(limit)[:limit]


def similarity_of(
    index: SearchIndex, vector: NDArray[np.float32], rows: NDArray[np.int64] | NDArray[np.int32] | None
) -> NDArray[np.float32]:
    """Return the cosine of the query's vector and each row's, all rows for None."""
    chosen = slice(None) if rows is None else rows
    return (index.vectors[chosen].astype(np.float32) @ vector) * index.vector_scales[chosen]


def file_similarity_of(
    index: SearchIndex, vector: NDArray[np.float32], files: NDArray[np.int32]
) -> NDArray[np.float32]:
    """Return the cosine of the query's vector and each file's mean vector."""
    return (index.file_vectors[files].astype(np.float32) @ vector) * index.file_vector_scales[files]
