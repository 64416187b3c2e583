"""Full-text search of one search index: BM25 over rows and over whole files, weighing where a term stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from codesearch.core.index.joined_postings import JoinedPostings, Places
from codesearch.core.index.postings import FILE_COMMENTS_ON_IT, FILE_NAMES_IT, TermHits
from codesearch.core.text.terms import IN_COMMENT, IN_FOLDER, IN_NAME, IN_QUALIFIER, IN_SIGNATURE, IN_STEM

# Saturation and length norm of BM25 (Robertson and Zaragoza 2009, the BM25F form: occurrences are weighed by field,
# then saturated together).
SATURATION = 1.2
LENGTH_NORM = 0.6
FILE_LENGTH_NORM = 0.5
_PAYLOADS = np.arange(1 << 16)
# So many places of terms are scored at once, more term by term.
_FEW_HITS = 4_096
# Looking for an id among others takes so many times as long as looking whether it is dead.
_SEARCH_STEPS = 16


def _weigh_payloads(weights: dict[int, float]) -> NDArray[np.float32]:
    """Return for every payload what its occurrences weigh: their count, and more for each field."""
    weighed = (_PAYLOADS >> 8).astype(np.float32)
    for field, weight in weights.items():
        weighed += weight * (_PAYLOADS & field > 0)
    return weighed


ROW_WEIGHTS = _weigh_payloads({IN_NAME: 4.0, IN_QUALIFIER: 1.5, IN_SIGNATURE: 1.0, IN_COMMENT: 0.5})
FILE_WEIGHTS = _weigh_payloads({IN_STEM: 12.0, IN_FOLDER: 4.0, FILE_NAMES_IT: 4.0, FILE_COMMENTS_ON_IT: 1.0})


class SearchedText(Protocol):
    """What full-text search asks of a data source or of one segment: rows and files by number, dead ones among them."""

    @property
    def postings(self) -> JoinedPostings:
        """Where each term is."""

    @property
    def dead_rows(self) -> NDArray[np.int32]:
        """The rows that no longer count, ascending."""

    @property
    def dead_files(self) -> NDArray[np.int32]:
        """The files that no longer count, ascending."""

    @property
    def live_rows(self) -> NDArray[np.bool_] | None:
        """Which rows count, None for all."""

    @property
    def live_file_mask(self) -> NDArray[np.bool_] | None:
        """Which files count, None for all."""

    @property
    def live_row_count(self) -> int:
        """How many rows count."""

    @property
    def live_file_count(self) -> int:
        """How many files count."""

    def row_norms(self, saturation: float, length_norm: float) -> NDArray[np.float32]:
        """Return BM25's k1 (1 - b + b length / mean length) for each row."""

    def file_norms(self, saturation: float, length_norm: float) -> NDArray[np.float32]:
        """Return the same for each file."""


@dataclass(frozen=True, slots=True, eq=False)
class Rarity:
    """How rare each of the query's terms is among the rows and among the files that are asked, (t,) float32 each."""

    rows: NDArray[np.float32]
    files: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """Where the query's terms are in one index: ids and payloads of each, of rows and of files."""

    rows: list[TermHits]
    files: list[TermHits]


@dataclass(frozen=True, slots=True, eq=False)
class LexicalScores:
    """What the query's terms come to in one index: BM25 sums of rows (n,) and files (m,), float32, and the hits."""

    rows: NDArray[np.float32]
    files: NDArray[np.float32]
    hits: Hits


def find_hits(
    index: SearchedText,
    terms: NDArray[np.uint32],
    alternatives: Sequence[NDArray[np.uint32]] = (),
    places: Places | None = None,
) -> Hits:
    """Return where each of the terms is, in the given order; of one with alternatives, where any of them is.

    `places` are those of the terms, where they were looked up.
    """
    if not any(map(len, alternatives)):
        return Hits(*index.postings.find_at(index.postings.look_up(terms) if places is None else places))
    asked = [np.concatenate((term[None], others)) for term, others in zip(terms, alternatives, strict=True)]
    in_rows, in_files = index.postings.find(np.concatenate(asked))
    bounds = list(pairwise([0, *accumulate(map(len, asked))]))
    return Hits(
        [_unite(in_rows[begin:end]) for begin, end in bounds], [_unite(in_files[begin:end]) for begin, end in bounds]
    )


def _unite(hits: list[TermHits]) -> TermHits:
    """Return where any of some terms is: with the highest of their counts, in each field that one of them is in."""
    hits = [of_term for of_term in hits if len(of_term[0])] or hits[:1]
    if len(hits) == 1:
        return hits[0]
    ids: NDArray[np.int32] = np.concatenate([of_term[0] for of_term in hits])
    payloads: NDArray[np.uint16] = np.concatenate([of_term[1] for of_term in hits])
    order = np.argsort(ids, kind="stable")
    ids, payloads = ids[order], payloads[order]
    firsts = np.flatnonzero(np.concatenate(([True], ids[1:] != ids[:-1])))
    fields = np.bitwise_or.reduceat(payloads & 0xFF, firsts)
    counts = np.maximum.reduceat(payloads & 0xFF00, firsts)
    united: NDArray[np.uint16] = (counts | fields).astype(np.uint16)
    return ids[firsts], united


