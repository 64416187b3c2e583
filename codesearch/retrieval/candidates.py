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
from codesearch.core.index.joined_postings import Places
from codesearch.core.index.postings import FILE_COMMENTS_ON_IT, FILE_NAMES_IT
from codesearch.core.index.search_index import SearchIndex
from codesearch.core.index.source_index import Searched, SourceIndex
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
    """Rows of a data source in ascending order, with what the searches say of them.

    source: the data source, as one that is asked. index: what it is searched in. rows, files (c,): the rows and their
    files. lexical, file_lexical (c,): BM25 of row and file. similarity, file_similarity (c,): cosines with the query.
    row_payloads, file_payloads (t, c): each term's payload there. row_compounds, file_compounds: payloads of the
    query's compounds; row_relatives, file_relatives: of related terms. named_file, named_line, phrase (c,): what the
    query mentions, as `Mentions.describe` says.
    """

    source: AskedSource
    index: Searched
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

    def rank_files(self) -> NDArray[np.int32] | None:
        """Return numbers that ascend with the paths of the rows' files, (c,); None where the rows do so already."""
        return None if self.index.path_ranks is None else self.index.path_ranks[self.files]


@dataclass(frozen=True, slots=True, eq=False)
class JoinedCandidates:
    """The candidates of all data sources that are asked, one source's after another's, c in all, as one list.

    Those of a source are ordered by path and row. parts: those of the sources that have any. arrangement (c,): the
    order of the list, as numbers of what the parts hold one after another, None for just that. row_count, file_count:
    of all sources. owners, positions, rows (c,): each one's part, ascending, its source by its position among those
    asked, and its row there. files (c,): a number for each file, ascending. row_related, file_related (fields, t, c):
    how near to each term what stands in each of ROW_FIELDS and FILE_FIELDS comes. The others as in Candidates.
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
        return int(self.positions[number]), *self.parts[self.owners[number]].index.locate(int(self.rows[number]))


def find_candidates(
    scope: Sequence[tuple[SourceIndex, Predicate]],
    terms: QueryTerms,
    vector: NDArray[np.float32],
    wanted: int,
    check: Check = do_not_check,
) -> list[Candidates]:
    """Bring up the rows of each data source that may answer, of those alone that satisfy its predicate.

    They are at least `wanted` together where so many satisfy it. Sources are searched as if they were one, save that
    BM25 compares lengths within each. `check` is called between stages and may raise.
    """
    sources = [source for source, _ in scope]
    order = RowOrder([source.joined for source in sources])
    indexes = order.indexes
    masks = [source.rows_where(predicate, check) for source, predicate in scope]
    allowed = [
        None if mask is None or mask is index.live_rows else np.flatnonzero(mask)
        for index, mask in zip(indexes, masks, strict=True)
    ]
    related = find_related(terms.terms)
    places = look_up(sources, terms, related)
    # Each term is the first of those that are related to it.
    asked = [there[..., len(terms.compounds) + related.firsts] for there in places]
    more = 1 if len(scope) == 1 else 2
    nearest_rows, lexical_rows = max(NEAREST_ROWS * more, wanted), max(LEXICAL_ROWS * more, wanted)
    if sum(index.row_count for index in indexes) < max(PARALLEL_ROWS, PARALLEL_ROWS_OF_INDEX * len(scope)):
        nearest = find_nearest(indexes, vector, allowed, nearest_rows, order)
        check()
        rarity, scores, lexical = _search_text(sources, order, masks, terms, asked, lexical_rows)
        mentions = find_mentions(order, masks, terms, check, known_rows(terms, scores))
        named = find_named(order, masks, terms)
    else:
        comparison = Comparison(indexes, vector, allowed)
        with ThreadPoolExecutor(1) as beside:
            running = beside.submit(comparison.work)
            rarity, scores, lexical = _search_text(sources, order, masks, terms, asked, lexical_rows)
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
    query = QueryFacts(terms, vector, rarity, related)
    described = []
    for source, rows, of_source, mentioned_of, there in zip(sources, found, scores, mentions, places, strict=True):
        check()
        described.append(describe_rows(AskedSource(source), rows, query, of_source, mentioned_of, there))
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
    position_of = {part.source: position for position, part in enumerate(found)}
    parts = [candidates for candidates in found if len(candidates.rows)] or found[:1]
    owners = np.arange(len(parts)).repeat([len(part.rows) for part in parts])
    positions = np.array([position_of[part.source] for part in parts])[owners]
    arrangement = _arrange(parts, owners)

    def join(name: str) -> NDArray[Any]:
        return _join([getattr(part, name) for part in parts], arrangement)

    files = (owners << 32) + join("files")
    if arrangement is not None:
        files = _number_runs(files)
    related = found[0].related
    return JoinedCandidates(
        parts=parts,
        arrangement=arrangement,
        row_count=sum(part.source.index.row_count for part in found),
        file_count=sum(part.source.index.file_count for part in found),
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


def _arrange(parts: Sequence[Candidates], owners: NDArray[np.int64]) -> NDArray[np.intp] | None:
    """Return the order of the candidates of all parts by part and path, None where they are in it."""
    ranks = [part.rank_files() for part in parts]
    if all(of_part is None for of_part in ranks):
        return None
    keys: NDArray[np.int64] = owners << 32
    keys += np.concatenate(
        [part.files if of_part is None else of_part for part, of_part in zip(parts, ranks, strict=True)]
    )
    # Rows of a file stay as they are.
    return keys.argsort(kind="stable")


def _number_runs(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each value how many others were before the one that it is equal to and stands beside."""
    numbers: NDArray[np.int64] = np.cumsum(np.diff(values, prepend=values[:1]) != 0)
    return numbers


