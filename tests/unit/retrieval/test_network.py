"""The network of the ranking model: evaluated at once as one would by hand, explained without a rest."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from codesearch.retrieval.matches import MATCH_FEATURES, Matches
from codesearch.retrieval.network import CLIP, Network, read_network
from tests.floats import ABSOLUTE, near
from tests.unit.retrieval.networks import matches_of, network_of

NAMES = ("first", "second", "third")
# One network of two hidden units; a term counts as much as it is in the name, the first unit sees it, once.
CONTENT: dict[str, Any] = {
    "features": {
        "first": {"mean": 1.0, "deviation": 2.0, "hidden": [[1.0, 0.0]]},
        "second": {"mean": 0.0, "deviation": 1.0, "hidden": [[0.0, -1.0]]},
        "third": {"mean": 0.0, "deviation": 1.0, "hidden": [[0.0, 0.0]]},
    },
    "terms": {
        "signs": {name: [[1.0 if name == "in_name" else 0.0]] for name in MATCH_FEATURES},
        "first_bias": [[0.0]],
        "second": [[[1.0]]],
        "second_bias": [[0.0]],
    },
    "from_terms": [[[1.0, 0.0]]],
    "bias": [[0.5, 1.0]],
    "output": [[2.0, 10.0]],
}


def shift_of(network: Network, seed: int) -> Network:
    numbers = np.random.default_rng(seed)
    return replace(
        network,
        means=numbers.normal(size=3).astype(np.float32),
        deviations=numbers.uniform(0.5, 2, 3).astype(np.float32),
    )


def margin_by_hand(network: Network, row: NDArray[np.float32], matches: NDArray[np.float32], shares: Any) -> float:
    values = [
        min(max((float(value) - float(mean)) / float(deviation), -CLIP), CLIP)
        for value, mean, deviation in zip(row, network.means, network.deviations, strict=True)
    ]
    margin = 0.0
    layers = network.terms
    for start in range(len(network.bias)):
        units = np.zeros(layers.second_bias.shape[1])
        for term, share in zip(matches, shares, strict=True):
            inner = np.maximum(term @ layers.first[:, start] + layers.first_bias[start], 0)
            units += share * np.maximum(inner @ layers.second[start] + layers.second_bias[start], 0)
        reached = network.bias[start] + units @ network.from_terms[start] + np.array(values) @ network.hidden[:, start]
        margin += float(np.maximum(reached, 0) @ network.output[start])
    return margin


networks = st.builds(
    lambda seed, starts, width: shift_of(network_of(3, seed, starts=starts, width=width), seed),
    st.integers(0, 1000),
    st.integers(1, 3),
    st.integers(1, 5),
)
rows = st.lists(st.lists(st.floats(-3, 3, width=32), min_size=3, max_size=3), min_size=1, max_size=6)


@given(networks, rows, st.integers(0, 4))
def test_every_row_gets_the_margin_of_its_features_and_matches(
    network: Network, rows: list[list[float]], terms: int
) -> None:
    features, matches = np.array(rows, np.float32), matches_of(terms, len(rows))
    expected = [
        margin_by_hand(network, row, matches.values[:, number], matches.shares) for number, row in enumerate(features)
    ]
    assert network.predict(features, matches) == near(expected)


@given(networks, rows, st.integers(0, 4))
def test_the_explanation_sums_up_to_the_difference_from_mean_and_no_match(
    network: Network, rows: list[list[float]], terms: int
) -> None:
    features, matches = np.array(rows, np.float32), matches_of(terms, len(rows))
    by_feature, by_term = network.explain(features, matches)
    assert by_feature.shape == features.shape
    assert by_term.shape == (len(rows), terms)
    nothing = Matches(np.zeros((0, 1, len(MATCH_FEATURES)), np.float32), np.zeros(0, np.float32))
    at_mean = network.predict(network.means[None], nothing)
    # A unit that becomes active on the way does so within one of 32 steps.
    values = np.abs((features - network.means) / network.deviations)
    reached = np.einsum("cf,fsh->sch", values, np.abs(network.hidden))
    reached += np.abs(network.terms.units_of(matches).sum(axis=1)) @ np.abs(network.from_terms)
    steps = np.einsum("sch,sh->c", reached, np.abs(network.output)) / 32
    explained = by_feature.sum(axis=1) + by_term.sum(axis=1)
    assert np.all(np.abs(explained + at_mean - network.predict(features, matches)) <= steps + 10 * ABSOLUTE)


def test_units_below_zero_say_nothing_and_far_features_are_cut() -> None:
    network = read_network(CONTENT, NAMES)
    asked = np.array([[1, 0, 0], [3, 0, 9], [1, 1, 0], [-1000, 2, 0], [1000, 2, 0]], np.float32)
    nothing = matches_of(0, len(asked))
    assert network.predict(asked, nothing).tolist() == [11.0, 13.0, 1.0, 0.0, 9.0]
    by_feature, by_term = network.explain(asked, nothing)
    assert not by_feature[:, 2].any(), "a feature without weight explains something"
    assert by_term.shape == (5, 0)


def test_a_term_counts_by_its_share_of_the_query() -> None:
    network = read_network(CONTENT, NAMES)
    values = np.zeros((2, 3, len(MATCH_FEATURES)), np.float32)
    values[0, 1, MATCH_FEATURES.index("in_name")] = 1
    values[1, 2, MATCH_FEATURES.index("in_name")] = 1
    matches = Matches(values, np.array([0.75, 0.25], np.float32))
    asked = np.tile(network.means, (3, 1))
    assert network.predict(asked, matches).tolist() == [11.0, 12.5, 11.5]
    _, by_term = network.explain(asked, matches)
    assert by_term.tolist() == [[0, 0], [1.5, 0], [0, 0.5]]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content["features"].pop("third"),
        lambda content: content["features"]["third"].pop("mean"),
        lambda content: content["features"]["third"].update(hidden=[[1.0]]),
        lambda content: content["features"]["third"].update(deviation=0.0),
        lambda content: content.update(bias=[[1.0]]),
        lambda content: content.update(output=[["high", 1.0]]),
        lambda content: content.update(output=[[float("nan"), 1.0]]),
        lambda content: content.update(bias=None),
        lambda content: content.update(from_terms=[[1.0, 0.0]]),
        lambda content: content["terms"].update(second_bias=[[float("inf")]]),
        lambda content: content["terms"].update(second=[[[1.0, 1.0]]]),
        lambda content: content["terms"]["signs"].pop("in_name"),
        lambda content: content.pop("terms"),
    ],
)
def test_a_damaged_network_is_an_error(damage: Any) -> None:
    content = copy.deepcopy(CONTENT)
    damage(content)
    with pytest.raises((KeyError, ValueError, TypeError)):
        read_network(content, NAMES)
