"""The network of the ranking model: evaluated at once as one would by hand, explained without a rest."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from codesearch.retrieval.network import CLIP, Network, read_network

NAMES = ("first", "second", "third")
CONTENT: dict[str, Any] = {
    "features": {
        "first": {"mean": 1.0, "deviation": 2.0, "hidden": [1.0, 0.0]},
        "second": {"mean": 0.0, "deviation": 1.0, "hidden": [0.0, -1.0]},
        "third": {"mean": 0.0, "deviation": 1.0, "hidden": [0.0, 0.0]},
    },
    "bias": [0.5, 1.0],
    "output": [2.0, 10.0],
}


def network_of(units: int, seed: int) -> Network:
    numbers = np.random.default_rng(seed)
    return Network(
        means=numbers.normal(size=3).astype(np.float32),
        deviations=numbers.uniform(0.5, 2, 3).astype(np.float32),
        hidden=numbers.normal(size=(3, units)).astype(np.float32),
        bias=numbers.normal(size=units).astype(np.float32),
        output=numbers.normal(size=units).astype(np.float32),
    )


def margin_by_hand(network: Network, row: NDArray[np.float32]) -> float:
    values = [
        min(max((float(value) - float(mean)) / float(deviation), -CLIP), CLIP)
        for value, mean, deviation in zip(row, network.means, network.deviations, strict=True)
    ]
    margin = 0.0
    for unit in range(len(network.bias)):
        reached = float(network.bias[unit]) + sum(
            value * float(weight) for value, weight in zip(values, network.hidden[:, unit], strict=True)
        )
        margin += max(0.0, reached) * float(network.output[unit])
    return margin


networks = st.builds(network_of, st.integers(1, 12), st.integers(0, 1000))
rows = st.lists(st.lists(st.floats(-3, 3, width=32), min_size=3, max_size=3), min_size=1, max_size=8)


@given(networks, rows)
def test_every_row_gets_the_margin_of_its_features(network: Network, rows: list[list[float]]) -> None:
    features = np.array(rows, np.float32)
    assert network.predict(features) == pytest.approx([margin_by_hand(network, row) for row in features], abs=1e-3)


@given(networks, rows)
def test_the_explanation_sums_up_to_the_difference_from_the_mean(network: Network, rows: list[list[float]]) -> None:
    features = np.array(rows, np.float32)
    shares = network.explain(features)
    assert shares.shape == features.shape
    at_mean = network.predict(network.means[None])
    # A unit that becomes active on the way does so within one of 32 steps.
    steps = np.abs(((features - network.means) / network.deviations) @ network.hidden) @ np.abs(network.output) / 32
    assert np.all(np.abs(shares.sum(axis=1) + at_mean - network.predict(features)) <= steps + 1e-3)


def test_units_below_zero_say_nothing_and_far_features_are_cut() -> None:
    network = read_network(CONTENT, NAMES)
    asked = np.array([[1, 0, 0], [3, 0, 9], [1, 1, 0], [-1000, 2, 0], [1000, 2, 0]], np.float32)
    assert network.predict(asked).tolist() == [11.0, 13.0, 1.0, 0.0, 9.0]
    assert not network.explain(asked)[:, 2].any(), "a feature without weight explains something"


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content["features"].pop("third"),
        lambda content: content["features"]["third"].pop("mean"),
        lambda content: content["features"]["third"].update(hidden=[1.0]),
        lambda content: content["features"]["third"].update(deviation=0.0),
        lambda content: content.update(bias=[1.0]),
        lambda content: content.update(output=["high", 1.0]),
        lambda content: content.update(output=[float("nan"), 1.0]),
        lambda content: content.update(bias=None),
    ],
)
def test_a_damaged_network_is_an_error(damage: Any) -> None:
    content = copy.deepcopy(CONTENT)
    damage(content)
    with pytest.raises((KeyError, ValueError, TypeError)):
        read_network(content, NAMES)
