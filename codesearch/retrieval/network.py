"""Network: what makes files answer a query, for all files at once. training/ranker_network.py fits it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from codesearch.retrieval.matches import MATCH_FEATURES, Matches

# Features further from their mean than so many deviations say no more than that they are far.
CLIP: Final = 4.0
_STEPS = 32


@dataclass(frozen=True, slots=True, eq=False)
class TermLayers:
    """What s networks make of one term's match, two layers each.

    first (len(MATCH_FEATURES), s, a), first_bias (s, a), second (s, a, u), second_bias (s, u), float32.
    """

    first: NDArray[np.float32]
    first_bias: NDArray[np.float32]
    second: NDArray[np.float32]
    second_bias: NDArray[np.float32]

    def units_of(self, matches: Matches) -> NDArray[np.float32]:
        """Return the units of each term in each row times the term's share, (s, t, c, u)."""
        terms, rows, features = matches.values.shape
        starts, width = self.first_bias.shape
        reached = matches.values.reshape(-1, features) @ self.first.reshape(features, -1) + self.first_bias.reshape(-1)
        inner = np.maximum(reached, 0).reshape(-1, starts, width).transpose(1, 0, 2)
        units = np.maximum(inner @ self.second + self.second_bias[:, None], 0)
        by_term = units.reshape(starts, terms, rows, self.second_bias.shape[1])
        shared: NDArray[np.float32] = by_term * matches.shares[:, None, None]
        return shared


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """margin = sum over s networks of their h hidden units, output * max(0, z @ hidden + m @ from_terms + bias).

    z are the standardised features, m the units of all terms, summed. means and deviations (f,), hidden (f, s, h),
    from_terms (s, u, h), bias and output (s, h), float32.
    """

    means: NDArray[np.float32]
    deviations: NDArray[np.float32]
    hidden: NDArray[np.float32]
    terms: TermLayers
    from_terms: NDArray[np.float32]
    bias: NDArray[np.float32]
    output: NDArray[np.float32]

    def predict(self, features: NDArray[np.float32], matches: Matches) -> NDArray[np.float64]:
        """Return the margin of each row of features (c, f)."""
        reached = self._reached(self._standardise(features), self.terms.units_of(matches).sum(axis=1))
        units = np.maximum(reached + self.bias[:, None], 0)
        margins: NDArray[np.float64] = (units * self.output[:, None]).sum(axis=(0, 2)).astype(np.float64)
        return margins

    def explain(
        self, features: NDArray[np.float32], matches: Matches
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return what each feature and each term adds to the margin of each row, (c, f) and (c, t).

        Integrated gradients (Sundararajan, Taly and Yan 2017) on the way from mean features and no match at all: they
        sum to the difference.
        """
        values, of_terms = self._standardise(features), self.terms.units_of(matches)
        reached = self._reached(values, of_terms.sum(axis=1))
        slopes = np.zeros(reached.shape, np.float64)
        for step in range(_STEPS):
            slopes += (reached * ((step + 0.5) / _STEPS) + self.bias[:, None] > 0) * self.output[:, None] / _STEPS
        by_feature = values * np.einsum("sch,fsh->cf", slopes, self.hidden)
        by_term = np.einsum("stcu,sch,suh->ct", of_terms, slopes, self.from_terms, optimize=True)
        return by_feature, by_term

    def _reached(self, values: NDArray[np.float32], units: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what the hidden units see, (s, c, h)."""
        starts, width = self.bias.shape
        by_features = (values @ self.hidden.reshape(len(self.means), -1)).reshape(-1, starts, width)
        reached: NDArray[np.float32] = by_features.transpose(1, 0, 2) + units @ self.from_terms
        return reached

    def _standardise(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        values: NDArray[np.float32] = (features - self.means) / self.deviations
        return values.clip(-CLIP, CLIP, out=values)


def read_network(content: Mapping[str, Any], feature_names: Sequence[str]) -> Network:
    """Return the network that training/ranker.py wrote, features by name. Raises KeyError, ValueError, TypeError."""

    def array(values: Any) -> NDArray[np.float32]:
        return np.array(values, np.float32)

    rows = [content["features"][name] for name in feature_names]
    features = content["terms"]["signs"]
    network = Network(
        means=array([row["mean"] for row in rows]),
        deviations=array([row["deviation"] for row in rows]),
        hidden=array([row["hidden"] for row in rows]),
        terms=TermLayers(
            first=array([features[name] for name in MATCH_FEATURES]),
            first_bias=array(content["terms"]["first_bias"]),
            second=array(content["terms"]["second"]),
            second_bias=array(content["terms"]["second_bias"]),
        ),
        from_terms=array(content["from_terms"]),
        bias=array(content["bias"]),
        output=array(content["output"]),
    )
    _check(network)
    return network


def _check(network: Network) -> None:
    """Raise ValueError when the layers do not fit together or hold what is no number."""
    terms = network.terms
    starts, units, width = network.from_terms.shape
    inner = terms.first_bias.shape[-1]
    shapes = [
        (network.hidden, (len(network.means), starts, width)),
        (terms.first, (len(MATCH_FEATURES), starts, inner)),
        (terms.first_bias, (starts, inner)),
        (terms.second, (starts, inner, units)),
        (terms.second_bias, (starts, units)),
        (network.bias, (starts, width)),
        (network.output, (starts, width)),
    ]
    if any(layer.shape != shape for layer, shape in shapes):
        raise ValueError("the layers do not fit together")
    layers = [network.means, network.deviations, *(layer for layer, _ in shapes)]
    if not (network.deviations > 0).all() or not all(np.isfinite(layer).all() for layer in layers):
        raise ValueError("a number is missing")
