"""What is counted over all live rows of a data source, whose segments each know only their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from codesearch.core.index.postings import Entries

TermCounts = tuple[NDArray[np.uint32], NDArray[np.int64]]
NO_TERMS: Final[TermCounts] = (np.empty(0, np.uint32), np.empty(0, np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class SegmentFigures:
    """What one segment adds: its live rows and files with their lengths in tokens, names, and files by language.

    file_postings, sorted_names: of all its rows, dead ones among them. dead_names: those of the dead rows, sorted.
    dead_terms: how many dead files have each term.
    """

    row_count: int
    file_count: int
    row_tokens: int
    file_tokens: int
    file_postings: Entries
    sorted_names: NDArray[np.uint32]
    dead_names: NDArray[np.uint32]
    dead_terms: TermCounts
    language_files: Counter[str]


class Statistics:
    """The figures of all segments of a data source together."""

    def __init__(self, segments: Sequence[SegmentFigures]) -> None:
        self._segments = tuple(segments)
        self.row_count = sum(part.row_count for part in segments)
        self.file_count = sum(part.file_count for part in segments)
        self.mean_row_length = sum(part.row_tokens for part in segments) / max(1, self.row_count)
        self.mean_file_length = sum(part.file_tokens for part in segments) / max(1, self.file_count)
        self.is_divided = (
            len(segments) > 1
            or any(len(part.dead_names) for part in segments)
            or any(len(part.dead_terms[0]) for part in segments)
        )
        self._language_files = sum((part.language_files for part in segments), Counter[str]())
        self._dead_terms = add_term_counts(part.dead_terms for part in segments)
        self._dead_names: NDArray[np.uint32] = np.sort(np.concatenate([part.dead_names for part in segments]))

    def share_of_language(self, language: str) -> float:
        """Return which share of the live files is in a language."""
        return self._language_files[language] / max(1, self.file_count)

    def count_files(self, terms: NDArray[np.uint32]) -> NDArray[np.int64]:
        """Return for each term how many live files have it; the term 0 stands for none."""
        found: NDArray[np.int64] = -_look_up(self._dead_terms, terms)
        for part in self._segments:
            found += part.file_postings.frequencies(terms)
        found[terms == 0] = 0
        return found

    def count_definitions(self, names: NDArray[np.uint32]) -> NDArray[np.int64]:
        """Return for each name how many live rows define it; the name 0 stands for none."""
        found: NDArray[np.int64] = -_count_sorted(self._dead_names, names)
        for part in self._segments:
            found += _count_sorted(part.sorted_names, names)
        found[names == 0] = 0
        return found


def add_term_counts(counts: Iterable[TermCounts]) -> TermCounts:
    """Return the sums of counts by term, terms ascending."""
    listed = list(counts)
    terms = np.concatenate([np.empty(0, np.uint32), *(part for part, _ in listed)])
    distinct, places = np.unique(terms, return_inverse=True)
    sums = np.zeros(len(distinct), np.int64)
    np.add.at(sums, places, np.concatenate([np.empty(0, np.int64), *(part for _, part in listed)]))
    return distinct, sums


def _look_up(counts: TermCounts, terms: NDArray[np.uint32]) -> NDArray[np.int64]:
    known, sums = counts
    if not len(known):
        return np.zeros(len(terms), np.int64)
    places = known.searchsorted(terms)
    found: NDArray[np.int64] = sums.take(places, mode="clip") * (known.take(places, mode="clip") == terms)
    return found


def _count_sorted(known: NDArray[np.uint32], names: NDArray[np.uint32]) -> NDArray[np.int64]:
    counts: NDArray[np.int64] = known.searchsorted(names, side="right") - known.searchsorted(names)
    return counts