def measure_rarity(indexes: Sequence[SearchedText], hits: Sequence[Hits]) -> Rarity:
    """Return the inverse document frequency of each term over all of these together, and over no other."""
    counted = [count_hits(index, of_index) for index, of_index in zip(indexes, hits, strict=True)]
    return invert_frequencies(
        np.sum([rows for rows, _ in counted], axis=0),
        np.sum([files for _, files in counted], axis=0),
        sum(index.live_row_count for index in indexes),
        sum(index.live_file_count for index in indexes),
    )


def count_hits(index: SearchedText, hits: Hits) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how many live rows, and how many live files, have each of the terms, (t,) each."""
    rows: NDArray[np.int64] = np.array([len(ids) for ids, _ in hits.rows], np.int64)
    files: NDArray[np.int64] = np.array([len(ids) for ids, _ in hits.files], np.int64)
    if len(index.dead_files):
        rows -= count_dead(index.dead_rows, index.live_rows, hits.rows)
        files -= count_dead(index.dead_files, index.live_file_mask, hits.files)
    return rows, files


def count_dead(
    dead: NDArray[np.int32], is_live: NDArray[np.bool_] | None, hits: Sequence[TermHits]
) -> NDArray[np.int64]:
    """Return at how many of the dead each term is. `is_live` says the same of all ids, None for all."""
    ends = np.cumsum([len(ids) for ids, _ in hits], dtype=np.int64)
    if is_live is None or not len(ends) or not ends[-1]:
        return np.zeros(len(hits), np.int64)
    if ends[-1] > _FEW_HITS:
        return np.array([_count_among(dead, is_live, ids) for ids, _ in hits], np.int64)
    places = (~is_live.take(np.concatenate([ids for ids, _ in hits]))).nonzero()[0]
    owners: NDArray[np.intp] = ends.searchsorted(places, side="right")
    return np.bincount(owners, minlength=len(ends))


def invert_frequencies(rows: NDArray[np.int64], files: NDArray[np.int64], row_count: int, file_count: int) -> Rarity:
    """Return the rarities of terms, given how many of the rows and of the files have each."""
    return Rarity(invert(rows, row_count), invert(files, file_count))


def _count_among(dead: NDArray[np.int32], is_live: NDArray[np.bool_], ids: NDArray[np.int32]) -> int:
    """Return how many of the dead are among the ids, both in ascending order."""
    if len(dead) * _SEARCH_STEPS < len(ids):
        return int(np.count_nonzero(ids.take(ids.searchsorted(dead), mode="clip") == dead))
    return len(ids) - int(np.count_nonzero(is_live.take(ids)))


def to_shares(rarity: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how much of the query each term is, as it is rare: they sum to 1 unless there are no terms."""
    shares: NDArray[np.float32] = rarity / (rarity.sum() or 1)
    return shares


def invert(frequencies: NDArray[np.int64], count: int) -> NDArray[np.float32]:
    """Return the inverse document frequency as in BM25: log(1 + (n - df + 0.5) / (df + 0.5))."""
    inverted: NDArray[np.float32] = np.log1p((count - frequencies + 0.5) / (frequencies + 0.5)).astype(np.float32)
    return inverted


def score_hits(index: SearchedText, hits: Hits, rarity: Rarity) -> LexicalScores:
    """Score every row and every file of an index by where the query's distinct terms are."""
    return LexicalScores(
        _score(hits.rows, rarity.rows, index.row_norms(SATURATION, LENGTH_NORM), ROW_WEIGHTS),
        _score(hits.files, rarity.files, index.file_norms(SATURATION, FILE_LENGTH_NORM), FILE_WEIGHTS),
        hits,
    )


def _score(
    hits: list[TermHits],
    rarity: NDArray[np.float32],
    norms: NDArray[np.float32],
    weights: NDArray[np.float32],
) -> NDArray[np.float32]:
    scores = np.zeros(len(norms), np.float32)
    found = [number for number, (ids, _) in enumerate(hits) if len(ids)]
    if len(found) > 1 and sum(len(hits[number][0]) for number in found) <= _FEW_HITS:
        rows = np.concatenate([hits[number][0] for number in found])
        occurrences = weights[np.concatenate([hits[number][1] for number in found])]
        idfs = rarity[found].repeat([len(hits[number][0]) for number in found])
        # Term by term, as below: each sum is the same to the last bit.
        np.add.at(scores, rows, idfs * occurrences / (occurrences + norms[rows]))
        return scores
    for (ids, payloads), idf in zip(hits, rarity, strict=True):
        if len(ids):
            # take is nearly twice as fast as an index in brackets.
            occurrences = weights.take(payloads)
            scores[ids] += idf * occurrences / (occurrences + norms.take(ids))
    return scores


def payloads_of(hits: list[TermHits], ids: NDArray[np.int32] | NDArray[np.int64]) -> NDArray[np.uint16]:
    """Return the payload of each term at each of the ids, (terms, ids); 0 where it is not."""
    found = np.zeros((len(hits), len(ids)), np.uint16)
    for number, (known, payloads) in enumerate(hits):
        if len(known):
            positions = known.searchsorted(ids)
            found[number] = payloads.take(positions, mode="clip") * (known.take(positions, mode="clip") == ids)
    return found
