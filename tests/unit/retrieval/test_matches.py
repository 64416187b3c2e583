"""Matches: each word of a query by itself, where it stands and how rare it is."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from codesearch.retrieval.candidates import join_candidates
from codesearch.retrieval.matches import MATCH_FEATURES, describe_matches
from codesearch.retrieval.query.terms import parse_query
from tests.floats import near
from tests.unit.core.store.indexed_chunks import IndexedChunk
from tests.unit.retrieval.index_rows import candidates_of, candidates_of_all, index_of, make_row, position_of
from tests.unit.retrieval.test_features import QUERIES, ROWS

FEATURES_OF_FIELDS = [name for name in MATCH_FEATURES if name.startswith(("here", "in_"))]


def features_of(query: str, *rows: IndexedChunk) -> dict[tuple[str, str], dict[str, float]]:
    """Return (path, word) -> the features of that word in the one row of that path."""
    index = index_of(rows)
    found = candidates_of(index, query, wanted=len(rows))
    matches = describe_matches(join_candidates([found]), np.arange(len(found.rows)))
    words = parse_query(query).words
    return {
        (position_of(index, row)[0], word): dict(
            zip(MATCH_FEATURES, map(float, matches.values[term, number]), strict=True)
        )
        for number, row in enumerate(found.rows)
        for term, word in enumerate(words)
    }


def fields_of(features: dict[str, float]) -> set[str]:
    return {name for name in FEATURES_OF_FIELDS if features[name]}


def test_each_word_says_where_it_stands() -> None:
    features = features_of(
        "retry policy wait",
        make_row(
            "net/retry.py",
            "def policy(call):\n    # wait for it\n    wait()",
            symbol="Client.policy",
            signature="def policy(call)",
        ),
        make_row("src/other.py", "nothing = 1"),
    )
    assert fields_of(features["net/retry.py", "retry"]) == {"in_file", "in_stem"}
    assert fields_of(features["net/retry.py", "policy"]) == {
        "here", "in_name", "in_signature", "in_file", "in_names_of_file",
    }  # fmt: skip
    assert fields_of(features["net/retry.py", "wait"]) == {"here", "in_comment", "in_file", "in_comments_of_file"}
    assert features["net/retry.py", "wait"]["count"] == near(np.log1p(2))
    for word in ("retry", "policy", "wait"):
        assert fields_of(features["src/other.py", word]) == set()


def test_a_rare_word_has_the_larger_share() -> None:
    rows = [make_row(f"src/f{number}.py", "value = parse(x)" if number else "retry(parse)") for number in range(8)]
    matches = describe_matches(join_candidates([candidates_of(index_of(rows), "parse retry")]), np.arange(1))
    common, rare = matches.shares.tolist()
    assert rare > 2 * common
    assert common + rare == near(1)


@settings(max_examples=40)
@given(QUERIES, st.lists(st.lists(ROWS, min_size=1, max_size=5), min_size=1, max_size=3))
def test_any_rows_of_any_indexes_have_the_same_matches_alone_and_together(
    query: str, sources: list[list[IndexedChunk]]
) -> None:
    found = join_candidates(candidates_of_all([index_of(rows) for rows in sources], query))
    count = len(found.rows)
    everything = describe_matches(found, np.arange(count))
    assert everything.values.shape == (len(parse_query(query).terms), count, len(MATCH_FEATURES))
    assert everything.values.dtype == everything.shares.dtype == np.float32
    assert np.isfinite(everything.values).all()
    assert len(everything.shares) == 0 or everything.shares.sum() == near(1)
    chosen = np.arange(0, count, 2)
    alone = describe_matches(found, chosen)
    assert np.array_equal(alone.values, everything.values[:, chosen])
    assert np.array_equal(alone.shares, everything.shares)
