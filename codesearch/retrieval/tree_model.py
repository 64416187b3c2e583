"""TreeModel: gradient-boosted oblivious trees, evaluated for all candidates at once. training/ranker.py makes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class TreeModel:
    """t trees of depth k; all nodes of one level ask the same: is feature f over the border?

    features (t, k) int, borders (t, k) float32, leaves (t, 2^k) float32: bit i of a leaf's number is level i's answer.
    """

    features: NDArray[np.intp]
    borders: NDArray[np.float32]
    leaves: NDArray[np.float32]
    bias: float

    def predict(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the bias and the sum of all trees for each row of features (c, f)."""
        sums: NDArray[np.float64] = self._leaves_of(features).sum(axis=1, dtype=np.float64)
        return sums + self.bias

    def _leaves_of(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        trees, depth = self.features.shape
        answers = features[:, self.features.ravel()] > self.borders.ravel()
        numbers = answers.reshape(-1, trees, depth) @ (1 << np.arange(depth))
        values: NDArray[np.float32] = self.leaves[np.arange(trees), numbers]
        return values

    def explain(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return what each feature adds to the prediction of each row, (c, f); with the bias it sums to `predict`.

        Each tree's value is shared out level by level: what a level's answer changes in the mean of the leaves that
        are still possible (Saabas 2014).
        """
        trees, depth = self.features.shape
        shares = np.zeros(features.shape, np.float64)
        answers = (features[:, self.features.ravel()] > self.borders.ravel()).reshape(-1, trees, depth)
        for tree in range(trees):
            values = self.leaves[tree].astype(np.float64).reshape((2,) * depth)
            for row in range(len(features)):
                remaining = values
                mean = remaining.mean()
                # Level `depth - 1` is the first axis.
                shares[row, self.features[tree, depth - 1]] += mean
                for level in range(depth - 1, -1, -1):
                    remaining = remaining[int(answers[row, tree, level])]
                    shares[row, self.features[tree, level]] += remaining.mean() - mean
                    mean = remaining.mean()
        return shares


def read_trees(content: Mapping[str, Any], feature_names: Sequence[str]) -> TreeModel:
    """Return the trees that training/ranker.py wrote, features by name. Raises KeyError, ValueError, TypeError."""
    places = {name: number for number, name in enumerate(feature_names)}
    return TreeModel(
        features=np.array([[places[name] for name in tree] for tree in content["features"]], np.intp),
        borders=np.array(content["borders"], np.float32),
        leaves=np.array(content["leaves"], np.float32),
        bias=float(content["bias"]),
    )
