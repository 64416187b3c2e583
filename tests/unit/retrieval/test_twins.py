"""Twins: what is said already comes last and is named."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from codesearch.core.index.search_index import SearchIndex
from codesearch.retrieval.candidates import join_candidates
from codesearch.retrieval.query.terms import parse_query
from codesearch.retrieval.ranking import Ranked, rank
from codesearch.retrieval.twins import TWIN_FACTOR, find_twins
from tests.floats import near
from tests.unit.core.store.indexed_chunks import IndexedChunk
from tests.unit.retrieval.index_rows import candidates_of_all, index_of, make_row, position_of

RETRY = "def retry(call):\n    wait()\n    return call()\n# a\n# b\n# c\n# d\n# e\n# f"


def ranking(query: str, *indexes: SearchIndex, limit: int = 50) -> list[Ranked]:
    found = candidates_of_all(indexes, query, wanted=50)
    return rank(parse_query(query), found, limit=limit, explain=True)


def places(items: list[Ranked]) -> list[tuple[int, str]]:
    return [(item.position, position_of(item.index, item.row)[0]) for item in items]


def row(path: str, content: str, similarity: float = 0.5) -> IndexedChunk:
    return make_row(path, content, symbol="retry", similarity=similarity)


def test_the_same_content_comes_last_with_a_lower_score_and_is_named() -> None:
    index = index_of([row("a.py", RETRY, 0.9), row("b.py", RETRY, 0.8), row("c.py", "def retry(): pass", 0.1)])
    ranked = ranking("retry", index)
    assert places(ranked) == [(0, "a.py"), (0, "c.py"), (0, "b.py")]
    assert [position_of(segment, twin) for _, segment, twin in ranked[0].twins] == [("b.py", 1)]
    assert ranked[1].twins == ranked[2].twins == ()
    assert ranked[2].score < TWIN_FACTOR
    for item in ranked:
        assert item.explanation is not None
        assert item.explanation.factor / (1 + np.exp(-item.explanation.log_odds)) == near(item.score)


def test_a_fork_is_told_once_also_where_a_line_differs() -> None:
    first = index_of([row("src/a.py", RETRY), row("src/b.py", "def retry(): pass")])
    fork = index_of([row("src/a.py", RETRY.replace("# f", "# changed")), row("src/b.py", "def retry(): pass")])
    ranked = ranking("retry", first, fork)
    assert {path for _, path in places(ranked)[:2]} == {"src/a.py", "src/b.py"}
    assert [len(item.twins) for item in ranked] == [1, 1, 0, 0]


def test_what_differs_more_or_stands_elsewhere_is_no_twin() -> None:
    other = RETRY.replace("# a", "# 1").replace("# b", "# 2").replace("# c", "# 3")
    first = index_of([row("src/a.py", RETRY)])
    assert not any(item.twins for item in ranking("retry", first, index_of([row("src/a.py", other)])))
    nearly = RETRY.replace("# f", "# changed")
    assert not any(item.twins for item in ranking("retry", first, index_of([row("lib/a.py", nearly)])))
    assert not any(item.twins for item in ranking("retry", index_of([row("a.py", RETRY), row("b.py", nearly)])))


CONTENTS = st.sampled_from(["def retry(): pass", "def retry(): go()", RETRY, "retry = 1"])
ROWS = st.lists(
    st.builds(row, st.sampled_from(["a.py", "b.py", "c/a.py"]), CONTENTS, st.floats(-1, 1)), min_size=1, max_size=20
)


@settings(max_examples=60)
@given(ROWS, ROWS, st.integers(1, 20))
def test_nothing_is_lost_and_a_smaller_limit_is_the_beginning(
    rows: list[IndexedChunk], others: list[IndexedChunk], limit: int
) -> None:
    indexes = index_of(rows), index_of(others)
    whole = ranking("retry", *indexes)
    assert len(whole) == len(rows) + len(others)
    assert [item.score for item in whole] == sorted((item.score for item in whole), reverse=True)
    named = [(position, twin) for item in whole for position, _, twin in item.twins]
    told = [(item.position, item.row) for item in whole if (item.position, item.row) not in named]
    contents = [indexes[position].content_of(row) for position, row in told]
    assert len(named) == len(set(named)) == len(whole) - len(told)
    assert len(contents) == len(set(contents))
    shorter = ranking("retry", *indexes, limit=limit)
    assert [(item.position, item.rows, item.score) for item in shorter] == [
        (item.position, item.rows, item.score) for item in whole[:limit]
    ]


def test_nothing_has_no_twins() -> None:
    found = candidates_of_all([index_of([row("a.py", "x")])], "retry")
    assert find_twins(join_candidates(found), np.arange(len(found[0].rows))) == {}
