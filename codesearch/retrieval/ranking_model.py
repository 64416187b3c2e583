"""RankingModel: what training/ranker.py learned. Weights choose the row of each file, a network orders the files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesearch.core.errors import ConfigurationError
from codesearch.retrieval.features import FEATURES
from codesearch.retrieval.network import Network, read_network

_MODEL = Path(__file__).with_name("ranking_model.json")
# What the network sees of a file's best row besides its features: its weighted sum, and how far that is below the best.
FILE_FEATURES = (*FEATURES, "sum", "sum_gap")


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """P(answers) = 1 / (1 + exp(-(slope * margin + offset + top * highest margin + middle * median margin)))."""

    slope: float
    offset: float
    top: float
    middle: float

    def to_probabilities(self, margins: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probabilities of all candidates of a query, in the order of their margins. Needs at least one."""
        shift = self.offset + self.top * margins.max() + self.middle * np.median(margins)
        probabilities: NDArray[np.float64] = 1 / (1 + np.exp(-(self.slope * margins + shift)))
        return probabilities


@dataclass(frozen=True, slots=True, eq=False)
class QueryModel:
    """The model for one kind of query. weights (features,) float32: what each feature of a row is worth."""

    weights: NDArray[np.float32]
    network: Network | None
    calibration: Calibration


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
    weights = np.zeros(len(FEATURES), np.float32)
    for name, weight in content["weights"].items():
        weights[FEATURES.index(name)] = weight
    network = content.get("network")
    return QueryModel(
        weights, read_network(network, FILE_FEATURES) if network else None, Calibration(**content["calibration"])
    )
