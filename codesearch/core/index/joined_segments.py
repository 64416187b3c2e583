"""JoinedSegments: what the ranking reads of rows and files, of all segments of a data source as if they were one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesearch.core.index.narrowing import narrow
from codesearch.core.index.numbering import Number, count_on, split_numbers
from codesearch.core.index.search_index import SearchIndex


class JoinedSegments:
    """Columns of all segments, one's after another's, some 30 bytes a row: numbers of rows and files count on.

    What ranks some hundred rows looks up each column once, and not once for each segment. Attributes are those of
    SearchIndex. Safe to use from many threads.
    """

    def __init__(
        self, segments: Sequence[SearchIndex], first_rows: NDArray[np.int64], first_files: NDArray[np.int64]
    ) -> None:
        """Copy the columns of the segments of one data source, which they have joined.

        first_rows, first_files (segments + 1,): where those of each segment begin, and the end.
        """
        self._segments = tuple(segments)
        self.statistics = segments[0].statistics
        self.row_count, self.file_count = int(first_rows[-1]), int(first_files[-1])
        self._first_rows, self._first_files = first_rows, first_files
        starts = self._add([part.first_rows[:-1] for part in segments], self._first_rows)
        self.first_rows: NDArray[np.int32] = np.append(starts, self.row_count).astype(np.int32)
        self.lengths: NDArray[np.int32] = np.concatenate([part.lengths for part in segments])
        self.names: NDArray[np.uint32] = np.concatenate([part.names for part in segments])
        self.qualified_names: NDArray[np.uint32] = np.concatenate([part.qualified_names for part in segments])
        self.name_lengths: NDArray[np.uint8] = np.concatenate([part.name_lengths for part in segments])
        self.declares: NDArray[np.bool_] = np.concatenate([part.declares for part in segments])
        self.depths: NDArray[np.uint8] = np.concatenate([part.depths for part in segments])
        self.file_lengths: NDArray[np.int32] = np.concatenate([part.file_lengths for part in segments])
        self.file_stem_lengths: NDArray[np.uint8] = np.concatenate([part.file_stem_lengths for part in segments])
        self.superseded_versions: NDArray[np.int32] = np.concatenate([part.superseded_versions for part in segments])
        self.language_shares: NDArray[np.float32] = np.concatenate([part.language_shares for part in segments])
        # Each segment has lists of its own: one segment's codes stand after another's.
        self.row_languages = self._join_codes(lambda part: part.row_languages, lambda part: part.languages)
        self.row_symbol_kinds = self._join_codes(lambda part: part.row_symbol_kinds, lambda part: part.symbol_kinds)
        self.row_artifact_kinds = self._join_codes(
            lambda part: part.row_artifact_kinds, lambda part: part.artifact_kinds
        )
        self._known: dict[tuple[str, frozenset[str]], NDArray[Any]] = {}
        # What searches worked out, by whatever name they give it.
        self.remembered: dict[str, object] = {}

    def path_of(self, file: int) -> str:
        """Return a file's path."""
        number = int(self._first_files.searchsorted(file, side="right")) - 1
        return self._segments[number].path_of(file - int(self._first_files[number]))

    def name_terms_of(self, rows: NDArray[Number]) -> NDArray[np.uint32]:
        """Return for each row, which ascend, the term of the name that it defines, 0 for none."""
        parts = zip(self._segments, split_numbers(rows, self._first_rows), strict=True)
        return np.concatenate([part.name_terms_of(of_part) for part, of_part in parts])

    def stem_terms_of(self, files: NDArray[np.int32]) -> NDArray[np.uint32]:
        """Return for each file, which ascend, the term of its own name, 0 for none."""
        parts = zip(self._segments, split_numbers(files, self._first_files), strict=True)
        return np.concatenate([part.stem_terms_of(of_part) for part, of_part in parts])

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
            joined = self._known[name, wanted] = np.concatenate([column_of(part) for part in self._segments])
        return joined

    def _join_codes(
        self,
        codes_of: Callable[[SearchIndex], NDArray[np.integer[Any]]],
        values_of: Callable[[SearchIndex], Sequence[str]],
    ) -> NDArray[np.integer[Any]]:
        firsts = count_on([len(values_of(part)) for part in self._segments])
        return narrow(self._add([codes_of(part) for part in self._segments], firsts))

    @staticmethod
    def _add(parts: Sequence[NDArray[np.integer[Any]]], firsts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return numbers of several segments as numbers of all."""
        return np.concatenate([part + first for part, first in zip(parts, firsts[:-1], strict=True)])
