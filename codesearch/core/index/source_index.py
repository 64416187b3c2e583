"""SourceIndex: all segments of a data source as one run published them; what looks for files goes through it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from heapq import merge
from operator import itemgetter
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from codesearch.core.checks import Check, do_not_check
from codesearch.core.index.joined_postings import JoinedPostings
from codesearch.core.index.joined_segments import JoinedSegments
from codesearch.core.index.numbering import count_on
from codesearch.core.index.search_index import SearchIndex
from codesearch.core.index.statistics import NO_TERMS, Statistics, TermCounts
from codesearch.core.index.versions import find_old_folders
from codesearch.core.predicates import EVERYTHING, Predicate

# What is searched and ranked: the only segment of a data source, or all of them as one.
Searched: TypeAlias = SearchIndex | JoinedSegments
# A segment, and the number of one of its files.
IndexedFile: TypeAlias = tuple[SearchIndex, int]


class SourceIndex:
    """The segments of one data source, the oldest first. No two have a live file of the same path.

    `dead_terms` say of each segment how many of its dead files have each term. Where rows or files of all segments are
    spoken of, their numbers count on from segment to segment, dead ones among them: first_rows, first_files
    (segments + 1,) say where those of each segment begin. postings: of all of them.
    """

    def __init__(self, segments: Sequence[SearchIndex], dead_terms: Sequence[TermCounts] = ()) -> None:
        self.segments = tuple(segments)
        terms = list(dead_terms) or [NO_TERMS] * len(segments)
        self.statistics = Statistics([part.figures(dead) for part, dead in zip(self.segments, terms, strict=True)])
        folders = None
        if self.statistics.is_divided:
            folders = find_old_folders(path for segment in self.segments for path in segment.live_paths())
        for segment in self.segments:
            segment.join_source(self.statistics, folders)
        self.first_rows = count_on([segment.row_count for segment in self.segments])
        self.first_files = count_on([segment.file_count for segment in self.segments])
        self.postings = self.segments[0].postings if len(segments) == 1 else self._join_postings()
        self._known_norms: dict[tuple[str, float, float], NDArray[np.float32]] = {}
        # Keeps the files in their place for as long as somebody has the index: cache.py.
        self.lease: object = None

    def _join_postings(self) -> JoinedPostings:
        return JoinedPostings(
            [segment.row_postings for segment in self.segments],
            [segment.file_postings for segment in self.segments],
            [segment.row_count for segment in self.segments],
            [segment.file_count for segment in self.segments],
        )

    @property
    def row_count(self) -> int:
        """How many rows count."""
        return self.statistics.row_count

    @property
    def file_count(self) -> int:
        """How many files count."""
        return self.statistics.file_count

    @property
    def dimension(self) -> int:
        """The number of dimensions of the vectors."""
        return self.segments[0].dimension

    @property
    def text_bytes(self) -> int:
        """How many bytes the texts of the files that count have."""
        return sum(segment.text_bytes for segment in self.segments)

    @property
    def is_large(self) -> bool:
        """Whether the file of a segment was not read whole yet."""
        return any(segment.is_large for segment in self.segments)

    @property
    def live_row_count(self) -> int:
        """How many rows count."""
        return self.statistics.row_count

    @property
    def live_file_count(self) -> int:
        """How many files count."""
        return self.statistics.file_count

    @property
    def dead_rows(self) -> NDArray[np.int32]:
        """The rows that no longer count, ascending."""
        return self.joined.dead_rows

    @property
    def dead_files(self) -> NDArray[np.int32]:
        """The files that no longer count, ascending."""
        return self.joined.dead_files

    @property
    def live_rows(self) -> NDArray[np.bool_] | None:
        """Which rows count, None for all."""
        return self.joined.live_rows

    @property
    def live_file_mask(self) -> NDArray[np.bool_] | None:
        """Which files count, None for all."""
        return self.joined.live_file_mask

    def rows_where(self, predicate: Predicate, check: Check = do_not_check) -> NDArray[np.bool_] | None:
        """Return which live rows satisfy the predicate, None for all rows. Raises ValueError for an unknown field.

        `check` is called every few milliseconds and may raise.
        """
        joined = self.joined
        if isinstance(joined, SearchIndex):
            return joined.rows_where(predicate, check)
        if predicate == EVERYTHING:
            return joined.live_rows
        return joined.join_masks([segment.rows_where(predicate, check) for segment in self.segments])

    @cached_property
    def joined(self) -> Searched:
        """All segments as one, the only segment itself."""
        if len(self.segments) == 1:
            return self.segments[0]
        return JoinedSegments(self.segments, self.first_rows, self.first_files, self.postings)

    def row_norms(self, saturation: float, length_norm: float) -> NDArray[np.float32]:
        """Return BM25's k1 (1 - b + b length / mean length) for each row."""
        return self._norms("row_norms", saturation, length_norm)

    def file_norms(self, saturation: float, length_norm: float) -> NDArray[np.float32]:
        """Return BM25's k1 (1 - b + b length / mean length) for each file."""
        return self._norms("file_norms", saturation, length_norm)

    def _norms(self, name: str, saturation: float, length_norm: float) -> NDArray[np.float32]:
        key = (name, saturation, length_norm)
        norms = self._known_norms.get(key)
        if norms is None:
            parts = [getattr(segment, name)(saturation, length_norm) for segment in self.segments]
            norms = self._known_norms[key] = parts[0] if len(parts) == 1 else np.concatenate(parts)
        return norms

    @property
    def path_ranks(self) -> tuple[NDArray[np.int32], ...]:
        """For each segment the place of each of its files in the order of all paths; none for a single segment."""
        return self.joined.path_ranks_by_segment

    def find_file(self, path: str) -> IndexedFile | None:
        """Return the segment of the file at a path and its number there, None where there is none."""
        for segment in reversed(self.segments):
            file = segment.find_file(path)
            if file is not None:
                return segment, file
        return None

    def files_below(self, prefix: str) -> Iterator[tuple[str, SearchIndex, int]]:
        """Yield path, segment and number there of each file whose path begins with a text, by path."""
        return merge(*(_files_below(segment, prefix) for segment in self.segments), key=itemgetter(0))

    def has_files_below(self, prefix: str) -> bool:
        """Say whether there is a file whose path begins with a text."""
        return any(segment.files_below(prefix) for segment in self.segments)

    def paths(self) -> Iterator[str]:
        """Yield the path of each file, ascending."""
        return merge(*(segment.live_paths() for segment in self.segments))

    def rows(self) -> Iterator[tuple[SearchIndex, int]]:
        """Yield segment and row of every row that counts, in the order of one index."""
        return ((segment, row) for _, segment, file in self.files_below("") for row in segment.rows_of_file(file))

    def files_defining(self, name: int) -> list[IndexedFile]:
        """Return the files of the rows that define a name, given its `name_term`, each once, segment by segment."""
        return [
            (segment, file)
            for segment in self.segments
            for file in np.unique(segment.file_of_row[segment.rows_named(name)]).tolist()
        ]

    def rows_by_path(self, rows: Sequence[NDArray[np.int32]]) -> Iterator[tuple[SearchIndex, int]]:
        """Yield segment and row of given rows of each segment, ascending there, in the order of one index."""
        if len(self.segments) == 1:
            return ((self.segments[0], row) for row in rows[0].tolist())
        merged = merge(*map(_rows_with_paths, self.segments, rows), key=itemgetter(0))
        return ((segment, row) for _, segment, row in merged)

    def language_shares(self) -> dict[str, float]:
        """Return which share of the files is in each language, the largest first, then by name."""
        names = {name for segment in self.segments for name in segment.languages if name}
        shares = {name: self.statistics.share_of_language(name) for name in sorted(names)}
        return {name: shares[name] for name in sorted(shares, key=lambda name: -shares[name]) if shares[name]}


def _files_below(segment: SearchIndex, prefix: str) -> Iterator[tuple[str, SearchIndex, int]]:
    for file in segment.files_below(prefix):
        yield segment.path_of(file), segment, file


def _rows_with_paths(segment: SearchIndex, rows: NDArray[np.int32]) -> Iterator[tuple[str, SearchIndex, int]]:
    known, path = -1, ""
    for row, file in zip(rows.tolist(), segment.file_of_row[rows].tolist(), strict=True):
        if file != known:
            known, path = file, segment.path_of(file)
        yield path, segment, row


class IndexSource(Protocol):
    """What is asked of the search indexes."""

    def get(self, source_id: str, run_id: int) -> SourceIndex:
        """Return the index of the data source's published run."""
