"""Candidates: the rows of search indexes that full-text search, vector search and the table of names bring up."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesearch.core.checks import Check, do_not_check
from codesearch.core.index.postings import FILE_COMMENTS_ON_IT, FILE_NAMES_IT, Entries
from codesearch.core.index.search_index import SearchIndex
from codesearch.core.predicates import Predicate
from codesearch.core.text.terms import IN_COMMENT, IN_FOLDER, IN_NAME, IN_QUALIFIER, IN_SIGNATURE, IN_STEM
from codesearch.retrieval.lexical import LexicalScores, Rarity, find_hits, measure_rarity, payloads_of, score_hits
from codesearch.retrieval.mentions import Mentions, find_mentions
from codesearch.retrieval.nearest import choose_lowest, file_similarity_of, find_nearest, similarity_of
from codesearch.retrieval.query.terms import QueryTerms
from codesearch.retrieval.related_terms import ANYWHERE, RelatedTerms, find_related, related_in_fields

# How many rows each search brings up; together they hold a right answer to 99.8% of the benchmark's queries. In a
# workspace, where other repositories' rows stand between, twice as many.
LEXICAL_ROWS = 100
NEAREST_ROWS = 80
# Of each index, and for each name in the query.
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
class Candidates:
    """Rows of one index in ascending order, with what the searches say of them.

    rows, files (c,): the rows and their files. lexical, file_lexical (c,): BM25 of row and file. similarity,
    file_similarity (c,): cosines with the query. row_payloads, file_payloads (t, c): each term's payload there.
    row_compounds, file_compounds: payloads of the query's compounds; row_relatives, file_relatives: of related terms.
    named_file, named_line, phrase (c,): what the query mentions, as `Mentions.describe` says.
    """

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
    """The candidates of all indexes that are asked, one index's after another's, c in all, as one list.

    parts: those of the indexes that have any. row_count, file_count: of all indexes. positions, rows (c,): each one's
    index, by its position among those asked, and its row there. files (c,): a number for each file, ascending.
    row_related, file_related (fields, t, c): how near to each term what stands in each of ROW_FIELDS and FILE_FIELDS
    comes. The others as in Candidates.
    """

    parts: Sequence[Candidates]
    row_count: int
    file_count: int
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


def find_candidates(
    scope: Sequence[tuple[SearchIndex, Predicate]],
    terms: QueryTerms,
    vector: NDArray[np.float32],
    wanted: int,
    check: Check = do_not_check,
) -> list[Candidates]:
    """Bring up the rows of each index that may answer, of those alone that satisfy its predicate.

    They are at least `wanted` together where so many satisfy it. Indexes are searched as if they were one, save that
    BM25 compares lengths within each. `check` is called between stages and may raise.
    """
    indexes = [index for index, _ in scope]
    masks = [index.rows_where(predicate, check) for index, predicate in scope]
    allowed = [None if mask is None else np.flatnonzero(mask) for mask in masks]
    more = 1 if len(scope) == 1 else 2
    nearest_rows, lexical_rows = max(NEAREST_ROWS * more, wanted), max(LEXICAL_ROWS * more, wanted)
    if sum(index.row_count for index in indexes) < max(PARALLEL_ROWS, PARALLEL_ROWS_OF_INDEX * len(indexes)):
        nearest = find_nearest(indexes, vector, allowed, nearest_rows)
        check()
        rarity, scores, lexical = _search_text(indexes, masks, terms, lexical_rows)
    else:
        with ThreadPoolExecutor(1) as beside:
            running = beside.submit(find_nearest, indexes, vector, allowed, nearest_rows)
            rarity, scores, lexical = _search_text(indexes, masks, terms, lexical_rows)
            nearest = running.result()
    mentions = find_mentions(indexes, masks, terms, check)
    found = []
    missing = wanted
    for position, index in enumerate(indexes):
        check()
        named = [_keep(index.rows_named(name), masks[position])[:NAMED_ROWS] for name in terms.name_hashes]
        mentioned = _keep(mentions[position].rows(index), masks[position])
        rows = np.unique(np.concatenate((lexical[position], nearest[position], mentioned, *named)))
        missing -= len(rows)
        found.append(rows)
    if missing > 0:
        found = _fill_up(indexes, found, allowed, missing)
    related = find_related(terms.terms)
    described = []
    for index, rows, of_index, mentioned_there in zip(indexes, found, scores, mentions, strict=True):
        check()
        described.append(
            _describe(index, rows.astype(np.int32), terms, vector, rarity, of_index, related, mentioned_there)
        )
    return described


def join_candidates(found: Sequence[Candidates]) -> JoinedCandidates:
    """Join the candidates of the indexes that are asked, at least one, in their order."""
    parts = [candidates for candidates in found if len(candidates.rows)] or found[:1]

    def join(name: str) -> NDArray[Any]:
        arrays = [getattr(part, name) for part in parts]
        return arrays[0] if len(arrays) == 1 else np.concatenate(arrays, axis=-1)

    positions = np.repeat(np.arange(len(found)), [len(candidates.rows) for candidates in found])
    related = found[0].related
    return JoinedCandidates(
        parts=parts,
        row_count=sum(candidates.index.row_count for candidates in found),
        file_count=sum(candidates.index.file_count for candidates in found),
        positions=positions,
        rows=join("rows"),
        files=(positions << 32) + join("files"),
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


def _search_text(
    indexes: Sequence[SearchIndex], masks: Sequence[NDArray[np.bool_] | None], terms: QueryTerms, limit: int
) -> tuple[Rarity, list[LexicalScores], list[NDArray[np.int64]]]:
    hits = [find_hits(index, terms.terms, terms.alternatives) for index in indexes]
    rarity = measure_rarity(indexes, hits)
    scores = [score_hits(index, of_index, rarity) for index, of_index in zip(indexes, hits, strict=True)]
    return rarity, scores, _find_best(indexes, scores, masks, limit)


def _describe(
    index: SearchIndex,
    rows: NDArray[np.int32],
    terms: QueryTerms,
    vector: NDArray[np.float32],
    rarity: Rarity,
    scores: LexicalScores,
    related: RelatedTerms,
    mentions: Mentions,
) -> Candidates:
    files = index.file_of_row[rows]
    named_file, named_line, phrase = mentions.describe(index, rows)
    return Candidates(
        index=index,
        rows=rows,
        files=files,
        lexical=scores.rows[rows],
        file_lexical=scores.files[files],
        similarity=similarity_of(index, vector, rows),
        file_similarity=file_similarity_of(index, vector, files),
        row_payloads=payloads_of(scores.hits.rows, rows),
        file_payloads=payloads_of(scores.hits.files, files),
        row_compounds=_find_payloads(index.row_postings, terms.compounds, rows),
        file_compounds=_find_payloads(index.file_postings, terms.compounds, files),
        row_relatives=_find_payloads(index.row_postings, related.terms, rows),
        file_relatives=_find_payloads(index.file_postings, related.terms, files),
        related=related,
        rarity=rarity,
        named_file=named_file,
        named_line=named_line,
        phrase=phrase,
    )


def _find_payloads(postings: Entries, terms: NDArray[np.uint32], ids: NDArray[np.int32]) -> NDArray[np.uint16]:
    """Return the payload of each term at each of the ids, (terms, ids); 0 where it is not.

    Without ids, as in most indexes of a workspace, nothing is looked up.
    """
    return payloads_of(postings.find(terms), ids) if len(ids) else np.empty((len(terms), 0), np.uint16)


def _find_best(
    indexes: Sequence[SearchIndex],
    scores: Sequence[LexicalScores],
    masks: Sequence[NDArray[np.bool_] | None],
    limit: int,
) -> list[NDArray[np.int64]]:
    """Return for each index the rows that have a term and are among the best of all with their files, in no order."""
    rows, sums = [], []
    for index, of_index, mask in zip(indexes, scores, masks, strict=True):
        scored = of_index.rows > 0
        if mask is not None:
            scored &= mask
        found = np.flatnonzero(scored)
        rows.append(found)
        sums.append(-of_index.rows[found] - FILE_SHARE * of_index.files[index.file_of_row[found]])
    return choose_lowest(sums, rows, limit)


def _keep(rows: NDArray[Any], mask: NDArray[np.bool_] | None) -> NDArray[Any]:
    return rows if mask is None else rows[mask[rows]]


def _fill_up(
    indexes: Sequence[SearchIndex],
    found: Sequence[NDArray[np.int64]],
    allowed: Sequence[NDArray[np.int64] | None],
    missing: int,
) -> list[NDArray[np.int64]]:
    """Add the first other rows: a query without a known word still gets what a condition leaves."""
    filled = []
    for index, rows, of_index in zip(indexes, found, allowed, strict=True):
        candidates = np.arange(index.row_count) if of_index is None else of_index
        others = np.setdiff1d(candidates[: missing + len(rows)], rows, assume_unique=True)[:missing]
        missing -= len(others)
        filled.append(np.union1d(rows, others))
    return filled
