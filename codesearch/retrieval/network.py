"""Network: one hidden layer over the features of files, for all files at once. training/ranker.py makes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

# Features further from their mean than so many deviations say no more than that they are far.
CLIP: Final = 4.0
_STEPS = 32


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """margin = sum over the h hidden units of output * max(0, z @ hidden + bias), z the standardised features.

    means and deviations (f,), hidden (f, h), bias and output (h,), float32.
    """

    means: NDArray[np.float32]
    deviations: NDArray[np.float32]
    hidden: NDArray[np.float32]
    bias: NDArray[np.float32]
    output: NDArray[np.float32]

    def predict(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the margin of each row of features (c, f)."""
        units = np.maximum(self._standardise(features) @ self.hidden + self.bias, 0)
        margins: NDArray[np.float64] = (units @ self.output).astype(np.float64)
        return margins

    def explain(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return what each feature adds to the margin of each row, (c, f), beside that of mean features.

        Integrated gradients (Sundararajan, Taly and Yan 2017) on the way from the mean: they sum to the difference.
        """
        values = self._standardise(features)
        reached = values @ self.hidden
        shares = np.zeros(values.shape, np.float64)
        for step in range(_STEPS):
            is_active = reached * ((step + 0.5) / _STEPS) + self.bias > 0
            shares += (is_active * self.output) @ self.hidden.T
        explained: NDArray[np.float64] = values * shares / _STEPS
        return explained

    def _standardise(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        values: NDArray[np.float32] = np.clip((features - self.means) / self.deviations, -CLIP, CLIP)
        return values


def read_network(content: Mapping[str, Any], feature_names: Sequence[str]) -> Network:
    """Return the network that training/ranker.py wrote, features by name. Raises KeyError, ValueError, TypeError."""
    rows = [content["features"][name] for name in feature_names]
    hidden = np.array([row["hidden"] for row in rows], np.float32)
    network = Network(
        means=np.array([row["mean"] for row in rows], np.float32),
        deviations=np.array([row["deviation"] for row in rows], np.float32),
        hidden=hidden,
        bias=np.array(content["bias"], np.float32),
        output=np.array(content["output"], np.float32),
    )
    if network.bias.shape != hidden.shape[1:] or network.output.shape != hidden.shape[1:]:
        raise ValueError("the layers do not fit together")
    if not (network.deviations > 0).all() or not all(
        np.isfinite(layer).all() for layer in (network.means, hidden, network.bias, network.output)
    ):
        raise ValueError("a number is missing")
    return network
