"""Explanations: what the features add is what sets two records of one answer apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from codesearch.core.index.search_index import SearchIndex
from codesearch.core.types import Explanation
from codesearch.retrieval.adjustments import ADJUSTMENTS, Adjusted
from codesearch.retrieval.explanation import explain_files
from codesearch.retrieval.features.table import FEATURES
from codesearch.retrieval.query.terms import parse_query
from codesearch.retrieval.ranking import FURTHER_SHARE, Ranked, rank, to_file_features
from codesearch.retrieval.ranking_model import FILE_FEATURES, Calibration, QueryModel
from tests.floats import near
from tests.unit.retrieval.index_rows import candidates_of, index_of, make_row, position_of, random_vectors
from tests.unit.retrieval.networks import matches_of, network_of

# With two words and two adjustments fewer than are shown at most, so that a test sees all of them; each one left out
# adds less than this.
USED = tuple(range(4))
WORDS = ("retry", "call")
LEFT_OUT = 0.005
_NONE: NDArray[np.float32] = np.zeros((1, len(ADJUSTMENTS)), np.float32)
NOT_ADJUSTED = Adjusted(_NONE, _NONE[:, 0], _NONE)


def adjusted_of(count: int, seed: int) -> Adjusted:
    """Return adjustments of so many files."""
    values = np.random.default_rng(seed).random((count, len(ADJUSTMENTS))).astype(np.float32)
    values[:, 2:] = 0
    return Adjusted(values, values.sum(axis=1), values * np.float32(2))


def model_of(seed: int, slope: float, *, with_network: bool) -> QueryModel:
    """Return a model of the first features and, with a network, of the weighted sum."""
    numbers = np.random.default_rng(seed)
    weights = np.zeros(len(FEATURES), np.float32)
    weights[list(USED)] = numbers.normal(size=len(USED))
    network = network_of(len(FILE_FEATURES), seed, used=[*USED[:4], len(FEATURES), len(FEATURES) + 1])
    return QueryModel(weights, network if with_network else None, Calibration(slope, 0.3, -0.2, 0.1))


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.floats(0.1, 2), st.booleans(), st.integers(1, 8))
def test_features_sum_up_to_the_difference_in_log_odds(seed: int, slope: float, with_network: bool, count: int) -> None:
    model = model_of(seed, slope, with_network=with_network)
    features = np.random.default_rng(seed + 1).normal(size=(count, len(FEATURES))).astype(np.float32)
    flags = [FEATURES.index(name) for name in ("is_test", "asks_test", "is_task")]
    features[:, flags] = features[:, flags] > 0
    sums = features @ model.weights
    seen = to_file_features(features, sums, np.arange(count))
    matches = matches_of(len(WORDS), count, seed)
    adjusted = adjusted_of(count, seed + 2)
    margins = model.margins_of(seen, matches) + adjusted.for_files.sum(axis=1)
    probabilities = model.calibration.to_probabilities(margins)
    explained = explain_files(model, seen, matches, adjusted, WORDS, probabilities)
    common = []
    # What integrated gradients in 32 steps may miss, for each of two rows.
    rest = 0.0
    if model.network is not None:
        network = model.network
        reached = np.einsum("cf,fsh->sch", np.abs(seen), np.abs(network.hidden))
        reached += network.terms.units_of(matches).sum(axis=1) @ np.abs(network.from_terms)
        rest = 2 * slope / 32 * float(np.einsum("sch,sh->c", reached, np.abs(network.output)).max())
    for row, explanation in enumerate(explained):
        check_form(explanation, WORDS)
        assert 1 / (1 + math.exp(-explanation.log_odds)) == near(probabilities[row])
        for feature in explanation.features:
            if feature.name.startswith("word:"):
                assert feature.value == matches.shares[WORDS.index(feature.name.removeprefix("word:"))]
            elif feature.name in ADJUSTMENTS:
                assert feature.value == adjusted.values[row, ADJUSTMENTS.index(feature.name)]
            else:
                assert feature.value == seen[row, FILE_FEATURES.index(feature.name)]
        common.append(explanation.log_odds - sum(feature.contribution for feature in explanation.features))
    assert max(common) - min(common) < 2 * (len(USED) + 5 + len(WORDS)) * LEFT_OUT + 1e-3 + rest


def check_form(explanation: Explanation, words: Sequence[str]) -> None:
    names = [feature.name for feature in explanation.features]
    assert len(names) == len(set(names)) <= 10
    assert set(names) <= {*FILE_FEATURES, *(f"word:{word}" for word in words), *ADJUSTMENTS}
    strengths = [abs(feature.contribution) for feature in explanation.features]
    assert strengths == sorted(strengths, reverse=True)
    assert all(strength >= LEFT_OUT for strength in strengths)


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_a_certainty_has_finite_log_odds(probability: float) -> None:
    seen: NDArray[np.float32] = np.zeros((1, len(FILE_FEATURES)), np.float32)
    model, matches = model_of(1, 1.0, with_network=False), matches_of(0, 1)
    (explanation,) = explain_files(model, seen, matches, NOT_ADJUSTED, (), np.array([probability]))
    assert math.isfinite(explanation.log_odds)
    assert (explanation.log_odds > 10) == (probability == 1)
    assert explanation.features == ()


@pytest.fixture(scope="module")
def index() -> SearchIndex:
    """Ten files of three rows each, of which some have the words that are asked for."""
    vectors = random_vectors(30)
    return index_of(
        [
            make_row(
                f"src/f{number // 3}.py",
                f"def retry(call):\n    wait({number})" if number % 4 == 0 else f"value = {number}",
                start=1 + 5 * (number % 3),
                symbol="Client.retry" if number % 4 == 0 else None,
                vector=vectors[number],
            )
            for number in range(30)
        ]
    )


def explained_ranking(index: SearchIndex, query: str) -> list[tuple[Ranked, Explanation]]:
    found = candidates_of(index, query, wanted=index.row_count)
    ranked = rank(parse_query(query), [found], limit=index.row_count, explain=True)
    assert len(ranked) == index.row_count
    return [(item, item.explanation) for item in ranked if item.explanation is not None]


@pytest.mark.parametrize("query", ["retry", "how is a failed call retried"])
def test_log_odds_and_factor_are_the_score(index: SearchIndex, query: str) -> None:
    ranking = explained_ranking(index, query)
    assert len(ranking) == index.row_count
    for item, explanation in ranking:
        check_form(explanation, parse_query(query).words)
        assert explanation.features
        assert explanation.factor / (1 + math.exp(-explanation.log_odds)) == near(item.score)


@pytest.mark.parametrize("query", ["retry", "how is a failed call retried"])
def test_a_further_record_has_a_factor_and_the_features_of_its_files_best(index: SearchIndex, query: str) -> None:
    by_file: dict[str, list[Explanation]] = {}
    for item, explanation in explained_ranking(index, query):
        by_file.setdefault(position_of(index, item.row)[0], []).append(explanation)
    assert len(by_file) == 10
    for of_file in by_file.values():
        assert of_file[0].factor == 1
        assert all(0 < explanation.factor <= FURTHER_SHARE for explanation in of_file[1:])
        assert sum(explanation.factor for explanation in of_file[1:]) <= FURTHER_SHARE
        for first, second in pairwise(of_file):
            assert (first.log_odds, first.features) == (second.log_odds, second.features)
