"""Candidates -> ordered, scored results. Pure: everything it needs is in the candidates and the query."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from codesearch.core.checks import Check, do_not_check
from codesearch.core.index.search_index import SearchIndex
from codesearch.core.types import Explanation
from codesearch.retrieval.adjustments import Adjusted, adjust_candidates
from codesearch.retrieval.candidates import Candidates, join_candidates
from codesearch.retrieval.explanation import explain_files
from codesearch.retrieval.features.groups import find_runs
from codesearch.retrieval.features.table import compute_features
from codesearch.retrieval.features.view import View
from codesearch.retrieval.joining import find_joinable, join_pieces
from codesearch.retrieval.matches import Matches, describe_matches
from codesearch.retrieval.presence import measure_absence
from codesearch.retrieval.query.terms import QueryTerms
from codesearch.retrieval.ranking_model import QueryModel, load_ranking_model
from codesearch.retrieval.twins import TWIN_FACTOR, find_twins

# A further row of a file has this much of the file's probability, times the chance that it is the row that answers.
# NDCG@10 of 609 questions with whole files as answers / 360 with lines, repositories left out / the golden set: 0.2
# gives 0.909 / 0.545 / 0.874, 0.3 0.908 / 0.552 / 0.875, 0.5 0.905 / 0.563 / 0.877, 1 0.900 / 0.574 / 0.876. With
# fixed shares, 0.03 for the second row, it was 0.910 / 0.475 / 0.866.
FURTHER_SHARE = 0.3
# No row has nothing: what a score is made of stays to be seen.
_LEAST_SHARE = 1e-9
# Of a name, what is beside it says more than another file that lacks it: the second row has at least so much, each
# further one so much of the one before it.
NAMED_SECOND_ROW, NAMED_FURTHER_ROWS = 0.03, 0.3
# Gives the matches of rows, in the order of their files.
MatchesOf = Callable[[NDArray[np.intp]], Matches]


@dataclass(frozen=True, slots=True)
class Ranked:
    """Rows of a segment that are one record, in the order of their lines, with the score of the best, in [0, 1].

    Several are joined pieces of one definition. `position` is their data source's among those that were asked. twins:
    position, segment and row of each candidate that repeats one of them.
    """

    position: int
    index: SearchIndex
    rows: tuple[int, ...]
    score: float
    explanation: Explanation | None = None
    twins: tuple[tuple[int, SearchIndex, int], ...] = ()

    @property
    def row(self) -> int:
        """The first of the rows."""
        return self.rows[0]


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """What the model says of rows: (c,) each.

    scores: the probability that a row answers. speakers: which row speaks for its file. factors: what of the
    file's probability is the row's, as the first or a further row of its file, or as the twin of another row.
    """

    scores: NDArray[np.float64]
    speakers: NDArray[np.intp]
    factors: NDArray[np.float64]


def rank(
    terms: QueryTerms,
    found: Sequence[Candidates],
    *,
    limit: int,
    explain: bool = False,
    check: Check = do_not_check,
) -> list[Ranked]:
    """Return the best `limit` records of all data sources, which are in the order of their ids, best first.

    A record is a candidate, or several that are pieces of one definition. Scores are in [0, 1]. The order is total:
    (-score, data source, path, start line, end line, document id). `check` is called between stages and may raise.
    """
    if not any(len(candidates.rows) for candidates in found):
        return []
    check()
    joined = join_candidates(found)
    check()
    view = View(terms, joined)
    features, adjusted = compute_features(view), adjust_candidates(view)
    check()
    model = model_for(terms)
    matches_of = partial(describe_matches, joined)
    scored = score_rows(model, features, joined.files, matches_of, adjusted, partial(measure_absence, view))
    order = (-scored.scores).argsort(kind="stable")
    twins = find_twins(joined, order)
    if twins:
        scored = _lower_twins(scored, [twin for of_one in twins.values() for twin in of_one])
        order = (-scored.scores).argsort(kind="stable")
    records = join_pieces(order.argsort(), find_joinable(joined))
    best = _order_records(order, records, scored.scores)[:limit]
    explanations = (
        _explain(model, terms, features, matches_of, adjusted, scored, best) if explain else [None] * len(best)
    )
    ranked = []
    for i, explanation in zip(best.tolist(), explanations, strict=True):
        pieces = list(records.get(i, (i,)))
        repeats = sorted(twin for piece in pieces for twin in twins.get(piece, ()))
        (position, index, _), score = joined.place_of(i), float(scored.scores[i])
        places = tuple(map(joined.place_of, repeats))
        rows = tuple(joined.place_of(piece)[2] for piece in pieces)
        ranked.append(Ranked(position, index, rows, score, explanation, places))
    return ranked


def _lower_twins(scored: Scores, twins: Sequence[int]) -> Scores:
    """Return the scores with those of twins lowered, so that they come last."""
    factors = np.ones(len(scored.scores))
    factors[list(twins)] = TWIN_FACTOR
    return Scores(scored.scores * factors, scored.speakers, scored.factors * factors)


def _order_records(
    order: NDArray[np.intp],
    records: Mapping[int, tuple[int, ...]],
    scores: NDArray[np.float64],
) -> NDArray[np.intp]:
    """Return the best of each record in the order of the records, given that of all candidates."""
    if not records:
        return order
    firsts, is_best = np.arange(len(order)), np.ones(len(order), np.bool_)
    for best, pieces in records.items():
        firsts[best] = pieces[0]
        is_best[list(pieces)] = False
        is_best[best] = True
    order = np.lexsort((firsts, -scores))
    return order[is_best[order]]


def model_for(terms: QueryTerms) -> QueryModel:
    """Return the model for this kind of query."""
    model = load_ranking_model()
    return model.names if terms.is_name else model.questions


def _no_absence(top_margin: float) -> float:
    return 0.0


def score_rows(
    model: QueryModel,
    features: NDArray[np.float32],
    files: NDArray[np.int64],
    matches_of: MatchesOf,
    adjusted: Adjusted | None = None,
    absence_of: Callable[[float], float] = _no_absence,
) -> Scores:
    """Score rows by their features (c, f), the number of each one's file and the matches of those that speak for one.

    Of each file the row with the highest weighted sum, adjusted, speaks for it: its features and matches say how
    probable the file is. The row of the file that the model finds most likely to answer has that probability, any other
    one FURTHER_SHARE of it times the chance that it is that row. `absence_of` gives for the highest margin what lowers
    all log-odds.
    """
    sums = features @ model.weights
    for_rows = np.zeros(len(sums), np.float32) if adjusted is None else adjusted.for_rows
    order, firsts, sizes = order_by_file(sums + for_rows, files)
    best = order[firsts]
    margins = model.margins_of(to_file_features(features, sums, best), matches_of(best))
    if adjusted is not None:
        margins = margins + adjusted.for_files[best].sum(axis=1)
    probabilities = model.calibration.to_probabilities(margins, absence_of(float(margins.max())))
    of_files, speakers = np.empty(len(order), np.float64), np.empty_like(order)
    of_files[order], speakers[order] = probabilities.repeat(sizes), best.repeat(sizes)
    factors = share_within_files(model.choose_rows(features, sums) + for_rows, files, of_name=model.within is None)
    return Scores(of_files * factors, speakers, factors)


def share_within_files(choices: NDArray[np.float32], files: NDArray[np.int64], *, of_name: bool) -> NDArray[np.float64]:
    """Return which share of its file's probability each row has, (c,), by how much speaks for choosing it.

    1 for the best row of a file, for others FURTHER_SHARE of their part in the sum of exp(choice) over the file's rows;
    where a name is asked for, not less than NAMED_SECOND_ROW and so on.
    """
    order, firsts, sizes = order_by_file(choices, files)
    powers = np.exp((choices[order] - choices[order[firsts]].repeat(sizes)).astype(np.float64))
    shares = FURTHER_SHARE * powers / np.add.reduceat(powers, firsts).repeat(sizes)
    further = np.arange(len(order)) - firsts.repeat(sizes)
    least = NAMED_SECOND_ROW * NAMED_FURTHER_ROWS ** (further - 1.0) if of_name else 0.0
    shares = np.maximum(shares, np.maximum(least, _LEAST_SHARE))
    shares[firsts] = 1.0
    factors = np.empty(len(order), np.float64)
    factors[order] = shares
    return factors


def order_by_file(
    sums: NDArray[np.float32], files: NDArray[np.int64]
) -> tuple[NDArray[np.intp], NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows by file, those of a file by descending sum; where each file's begin, and how many it has."""
    order = np.lexsort((-sums, files))
    return order, *find_runs(files[order])


