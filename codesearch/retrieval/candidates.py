"""Candidates: the rows of search indexes that full-text search, vector search and the table of names bring up."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
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
from codesearch.retrieval.nearest import choose_lowest, file_similarity_of, find_nearest, rows_of, similarity_of
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
        rarity, scores, lexical = _search_text(order, masks, terms, lexical_rows)
    else:
        with ThreadPoolExecutor(1) as beside:
            running = beside.submit(find_nearest, indexes, vector, allowed, nearest_rows, order)
            rarity, scores, lexical = _search_text(order, masks, terms, lexical_rows)
            nearest = running.result()
    mentions = find_mentions(order, masks, terms, check)
    named = _find_named(order, masks, terms)
    found = []
    for number, index in enumerate(indexes):
        check()
        mentioned = _keep(mentions[number].rows(index), masks[number])
        found.append(np.unique(np.concatenate((lexical[number], nearest[number], mentioned, *named[number]))))
    missing = wanted - sum(map(len, found))
    if missing > 0:
        found = _fill_up(order, found, allowed, missing)
    related = find_related(terms.terms)
    described = []
    for (source, _), span in zip(scope, order.spans, strict=True):
        asked = AskedSource(source)
        for number in [number for number in span if len(found[number])] or span[:1]:
            check()
            place = asked, number - span.start, indexes[number]
            rows, mentioned_there = found[number].astype(np.int32), mentions[number]
            described.append(_describe(place, rows, terms, vector, rarity, scores[number], related, mentioned_there))
    return described


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
    order: RowOrder, masks: Sequence[NDArray[np.bool_] | None], terms: QueryTerms, limit: int
) -> tuple[Rarity, list[LexicalScores], list[NDArray[np.int64]]]:
    indexes = order.segments
    hits = [find_hits(index, terms.terms, terms.alternatives) for index in indexes]
    rarity = measure_rarity(indexes, hits)
    scores = [score_hits(index, of_index, rarity) for index, of_index in zip(indexes, hits, strict=True)]
    return rarity, scores, _find_best(order, scores, masks, limit)


def _find_named(
    order: RowOrder, masks: Sequence[NDArray[np.bool_] | None], terms: QueryTerms
) -> list[list[NDArray[np.int32]]]:
    """Return for each segment the rows that define a name of the query, the first of each source for each name."""
    named: list[list[NDArray[np.int32]]] = [[] for _ in masks]
    for name in terms.name_hashes:
        rows = [_keep(index.rows_named(name), mask) for index, mask in zip(order.segments, masks, strict=True)]
        for of_segment, first in zip(named, order.take_first(rows, NAMED_ROWS), strict=True):
            of_segment.append(first)
    return named


def _describe(
    place: tuple[AskedSource, int, SearchIndex],
    rows: NDArray[np.int32],
    terms: QueryTerms,
    vector: NDArray[np.float32],
    rarity: Rarity,
    scores: LexicalScores,
    related: RelatedTerms,
    mentions: Mentions,
) -> Candidates:
    source, number, index = place
    files = index.file_of_row[rows]
    named_file, named_line, phrase = mentions.describe(index, rows)
    compounds = len(terms.compounds)
    others = np.concatenate((terms.compounds, related.terms)).astype(np.uint32)
    in_rows, in_files = _find_payloads(index, others, rows, files)
    return Candidates(
        source=source,
        number=number,
        index=index,
        rows=rows,
        files=files,
        lexical=scores.rows[rows],
        file_lexical=scores.files[files],
        similarity=similarity_of(index, vector, rows),
        file_similarity=file_similarity_of(index, vector, files),
        row_payloads=payloads_of(scores.hits.rows, rows),
        file_payloads=payloads_of(scores.hits.files, files),
        row_compounds=in_rows[:compounds],
        file_compounds=in_files[:compounds],
        row_relatives=in_rows[compounds:],
        file_relatives=in_files[compounds:],
        related=related,
        rarity=rarity,
        named_file=named_file,
        named_line=named_line,
        phrase=phrase,
    )


def _find_payloads(
    index: SearchIndex, terms: NDArray[np.uint32], rows: NDArray[np.int32], files: NDArray[np.int32]
) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """Return the payload of each term at each of the rows and at the file of each, (terms, rows); 0 where it is not."""
    firsts, counts = find_runs(files)
    in_files = index.file_postings.payloads_at(terms, files[firsts], index.file_count)
    return index.row_postings.payloads_at(terms, rows, index.row_count), np.repeat(in_files, counts, axis=1)


def _find_best(
    order: RowOrder,
    scores: Sequence[LexicalScores],
    masks: Sequence[NDArray[np.bool_] | None],
    limit: int,
) -> list[NDArray[np.int64]]:
    """Return for each index the rows that have a term and are among the best of all with their files, ascending."""
    rows, sums = [], []
    for index, of_index, mask in zip(order.segments, scores, masks, strict=True):
        scored = of_index.rows > 0
        if mask is not None:
            scored &= mask
        found = np.flatnonzero(scored)
        rows.append(found)
        sums.append(-of_index.rows[found] - FILE_SHARE * of_index.files[index.file_of_row[found]])
    return choose_lowest(sums, rows, limit, order)


def _keep(rows: NDArray[Any], mask: NDArray[np.bool_] | None) -> NDArray[Any]:
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
