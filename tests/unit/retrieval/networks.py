"""Networks with weights drawn by chance, and matches to ask them with."""

from __future__ import annotations

import numpy as np

from codesearch.retrieval.matches import MATCH_FEATURES, Matches
from codesearch.retrieval.network import Network, TermLayers


def network_of(features: int, seed: int, *, starts: int = 2, width: int = 3, used: list[int] | None = None) -> Network:
    """Return a network; only the `used` features, or all, have weights."""
    numbers = np.random.default_rng(seed)
    hidden = np.zeros((features, starts, width), np.float32)
    chosen = used if used is not None else list(range(features))
    hidden[chosen] = numbers.normal(size=(len(chosen), starts, width)) / 3
    inner, units = 4, 2
    drawn = {
        "first": (len(MATCH_FEATURES), starts, inner),
        "first_bias": (starts, inner),
        "second": (starts, inner, units),
        "second_bias": (starts, units),
        "from_terms": (starts, units, width),
        "bias": (starts, width),
        "output": (starts, width),
    }
    layers = {name: (numbers.normal(size=shape) / 3).astype(np.float32) for name, shape in drawn.items()}
    return Network(
        means=np.zeros(features, np.float32),
        deviations=np.ones(features, np.float32),
        hidden=hidden,
        terms=TermLayers(*(layers[name] for name in ("first", "first_bias", "second", "second_bias"))),
        from_terms=layers["from_terms"],
        bias=layers["bias"],
        output=layers["output"],
    )


def matches_of(terms: int, rows: int, seed: int = 0) -> Matches:
    """Return matches of so many terms in so many rows."""
    numbers = np.random.default_rng(seed)
    values = numbers.uniform(0, 1, (terms, rows, len(MATCH_FEATURES))).astype(np.float32)
    shares = numbers.uniform(0.1, 1, terms).astype(np.float32)
    return Matches(values, shares / (shares.sum() or 1))
