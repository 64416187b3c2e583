"""Joins what services counted and gathered: the same candidates as where all data sources are in one place. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from codesearch.retrieval.candidates import FILE_SHARE, LEXICAL_ROWS, NEAREST_ROWS, Candidates
from codesearch.retrieval.lexical import invert_frequencies
from codesearch.retrieval.mentions import Mentions
from codesearch.retrieval.nearest import EXACT_ROWS, KEPT_ROWS, choose_lowest
from codesearch.retrieval.phrase_rows import keep_phrase_rows
from codesearch.retrieval.query.terms import QueryTerms
from codesearch.retrieval.quoted_rows import MAX_READ_BYTES
from codesearch.retrieval.row_order import RowOrder
from codesearch.retrieval.scatter.gathering import (
    IS_FIRST,
    IS_LEXICAL,
    IS_NAMED,
    IS_NEAREST,
    IS_QUOTED,
    Cut,
    Figures,
    Gathered,
    Plan,
)


def make_plan(figures: Sequence[Figures], wanted: int) -> Plan:
    """Return by what candidates of all these data sources, in their order, are brought up."""
    rarity = invert_frequencies(
        np.sum([part.rows for part in figures], axis=0),
        np.sum([part.files for part in figures], axis=0),
        sum(part.row_count for part in figures),
        sum(part.file_count for part in figures),
    )
    more = 1 if len(figures) == 1 else 2
    return Plan(
        rarity, max(LEXICAL_ROWS * more, wanted), max(NEAREST_ROWS * more, wanted), wanted, _cut_distances(figures)
    )


def _cut_distances(figures: Sequence[Figures]) -> list[Cut | None]:
    """Return for each data source which of its rows are among the KEPT_ROWS of all that differ in the fewest bits."""
    if sum(part.allowed for part in figures) <= EXACT_ROWS:
        return [None] * len(figures)
    total = np.sum([part.distances for part in figures], axis=0)
    bits = int(np.searchsorted(np.cumsum(total), KEPT_ROWS))
    if bits == len(total):
        return [None] * len(figures)
    missing = KEPT_ROWS - int(total[:bits].sum())
    cuts: list[Cut | None] = []
    for part in figures:
        equal = min(missing, int(part.distances[bits]))
        cuts.append(Cut(bits, equal))
        missing -= equal
    return cuts


def settle(gathered: Sequence[Gathered], terms: QueryTerms, plan: Plan) -> list[Candidates]:
    """Return what `find_candidates` does, given what may be a candidate of each data source, in their order."""
    order = RowOrder([part.candidates.index for part in gathered])
    lexical = choose_lowest(
        [_cost_of_text(part)[_is(part, IS_LEXICAL)] for part in gathered],
        _rows(gathered, IS_LEXICAL),
        plan.lexical,
        order,
    )
    nearest = choose_lowest(
        [-part.candidates.similarity[_is(part, IS_NEAREST)] for part in gathered],
        _rows(gathered, IS_NEAREST),
        plan.nearest,
        order,
    )
    phrases = keep_phrase_rows(terms.phrases, _join_holders(gathered, terms), len(gathered))
    counts = _may_quote(gathered)
    quoted = [rows if counts[number] else rows[:0] for number, rows in enumerate(_rows(gathered, IS_QUOTED))]
    held = [np.array(list(of_source), np.int64) for of_source in phrases]
    found = [
        np.unique(np.concatenate(rows))
        for rows in zip(lexical, nearest, _rows(gathered, IS_NAMED), quoted, held, strict=True)
    ]
    missing = plan.first - sum(map(len, found))
    if missing > 0:
        found = _fill_up(order, found, _rows(gathered, IS_FIRST), missing)
    return [
        _choose(part, rows, Mentions(part.files, of_phrases, terms.quotation))
        for part, rows, of_phrases in zip(gathered, found, phrases, strict=True)
    ]


def _is(part: Gathered, reason: int) -> NDArray[np.bool_]:
    marked: NDArray[np.bool_] = (part.reasons & reason) > 0
    return marked


def _rows(parts: Sequence[Gathered], reason: int) -> list[NDArray[np.int64]]:
    return [part.candidates.rows[_is(part, reason)].astype(np.int64) for part in parts]


def _cost_of_text(part: Gathered) -> NDArray[np.float32]:
    cost: NDArray[np.float32] = -part.candidates.lexical - FILE_SHARE * part.candidates.file_lexical
    return cost


def _join_holders(parts: Sequence[Gathered], terms: QueryTerms) -> list[list[tuple[int, int, float]]]:
    holders: list[list[tuple[int, int, float]]] = [[] for _ in terms.phrases]
    for position, part in enumerate(parts):
        for phrase, row, share in part.holders:
            holders[phrase].append((position, row, share))
    return holders


def _may_quote(gathered: Sequence[Gathered]) -> list[bool]:
    """Say for each data source whether its quoted rows count.

    What was read for does not where others have the words, or where all files together are too many to be read.
    """
    has_words = any(_is(part, IS_QUOTED).any() for part in gathered if not part.was_read)
    reads = not has_words and sum(part.text_bytes for part in gathered) <= MAX_READ_BYTES
    return [reads or not part.was_read for part in gathered]


def _fill_up(
    order: RowOrder, found: Sequence[NDArray[np.int64]], first: Sequence[NDArray[np.int64]], missing: int
) -> list[NDArray[np.int64]]:
    """Add the first rows that are not there, one data source's after another's."""
    filled = []
    for position, (rows, of_source) in enumerate(zip(found, first, strict=True)):
        chosen = order.take_first_of(position, np.setdiff1d(of_source, rows), missing)
        filled.append(np.union1d(rows, chosen))
        missing -= len(chosen)
    return filled


def _choose(part: Gathered, rows: NDArray[np.int64], mentions: Mentions) -> Candidates:
    known = part.candidates
    kept = known.rows.searchsorted(rows)
    named_file, named_line, phrase = mentions.describe(known.index, known.rows[kept])
    return replace(
        known,
        rows=known.rows[kept],
        files=known.files[kept],
        lexical=known.lexical[kept],
        file_lexical=known.file_lexical[kept],
        similarity=known.similarity[kept],
        file_similarity=known.file_similarity[kept],
        row_payloads=known.row_payloads[:, kept],
        file_payloads=known.file_payloads[:, kept],
        row_compounds=known.row_compounds[:, kept],
        file_compounds=known.file_compounds[:, kept],
        row_relatives=known.row_relatives[:, kept],
        file_relatives=known.file_relatives[:, kept],
        named_file=named_file,
        named_line=named_line,
        phrase=phrase,
    )
