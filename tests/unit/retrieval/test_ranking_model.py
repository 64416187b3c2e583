"""The ranking model that ships with the package: whole, or a clear error; probabilities from margins."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.core.errors import ConfigurationError
from codesearch.retrieval import ranking_model
from codesearch.retrieval.features.table import FEATURES
from codesearch.retrieval.ranking_model import FILE_FEATURES, Calibration, load_ranking_model
from tests.floats import near
from tests.unit.retrieval.networks import matches_of

QUERY_MODEL: dict[str, Any] = {
    "weights": {"lexical": 1.5, "names_it": 2.0},
    "calibration": {"slope": 1.0, "offset": 0.0, "top": 0.0, "middle": 0.0},
}
CONTENT: dict[str, Any] = {"names": QUERY_MODEL, "questions": QUERY_MODEL}


def load(path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> ranking_model.RankingModel:
    """Load a model from another file than the package's."""
    path.write_text(text)
    monkeypatch.setattr(ranking_model, "_MODEL", path)
    return load_ranking_model.__wrapped__()


def test_the_bundled_model_is_whole() -> None:
    model = load_ranking_model()
    assert load_ranking_model() is model
    for part in (model.names, model.questions):
        assert part.weights.shape == (len(FEATURES),)
        assert part.weights.any()
        assert part.calibration.slope > 0, "a higher margin is a higher score"
    assert model.questions.network is not None
    assert model.questions.network.hidden.shape[0] == len(FILE_FEATURES)


def test_a_model_without_a_network_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = load(tmp_path / "model.json", json.dumps(CONTENT), monkeypatch)
    assert model.names.network is None
    assert {name: weight for name, weight in zip(FEATURES, model.names.weights.tolist(), strict=True) if weight} == {
        "lexical": 1.5,
        "names_it": 2.0,
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        json.dumps({**CONTENT, "names": {**QUERY_MODEL, "weights": {"no_such_feature": 1.0}}}),
        json.dumps({**CONTENT, "questions": {**QUERY_MODEL, "calibration": {"slope": 1.0}}}),
        json.dumps({**CONTENT, "questions": {**QUERY_MODEL, "network": {"features": {"lexical": {}}}}}),
    ],
)
def test_a_damaged_model_is_a_clear_error(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="Install codesearch again") as caught:
        load(tmp_path / "model.json", text, monkeypatch)
    assert str(tmp_path) in caught.value.message
    assert "\n" not in caught.value.message


def test_a_missing_model_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking_model, "_MODEL", tmp_path / "missing.json")
    with pytest.raises(ConfigurationError, match="Install codesearch again"):
        load_ranking_model.__wrapped__()


@given(
    st.lists(st.floats(-30, 30), min_size=1, max_size=20),
    st.builds(Calibration, st.floats(0.01, 5), st.floats(-5, 5), st.floats(-1, 1), st.floats(-1, 1)),
)
def test_probabilities_are_in_the_order_of_the_margins(margins: list[float], calibration: Calibration) -> None:
    probabilities = calibration.to_probabilities(np.array(margins))
    assert np.all((probabilities >= 0) & (probabilities <= 1))
    order = np.argsort(margins, kind="stable")
    assert np.all(np.diff(probabilities[order]) >= 0)


def test_a_test_yields_unless_it_is_asked_for() -> None:
    def margin_of(**flags: float) -> float:
        features = np.zeros((1, len(FILE_FEATURES)), np.float32)
        for name, value in flags.items():
            features[0, FILE_FEATURES.index(name)] = value
        model = load_ranking_model().questions
        assert model.network is not None
        matches = matches_of(2, 1)
        margin, learned = model.margins_of(features, matches)[0], model.network.predict(features, matches)[0]
        by_feature, by_term = model.network.explain(features, matches)
        assert model.explain(features, matches).sum() == near(by_feature.sum() + by_term.sum() + margin - learned)
        return float(margin - learned)

    assert margin_of(is_test=1) == near(-ranking_model.TEST_PENALTY)
    assert margin_of() == margin_of(is_test=1, asks_test=1) == margin_of(is_test=1, is_task=1) == 0
