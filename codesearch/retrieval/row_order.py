"""RowOrder: the order that rows of data sources have, whatever segments they are in. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesearch.core.index.numbering import count_on, split_numbers
from codesearch.core.index.source_index import Searched

# A row's key: its data source's position, its file's rank there, its place in the file.
_SOURCE_BITS, _FILE_BITS = 48, 24


class RowOrder:
    """What is searched, one data source's after another's: rows of a source are ordered by path, then as in their file.

    is_divided: whether one of them has several segments, so that its rows are in another order than their numbers.
    """

    def __init__(self, indexes: Sequence[Searched]) -> None:
        """Take what each data source is searched in."""
        self.indexes = tuple(indexes)
        self.is_divided = any(len(index.segments) > 1 for index in indexes)

    def keys_of(self, rows: Sequence[NDArray[Any]], places: NDArray[np.intp]) -> NDArray[np.int64]:
        """Return numbers that ascend in the order of rows, of those at some places, ascending, among all rows."""
        if len(self.indexes) == 1:
            return self._keys_of(0, rows[0][places])
        parts = split_numbers(places, count_on([len(of_index) for of_index in rows]))
        keys = [self._keys_of(number, rows[number][part]) for number, part in enumerate(parts) if len(part)]
        return np.concatenate(keys) if keys else np.empty(0, np.int64)

    def _keys_of(self, position: int, rows: NDArray[Any]) -> NDArray[np.int64]:
        index = self.indexes[position]
        files = index.file_of_row[rows]
        ranks = files if index.path_ranks is None else index.path_ranks[files]
        keys: NDArray[np.int64] = ranks.astype(np.int64)
        keys <<= _FILE_BITS
        keys += rows - index.first_rows[files]
        keys += position << _SOURCE_BITS
        return keys

    def take_first(
        self, rows: Sequence[NDArray[Any]], limit: int, values: Sequence[NDArray[Any]] | None = None
    ) -> list[NDArray[Any]]:
        """Return for each index which of its rows, that ascend, are among its first `limit`.

        Where there are `values` the lowest come first, equal ones in the order of rows. Of each index they ascend.
        """
        return [
            self.take_first_of(position, of_index, limit, None if values is None else values[position])
            for position, of_index in enumerate(rows)
        ]

    def take_first_of(
        self, position: int, rows: NDArray[Any], limit: int, values: NDArray[Any] | None = None
    ) -> NDArray[Any]:
        """Return what `take_first` does for one index, by its position."""
        if len(rows) <= limit:
            return rows
        if values is None and len(self.indexes[position].segments) == 1:
            return rows[:limit]
        keys = self._keys_of(position, rows)
        chosen = np.lexsort((keys,) if values is None else (keys, values))[:limit]
        chosen.sort()
        first: NDArray[Any] = rows[chosen]
        return first