def to_file_features(
    features: NDArray[np.float32], sums: NDArray[np.float32], rows: NDArray[np.intp]
) -> NDArray[np.float32]:
    """Return FILE_FEATURES of rows that speak for their files."""
    return np.column_stack((features[rows], sums[rows], sums[rows] - sums.max()))


def _explain(
    model: QueryModel,
    terms: QueryTerms,
    features: NDArray[np.float32],
    matches_of: MatchesOf,
    adjusted: Adjusted,
    scored: Scores,
    rows: NDArray[np.intp],
) -> list[Explanation]:
    speakers, files = np.unique(scored.speakers[rows], return_inverse=True)
    seen = to_file_features(features, features @ model.weights, speakers)
    # Once for each file: all of its rows say the same, also where a processor adds up rows in several ways.
    of_speakers = Adjusted(adjusted.values[speakers], adjusted.for_rows[speakers], adjusted.for_files[speakers])
    probabilities = scored.scores[speakers] / scored.factors[speakers]
    explained = explain_files(model, seen, matches_of(speakers), of_speakers, terms.words, probabilities)
    factors = scored.factors[rows].tolist()
    return [
        replace(explained[file], factor=factor, read_as=terms.read_as)
        for file, factor in zip(files.tolist(), factors, strict=True)
    ]
