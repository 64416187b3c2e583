"""Two of the fits of ranker.py: weights that choose rows, probabilities from margins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ranker_data import FEATURES, Query
from scipy.optimize import minimize

from codesearch.retrieval.ranking_model import Calibration

# Features that can only speak against a row, those that may do either, and those of the query, which order nothing.
AGAINST = frozenset(
    "is_value is_test is_example is_old is_document depth is_entry definitions position is_method is_header".split()
)
EITHER = frozenset(
    "references file_references top_references_in_file rows_in_file candidates_in_file length is_file is_symbol "
    "language_share file_length file_length_gap function_share type_share files_in_folder".split()
)
OF_QUERY = frozenset(
    "is_name is_task term_count name_count top_similarity top_coverage asks_test asks_example asks_document".split()
)
# On the squares of standardised weights. Names have few queries, nearly all of which any weights answer.
QUESTIONS_PENALTY, NAMES_PENALTY = 30.0, 100.0
_SHOWN_FILES = 10


def fit_weights(queries: Sequence[Query], penalty: float) -> NDArray[np.float64]:
    """Return a weight per feature, each with the sign that it must have.

    Minimises, over the targets of all queries, -log(sum of exp(s) over the rows that cover the target / sum over these
    and all rows that cover none): which of a file's rows answers need not be known. L2 penalty on standardised weights.
    """
    features = np.concatenate([query.features for query in queries])
    mean, deviation = features.mean(axis=0), features.std(axis=0) + 1e-6
    columns = np.flatnonzero([name not in OF_QUERY for name in FEATURES])
    standardised = ((features - mean) / deviation)[:, columns]
    groups = list(_list_targets(queries))
    everything, right = _Segments([rows for rows, _, _ in groups]), _Segments([rows for _, rows, _ in groups])
    weight = np.array([value for _, _, value in groups])

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = standardised @ parameters
        (all_sums, all_shares), (right_sums, right_shares) = everything.soft_max(scores), right.soft_max(scores)
        gradient = np.bincount(everything.rows, all_shares * weight[everything.groups], len(scores))
        gradient -= np.bincount(right.rows, right_shares * weight[right.groups], len(scores))
        value = float(weight @ (all_sums - right_sums)) + penalty / 2 * float(parameters @ parameters)
        return value, standardised.T @ gradient + penalty * parameters

    bounds = [_bounds_of(FEATURES[column]) for column in columns]
    found = minimize(loss, np.zeros(len(columns)), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 150})
    weights = np.zeros(len(FEATURES))
    weights[columns] = found.x / deviation[columns]
    return weights


def _bounds_of(name: str) -> tuple[float | None, float | None]:
    return (None, None) if name in EITHER else (None, 0.0) if name in AGAINST else (0.0, None)


def _list_targets(queries: Sequence[Query]) -> Any:
    """Yield for each target the rows it is chosen from, those that cover it, and its weight."""
    start = 0
    for query in queries:
        found = np.flatnonzero(query.covers.any(axis=0))
        covering = query.covers.any(axis=1)
        for target in found:
            right = query.covers[:, target]
            yield (
                start + np.flatnonzero(right | ~covering),
                start + np.flatnonzero(right),
                query.weight / len(found) ** 0.5,
            )
        start += len(query.files)


class _Segments:
    """Lists of rows, one after the other."""

    def __init__(self, lists: Sequence[NDArray[np.intp]]) -> None:
        self._lengths = np.array([len(rows) for rows in lists])
        self._starts = np.cumsum(self._lengths) - self._lengths
        self.rows = np.concatenate(lists)
        self.groups = np.repeat(np.arange(len(lists)), self._lengths)

    def soft_max(self, scores: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return each list's log of the sum of exp(score), and each row's share of that sum."""
        values = scores[self.rows]
        highest = np.maximum.reduceat(values, self._starts)
        powers = np.exp(values - highest[self.groups])
        sums = np.add.reduceat(powers, self._starts)
        return highest + np.log(sums), powers / sums[self.groups]


def fit_calibration(
    left_out: Sequence[tuple[Query, NDArray[np.intp], NDArray[np.float64]]],
) -> Calibration:
    """Fit P(the shown row answers) on the first ten files of each query, by margins of models that had not seen it."""
    rows, labels, weights, queries = [], [], [], []
    for number, (query, best, margins) in enumerate(left_out):
        shown = np.argsort(-margins, kind="stable")[:_SHOWN_FILES]
        of_query = (1.0, margins.max(), np.median(margins))
        rows += [(margins[i], *of_query) for i in shown]
        labels += [float(query.covers[best[i]].any()) for i in shown]
        weights += [query.weight] * len(shown)
        queries += [number] * len(shown)
    x, y, w = np.array(rows), np.array(labels), np.array(weights)

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logits = x @ parameters
        errors = w * (1 / (1 + np.exp(-logits)) - y)
        return float(w @ (np.logaddexp(0, logits) - y * logits)), x.T @ errors

    found = minimize(loss, np.zeros(4), jac=True, method="L-BFGS-B").x
    chances = 1 / (1 + np.exp(-x @ found))
    print(f"expected calibration error {calibration_error(chances, y, w):.4f}")
    for threshold in (0.3, 0.5, 0.7):
        kept = chances > threshold
        answered = len(set(np.array(queries)[kept].tolist())) / len(left_out)
        right = np.average(y[kept], weights=w[kept])
        print(f"over {threshold}: {right:.2f} right, {answered:.2f} of the queries have any")
    return Calibration(*(round(float(value), 5) for value in found))


def calibration_error(
    chances: NDArray[np.float64], labels: NDArray[np.float64], weights: NDArray[np.float64], bins: int = 10
) -> float:
    """Return the expected calibration error: |share right - mean chance| of equal bins, weighed by their sizes."""
    numbers = np.minimum((chances * bins).astype(int), bins - 1)
    gaps = [abs(float(weights[numbers == i] @ (labels - chances)[numbers == i])) for i in range(bins)]
    return sum(gaps) / float(weights.sum())
