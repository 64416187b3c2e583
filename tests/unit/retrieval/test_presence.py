"""Whether there is an answer at all: what lowers the scores of a whole answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from codesearch.core.index.search_index import SearchIndex
from codesearch.retrieval.candidates import join_candidates
from codesearch.retrieval.features.table import FEATURES
from codesearch.retrieval.features.view import View
from codesearch.retrieval.presence import MOST_ROWS, MOST_TYPICAL, WEIGHTS, describe_presence, measure_absence
from codesearch.retrieval.query.terms import parse_query
from codesearch.retrieval.query.understanding import understand_query
from codesearch.retrieval.ranking import score_rows
from codesearch.retrieval.ranking_model import Calibration, QueryModel
from tests.floats import near
from tests.unit.retrieval.index_rows import candidates_of, index_of, make_row
from tests.unit.retrieval.networks import matches_of

QUESTION = "how does the client retry a request"
LONG = " ".join(f"filler{letter}word" for letter in "abcdefghijklmnopqrstuvwxyz")


@pytest.fixture(scope="module")
def index() -> SearchIndex:
    return index_of([make_row(f"src/client{number}.py", "def retry(request): send()") for number in range(20)])


def view_of(index: SearchIndex, query: str) -> View:
    return View(understand_query(query, [index]), join_candidates([candidates_of(index, query)]))


def test_a_lower_margin_and_stranger_words_make_an_answer_less_likely(index: SearchIndex) -> None:
    view = view_of(index, QUESTION)
    assert measure_absence(view, -60.0) < measure_absence(view, -40.0) < 0
    assert measure_absence(view, 50.0) == 0
    known = describe_presence(view, 0.0)
    strange = describe_presence(view_of(index, "jak klient ponawia nieudane wywołanie"), 0.0)
    assert set(known) == set(WEIGHTS)
    assert known["known_words"] > strange["known_words"]


def test_a_question_whose_words_stand_in_no_row_is_doubted_more(index: SearchIndex) -> None:
    view, other = view_of(index, QUESTION), view_of(index, "how does the printer spool a document")
    assert describe_presence(other, 0.0)["top_coverage"] < describe_presence(view, 0.0)["top_coverage"] <= 1
    assert measure_absence(other, -20.0) < measure_absence(view, -20.0)


def test_words_that_software_hardly_says_tell_more_where_they_stand() -> None:
    of_bread, of_requests = (
        index_of([make_row(f"src/part{number}.py", text) for number in range(20)])
        for text in ("def bake(sourdough): rise()", "def retry(request): send()")
    )
    asked = "how does the sourdough rise"
    here, elsewhere = (describe_presence(view_of(index, asked), 0.0) for index in (of_bread, of_requests))
    common = describe_presence(view_of(of_requests, QUESTION), 0.0)
    assert elsewhere["top_information"] == 0 < common["top_information"] < here["top_information"]
    assert -MOST_TYPICAL == elsewhere["most_typical"] < common["most_typical"] <= here["most_typical"] == MOST_TYPICAL
    assert measure_absence(view_of(of_requests, asked), -20.0) < measure_absence(view_of(of_bread, asked), -20.0)


def test_more_rows_than_were_learned_from_say_no_more(index: SearchIndex) -> None:
    view = view_of(index, QUESTION)
    rows = [describe_presence(_with_rows(view, count), 0.0)["rows"] for count in (20, MOST_ROWS, 100 * MOST_ROWS)]
    assert rows[0] < rows[1] == rows[2]


def _with_rows(view: View, count: int) -> View:
    return View(view.terms, replace(view.candidates, row_count=count))


def test_names_and_messages_are_not_doubted(index: SearchIndex) -> None:
    assert measure_absence(view_of(index, "retry"), -50.0) == 0
    assert measure_absence(view_of(index, f"Client does not retry\n\n{LONG}"), -50.0) == 0


@settings(max_examples=50)
@given(st.lists(st.floats(-5, 5, width=32), min_size=1, max_size=8), st.floats(-8, 0))
def test_absence_lowers_the_log_odds_of_all_files_by_the_same(sums: list[float], absence: float) -> None:
    """With a model of one feature and no network, a file's margin is that feature."""
    weights: NDArray[np.float32] = np.zeros(len(FEATURES), np.float32)
    weights[3] = 1
    model = QueryModel(weights, None, Calibration(1.0, 0.2, -0.1, 0.1))
    features = np.zeros((len(sums), len(FEATURES)), np.float32)
    features[:, 3] = sums
    seen = []

    def scores(lowered: float) -> NDArray[np.float64]:
        def absence_of(top_margin: float) -> float:
            seen.append(top_margin)
            return lowered

        files = np.arange(len(sums))
        return score_rows(model, features, files, lambda rows: matches_of(1, len(rows)), absence_of=absence_of).scores

    before, after = scores(0.0), scores(absence)
    odds = np.log(before / (1 - before)) + absence
    assert after == near(1 / (1 + np.exp(-odds)))
    assert seen == near([max(sums)] * 2)


@given(st.text())
def test_any_question_is_doubted_by_a_number(text: str) -> None:
    made = index_of([make_row()])
    found = candidates_of(made, text)
    if len(found.rows):
        absence = measure_absence(View(parse_query(text), join_candidates([found])), 0.0)
        assert np.isfinite(absence)
        assert absence <= 0
