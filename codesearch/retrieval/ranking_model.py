"""RankingModel: what training/ranker.py learned. Weights choose the row of each file, a network orders the files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from codesearch.core.errors import ConfigurationError
from codesearch.retrieval.features.table import FEATURES
from codesearch.retrieval.matches import Matches
from codesearch.retrieval.network import Network, read_network

_MODEL = Path(__file__).with_name("ranking_model.json")
# What the network sees of a file's best row besides its features: its weighted sum, and how far that is below the best.
SUM_MEANINGS: Final = {
    "sum": "weighted sum of the features above, by which the row was chosen to speak for its file",
    "sum_gap": "`sum` less the highest one",
}
FILE_FEATURES: Final = (*FEATURES, *SUM_MEANINGS)
# Who asks where something is done wants the code, not its tests, unless the words ask for those; a task touches both.
# Questions to repositories that were never trained on gain 0.004 (NDCG@10), commits lose 0.008 of 0.739 (file recall).
TEST_PENALTY = 1.5
_IS_TEST, _ASKS_TEST, _IS_TASK, _SUM = map(FILE_FEATURES.index, ("is_test", "asks_test", "is_task", "sum"))


def penalty_of_tests(file_features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what the margin of each file (c, FILE_FEATURES) is lowered by for being a test that nobody asked for."""
    unasked = (1 - file_features[:, _ASKS_TEST]) * (1 - file_features[:, _IS_TASK])
    penalties: NDArray[np.float32] = TEST_PENALTY * file_features[:, _IS_TEST] * unasked
    return penalties


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """P(answers) = 1 / (1 + exp(-(slope * margin + offset + top * highest margin + middle * median margin)))."""

    slope: float
    offset: float
    top: float
    middle: float

    def to_probabilities(self, margins: NDArray[np.float64], absence: float = 0.0) -> NDArray[np.float64]:
        """Return the probabilities of all candidates of a query, in the order of their margins. Needs at least one.

        `absence` is added to the log-odds of all of them.
        """
        shift = self.offset + self.top * margins.max() + self.middle * _median_of(margins) + absence
        probabilities: NDArray[np.float64] = 1 / (1 + np.exp(-(self.slope * margins + shift)))
        return probabilities


def _median_of(values: NDArray[np.float64]) -> float:
    # np.median takes ten times as long for as few values as a query has files.
    middle = np.sort(values)[(len(values) - 1) // 2 : len(values) // 2 + 1]
    return float(middle[0] + middle[-1]) / 2


@dataclass(frozen=True, slots=True, eq=False)
class QueryModel:
    """The model for one kind of query.

    weights (features,) float32: what each feature of a row is worth, by which a row speaks for its file. within: what
    it is worth where the file is right and one of its rows is to be chosen, as log-odds; None for the same.
    """

    weights: NDArray[np.float32]
    network: Network | None
    calibration: Calibration
    within: NDArray[np.float32] | None = None

    def choose_rows(self, features: NDArray[np.float32], sums: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return how much speaks for each row among those of its file, given `features @ weights`."""
        if self.within is None:
            return sums
        choices: NDArray[np.float32] = features @ self.within
        return choices

    def margins_of(self, file_features: NDArray[np.float32], matches: Matches) -> NDArray[np.float64]:
        """Return the margin of each file by FILE_FEATURES and the matches of the row that speaks for it."""
        if self.network is None:
            return file_features[:, _SUM].astype(np.float64)
        return self.network.predict(file_features, matches) - penalty_of_tests(file_features)

    def explain(self, file_features: NDArray[np.float32], matches: Matches) -> NDArray[np.float64]:
        """Return what each of FILE_FEATURES, and after them each term, adds to the margin of each file."""
        shares = np.zeros((len(file_features), len(FILE_FEATURES) + len(matches.shares)), np.float64)
        if self.network is None:
            shares[:, : len(FEATURES)] = file_features[:, : len(FEATURES)].astype(np.float64) * self.weights
        else:
            by_feature, by_term = self.network.explain(file_features, matches)
            shares += np.concatenate((by_feature, by_term), axis=1)
            shares[:, _IS_TEST] -= penalty_of_tests(file_features)
        return shares


@dataclass(frozen=True, slots=True, eq=False)
class RankingModel:
    """The models for queries that are one name, and for all others."""

    names: QueryModel
    questions: QueryModel


@lru_cache(maxsize=1)
def load_ranking_model() -> RankingModel:
    """Read the model that ships with the package. Raises ConfigurationError when it is damaged."""
    try:
        content = json.loads(_MODEL.read_text(encoding="utf-8"))
        return RankingModel(_read(content["names"]), _read(content["questions"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            f"The ranking model {_MODEL} is damaged: {error}. Install codesearch again."
        ) from error


def _read(content: Mapping[str, Any]) -> QueryModel:
    network, within = content.get("network"), content.get("within")
    return QueryModel(
        _read_weights(content["weights"]),
        read_network(network, FILE_FEATURES) if network else None,
        Calibration(**content["calibration"]),
        _read_weights(within) if within else None,
    )


def _read_weights(by_name: Mapping[str, float]) -> NDArray[np.float32]:
    weights = np.zeros(len(FEATURES), np.float32)
    for name, weight in by_name.items():
        weights[FEATURES.index(name)] = weight
    return weights
