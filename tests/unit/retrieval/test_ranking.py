"""Ranking: a total order without regard to how rows arrive, files that take turns, and what goes before what."""

from __future__ import annotations

import math
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codesearch.core.index.search_index import SearchIndex
from codesearch.core.predicates import EVERYTHING as ANYTHING
from codesearch.core.predicates import NOTHING
from codesearch.core.types import Chunk
from codesearch.retrieval.features.table import FEATURES
from codesearch.retrieval.query.terms import parse_query
from codesearch.retrieval.ranking import FURTHER_SHARE, NAMED_FURTHER_ROWS, NAMED_SECOND_ROW, Ranked, rank, score_rows
from codesearch.retrieval.ranking_model import Calibration, QueryModel
from tests.floats import near
from tests.unit.core.store.indexed_chunks import IndexedChunk
from tests.unit.retrieval.index_rows import (
    candidates_of,
    candidates_of_all,
    index_of,
    make_row,
    position_of,
    random_vectors,
)
from tests.unit.retrieval.networks import matches_of
from tests.unit.retrieval.test_features import QUERIES, ROWS

EVERYTHING = 1000


def ranking(query: str, *indexes: SearchIndex, wanted: int = EVERYTHING) -> list[Ranked]:
    """Rank what the searches bring up in each index, after a look at the form."""
    found = candidates_of_all(indexes, query, wanted=wanted)
    ranked = rank(parse_query(query), found, limit=EVERYTHING)
    shown = sorted((item.position, item.row) for item in ranked)
    assert shown == sorted((position, int(row)) for position, candidates in enumerate(found) for row in candidates.rows)
    assert all(item.index is indexes[item.position] for item in ranked)
    order = [(-item.score, item.position, item.row) for item in ranked]
    assert order == sorted(order)
    assert all(0 <= item.score <= 1 for item in ranked)
    return ranked


def order(query: str, *rows: IndexedChunk, among: Sequence[IndexedChunk] = ()) -> list[Chunk]:
    """Return the rows' chunks in the order of their ranks, among others that are not returned."""
    index = index_of([*rows, *among])
    positions = [position_of(index, item.row) for item in ranking(query, index)]
    return sorted((row.chunk for row in rows), key=lambda chunk: positions.index((chunk.path, chunk.start_line)))


def shown(query: str, *indexes: SearchIndex) -> list[tuple[int, str, float]]:
    """Return what can be told of a ranking without its indexes."""
    return [(item.position, item.index.document_id_of(item.row), item.score) for item in ranking(query, *indexes)]


@settings(max_examples=50)
@given(
    QUERIES,
    st.lists(ROWS, min_size=1, max_size=10, unique_by=lambda row: (row.chunk.path, row.chunk.start_line)),
    st.randoms(use_true_random=False),
)
def test_the_order_of_arrival_does_not_matter(query: str, rows: list[IndexedChunk], shuffler: random.Random) -> None:
    again = shuffler.sample(rows, len(rows))
    assert shown(query, index_of(again, batch_rows=3)) == shown(query, index_of(rows))


@settings(max_examples=30)
@given(QUERIES, st.lists(st.lists(ROWS, min_size=1, max_size=5), min_size=2, max_size=3))
def test_several_repositories_are_ranked_together(query: str, sources: list[list[IndexedChunk]]) -> None:
    indexes = [index_of(rows, source_id=f"{number}" * 24) for number, rows in enumerate(sources)]
    assert shown(query, *indexes) == shown(query, *indexes)
    assert len(shown(query, *indexes)) == sum(map(len, sources))


def test_the_order_survives_shuffling_of_real_sized_lists() -> None:
    """Sums of floats in another order differ in their last bits: the order must not hang on that."""
    vectors = random_vectors(150)
    # In pairs of twins: only the tie-breakers tell them apart.
    rows = [
        make_row(f"src/{twin}/f{number}.py", f"value {number % 7}", vector=vector)
        for number, vector in enumerate(vectors)
        for twin in "ab"
    ]
    expected = shown("value", index_of(rows))
    for seed in range(5):
        shuffled = random.Random(seed).sample(rows, len(rows))
        assert shown("value", index_of(shuffled, batch_rows=70)) == expected


