"""Trees of the ranking model: evaluated at once as one would by hand, explained without a rest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from codesearch.retrieval.tree_model import TreeModel, read_trees

NAMES = ("first", "second", "third")
CONTENT: dict[str, Any] = {
    "features": [["third", "first"]],
    "borders": [[0.5, 10.0]],
    "leaves": [[1.0, 2.0, 4.0, 8.0]],
    "bias": -3.0,
}


def model_of(trees: int, depth: int, seed: int) -> TreeModel:
    numbers = np.random.default_rng(seed)
    return TreeModel(
        features=numbers.integers(0, len(NAMES), (trees, depth)),
        borders=numbers.normal(size=(trees, depth)).astype(np.float32),
        leaves=numbers.normal(size=(trees, 2**depth)).astype(np.float32),
        bias=float(numbers.normal()),
    )


def value_by_hand(model: TreeModel, row: NDArray[np.float32]) -> float:
    value = model.bias
    for features, borders, leaves in zip(model.features, model.borders, model.leaves, strict=True):
        leaf = 0
        for level, (feature, border) in enumerate(zip(features, borders, strict=True)):
            leaf |= int(row[feature] > border) << level
        value += float(leaves[leaf])
    return value


models = st.builds(model_of, st.integers(1, 12), st.integers(1, 6), st.integers(0, 1000))
rows = st.lists(st.lists(st.floats(-3, 3, width=32), min_size=3, max_size=3), min_size=1, max_size=8)


@given(models, rows)
def test_every_row_gets_the_sum_of_its_leaves(model: TreeModel, rows: list[list[float]]) -> None:
    features = np.array(rows, np.float32)
    assert model.predict(features) == pytest.approx([value_by_hand(model, row) for row in features], abs=1e-4)


@given(models, rows)
def test_the_explanation_sums_up_to_the_prediction(model: TreeModel, rows: list[list[float]]) -> None:
    features = np.array(rows, np.float32)
    shares = model.explain(features)
    assert shares.shape == features.shape
    assert shares.sum(axis=1) + model.bias == pytest.approx(model.predict(features), abs=1e-4)
    unused = np.setdiff1d(np.arange(len(NAMES)), model.features)
    assert not shares[:, unused].any(), "a feature that no tree asks for explains something"


def test_a_border_belongs_to_what_is_below_it() -> None:
    model = read_trees(CONTENT, NAMES)
    # Of the number of a leaf, the first bit is whether `third` is over 0.5, the second whether `first` is over 10.
    asked = np.array([[10, 0, 0.5], [10, 0, 0.6], [10.5, 0, 0.5], [11, 0, 1]], np.float32)
    assert model.predict(asked).tolist() == [-2.0, -1.0, 1.0, 5.0]


@pytest.mark.parametrize(
    "damage",
    [
        {"features": [["fourth", "first"]]},
        {"borders": [["high", 1.0]]},
        {"leaves": [[1.0, 2.0], [1.0]]},
        {"bias": None},
    ],
)
def test_damaged_trees_are_an_error(damage: dict[str, Any]) -> None:
    with pytest.raises((KeyError, ValueError, TypeError)):
        read_trees({**CONTENT, **damage}, NAMES)
