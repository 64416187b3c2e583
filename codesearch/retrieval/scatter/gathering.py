"""What a service does for its part of an answer: counts what ranking counts, then brings up candidates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from codesearch.core.checks import Check
from codesearch.core.index.source_index import SourceIndex
from codesearch.core.predicates import Predicate
from codesearch.retrieval.candidates import (
    AskedSource,
    Candidates,
    QueryFacts,
    describe_rows,
    find_best,
    find_named,
    keep_allowed,
    look_up,
)
from codesearch.retrieval.lexical import Rarity, count_hits, find_hits, score_hits
from codesearch.retrieval.mentions import Mentions
from codesearch.retrieval.named_files import NamedFile, find_named_files, rows_of
from codesearch.retrieval.nearest import Comparison, choose_lowest, leave_dead, similarity_to
from codesearch.retrieval.nearest import rows_of as allowed_rows_of
from codesearch.retrieval.phrase_rows import Holders, choose_holders, find_phrase_holders
from codesearch.retrieval.query.terms import QueryTerms
from codesearch.retrieval.quoted_rows import MAX_READ_BYTES, find_by_reading, find_by_words
from codesearch.retrieval.related_terms import find_related
from codesearch.retrieval.row_order import RowOrder

# A data source and what its rows must satisfy.
Asked: TypeAlias = tuple[SourceIndex, Predicate]
# Why a row is a candidate: bits.
IS_LEXICAL: Final = 1
IS_NEAREST: Final = 2
IS_NAMED: Final = 4
IS_QUOTED: Final = 8
IS_FIRST: Final = 16


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """What is counted of one data source, over its live rows and files.

    rows, files (t,): how many have each of the query's terms. row_count, file_count: how many there are. allowed: how
    many rows satisfy its predicate. distances (256,): how many of these differ from the query in so many bits.
    """

    rows: NDArray[np.int64]
    files: NDArray[np.int64]
    row_count: int
    file_count: int
    allowed: int
    distances: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cut:
    """Which rows of a data source vectors are compared of: those that differ in fewer bits, and the first `equal`."""

    bits: int
    equal: int


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What candidates are brought up by, the same wherever they are.

    lexical, nearest, first: how many rows full-text search, vector search and the order of rows bring up. cuts: of each
    data source, None where all of its rows are compared.
    """

    rarity: Rarity
    lexical: int
    nearest: int
    first: int
    cuts: Sequence[Cut | None]


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """What a data source may add: its candidates, why each is one (c,), the files that are named, and phrases' holders.

    A holder's number is that of its phrase, its row and share as they are in `Holders`. `was_read`: quoted rows come
    from the text of all files.
    """

    candidates: Candidates
    reasons: NDArray[np.uint8]
    files: Sequence[NamedFile]
    holders: Holders
    was_read: bool
    text_bytes: int


def measure_source(asked: Asked, terms: QueryTerms, vector: NDArray[np.float32], check: Check) -> Figures:
    """Count what ranking counts over all data sources together, of one of them."""
    source, predicate = asked
    rows, files = count_hits(source, find_hits(source, terms.terms, terms.alternatives))
    distances = np.zeros(256, np.int64)
    chosen = _find_allowed(source, predicate, check)
    if vector.any():
        ((different, _),) = Comparison([source.joined], vector, [chosen]).finish()
        distances += np.bincount(different, minlength=256)
    count = source.live_row_count if chosen is None else len(chosen)
    return Figures(rows, files, source.row_count, source.file_count, count, distances)


def _find_allowed(source: SourceIndex, predicate: Predicate, check: Check) -> NDArray[np.int64] | None:
    mask = source.rows_where(predicate, check)
    return None if mask is None or mask is source.live_rows else np.flatnonzero(mask)


