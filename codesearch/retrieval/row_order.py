"""RowOrder: the order that rows of several segments would have in one index of their data source. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from codesearch.core.index.joined_postings import JoinedPostings
from codesearch.core.index.numbering import count_on, split_numbers
from codesearch.core.index.search_index import SearchIndex
from codesearch.core.index.source_index import SourceIndex

# A row's key: its data source's position, its file's rank there, its place in the file.
_SOURCE_BITS, _FILE_BITS = 48, 24


class SearchedRows(Protocol):
    """What is searched at once: rows of one data source, whose numbers count on from segment to segment."""

    @property
    def postings(self) -> JoinedPostings:
        """Where each term is."""

    def join_masks(self, masks: Sequence[NDArray[np.bool_] | None]) -> NDArray[np.bool_] | None:
        """Return the masks of the segments' rows, None for all, as one."""

    def count_rows_on(self, rows: Sequence[NDArray[np.int32]]) -> NDArray[np.int32]:
        """Return rows of each segment as numbers of all."""

    def split_rows(self, rows: NDArray[np.int32]) -> list[NDArray[np.int32]]:
        """Return ascending rows of all segments by segment, as the numbers that they have there."""


class _LoneSegment:
    """A segment as a data source of its own."""

    def __init__(self, segment: SearchIndex) -> None:
        self.postings = segment.postings

    def join_masks(self, masks: Sequence[NDArray[np.bool_] | None]) -> NDArray[np.bool_] | None:
        return masks[0]

    def count_rows_on(self, rows: Sequence[NDArray[np.int32]]) -> NDArray[np.int32]:
        return rows[0]

    def split_rows(self, rows: NDArray[np.int32]) -> list[NDArray[np.int32]]:
        return [rows]


class RowOrder:
    """The segments of data sources in one list: a source's rows are ordered by path, then as in their file.

    owners: the position of each segment's source. spans: the numbers of each source's segments.
    """

    def __init__(self, segments: Sequence[SearchIndex], sources: Sequence[SourceIndex] = ()) -> None:
        """Take the segments of these sources, one source's after another's; without sources each is one of its own."""
        self.segments = tuple(segments)
        self._sources = tuple(sources)
        counts = [len(source.segments) for source in sources] or [1] * len(segments)
        ends = accumulate(counts)
        self.spans = [range(end - count, end) for count, end in zip(counts, ends, strict=True)]
        self.owners = [position for position, span in enumerate(self.spans) for _ in span]
        self.is_divided = len(self.spans) < len(self.segments)

    @property
    def searched(self) -> Sequence[SearchedRows]:
        """The data sources, in the order of their spans."""
        return self._sources or [_LoneSegment(segment) for segment in self.segments]

    def ranks_of(self, position: int) -> Sequence[NDArray[np.int32]]:
        """Return for each segment of a source the places of its files by path; none for a single segment."""
        return self._sources[position].path_ranks if len(self.spans[position]) > 1 else ()

    def keys_of(self, numbers: range, rows: Sequence[NDArray[Any]]) -> NDArray[np.int64]:
        """Return numbers that ascend in the order of rows, of those of some segments in turn, (rows in all,)."""
        if len(numbers) > 1 and len(self.spans) == 1 and len(numbers) == len(self.segments):
            source = self._sources[0]
            wide = source.count_rows_on([of_segment.astype(np.int32) for of_segment in rows])
            files = source.file_of_row[wide]
            ranks = source.joined_path_ranks[files].astype(np.int64)
            return (ranks << _FILE_BITS) + (wide - source.first_rows_of_files[files])
        return np.concatenate(
            [np.empty(0, np.int64), *(self._keys_of(n, r) for n, r in zip(numbers, rows, strict=True) if len(r))]
        )

    def _keys_of(self, number: int, rows: NDArray[Any]) -> NDArray[np.int64]:
        segment, owner = self.segments[number], self.owners[number]
        files = segment.file_of_row[rows]
        places = rows - segment.first_rows[files]
        span = self.spans[owner]
        if len(span) > 1:
            files = self.ranks_of(owner)[number - span.start][files]
        keys: NDArray[np.int64] = (owner << _SOURCE_BITS) + (files.astype(np.int64) << _FILE_BITS) + places
        return keys

    def take_first(
        self, rows: Sequence[NDArray[Any]], limit: int, values: Sequence[NDArray[Any]] | None = None
    ) -> list[NDArray[Any]]:
        """Return for each segment which of its rows, that ascend, are among the first `limit` of its data source.

        Where there are `values` the lowest come first, equal ones in the order of rows. Of each segment they ascend.
        """
        taken = list(rows)
        for span in self.spans:
            if sum(len(rows[number]) for number in span) <= limit:
                continue
            if len(span) == 1 and values is None:
                taken[span.start] = rows[span.start][:limit]
                continue
            by = [self.keys_of(span, rows[span.start : span.stop])]
            if values is not None:
                by.append(np.concatenate([values[number] for number in span]))
            chosen = np.sort(np.lexsort(by)[:limit])
            for number, part in zip(
                span, split_numbers(chosen, count_on([len(rows[number]) for number in span])), strict=True
            ):
                taken[number] = rows[number][part]
        return taken