def test_nothing_found_is_nothing_ranked() -> None:
    assert rank(parse_query("anything"), [], limit=10) == []
    nothing = candidates_of(index_of([make_row()]), "?", vector=np.zeros(64, np.float32), wanted=0)
    assert len(nothing.rows) == 0
    assert rank(parse_query("?"), [nothing, nothing], limit=10) == []


def test_an_index_without_candidates_keeps_its_position() -> None:
    index = index_of([make_row(), make_row("src/b.py", "retry")])
    nothing, found = (candidates_of(index, "retry", predicate=predicate) for predicate in (NOTHING, ANYTHING))
    assert len(nothing.rows) == 0
    alone = rank(parse_query("retry"), [found], limit=10)
    beside = rank(parse_query("retry"), [nothing, found], limit=10)
    assert [item.position for item in beside] == [1, 1]
    assert [item.row for item in beside] == [item.row for item in alone]


SCORED = st.lists(st.tuples(st.sampled_from([-2.0, 0.0, 0.5, 0.50001, 3.0]), st.integers(0, 4)), min_size=1)


@given(SCORED, st.booleans())
def test_the_best_of_a_file_speaks_for_it_and_further_ones_share_what_is_left(
    items: list[tuple[float, int]], is_question: bool
) -> None:
    """With a model of one feature and no trees, the score of a file's best row is the logistic function of it."""
    items = sorted(items, key=lambda item: item[1])
    features = np.zeros((len(items), len(FEATURES)), np.float32)
    features[:, 3] = [value for value, _ in items]
    weights = np.zeros(len(FEATURES), np.float32)
    weights[3] = 1
    files = np.array([file for _, file in items], np.int64)
    model = QueryModel(weights, None, Calibration(1.0, 0.0, 0.0, 0.0), weights if is_question else None)
    scores = score_rows(model, features, files, lambda rows: matches_of(1, len(rows))).scores
    for file in set(files.tolist()):
        rows = np.flatnonzero(files == file)
        best_first = sorted(rows.tolist(), key=lambda row: (-items[row][0], row))
        best = 1 / (1 + math.exp(-items[best_first[0]][0]))
        powers = [math.exp(items[row][0]) for row in best_first]
        shares = [FURTHER_SHARE * power / sum(powers) for power in powers[1:]]
        if not is_question:
            least = [NAMED_SECOND_ROW * NAMED_FURTHER_ROWS**further for further in range(len(shares))]
            shares = list(map(max, shares, least))
        expected = [best, *(best * share for share in shares)]
        assert scores[best_first].tolist() == near(expected)
        # A threshold over that shows each file once, as docs/dify.md says.
        assert all(score <= 0.15 * best + 1e-6 for score in scores[best_first[1:]])


def test_the_row_that_comes_first_may_be_another_than_the_one_that_speaks_for_its_file() -> None:
    features = np.zeros((3, len(FEATURES)), np.float32)
    features[:, 3], features[:, 4] = [1.0, 3.0, 2.0], [5.0, 0.0, 0.0]
    weights, within = np.zeros((2, len(FEATURES)), np.float32)
    weights[3], within[4] = 1, 1
    files, matches = np.array([0, 0, 1], np.int64), partial(matches_of, 1)
    model = QueryModel(weights, None, Calibration(1.0, 0.0, 0.0, 0.0), within)
    scored = score_rows(model, features, files, lambda rows: matches(len(rows)))
    of_file = 1 / (1 + math.exp(-3.0))
    assert scored.speakers.tolist() == [1, 1, 2]
    assert scored.scores.tolist() == near(
        [of_file, of_file * FURTHER_SHARE / (1 + math.exp(5.0)), 1 / (1 + math.exp(-2.0))]
    )


@settings(max_examples=30)
@given(QUERIES, st.lists(ROWS, min_size=1, max_size=10), st.integers(1, 12))
def test_a_limit_and_an_explanation_change_nothing_else(query: str, rows: list[IndexedChunk], limit: int) -> None:
    index = index_of(rows)
    found = candidates_of(index, query, wanted=EVERYTHING)
    expected = [(item.row, item.score) for item in ranking(query, index)][:limit]
    explained = rank(parse_query(query), [found], limit=limit, explain=True)
    assert [(item.row, item.score) for item in explained] == expected
    assert all(item.explanation is not None for item in explained)
    plain = rank(parse_query(query), [found], limit=limit)
    assert [(item.row, item.score, item.explanation) for item in plain] == [(*item, None) for item in expected]