def gather(
    scope: Sequence[Asked], terms: QueryTerms, vector: NDArray[np.float32], plan: Plan, check: Check
) -> list[Gathered]:
    """Bring up whatever may be a candidate when all data sources are known, of some of them, in their order.

    Those that are, are among these: the best of all are among the best of some.
    """
    sources = [source for source, _ in scope]
    order = RowOrder([source.joined for source in sources])
    masks = [source.rows_where(predicate, check) for source, predicate in scope]
    facts = QueryFacts(terms, vector, plan.rarity, find_related(terms.terms))
    places = look_up(sources, terms, facts.related)
    hits = [find_hits(source, terms.terms, terms.alternatives) for source in sources]
    scores = [score_hits(source, of_source, plan.rarity) for source, of_source in zip(sources, hits, strict=True)]
    check()
    lexical = find_best(order, scores, masks, plan.lexical)
    check()
    allowed = [_find_allowed(source, predicate, check) for source, predicate in scope]
    nearest = _find_nearest(order, allowed, vector, plan)
    named = find_named(order, masks, terms)
    files = [find_named_files(index, terms.places, check) for index in order.indexes]
    quoted, was_read = _find_quoted(order, masks, terms, check)
    holders = _find_holders(order, masks, terms, check)
    reasons: list[list[tuple[int, NDArray[np.int64]]]] = []
    for number, index in enumerate(order.indexes):
        certain = [keep_allowed(rows_of(index, files[number]), masks[number]), *named[number]]
        holding = np.array([row for _, row, _ in holders[number]], np.int64)
        reasons.append(
            [
                (IS_LEXICAL, lexical[number]),
                (IS_NEAREST, nearest[number]),
                (IS_NAMED, np.concatenate(certain).astype(np.int64)),
                (IS_QUOTED, np.array(quoted[number], np.int64)),
                (0, holding),
            ]
        )
    # Where there are enough none is filled up with. What reading brought up may not count where others did not read.
    if was_read or sum(len(np.unique(np.concatenate([rows for _, rows in own]))) for own in reasons) < plan.first:
        every = [allowed_rows_of(index, of_index) for index, of_index in zip(order.indexes, allowed, strict=True)]
        for own, rows in zip(reasons, order.take_first(every, plan.first), strict=True):
            own.append((IS_FIRST, rows.astype(np.int64)))
    gathered = []
    for number, (source, of_source, own) in enumerate(zip(sources, scores, reasons, strict=True)):
        check()
        found = np.unique(np.concatenate([rows for _, rows in own]))
        part = describe_rows(AskedSource(source), found, facts, of_source, Mentions([], {}), places[number])
        marks = _mark(part.rows, own)
        gathered.append(Gathered(part, marks, files[number], holders[number], was_read, source.text_bytes))
    return gathered


def _mark(rows: NDArray[np.int32], reasons: Sequence[tuple[int, NDArray[np.int64]]]) -> NDArray[np.uint8]:
    marks = np.zeros(len(rows), np.uint8)
    for reason, chosen in reasons:
        marks[np.isin(rows, chosen)] |= reason
    return marks


def _find_nearest(
    order: RowOrder, allowed: Sequence[NDArray[np.int64] | None], vector: NDArray[np.float32], plan: Plan
) -> list[NDArray[np.int64]]:
    """Return for each index those of its rows that may be among the nearest of all."""
    if not vector.any():
        return [index.all_rows[:0] for index in order.indexes]
    rows: list[NDArray[np.int64]] = []
    for position, (index, chosen, cut) in enumerate(zip(order.indexes, allowed, plan.cuts, strict=True)):
        if cut is None:
            rows.append(allowed_rows_of(index, chosen))
            continue
        ((different, compared),) = Comparison([index], vector, [chosen]).finish()
        equal = order.take_first_of(position, compared[different == cut.bits], cut.equal)
        rows.append(leave_dead(index, np.union1d(compared[different < cut.bits], equal)))
    far = -similarity_to(order.indexes, vector, rows)
    ends = np.cumsum([len(chosen) for chosen in rows])
    return choose_lowest(np.split(far, ends[:-1]), rows, plan.nearest, order)


def _find_quoted(
    order: RowOrder, masks: Sequence[NDArray[np.bool_] | None], terms: QueryTerms, check: Check
) -> tuple[list[list[int]], bool]:
    """Return for each index the rows that hold the quotation, and whether the text of all files was read for it."""
    if terms.quotation is None:
        return [[] for _ in order.indexes], False
    found = find_by_words(order, masks, terms.quotation, check)
    if any(found) or sum(index.text_bytes for index in order.indexes) > MAX_READ_BYTES:
        return found, False
    return find_by_reading(order, masks, terms.quotation, check), True


def _find_holders(
    order: RowOrder, masks: Sequence[NDArray[np.bool_] | None], terms: QueryTerms, check: Check
) -> list[Holders]:
    """Return for each index phrase, row and share of what holds most of a phrase."""
    found: list[Holders] = [[] for _ in order.indexes]
    holders = find_phrase_holders(order, masks, terms.phrases, check)
    for number, (phrase, of_phrase) in enumerate(zip(terms.phrases, holders, strict=True)):
        for position, row, share in choose_holders(phrase, of_phrase):
            found[position].append((number, row, share))
    return found
