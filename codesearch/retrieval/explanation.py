"""Why records stand where they stand: what each feature adds to the model's margin. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from codesearch.core.types import Explanation, FeatureShare
from codesearch.retrieval.adjustments import ADJUSTMENTS, Adjusted
from codesearch.retrieval.matches import Matches
from codesearch.retrieval.ranking_model import FILE_FEATURES, QueryModel

_SHOWN_FEATURES = 10
_LEAST_CONTRIBUTION = 0.005
_LEAST_CHANCE = 1e-9


def explain_files(
    model: QueryModel,
    file_features: NDArray[np.float32],
    matches: Matches,
    adjusted: Adjusted,
    words: Sequence[str],
    probabilities: NDArray[np.float64],
) -> list[Explanation]:
    """Explain the best row of each file by its FILE_FEATURES, its matches and how its margin was adjusted.

    `words` are those of the query's terms; a word's share is called `word:` and the word, its value is the share of the
    query that it is. probabilities are those of the files.
    """
    of_model = model.explain(file_features, matches)
    shares = np.concatenate((of_model, adjusted.for_files.astype(np.float64)), axis=1) * model.calibration.slope
    names = (*FILE_FEATURES, *(f"word:{word}" for word in words), *ADJUSTMENTS)
    of_words = np.tile(matches.shares, (len(file_features), 1))
    values = np.concatenate((file_features, of_words, adjusted.values), axis=1)
    certain = np.clip(probabilities, _LEAST_CHANCE, 1 - _LEAST_CHANCE)
    log_odds = np.log(certain / (1 - certain))
    return [
        Explanation(float(log_odds[row]), 1.0, _strongest(names, values[row], shares[row]))
        for row in range(len(file_features))
    ]


def _strongest(
    names: Sequence[str], values: NDArray[np.float32], shares: NDArray[np.float64]
) -> tuple[FeatureShare, ...]:
    order = np.argsort(-np.abs(shares), kind="stable")[:_SHOWN_FEATURES]
    return tuple(
        FeatureShare(names[i], float(values[i]), float(shares[i]))
        for i in order.tolist()
        if abs(shares[i]) >= _LEAST_CONTRIBUTION
    )