def test_a_second_chunk_of_a_file_goes_behind_another_file() -> None:
    rows = [
        make_row("src/a.py", "bucket", start=1, similarity=0.60),
        make_row("src/a.py", "bucket", start=9, similarity=0.60),
        make_row("src/b.py", "bucket", similarity=0.60),
    ]
    ranked = ranking("bucket", index_of(rows))
    assert sorted(position_of(item.index, item.row)[0] for item in ranked[:2]) == ["src/a.py", "src/b.py"]


# Files of a repository that have little to do with what is asked.
REST = [
    make_row(
        f"src/part_{number % 5}/module_{number}.py",
        f"def handle_{number}(request):\n    return send(request, {number})",
        symbol=f"handle_{number}",
        signature=f"def handle_{number}(request)",
        similarity=0.05 + number % 7 / 50,
    )
    for number in range(60)
]


@pytest.mark.parametrize("query", ["Client.retry_call", "Client::retry_call", "Client#retry_call", "retry_call"])
def test_a_definition_before_its_uses(query: str) -> None:
    uses = [
        make_row(f"src/b{number}.py", "def run():\n    client.retry_call()", symbol="run", similarity=0.5)
        for number in range(3)
    ]
    definition = make_row(
        "src/client.py",
        "def retry_call(self):\n    pass",
        symbol="Client.retry_call",
        kind="method",
        signature="def retry_call(self)",
        similarity=0.5,
    )
    assert order(query, *uses, definition, among=REST)[0] == definition.chunk


def test_the_declaration_before_its_continuations() -> None:
    signature = "def retry(self, call: Call) -> Result"
    parts = [
        make_row(content=f"{signature}:\n    first()", start=1, symbol="Client.retry", signature=signature),
        make_row(content="    second()", start=3, symbol="Client.retry", signature=signature),
        make_row(content="    third()", start=4, symbol="Client.retry", signature=signature),
    ]
    assert order("retry", *parts, among=REST)[0] == parts[0].chunk


@pytest.mark.parametrize("query", ["drop the oldest entry of the cache", "evict"])
@pytest.mark.parametrize("path", ["tests/test_cache.py", "src/cache_test.py"])
def test_what_stands_beside_the_product_yields(path: str, query: str) -> None:
    text = "def evict():\n    # drop the oldest entry"
    product = make_row("src/cache.py", text, symbol="evict", signature="def evict()", similarity=0.6)
    aside = make_row(path, text, symbol="evict", signature="def evict()", similarity=0.6)
    assert order(query, aside, product, among=REST)[0] == product.chunk


def test_more_of_the_question_is_better() -> None:
    all_of_it = make_row("src/b.py", "def evict():\n    # drop the oldest entry", symbol="evict", similarity=0.6)
    some_of_it = make_row("src/a.py", "def clear():\n    # drop all", symbol="clear", similarity=0.4)
    assert order("dropping oldest entries", some_of_it, all_of_it, among=REST)[0] == all_of_it.chunk


def test_an_answer_scores_above_what_has_nothing_to_do_with_it() -> None:
    answer = make_row(
        "src/retry.py", "def retry_call(): ...", symbol="retry_call", signature="def retry_call()", similarity=0.7
    )
    index = index_of([answer, *REST])
    ranked = ranking("retry_call", index)
    assert position_of(index, ranked[0].row) == ("src/retry.py", 1)
    assert ranked[0].score > 2 * ranked[1].score


HASH_SEED_SCRIPT = """
from tests.unit.retrieval.index_rows import index_of, make_row
from tests.unit.retrieval.test_ranking import shown
words = "retry client parse request header cookie token window bucket queue".split()
rows = [
    make_row(
        f"{words[i % 10]}/{words[i % 7]}.py", " ".join(words[i % 3 :: 1 + i % 4]), start=i, similarity=i % 6 / 10,
        symbol=words[i % 9] if i % 5 == 0 else None, modified_at=i,
    )
    for i in range(1, 80)
]
for query in ["parsing a request header of the client, its cookies and tokens; the window of a bucket", "retry"]:
    for position, document_id, score in shown(query, index_of(rows)):
        print(document_id, score.hex())
"""


def test_no_dependence_on_hash_order() -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", HASH_SEED_SCRIPT],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in ("1", "4242")
    ]
    first, second = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert first.count("\n") == 2 * 79
    assert first == second