def look_up(sources: Sequence[SourceIndex], terms: QueryTerms, related: RelatedTerms) -> list[Places]:
    """Return where in each data source the query's compounds and then the related terms are."""
    others = np.concatenate((terms.compounds, related.terms)).astype(np.uint32)
    return [source.postings.look_up(others) for source in sources]


def _search_text(
    sources: Sequence[SourceIndex],
    order: RowOrder,
    masks: Sequence[NDArray[np.bool_] | None],
    terms: QueryTerms,
    places: Sequence[Places],
    limit: int,
) -> tuple[Rarity, list[LexicalScores], list[NDArray[np.int64]]]:
    """Return how rare the terms are, what they come to in each data source, and the best rows of each."""
    hits = [
        find_hits(source, terms.terms, terms.alternatives, there) for source, there in zip(sources, places, strict=True)
    ]
    rarity = measure_rarity(sources, hits)
    scores = [score_hits(source, of_source, rarity) for source, of_source in zip(sources, hits, strict=True)]
    return rarity, scores, find_best(order, scores, masks, limit)


def known_rows(terms: QueryTerms, scores: Sequence[LexicalScores]) -> list[TermRows]:
    """Return where the query's terms are in each data source; of a query in another language nothing is said."""
    if terms.alternatives:
        return []
    numbers = terms.terms.tolist()
    return [dict(zip(numbers, (ids for ids, _ in of_source.hits.rows), strict=True)) for of_source in scores]


def find_named(
    order: RowOrder, masks: Sequence[NDArray[np.bool_] | None], terms: QueryTerms
) -> list[list[NDArray[np.int32]]]:
    """Return for each data source the rows that define a name of the query, the first for each name."""
    named: list[list[NDArray[np.int32]]] = [[] for _ in masks]
    for name in terms.name_hashes:
        rows = [keep_allowed(index.rows_named(name), mask) for index, mask in zip(order.indexes, masks, strict=True)]
        for of_source, first in zip(named, order.take_first(rows, NAMED_ROWS), strict=True):
            of_source.append(first)
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
    found: NDArray[np.int64],
    query: QueryFacts,
    scores: LexicalScores,
    mentions: Mentions,
    places: Places,
) -> Candidates:
    """Describe rows of a data source, which ascend; `places` are those of `look_up`."""
    source, index = asked.index, asked.index.joined
    rows = found.astype(np.int32)
    files = index.file_of_row[rows]
    firsts, counts = find_runs(files)
    each_file = files[firsts]
    compounds = len(query.terms.compounds)
    in_rows, of_files = source.postings.payloads_at(places, rows, each_file)
    in_files = of_files.repeat(counts, axis=1)
    if query.terms.alternatives:
        row_payloads, file_payloads = payloads_of(scores.hits.rows, rows), payloads_of(scores.hits.files, files)
    else:
        # Each term is the first of those that are related to it.
        own = compounds + query.related.firsts
        row_payloads, file_payloads = in_rows[own], in_files[own]
    named_file, named_line, phrase = mentions.describe(index, rows)
    return Candidates(
        source=asked,
        index=index,
        rows=rows,
        files=files,
        lexical=scores.rows[rows],
        file_lexical=scores.files[files],
        similarity=similarity_to([index], query.vector, [rows]),
        file_similarity=file_similarity_to(index, query.vector, each_file).repeat(counts),
        row_payloads=row_payloads,
        file_payloads=file_payloads,
        row_compounds=in_rows[:compounds],
        file_compounds=in_files[:compounds],
        row_relatives=in_rows[compounds:],
        file_relatives=in_files[compounds:],
        related=query.related,
        rarity=query.rarity,
        named_file=named_file,
        named_line=named_line,
        phrase=phrase,
    )


def find_best(
    order: RowOrder,
    scores: Sequence[LexicalScores],
    masks: Sequence[NDArray[np.bool_] | None],
    limit: int,
) -> list[NDArray[np.int64]]:
    """Return for each data source the rows that have a term and are among the best of all with their files."""
    rows: list[NDArray[np.int64]] = []
    sums: list[NDArray[np.float32]] = []
    for index, of_source, mask in zip(order.indexes, scores, masks, strict=True):
        found = (of_source.rows > _least_score(index, of_source, mask, limit)).nonzero()[0]
        if mask is not None:
            found = found[mask[found]]
        rows.append(found)
        sums.append(-of_source.rows[found] - FILE_SHARE * of_source.files[index.file_of_row[found]])
    return choose_lowest(sums, rows, limit, order)


def _least_score(index: Searched, scores: LexicalScores, mask: NDArray[np.bool_] | None, limit: int) -> float:
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
    sums = rows[high] + FILE_SHARE * files[index.file_of_row[high]]
    last = float(np.partition(sums, len(sums) - limit)[len(sums) - limit])
    return max(0.0, last * (1 - _ROUNDING) - FILE_SHARE * float(files.max()))


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
    filled = []
    for position, (index, rows, of_index) in enumerate(zip(order.indexes, found, allowed, strict=True)):
        candidates = _take_firsts(index, rows_of(index, of_index), missing + len(rows))
        others = np.setdiff1d(candidates, rows, assume_unique=True)
        first = order.take_first_of(position, others, missing)
        filled.append(np.union1d(rows, first))
        missing -= len(first)
    return filled


def _take_firsts(index: Searched, rows: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return of ascending rows the first ones of each segment, so many at most."""
    if len(index.segments) == 1:
        return rows[:count]
    ends = accumulate(map(len, index.split_rows(rows)), initial=0)
    return np.concatenate([rows[begin : min(end, begin + count)] for begin, end in pairwise(ends)])
