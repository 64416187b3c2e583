"""A data source in several segments, with dead files, answers as the same live rows in one index do."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest

from codesearch.core.index import joined_segments
from codesearch.core.index.source_index import SourceIndex
from codesearch.core.index.split_column import SplitColumn
from codesearch.core.predicates import EVERYTHING, Comparison, Not, Operator, Predicate
from codesearch.retrieval import candidates
from codesearch.retrieval.candidates import find_candidates, join_candidates
from codesearch.retrieval.features.table import FEATURES, compute_features
from codesearch.retrieval.features.view import View
from codesearch.retrieval.nearest import EXACT_ROWS
from codesearch.retrieval.query.understanding import understand_query
from codesearch.retrieval.ranking import rank
from tests.floats import near
from tests.unit.retrieval.divided_sources import WORDS, divide, draw_files
from tests.unit.retrieval.index_rows import DIMENSION, QUERY_VECTOR, random_vectors

GO = Comparison("language", Operator.IN, ("go",))
QUERIES = (
    "retry",
    "Parser.parse",
    "how is a request retried",
    "parse the token of a stream",
    "read_token",
    '"could not open"',
    '"&&"',
    '"ken str"',
    "could not open the socket of the request",
    "error: could not open the socket: 42.",
    "src/retry.py:3",
    "parser.go",
    "beta.py and alpha.md",
    "legacy tests of the buffer",
    "?",
    "nowhere",
    "A title of the parser\n" + " ".join(f"word{number} {word}" for number in range(20) for word in WORDS),
)
# They are also asked without a vector: what is left is filled up.
FEW = ("?", "nowhere", "src/retry.py:3", "retry")
Answer = list[tuple[object, ...]]


def answer(sources: Sequence[SourceIndex], query: str, predicate: Predicate, limit: int, seed: int) -> Answer:
    """Return each record as position, path, lines, contents and twins, and its score behind them."""
    segments = [segment for source in sources for segment in source.segments]
    terms = understand_query(query, segments)
    vector = random_vectors(1, DIMENSION, seed=seed)[0] if seed else np.zeros_like(QUERY_VECTOR)
    found = find_candidates([(source, predicate) for source in sources], terms, vector, limit)
    said: Answer = []
    for item in rank(terms, found, limit=limit):
        chunks = [item.index.chunk_of(row) for row in item.rows]
        twins = tuple(
            (position, index.path_of(int(index.file_of_row[row])), int(index.start_lines[row]))
            for position, index, row in item.twins
        )
        places = tuple((chunk.path, chunk.start_line, chunk.end_line, chunk.content) for chunk in chunks)
        said.append((item.position, places, twins, item.score))
    return said


def check_same(apart: Sequence[SourceIndex], whole: Sequence[SourceIndex], query: str, predicate: Predicate) -> None:
    for limit, seed in ((10, 3), (7, 0)) if query in FEW else ((10, 3),):
        found, expected = (answer(sources, query, predicate, limit, seed) for sources in (apart, whole))
        assert [item[:3] for item in found] == [item[:3] for item in expected], (query, limit)
        assert [item[3] for item in found] == near([item[3] for item in expected])


@pytest.mark.parametrize("seed", range(5))
def test_segments_answer_as_one_index(seed: int) -> None:
    chance = random.Random(seed)
    whole, apart = divide(chance, draw_files(chance, (60, 5, 120, 1, 60)[seed]), chance.randint(1, 6))
    assert (apart.row_count, apart.file_count) == (whole.row_count, whole.file_count)
    for query in QUERIES:
        check_same([apart], [whole], query, EVERYTHING)
    for query in FEW:
        for predicate in (GO, Not(GO)):
            check_same([apart], [whole], query, predicate)


@pytest.mark.parametrize("seed", range(3))
def test_sources_in_segments_answer_beside_others_as_in_one(seed: int) -> None:
    """Some files are in both sources, with the same rows."""
    chance = random.Random(seed)
    shared = draw_files(chance, 20)
    pairs = [divide(chance, {**draw_files(chance, 40), **shared}, count) for count in (3, 1, 2)]
    for query in QUERIES:
        check_same([apart for _, apart in pairs], [whole for whole, _ in pairs], query, EVERYTHING)
    mixed = [pairs[0][1], pairs[1][0], pairs[2][1]]
    check_same(mixed, [whole for whole, _ in pairs], "retry a request", EVERYTHING)


def test_of_many_rows_the_same_are_the_nearest() -> None:
    """More than are all compared, and more than phrases, names and quotations bring up."""
    chance = random.Random(5)
    whole, apart = divide(chance, draw_files(chance, 1_200, most_rows=7), 4, redrawn=0.05)
    assert whole.row_count > EXACT_ROWS
    for query in QUERIES:
        check_same([apart], [whole], query, EVERYTHING)


def test_of_many_rows_those_that_are_left_out_at_once_would_not_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(6)
    monkeypatch.setattr(candidates, "LEXICAL_ROWS", 3)
    whole, apart = divide(chance, draw_files(chance, 200, most_rows=7), 4)
    for limit in (1, 7):
        for query in QUERIES[:8]:
            for predicate in (EVERYTHING, GO):
                for source in (whole, apart):
                    expected = answer([source], query, predicate, limit, 3)
                    with monkeypatch.context() as patched:
                        patched.setattr(candidates, "PRUNED_ROWS", 1)
                        assert answer([source], query, predicate, limit, 3) == expected


@pytest.mark.parametrize("limit", [0, 1_000_000])
def test_columns_of_very_many_rows_are_read_where_they_are(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joined_segments, "JOINED_ROWS", limit)
    chance = random.Random(7)
    pairs = [divide(chance, draw_files(chance, count), 5) for count in (60, 20)]
    assert all(isinstance(apart.joined.names, SplitColumn) is (not limit) for _, apart in pairs)
    for query in QUERIES:
        for predicate in (EVERYTHING, GO):
            check_same([pairs[0][1]], [pairs[0][0]], query, predicate)
        check_same([apart for _, apart in pairs], [whole for whole, _ in pairs], query, EVERYTHING)


@pytest.mark.parametrize("seed", range(3))
def test_every_candidate_has_the_same_features(seed: int) -> None:
    chance = random.Random(seed)
    sources = divide(chance, draw_files(chance, 80), 5)
    for query in QUERIES[:8]:
        tables = []
        for source in sources:
            terms = understand_query(query, source.segments)
            joined = join_candidates(find_candidates([(source, EVERYTHING)], terms, QUERY_VECTOR, 10))
            values = compute_features(View(terms, joined))
            assert np.all(np.diff(joined.files) >= 0)
            tables.append((joined, values))
        (whole, expected), (apart, found) = tables
        assert (apart.row_count, apart.file_count) == (whole.row_count, whole.file_count)
        assert apart.rarity.rows.tolist() == whole.rarity.rows.tolist()
        assert apart.rarity.files.tolist() == whole.rarity.files.tolist()
        for number, name in enumerate(FEATURES):
            assert found[:, number] == near(expected[:, number]), name
