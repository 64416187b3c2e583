"""Candidates: the rows of search indexes that full-text search, vector search and the table of names bring up."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesearch.core.checks import Check, do_not_check
from codesearch.core.index.postings import FILE_COMMENTS_ON_IT, FILE_NAMES_IT
from codesearch.core.index.search_index import SearchIndex
from codesearch.core.index.source_index import SourceIndex
from codesearch.core.predicates import Predicate
from codesearch.core.text.terms import IN_COMMENT, IN_FOLDER, IN_NAME, IN_QUALIFIER, IN_SIGNATURE, IN_STEM
from codesearch.retrieval.features.groups import find_runs
from codesearch.retrieval.lexical import LexicalScores, Rarity, find_hits, measure_rarity, payloads_of, score_hits
from codesearch.retrieval.mentions import Mentions, find_mentions
from codesearch.retrieval.nearest import (
    Comparison,
    choose_lowest,
    file_similarity_to,
    find_high_values,
    find_nearest,
    rows_of,
    similarity_to,
)
from codesearch.retrieval.phrase_rows import TermRows
from codesearch.retrieval.query.terms import QueryTerms
from codesearch.retrieval.related_terms import ANYWHERE, RelatedTerms, find_related, related_in_fields
from codesearch.retrieval.row_order import RowOrder

# How many rows each search brings up; together they hold a right answer to 99.8% of the benchmark's queries. In a
# workspace, where other repositories' rows stand between, twice as many.
LEXICAL_ROWS = 100
NEAREST_ROWS = 80
# Of each data source, and for each name in the query.
NAMED_ROWS = 30
# What a file's whole text says of a row beside the row's own words, when rows are chosen.
FILE_SHARE = 0.5
# From so many rows on it takes less to leave out those that cannot be among the best; below, to look at all.
PRUNED_ROWS = 500_000
# Sums of numbers of 24 bits are off by less.
_ROUNDING = 1e-5
# From so many rows on, in indexes of so many on average, both searches run at once on two cores; below, handing one
# over costs what it saves.
PARALLEL_ROWS, PARALLEL_ROWS_OF_INDEX = 200_000, 50_000
# Where related terms are looked for.
ROW_FIELDS = (ANYWHERE, IN_NAME, IN_QUALIFIER, IN_SIGNATURE, IN_COMMENT)
FILE_FIELDS = (ANYWHERE, IN_STEM, IN_FOLDER, FILE_NAMES_IT, FILE_COMMENTS_ON_IT)


@dataclass(frozen=True, slots=True, eq=False)
class AskedSource:
    """A data source that is asked: another one each time, also where the same is asked twice."""

    index: SourceIndex


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Rows of one segment in ascending order, with what the searches say of them.

    source, number: the data source that it is of, as one that is asked, and its number there. rows, files (c,): the
    rows and their files. lexical, file_lexical (c,): BM25 of row and file. similarity, file_similarity (c,): cosines
    with the query. row_payloads, file_payloads (t, c): each term's payload there. row_compounds, file_compounds:
    payloads of the query's compounds; row_relatives, file_relatives: of related terms. named_file, named_line, phrase
    (c,): what the query mentions, as `Mentions.describe` says.
    """

    source: AskedSource
    number: int
    index: SearchIndex
    rows: NDArray[np.int32]
    files: NDArray[np.int32]
    lexical: NDArray[np.float32]
    file_lexical: NDArray[np.float32]
    similarity: NDArray[np.float32]
    file_similarity: NDArray[np.float32]
    row_payloads: NDArray[np.uint16]
    file_payloads: NDArray[np.uint16]
    row_compounds: NDArray[np.uint16]
    file_compounds: NDArray[np.uint16]
    row_relatives: NDArray[np.uint16]
    file_relatives: NDArray[np.uint16]
    related: RelatedTerms
    rarity: Rarity
    named_file: NDArray[np.float32]
    named_line: NDArray[np.bool_]
    phrase: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class JoinedCandidates:
    """The candidates of all data sources that are asked, one source's after another's, c in all, as one list.

    Those of a source are ordered by path and row, over all of its segments. parts: those of the segments that have any.
    arrangement (c,): the order of the list, as numbers of what the parts hold one after another, None for just that.
    row_count, file_count: of all sources. owners, positions, rows (c,): each one's part, its source by its position
    among those asked, and its row in the segment. files (c,): a number for each file, ascending. row_related,
    file_related (fields, t, c): how near to each term what stands in each of ROW_FIELDS and FILE_FIELDS comes. The
    others as in Candidates.
    """

    parts: Sequence[Candidates]
    arrangement: NDArray[np.intp] | None
    row_count: int
    file_count: int
    owners: NDArray[np.int64]
    positions: NDArray[np.int64]
    rows: NDArray[np.int32]
    files: NDArray[np.int64]
    row_payloads: NDArray[np.uint16]
    file_payloads: NDArray[np.uint16]
    row_compounds: NDArray[np.uint16]
    file_compounds: NDArray[np.uint16]
    row_related: NDArray[np.float32]
    file_related: NDArray[np.float32]
    rarity: Rarity
    named_file: NDArray[np.float32]
    named_line: NDArray[np.bool_]
    phrase: NDArray[np.float32]

    def join(self, of_parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """Return what each part says of its rows, (..., rows), as one array, (..., c)."""
        return _join(of_parts, self.arrangement)

    def place_of(self, number: int) -> tuple[int, SearchIndex, int]:
        """Return the position of a candidate's data source, its segment and its row there."""
        return int(self.positions[number]), self.parts[self.owners[number]].index, int(self.rows[number])


def find_candidates(
    scope: Sequence[tuple[SourceIndex, Predicate]],
    terms: QueryTerms,
    vector: NDArray[np.float32],
    wanted: int,
    check: Check = do_not_check,
) -> list[Candidates]:
    """Bring up the rows of each data source that may answer, of those alone that satisfy its predicate.

    By segment, at least one of each source, one source's after another's. They are at least `wanted` together where so
    many satisfy it. Sources are searched as if they were one, save that BM25 compares lengths within each; the segments
    of one as one. `check` is called between stages and may raise.
    """
    order = RowOrder([segment for source, _ in scope for segment in source.segments], [source for source, _ in scope])
    indexes = order.segments
    masks = [segment.rows_where(predicate, check) for source, predicate in scope for segment in source.segments]
    allowed = [
        None if mask is None or mask is index.live_rows else np.flatnonzero(mask)
        for index, mask in zip(indexes, masks, strict=True)
    ]
    more = 1 if len(scope) == 1 else 2
    nearest_rows, lexical_rows = max(NEAREST_ROWS * more, wanted), max(LEXICAL_ROWS * more, wanted)
    if sum(index.row_count for index in indexes) < max(PARALLEL_ROWS, PARALLEL_ROWS_OF_INDEX * len(scope)):
        nearest = find_nearest(indexes, vector, allowed, nearest_rows, order)
        check()
        rarity, scores, lexical = _search_text(scope, order, masks, terms, lexical_rows)
        mentions = find_mentions(order, masks, terms, check, known_rows(terms, scores))
        named = find_named(order, masks, terms)
    else:
        comparison = Comparison(indexes, vector, allowed)
        with ThreadPoolExecutor(1) as beside:
            running = beside.submit(comparison.work)
            rarity, scores, lexical = _search_text(scope, order, masks, terms, lexical_rows)
            mentions = find_mentions(order, masks, terms, check, known_rows(terms, scores))
            named = find_named(order, masks, terms)
            comparison.work()
            running.result()
        nearest = find_nearest(indexes, vector, allowed, nearest_rows, order, comparison)
    found = []
    for number, index in enumerate(indexes):
        check()
        mentioned = keep_allowed(mentions[number].rows(index), masks[number])
        found.append(_unite((lexical[number], nearest[number], mentioned, *named[number])))
    missing = wanted - sum(map(len, found))
    if missing > 0:
        found = _fill_up(order, found, allowed, missing)
    query = QueryFacts(terms, vector, rarity, find_related(terms.terms))
    described = []
    for (source, _), of_source, span in zip(scope, scores, order.spans, strict=True):
        check()
        described += describe_rows(
            AskedSource(source),
            found[span.start : span.stop],
            query,
            of_source,
            mentions[span.start : span.stop],
        )
    return described


def _unite(lists: Sequence[NDArray[Any]]) -> NDArray[np.int64]:
    """Return the numbers that are in any of the lists, each once, ascending."""
    # For as few numbers np.unique takes twice as long.
    numbers: NDArray[np.int64] = np.concatenate(lists, dtype=np.int64)
    numbers.sort()
    is_first = np.ones(len(numbers), np.bool_)
    np.not_equal(numbers[1:], numbers[:-1], out=is_first[1:])
    return numbers[is_first]


def join_candidates(found: Sequence[Candidates]) -> JoinedCandidates:
    """Join the candidates of the data sources that are asked, at least one, in their order."""
    parts = [candidates for candidates in found if len(candidates.rows)] or found[:1]
    position_of = {source: position for position, source in enumerate(dict.fromkeys(part.source for part in found))}
    counts = [len(part.rows) for part in parts]
    owners = np.repeat(np.arange(len(parts)), counts)
    positions = np.array([position_of[part.source] for part in parts])[owners]
    arrangement = None
    if len({part.source for part in parts}) < len(parts):
        ranks = np.concatenate([_rank_files(part) for part in parts])
        arrangement = np.lexsort((np.concatenate([part.rows for part in parts]), ranks, positions))
        owners, positions = owners[arrangement], positions[arrangement]

    def join(name: str) -> NDArray[Any]:
        return _join([getattr(part, name) for part in parts], arrangement)

    files = (owners << 32) + join("files")
    if arrangement is not None:
        files = _number_runs(files)
    related = found[0].related
    return JoinedCandidates(
        parts=parts,
        arrangement=arrangement,
        row_count=sum(source.index.row_count for source in position_of),
        file_count=sum(source.index.file_count for source in position_of),
        owners=owners,
        positions=positions,
        rows=join("rows"),
        files=files,
        row_payloads=join("row_payloads"),
        file_payloads=join("file_payloads"),
        row_compounds=join("row_compounds"),
        file_compounds=join("file_compounds"),
        row_related=related_in_fields(join("row_relatives"), related, ROW_FIELDS),
        file_related=related_in_fields(join("file_relatives"), related, FILE_FIELDS),
        rarity=found[0].rarity,
        named_file=join("named_file"),
        named_line=join("named_line"),
        phrase=join("phrase"),
    )


def _join(of_parts: Sequence[NDArray[Any]], arrangement: NDArray[np.intp] | None) -> NDArray[Any]:
    joined = of_parts[0] if len(of_parts) == 1 else np.concatenate(of_parts, axis=-1)
    return joined if arrangement is None else joined[..., arrangement]


def _rank_files(part: Candidates) -> NDArray[np.int32]:
    """Return the place of each candidate's file among those of its data source."""
    source = part.source.index
    return source.path_ranks[part.number][part.files] if len(source.segments) > 1 else part.files


def _number_runs(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each value how many others were before the one that it is equal to and stands beside."""
    numbers: NDArray[np.int64] = np.cumsum(np.diff(values, prepend=values[:1]) != 0)
    return numbers


def _search_text(
    scope: Sequence[tuple[SourceIndex, Predicate]],
    order: RowOrder,
    masks: Sequence[NDArray[np.bool_] | None],
    terms: QueryTerms,
    limit: int,
) -> tuple[Rarity, list[LexicalScores], list[NDArray[np.int64]]]:
    """Return how rare the terms are, what they come to in each data source, and the best rows of each segment."""
    sources = [source for source, _ in scope]
    hits = [find_hits(source, terms.terms, terms.alternatives) for source in sources]
    rarity = measure_rarity(sources, hits)
    scores = [score_hits(source, of_source, rarity) for source, of_source in zip(sources, hits, strict=True)]
    return rarity, scores, find_best(sources, order, scores, masks, limit)


def known_rows(terms: QueryTerms, scores: Sequence[LexicalScores]) -> list[TermRows]:
    """Return where the query's terms are in each data source; of a query in another language nothing is said."""
    if terms.alternatives:
        return []
    numbers = terms.terms.tolist()
    return [dict(zip(numbers, (ids for ids, _ in of_source.hits.rows), strict=True)) for of_source in scores]


def find_named(
    order: RowOrder, masks: Sequence[NDArray[np.bool_] | None], terms: QueryTerms
) -> list[list[NDArray[np.int32]]]:
    """Return for each segment the rows that define a name of the query, the first of each source for each name."""
    named: list[list[NDArray[np.int32]]] = [[] for _ in masks]
    for name in terms.name_hashes:
        rows = [keep_allowed(index.rows_named(name), mask) for index, mask in zip(order.segments, masks, strict=True)]
        for of_segment, first in zip(named, order.take_first(rows, NAMED_ROWS), strict=True):
            of_segment.append(first)
    return named


@dataclass(frozen=True, slots=True, eq=False)
class QueryFacts:
    """What candidates are described by: a query's terms and vector, how rare the terms are, and what is near them."""

    terms: QueryTerms
    vector: NDArray[np.float32]
    rarity: Rarity
    related: RelatedTerms


def describe_rows(
    asked: AskedSource,
    found: Sequence[NDArray[np.int64]],
    query: QueryFacts,
    scores: LexicalScores,
    mentions: Sequence[Mentions],
) -> list[Candidates]:
    """Describe rows of each segment of a data source; what is said of all of them is looked up at once.

    By segment, without those that have none, but for one.
    """
    source = asked.index
    numbers = [number for number, of_segment in enumerate(found) if len(of_segment)] or [0]
    segments = [source.segments[number] for number in numbers]
    rows_of = [found[number].astype(np.int32) for number in numbers]
    files_of = [segment.file_of_row[rows] for segment, rows in zip(segments, rows_of, strict=True)]
    rows = _count_on(rows_of, source.first_rows[numbers])
    files = _count_on(files_of, source.first_files[numbers])
    lexical, file_lexical = scores.rows[rows], scores.files[files]
    similarity = similarity_to(segments, query.vector, rows_of)
    file_similarity = file_similarity_to(segments, query.vector, files_of)
    compounds = len(query.terms.compounds)
    others = np.concatenate((query.terms.compounds, query.related.terms)).astype(np.uint32)
    in_rows, in_files = _find_payloads(source, others, rows, files)
    if query.terms.alternatives:
        row_payloads, file_payloads = payloads_of(scores.hits.rows, rows), payloads_of(scores.hits.files, files)
    else:
        # Each term is the first of those that are related to it.
        firsts = compounds + query.related.firsts
        row_payloads, file_payloads = in_rows[firsts], in_files[firsts]
    described, begin = [], 0
    for place, (number, segment) in enumerate(zip(numbers, segments, strict=True)):
        part = slice(begin, begin + len(rows_of[place]))
        begin = part.stop
        named_file, named_line, phrase = mentions[number].describe(segment, rows_of[place])
        described.append(
            Candidates(
                source=asked,
                number=number,
                index=segment,
                rows=rows_of[place],
                files=files_of[place],
                lexical=lexical[part],
                file_lexical=file_lexical[part],
                similarity=similarity[part],
                file_similarity=file_similarity[part],
                row_payloads=row_payloads[:, part],
                file_payloads=file_payloads[:, part],
                row_compounds=in_rows[:compounds, part],
                file_compounds=in_files[:compounds, part],
                row_relatives=in_rows[compounds:, part],
                file_relatives=in_files[compounds:, part],
                related=query.related,
                rarity=query.rarity,
                named_file=named_file,
                named_line=named_line,
                phrase=phrase,
            )
        )
    return described


def _count_on(parts: Sequence[NDArray[np.int32]], firsts: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return numbers of several segments as those of all, given where each segment's begin there."""
    if len(parts) == 1:
        return parts[0] + np.int32(firsts[0]) if firsts[0] else parts[0]
    return np.concatenate([part + np.int32(first) for part, first in zip(parts, firsts, strict=True)])


def _find_payloads(
    source: SourceIndex, terms: NDArray[np.uint32], rows: NDArray[np.int32], files: NDArray[np.int32]
) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """Return the payload of each term at each of the rows and at the file of each, (terms, rows); 0 where it is not."""
    firsts, counts = find_runs(files)
    in_rows, in_files = source.postings.payloads_at(terms, rows, files[firsts])
    return in_rows, np.repeat(in_files, counts, axis=1)


def find_best(
    sources: Sequence[SourceIndex],
    order: RowOrder,
    scores: Sequence[LexicalScores],
    masks: Sequence[NDArray[np.bool_] | None],
    limit: int,
) -> list[NDArray[np.int64]]:
    """Return for each segment the rows that have a term and are among the best of all with their files, ascending."""
    rows: list[NDArray[np.int64]] = []
    sums: list[NDArray[np.float32]] = []
    for source, of_source, span in zip(sources, scores, order.spans, strict=True):
        mask = _join_masks(source, masks[span.start : span.stop])
        found = np.flatnonzero(of_source.rows > _least_score(source, of_source, mask, limit))
        if mask is not None:
            found = found[mask[found]]
        values = -of_source.rows[found] - FILE_SHARE * of_source.files[source.file_of_row[found]]
        rows += source.split_rows(found)
        bounds = pairwise(accumulate(map(len, rows[span.start : span.stop]), initial=0))
        sums += [values[begin:end] for begin, end in bounds]
    return choose_lowest(sums, rows, limit, order)


def _least_score(source: SourceIndex, scores: LexicalScores, mask: NDArray[np.bool_] | None, limit: int) -> float:
    """Return a score that no row that is among the best `limit` with its file stays under or has.

    Of many rows most have a common term alone. Those with the highest scores say what the last of the best has at
    least; a file can add no more than the best of them.
    """
    rows, files = scores.rows, scores.files
    if len(rows) < PRUNED_ROWS or not len(files):
        return 0.0
    high = find_high_values(rows, limit)
    if mask is not None:
        high = high[mask[high]]
    if len(high) < limit:
        return 0.0
    sums = rows[high] + FILE_SHARE * files[source.file_of_row[high]]
    last = float(np.partition(sums, len(sums) - limit)[len(sums) - limit])
    return max(0.0, last * (1 - _ROUNDING) - FILE_SHARE * float(files.max()))


def _join_masks(source: SourceIndex, masks: Sequence[NDArray[np.bool_] | None]) -> NDArray[np.bool_] | None:
    """Return the masks of a source's segments as one; that of all rows that count is there already."""
    if all(mask is segment.live_rows for mask, segment in zip(masks, source.segments, strict=True)):
        return source.live_rows
    return source.join_masks(masks)


def keep_allowed(rows: NDArray[Any], mask: NDArray[np.bool_] | None) -> NDArray[Any]:
    """Return those of the rows that a mask allows, all for None."""
    return rows if mask is None else rows[mask[rows]]


def _fill_up(
    order: RowOrder,
    found: Sequence[NDArray[np.int64]],
    allowed: Sequence[NDArray[np.int64] | None],
    missing: int,
) -> list[NDArray[np.int64]]:
    """Add the first other rows: a query without a known word still gets what a condition leaves."""
    others = []
    for index, rows, of_index in zip(order.segments, found, allowed, strict=True):
        candidates = rows_of(index, of_index)
        others.append(np.setdiff1d(candidates[: missing + len(rows)], rows, assume_unique=True)[:missing])
    others = order.take_first(others, missing)
    filled = list(found)
    for span in order.spans:
        chosen = others
        if sum(len(others[number]) for number in span) > missing:
            chosen = order.take_first(others, missing)
        for number in span:
            filled[number] = np.union1d(found[number], chosen[number])
        missing -= sum(len(chosen[number]) for number in span)
    return filled
