"""Mentions: what rows of indexes a query names by file and line, or holds the words of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codesearch.core.checks import Check
from codesearch.core.index.source_index import Searched
from codesearch.retrieval.named_files import NamedFile, find_named_files, rows_of
from codesearch.retrieval.phrase_rows import TermRows, find_phrase_rows
from codesearch.retrieval.query.quotations import Quotation
from codesearch.retrieval.query.terms import QueryTerms
from codesearch.retrieval.quoted_rows import find_quoted_rows
from codesearch.retrieval.row_order import RowOrder

# What the words of a quotation are worth where they stand in other signs.
ONLY_WORDS = 0.8


@dataclass(frozen=True, slots=True)
class Mentions:
    """What a query mentions of one index: files, and by row how much of a phrase stands there.

    Where the query is a quotation, whether a row holds it is looked up when it is asked, save for `quoted`.
    """

    files: Sequence[NamedFile]
    phrases: Mapping[int, float]
    quotation: Quotation | None = None
    quoted: Sequence[int] = ()

    def rows(self, index: Searched) -> NDArray[np.int64]:
        """Return the rows that are mentioned, with those of a file that tell most of it."""
        if not self.files and not self.phrases and not self.quoted:
            return np.empty(0, np.int64)
        return np.union1d(rows_of(index, self.files), np.array([*self.phrases, *self.quoted], np.int64))

    def describe(
        self, index: Searched, rows: NDArray[np.int32]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.float32]]:
        """Return for rows how surely their file is named, whether they hold a named line, their share of a phrase."""
        certainty, holds = np.zeros(len(rows), np.float32), np.zeros(len(rows), np.bool_)
        for named in self.files:
            of_file = index.file_of_row[rows] == named.file
            certainty[of_file] = named.certainty
            if named.line is not None:
                starts, ends = index.start_lines[rows], index.end_lines[rows]
                holds |= of_file & (starts <= named.line) & (named.line <= ends)
        return certainty, holds, self._shares(index, rows)

    def _shares(self, index: Searched, rows: NDArray[np.int32]) -> NDArray[np.float32]:
        shares = np.zeros(len(rows), np.float32)
        if self.phrases:
            shares[:] = [self.phrases.get(row, 0.0) for row in rows.tolist()]
        if self.quotation is None:
            return shares
        # Who puts a text in quotes does not mean its words alone.
        quoted = [self.quotation.weigh(index.content_of(row)) for row in rows.tolist()]
        held: NDArray[np.float32] = np.maximum(np.float32(ONLY_WORDS) * shares, np.array(quoted, np.float32))
        return held


def find_mentions(
    order: RowOrder,
    masks: Sequence[NDArray[np.bool_] | None],
    terms: QueryTerms,
    check: Check,
    known: Sequence[TermRows] = (),
) -> list[Mentions]:
    """Return what the query mentions of each index. `check` is called between pieces and may raise.

    `known` says of each where some terms are.
    """
    quotation = terms.quotation
    phrases = find_phrase_rows(order, masks, terms.phrases, check, known)
    quoted = [[] for _ in order.indexes] if quotation is None else find_quoted_rows(order, masks, quotation, check)
    return [
        Mentions(find_named_files(index, terms.places, check), of_phrases, quotation, of_quotation)
        for index, of_phrases, of_quotation in zip(order.indexes, phrases, quoted, strict=True)
    ]
