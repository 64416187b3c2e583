"""Mentions: what rows of indexes a query names by file and line, or holds the words of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codesearch.core.checks import Check
from codesearch.core.index.search_index import SearchIndex
from codesearch.retrieval.named_files import NamedFile, find_named_files, rows_of
from codesearch.retrieval.phrase_rows import find_phrase_rows
from codesearch.retrieval.query.terms import QueryTerms


@dataclass(frozen=True, slots=True)
class Mentions:
    """What a query mentions of one index: files, and by row how much of a phrase stands there."""

    files: Sequence[NamedFile]
    phrases: Mapping[int, float]

    def rows(self, index: SearchIndex) -> NDArray[np.int64]:
        """Return the rows that are mentioned, with those of a file that tell most of it."""
        return np.union1d(rows_of(index, self.files), np.array(sorted(self.phrases), np.int64))

    def describe(
        self, index: SearchIndex, rows: NDArray[np.int32]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.float32]]:
        """Return for rows how surely their file is named, whether they hold a named line, their share of a phrase."""
        files, starts, ends = index.file_of_row[rows], index.start_lines[rows], index.end_lines[rows]
        certainty, holds = np.zeros(len(rows), np.float32), np.zeros(len(rows), np.bool_)
        for named in self.files:
            of_file = files == named.file
            certainty[of_file] = named.certainty
            if named.line is not None:
                holds |= of_file & (starts <= named.line) & (named.line <= ends)
        phrases = np.array([self.phrases.get(row, 0.0) for row in rows.tolist()], np.float32)
        return certainty, holds, phrases


def find_mentions(
    indexes: Sequence[SearchIndex], masks: Sequence[NDArray[np.bool_] | None], terms: QueryTerms, check: Check
) -> list[Mentions]:
    """Return what the query mentions of each index. `check` is called between pieces and may raise."""
    phrases = find_phrase_rows(indexes, masks, terms.phrases, check)
    return [
        Mentions(find_named_files(index, terms.places, check), of_index)
        for index, of_index in zip(indexes, phrases, strict=True)
    ]
