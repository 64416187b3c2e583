"""JoinedSegments: all segments of a data source as if they were one, for who looks for candidates and ranks them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from codesearch.core.index.distinct_values import TextColumn
from codesearch.core.index.joined_postings import JoinedPostings
from codesearch.core.index.narrowing import narrow
from codesearch.core.index.numbering import Number, count_on, split_numbers
from codesearch.core.index.pieces import PieceNumbers, PieceRows, join_numbers
from codesearch.core.index.search_index import SearchIndex, mask_live
from codesearch.core.index.split_column import SplitColumn, gather
from codesearch.core.index.subjects import SubjectTerms, join_terms

# Columns of more rows are read where they are: there are few segments then, and copies would take much memory.
JOINED_ROWS: Final = 500_000


class JoinedSegments:
    """Rows and files of all segments, whose numbers count on from segment to segment. Attributes as in SearchIndex.

    What is said of some hundred rows is looked up in each column once, and not once for each segment: columns are
    copied one segment's after another's, some 40 bytes a row, up to JOINED_ROWS rows. Rows of a file stand together,
    files are in no order; path_ranks says in which they would be. Safe to use from many threads.
    """

    def __init__(
        self,
        segments: Sequence[SearchIndex],
        first_rows: NDArray[np.int64],
        first_files: NDArray[np.int64],
        postings: JoinedPostings,
    ) -> None:
        """Copy the columns of the segments of one data source, which they have joined.

        first_rows, first_files (segments + 1,): where those of each segment begin, and the end.
        """
        self.segments = tuple(segments)
        self.statistics = segments[0].statistics
        self.postings = postings
        self.row_count, self.file_count = int(first_rows[-1]), int(first_files[-1])
        self._first_rows, self._first_files = first_rows, first_files
        self._row_ends, self._file_ends = first_rows[1:].tolist(), first_files[1:].tolist()
        starts = self._count_on(first_rows, [part.first_rows[:-1] for part in segments])
        self.first_rows: NDArray[np.int32] = np.append(starts, np.int32(self.row_count))
        self.file_of_row: NDArray[np.int32] = self._count_on(first_files, [part.file_of_row for part in segments])
        self.lengths = self._join_rows([part.lengths for part in segments])
        self.names = self._join_rows([part.names for part in segments])
        self.qualified_names = self._join_rows([part.qualified_names for part in segments])
        self.name_lengths = self._join_rows([part.name_lengths for part in segments])
        self.declares = self._join_rows([part.declares for part in segments])
        self._content_lengths = self._join_rows([part.arrays["content_lengths"] for part in segments])
        marks = [part.arrays.get("content_marks") for part in segments]
        known = [of_part for of_part in marks if of_part is not None]
        self._content_marks = self._join_rows(known) if len(known) == len(marks) else None
        self.start_lines = self._join_rows([part.start_lines for part in segments])
        self.end_lines = self._join_rows([part.end_lines for part in segments])
        self.depths: NDArray[np.uint8] = np.concatenate([part.depths for part in segments])
        self.file_lengths: NDArray[np.int32] = np.concatenate([part.file_lengths for part in segments])
        self.file_stem_lengths: NDArray[np.uint8] = np.concatenate([part.file_stem_lengths for part in segments])
        self.superseded_versions: NDArray[np.int32] = np.concatenate([part.superseded_versions for part in segments])
        self.language_shares: NDArray[np.float32] = np.concatenate([part.language_shares for part in segments])
        # Each segment has lists of its own: one segment's codes stand after another's.
        self.languages = [value for part in segments for value in part.languages]
        self.symbol_kinds = [value for part in segments for value in part.symbol_kinds]
        self.artifact_kinds = [value for part in segments for value in part.artifact_kinds]
        self.row_languages = self._join_codes(lambda part: part.row_languages, lambda part: part.languages)
        self.row_symbol_kinds = self._join_codes(lambda part: part.row_symbol_kinds, lambda part: part.symbol_kinds)
        self.row_artifact_kinds = self._join_codes(
            lambda part: part.row_artifact_kinds, lambda part: part.artifact_kinds
        )
        self._known: dict[tuple[str, frozenset[str]], NDArray[Any]] = {}
        # What searches worked out, by whatever name they give it.
        self.remembered: dict[str, object] = {}

    @property
    def live_row_count(self) -> int:
        """How many rows count."""
        return self.statistics.row_count

    @property
    def dimension(self) -> int:
        """The number of dimensions of the vectors."""
        return self.segments[0].dimension

    @property
    def text_bytes(self) -> int:
        """How many bytes the texts of the files that count have."""
        return sum(segment.text_bytes for segment in self.segments)

    @cached_property
    def all_rows(self) -> NDArray[np.int64]:
        """The numbers of all rows, in order."""
        return np.arange(self.row_count)

    @cached_property
    def dead_rows(self) -> NDArray[np.int32]:
        """The rows that no longer count, ascending."""
        return self._count_on(self._first_rows, [segment.dead_rows for segment in self.segments])

    @cached_property
    def dead_files(self) -> NDArray[np.int32]:
        """The files that no longer count, ascending."""
        return self._count_on(self._first_files, [segment.dead_files for segment in self.segments])

    @cached_property
    def live_rows(self) -> NDArray[np.bool_] | None:
        """Which rows count, None for all."""
        return self.join_masks([segment.live_rows for segment in self.segments])

    @cached_property
    def live_file_mask(self) -> NDArray[np.bool_] | None:
        """Which files count, None for all."""
        return mask_live(self.file_count, self.dead_files)

    @cached_property
    def path_ranks(self) -> NDArray[np.int32]:
        """The place of each file in the order of all paths, dead ones among them."""
        paths = [path for segment in self.segments for path in segment.paths()]
        order = sorted(range(len(paths)), key=paths.__getitem__)
        ranks: NDArray[np.int32] = np.empty(len(paths), np.int32)
        ranks[order] = np.arange(len(paths), dtype=np.int32)
        return ranks

    @cached_property
    def path_ranks_by_segment(self) -> tuple[NDArray[np.int32], ...]:
        """For each segment the `path_ranks` of its files."""
        return tuple(np.split(self.path_ranks, self._first_files[1:-1]))

    @cached_property
    def path_column(self) -> TextColumn:
        """The column of the paths, for conditions."""
        columns = [segment.path_column for segment in self.segments]
        # Each begins with a zero byte, which the one before it ends with.
        texts = [column.texts if not number else column.texts[1:] for number, column in enumerate(columns)]
        ends = count_on([len(column.texts) - 1 for column in columns])
        starts = [column.starts[:-1] + first for column, first in zip(columns, ends[:-1], strict=True)]
        return TextColumn(np.concatenate(texts), np.append(np.concatenate(starts), ends[-1] + 1), self.file_of_row)

    @cached_property
    def _pieces(self) -> PieceNumbers:
        return join_numbers([segment.pieces for segment in self.segments], self._first_rows)

    def find_pieces(self, rows: NDArray[np.integer[Any]]) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
        """Return which of the rows, by their places in `rows`, are pieces, and the number of each one's definition."""
        return self._pieces.find(rows)

    def read_pieces(self, rows: NDArray[np.integer[Any]]) -> PieceRows:
        """Return which of the rows, by their places in `rows`, are pieces, and where they belong."""
        found, _ = self.find_pieces(rows)
        read = []
        for row in rows[found].tolist():
            segment, own = self.locate(row)
            read.append(segment.pieces.read(np.array([own])))
        return PieceRows(
            found,
            np.array([lines for of_row in read for lines in of_row.first_lines.tolist()], np.int64),
            np.array([lines for of_row in read for lines in of_row.last_lines.tolist()], np.int64),
            np.array([head for of_row in read for head in of_row.holds_head.tolist()], np.bool_),
            [signature for of_row in read for signature in of_row.signatures],
        )

    def join_masks(self, masks: Sequence[NDArray[np.bool_] | None]) -> NDArray[np.bool_] | None:
        """Return the masks of the segments' rows, None for all, as one."""
        if all(mask is None for mask in masks):
            return None
        return np.concatenate(
            [
                np.ones(segment.row_count, np.bool_) if mask is None else mask
                for segment, mask in zip(self.segments, masks, strict=True)
            ]
        )

    def split_rows(self, rows: NDArray[Number]) -> list[NDArray[Number]]:
        """Return ascending rows by segment, as the numbers that they have there."""
        return split_numbers(rows, self._first_rows)

    def split_files(self, files: NDArray[Number]) -> list[NDArray[Number]]:
        """Return ascending files by segment, as the numbers that they have there."""
        return split_numbers(files, self._first_files)

    def locate(self, row: int) -> tuple[SearchIndex, int]:
        """Return the segment of a row and its number there."""
        number = bisect_right(self._row_ends, row)
        return self.segments[number], row - (self._row_ends[number - 1] if number else 0)

    def row_at(self, number: int, row: int) -> int:
        """Return the number of the row of a segment, given that segment's."""
        return row + (self._row_ends[number - 1] if number else 0)

    def path_of(self, file: int) -> str:
        """Return a file's path."""
        number = bisect_right(self._file_ends, file)
        return self.segments[number].path_of(file - (self._file_ends[number - 1] if number else 0))

    def content_of(self, row: int) -> bytes:
        """Return a row's content in UTF-8."""
        segment, own = self.locate(row)
        return segment.content_of(own)

    def symbol_of(self, row: int) -> str:
        """Return the qualified name of what a row defines, '' for none."""
        segment, own = self.locate(row)
        return segment.symbol_of(own)

    def document_id_of(self, row: int) -> str:
        """Return a row's document id: another one in each data source."""
        segment, own = self.locate(row)
        return segment.document_id_of(own)

    def times_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return when the rows' files were last changed, in Unix seconds, NO_TIME where that is not known."""
        return gather(self._first_rows, rows, lambda number, own: self.segments[number].times_of(own))

    def content_lengths_of(self, rows: NDArray[np.integer[Any]]) -> NDArray[np.int32]:
        """Return how many bytes of UTF-8 the rows' contents have."""
        return self._content_lengths[rows]

    def content_marks_of(self, rows: NDArray[np.integer[Any]]) -> NDArray[np.uint8] | None:
        """Return a byte for each row, the same where contents are the same; None where a segment has none."""
        return None if self._content_marks is None else self._content_marks[rows]

    def rows_named(self, name: int) -> NDArray[np.int32]:
        """Return the rows that define a name, given its `name_term`, in ascending order."""
        found = [
            rows + np.int32(first)
            for segment, first in zip(self.segments, self._first_rows[:-1], strict=True)
            if len(rows := segment.rows_named(name))
        ]
        return np.concatenate(found) if found else self.first_rows[:0]

    def name_terms_of(self, rows: NDArray[Number]) -> NDArray[np.uint32]:
        """Return for each row, which ascend, the term of the name that it defines, 0 for none."""
        parts = zip(self.segments, self.split_rows(rows), strict=True)
        return np.concatenate([part.name_terms_of(of_part) for part, of_part in parts])

    def stem_terms_of(self, files: NDArray[np.int32]) -> NDArray[np.uint32]:
        """Return for each file, which ascend, the term of its own name, 0 for none."""
        parts = zip(self.segments, self.split_files(files), strict=True)
        return np.concatenate([part.stem_terms_of(of_part) for part, of_part in parts])

    @property
    def has_subjects(self) -> bool:
        """Whether it is known of any file what the commits said that changed it."""
        return any(segment.has_subjects for segment in self.segments)

    def subject_terms_of(self, files: NDArray[np.integer[Any]]) -> SubjectTerms:
        """Return the terms in the subjects of the commits that changed the files, which may be in any order."""
        owners = self._first_files[1:].searchsorted(files, side="right")
        firsts = self._first_files[:-1]
        asked = np.unique(owners).tolist() or [0]
        parts = {
            number: self.segments[number].subject_terms_of(files[owners == number] - firsts[number]) for number in asked
        }
        return join_terms(owners, parts)

    def language_codes(self, languages: frozenset[str]) -> NDArray[np.bool_]:
        """Return for each language code whether it is one of `languages`."""
        return self._join("languages", languages, lambda part: part.language_codes(languages))

    def kind_codes(self, kinds: frozenset[str]) -> NDArray[np.bool_]:
        """Return for each code of a kind of definition whether it is one of `kinds`."""
        return self._join("kinds", kinds, lambda part: part.kind_codes(kinds))

    def artifact_codes(self, artifacts: frozenset[str]) -> NDArray[np.bool_]:
        """Return for each code of an artifact kind whether it is one of `artifacts`."""
        return self._join("artifacts", artifacts, lambda part: part.artifact_codes(artifacts))

    def kind_shares(self, kinds: frozenset[str]) -> NDArray[np.float32]:
        """Return for each file which share of its rows defines something of these kinds, (m,)."""
        return self._join("shares", kinds, lambda part: part.kind_shares(kinds))

    def _join(
        self, name: str, wanted: frozenset[str], column_of: Callable[[SearchIndex], NDArray[Any]]
    ) -> NDArray[Any]:
        """Return a column of all segments, from memory where it is known."""
        joined = self._known.get((name, wanted))
        if joined is None:
            joined = self._known[name, wanted] = np.concatenate([column_of(part) for part in self.segments])
        return joined

    def _join_rows(self, columns: Sequence[NDArray[Any]]) -> NDArray[Any] | SplitColumn:
        return np.concatenate(columns) if self.row_count <= JOINED_ROWS else SplitColumn(columns, self._first_rows)

    def _join_codes(
        self,
        codes_of: Callable[[SearchIndex], NDArray[np.integer[Any]]],
        values_of: Callable[[SearchIndex], Sequence[str]],
    ) -> NDArray[np.integer[Any]] | SplitColumn:
        firsts = count_on([len(values_of(part)) for part in self.segments])
        codes = [codes_of(part) for part in self.segments]
        if self.row_count > JOINED_ROWS:
            return SplitColumn(codes, self._first_rows, firsts[:-1])
        return narrow(np.concatenate([part + first for part, first in zip(codes, firsts[:-1], strict=True)]))

    @staticmethod
    def _count_on(firsts: NDArray[np.int64], parts: Sequence[NDArray[np.int32]]) -> NDArray[np.int32]:
        """Return numbers of files or rows of each segment as those of all."""
        return np.concatenate([part + np.int32(first) for part, first in zip(parts, firsts[:-1], strict=True)])
