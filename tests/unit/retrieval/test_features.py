"""Features: what the ranking model sees of a candidate, one by one and as a whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from codesearch.retrieval.candidates import join_candidates
from codesearch.retrieval.features.table import FEATURES, compute_features
from codesearch.retrieval.features.view import View
from codesearch.retrieval.query.terms import parse_query
from tests.floats import near
from tests.unit.core.store.indexed_chunks import IndexedChunk
from tests.unit.retrieval.index_rows import candidates_of, candidates_of_all, index_of, make_row, position_of

SHARES = [
    name for name in FEATURES if name.startswith(("covered", "covers", "top_coverage")) or name.endswith("e_share")
]
FLAGS = [name for name in FEATURES if name.startswith(("is_", "asks_", "names_it", "declares", "stem_is_name"))]


def features_of(query: str, *rows: IndexedChunk) -> dict[tuple[str, int], dict[str, float]]:
    """Return (path, start line) -> the features of each row."""
    index = index_of(rows)
    found = candidates_of(index, query, wanted=len(rows))
    assert len(found.rows) == len(rows)
    values = compute_features(View(parse_query(query), join_candidates([found])))
    return {
        position_of(index, row): dict(zip(FEATURES, map(float, values[number]), strict=True))
        for number, row in enumerate(found.rows)
    }


def of_one(query: str, row: IndexedChunk) -> dict[str, float]:
    (features,) = features_of(query, row).values()
    return features


PATHS = st.sampled_from(
    ["a.py", "b/test_a.py", "docs/a.md", "b/c/Client.java", "README", "src/retry_client.go", ".gitignore", "a/b/.x.y"]
)
WORDS = st.sampled_from("retry client def class Client the parse_line HttpClient test x 1 ( ) 日本".split())
CONTENTS = st.lists(WORDS, min_size=1, max_size=12).map(" ".join)
ROWS = st.builds(
    make_row,
    PATHS,
    CONTENTS,
    start=st.integers(1, 5),
    symbol=st.sampled_from([None, "Client", "Client.retry", "retry", "."]),
    kind=st.sampled_from(["function", "class", "constant"]),
    signature=st.none() | CONTENTS,
    language=st.sampled_from([None, "python", "markdown"]),
    similarity=st.floats(-1, 1),
)
QUERIES = st.sampled_from(["retry", "Client::retry", "how does the client retry", "test docs", "?", "the"]) | st.text()


@settings(max_examples=60)
@given(QUERIES, st.lists(ROWS, min_size=1, max_size=10))
def test_every_feature_of_any_query_is_a_number(query: str, rows: list[IndexedChunk]) -> None:
    index = index_of(rows)
    found = candidates_of(index, query)
    joined = join_candidates([found])
    values = compute_features(View(parse_query(query), joined))
    assert joined.files.tolist() == found.files.tolist()
    assert values.shape == (len(found.rows), len(FEATURES))
    assert values.dtype == np.float32
    assert np.isfinite(values).all()

    def columns(names: list[str]) -> NDArray[np.float32]:
        return values[:, [FEATURES.index(name) for name in names]]

    assert np.isin(columns(FLAGS), (0, 1)).all()
    assert columns(SHARES).min() >= 0
    assert columns(SHARES).max() <= 1 + 1e-5
    assert columns(["lexical", "file_lexical"]).max() <= 1


@settings(max_examples=30)
@given(QUERIES, st.lists(st.lists(ROWS, min_size=1, max_size=5), min_size=2, max_size=3))
def test_several_indexes_follow_one_another(query: str, sources: list[list[IndexedChunk]]) -> None:
    found = candidates_of_all([index_of(rows) for rows in sources], query)
    joined = join_candidates(found)
    values, files = compute_features(View(parse_query(query), joined)), joined.files
    assert np.isfinite(values).all()
    assert len(values) == len(files) == sum(len(candidates.rows) for candidates in found)
    # Files of the same path in two sources are two files, and no file comes twice.
    assert np.all(np.diff(files) >= 0)
    assert len(set(files.tolist())) == sum(len(set(candidates.files.tolist())) for candidates in found)
    for name in ("lexical", "file_lexical"):
        column = values[:, FEATURES.index(name)]
        assert column.max() in (0, 1), "compared with the best of all sources"


def test_each_feature_once() -> None:
    assert len(set(FEATURES)) == len(FEATURES)


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("src/cache.py", set()),
        ("tests/cache.py", {"is_test"}),
        ("src/cache_test.go", {"is_test"}),
        ("src/cache.spec.ts", {"is_test"}),
        ("src/test/java/CacheTest.java", {"is_test"}),
        ("src/main/java/test/Cache.java", set()),
        ("src/latest.py", set()),
        ("examples/cache.py", {"is_example"}),
        ("docs/cache.py", {"is_example"}),
        ("vendor/cache.go", {"is_old"}),
        ("src/legacy/cache.py", {"is_old"}),
        ("src/__init__.py", {"is_entry"}),
        ("src/index.ts", {"is_entry"}),
        ("src/reindex.ts", set()),
        ("include/cache.h", {"is_header"}),
        ("src/cache.cpp", set()),
    ],
)
def test_what_a_path_says(path: str, what: set[str]) -> None:
    features = of_one("anything", make_row(path))
    assert {name for name in ("is_test", "is_example", "is_old", "is_entry", "is_header") if features[name]} == what


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ("which test covers this", {"asks_test"}),
        ("testing", {"asks_test"}),
        ("an example of a client", {"asks_example"}),
        ("documentation of the client", {"asks_document"}),
        ("where is the configuration read", {"asks_document"}),
        ("how does the client retry", set()),
    ],
)
def test_what_a_query_asks_for(query: str, what: set[str]) -> None:
    features = of_one(query, make_row())
    assert {name for name in ("asks_test", "asks_example", "asks_document") if features[name]} == what


@pytest.mark.parametrize(
    ("query", "is_old"),
    [("how is a call retried", 1), ("how does v3 retry a call", 0), ("legacy retry", 0), ("retry in v4", 1)],
)
def test_an_older_version_is_old_unless_it_is_asked_for(query: str, is_old: int) -> None:
    rows = [make_row("src/v3/retry.py", "retry()"), make_row("src/v4/retry.py", "retry()")]
    features = features_of(query, *rows)
    assert [features[path, 1]["is_old"] for path in ("src/v3/retry.py", "src/v4/retry.py")] == [is_old, 0]


def test_a_definition_of_the_name_that_is_asked_for() -> None:
    signature = "def retry(self, call):"
    features = features_of(
        "Client.retry",
        make_row("a.py", f"{signature}\n    first()", symbol="Client.retry", signature=signature),
        make_row("a.py", "    second()", start=5, symbol="Client.retry", signature=signature),
        make_row("b.py", "def RETRY(): ...", symbol="Server.RETRY", signature="def RETRY()"),
        make_row("c.py", "client.retry()", symbol="retries"),
        make_row("d.py", "client.retry()"),
    )
    told = {
        path: [name for name in ("names_it", "qualified_names_it", "declares", "declares_it") if row[name]]
        for path, row in features.items()
    }
    assert told == {
        ("a.py", 1): ["names_it", "qualified_names_it", "declares", "declares_it"],
        ("a.py", 5): ["names_it", "qualified_names_it"],
        ("b.py", 1): ["names_it", "declares", "declares_it"],
        ("c.py", 1): [],
        ("d.py", 1): [],
    }


@pytest.mark.parametrize(("path", "is_name"), [("src/retry.py", 1), ("src/Retry.test.js", 1), ("src/retries.py", 0)])
def test_a_file_of_the_name_that_is_asked_for(path: str, is_name: int) -> None:
    assert of_one("retry", make_row(path))["stem_is_name"] == is_name


def test_what_kind_of_thing_it_is() -> None:
    def kinds(row: IndexedChunk) -> set[str]:
        features = of_one("anything", row)
        names = ("is_symbol", "is_type", "is_value", "is_method", "is_document")
        return {name for name in names if features[name]}

    assert kinds(make_row(symbol="A", kind="class")) == {"is_symbol", "is_type"}
    assert kinds(make_row(symbol="a", kind="method")) == {"is_symbol", "is_method"}
    assert kinds(make_row(symbol="A", kind="constant")) == {"is_symbol", "is_value"}
    assert kinds(make_row(language="markdown")) == {"is_document"}
    assert kinds(make_row(language=None)) == set()


def test_how_much_of_the_query_stands_where() -> None:
    features = features_of(
        "bucket window",
        make_row("a.py", "def refill(bucket): ...", symbol="refill", signature="def refill(bucket)"),
        make_row("a.py", "window", start=5),
        make_row("bucket/window.py", "x"),
        make_row("c.py", "# a bucket\nx = window", symbol="Window.bucket"),
        make_row("d.py", "y"),
    )
    all_of_it = near(1.0)
    first, second = features["a.py", 1], features["a.py", 5]
    assert 0 < first["covered"] < 1
    assert first["covered_by_signature"] == first["covered"]
    assert first["covered"] + second["covered"] == all_of_it
    assert first["covered_by_file"] == second["covered_by_file"] == all_of_it
    path = features["bucket/window.py", 1]
    assert path["covered"] == path["covered_by_file"] == all_of_it
    assert path["covered_by_stem"] + path["covered_by_folder"] == all_of_it
    assert path["covers_stem"] == 1
    named = features["c.py", 1]
    assert named["covered"] == all_of_it
    assert named["covered_by_name"] + named["covered_by_qualifier"] == all_of_it
    assert named["covers_name"] == 1
    assert named["covered_by_comment"] == near(named["covered_by_name"])
    assert features["d.py", 1]["covered"] == features["d.py", 1]["covered_by_file"] == 0
    assert {row["top_coverage"] for row in features.values()} == {named["covered"]}


def test_words_of_one_meaning_count_nearly_as_much() -> None:
    features = features_of(
        "deleting options",
        make_row("a.py", "def remove(): ...", symbol="remove"),
        make_row("remove.py", "x"),
        make_row("b.py", "def delete(options): ...", symbol="delete", signature="def delete(options)"),
        make_row("c.py", "y"),
    )
    named, path, exact, other = (features[path, 1] for path in ("a.py", "remove.py", "b.py", "c.py"))
    assert named["covered_by_name"] == path["covered_by_stem"] == 0
    assert 0 < named["related_in_name"] == named["related"] < exact["related"] == near(1)
    assert 0 < path["related_in_stem"] == path["related_in_file"]
    assert exact["related_in_signature"] == near(1)
    assert not [name for name in FEATURES if name.startswith("related") and other[name]]
    assert named["best_related_in_file"] == named["related"]


def test_what_a_file_is_made_of() -> None:
    features = features_of(
        "x",
        make_row("a/types.py", "class A: ...", symbol="A", kind="class"),
        make_row("a/types.py", "class B: ...", symbol="B", kind="interface", start=5),
        make_row("a/work.py", "def f(): ...", symbol="f"),
        make_row("a/work.py", "x = 1", start=5),
        make_row("b/notes.md", "x " * 20, language="markdown"),
    )
    types, work, notes = (features[path, 1] for path in ("a/types.py", "a/work.py", "b/notes.md"))
    assert (types["type_share"], types["function_share"]) == (1, 0)
    assert (work["type_share"], work["function_share"]) == (0, 0.5)
    assert types["language_share"] == near(2 / 3)
    assert notes["language_share"] == near(1 / 3)
    assert types["files_in_folder"] == work["files_in_folder"] > notes["files_in_folder"] == 0
    assert notes["file_length_gap"] == 0 > work["file_length_gap"]


def test_words_that_are_written_as_one_name() -> None:
    features = features_of(
        "rate limiter",
        make_row("a.py", "class RateLimiter: ...", symbol="RateLimiter"),
        make_row("b.py", "limiter of a rate"),
        make_row("rate_limiter.py", "x"),
    )
    named, apart, path = (features[path, 1] for path in ("a.py", "b.py", "rate_limiter.py"))
    assert (named["compounds"], named["compounds_in_name"], named["compounds_in_names_of_file"]) == (1, 1, 1)
    assert (path["compounds"], path["compounds_in_stem"], path["compounds_in_file"]) == (0, 1, 1)
    assert not [name for name in FEATURES if name.startswith("compounds") and apart[name]]


def test_a_longer_name_than_asked_for_is_covered_in_part() -> None:
    features = features_of("retry", make_row("a.py", symbol="retry"), make_row("b.py", symbol="retry_with_backoff"))
    assert 0 < features["b.py", 1]["covers_name"] < features["a.py", 1]["covers_name"] == 1


def test_what_is_told_of_a_file_holds_for_each_of_its_candidates() -> None:
    features = features_of(
        "retry",
        make_row("a.py", "retry retry", start=1, similarity=0.9),
        make_row("a.py", "retry", start=9, similarity=0.1),
        make_row("b.py", "x", similarity=0.5),
    )
    first, second = features["a.py", 1], features["a.py", 9]
    for name in FEATURES:
        if "file" in name and name not in ("is_file", "similarity"):
            assert first[name] == second[name], name
    assert first["best_similarity_in_file"] == pytest.approx(0.9, abs=0.02)
    assert first["candidates_in_file"] > features["b.py", 1]["candidates_in_file"]
    assert first["similarity_order"] > features["b.py", 1]["similarity_order"] > second["similarity_order"]
    assert first["similarity_gap"] == 0 > second["similarity_gap"]


def test_a_definition_that_many_files_refer_to() -> None:
    uses = [make_row(f"u{number}.py", "load_all()") for number in range(5)]
    features = features_of(
        "load",
        *uses,
        make_row("a.py", symbol="load_all"),
        make_row("b.py", symbol="load_some"),
        make_row("c.py", "load"),
    )
    assert features["a.py", 1]["references"] > features["b.py", 1]["references"] > features["c.py", 1]["references"]
