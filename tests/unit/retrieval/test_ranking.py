"""Ranking: a total order without regard to how candidates arrive, and what goes before what."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.core.store import StoredChunk
from codesearch.core.tokens import tokenize
from codesearch.core.types import ArtifactKind, Chunk
from codesearch.retrieval.query_terms import parse_query
from codesearch.retrieval.ranking import Ranked, rank

DIMENSION = 256
QUERY_VECTOR = np.eye(1, DIMENSION, dtype=np.float32)[0]


def candidate(
    path: str = "src/a.py",
    content: str = "x = 1",
    *,
    start: int = 1,
    source: str = "a" * 24,
    symbol: str | None = None,
    kind: str = "function",
    signature: str | None = None,
    language: str | None = "python",
    similarity: float = 0.5,
    lexical: float | None = 1.0,
) -> StoredChunk:
    """Return a row as the store finds it; `similarity` is to QUERY_VECTOR."""
    vector = np.zeros(DIMENSION, dtype=np.float32)
    vector[0], vector[1] = similarity, (1 - similarity**2) ** 0.5
    chunk = Chunk(
        path=path,
        start_line=start,
        end_line=start + content.count("\n"),
        content=content,
        artifact_kind=ArtifactKind.SYMBOL if symbol else ArtifactKind.CHUNK,
        language=language,
        symbol=symbol,
        symbol_kind=kind if symbol else None,
        signature=signature,
    )
    return StoredChunk(
        document_id=f"{source}:{path}:{start}:{symbol}",
        data_source_id=source,
        chunk=chunk,
        commit="",
        run_id=1,
        modified_at=None,
        symbol_tokens=" ".join(tokenize(symbol or "")),
        path_tokens=" ".join(tokenize(path)),
        body_tokens=" ".join(tokenize(content)),
        vector=vector,
        lexical=lexical,
    )


def ranking(query: str, candidates: Sequence[StoredChunk]) -> list[Ranked]:
    """Rank candidates that both searches found."""
    ranked = rank(parse_query(query), QUERY_VECTOR, candidates, candidates)
    assert sorted(item.candidate.document_id for item in ranked) == sorted(row.document_id for row in candidates)
    scores = [item.score for item in ranked]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    return ranked


def order(query: str, *candidates: StoredChunk) -> list[StoredChunk]:
    """Return the candidates in the order of their ranks, which must not depend on the order they came in."""
    forward = ranking(query, candidates)
    backward = ranking(query, candidates[::-1])
    assert [(item.candidate.document_id, item.score) for item in forward] == [
        (item.candidate.document_id, item.score) for item in backward
    ]
    return [item.candidate for item in forward]


PATHS = st.sampled_from(
    ["a.py", "b/test_a.py", "docs/a.md", "b/c/Client.java", "README", "src/retry_client.go", "", "/"]
)
WORDS = st.sampled_from("retry client def class Client the parse_line HttpClient test x 1 ( ) 日本".split())
CONTENTS = st.lists(WORDS, max_size=12).map(" ".join)
CANDIDATES = st.builds(
    candidate,
    PATHS,
    CONTENTS,
    start=st.integers(1, 5),
    source=st.sampled_from(["a" * 24, "b" * 24]),
    symbol=st.sampled_from([None, "Client", "Client.retry", "retry", "."]),
    kind=st.sampled_from(["function", "class", "constant"]),
    signature=st.none() | CONTENTS,
    language=st.sampled_from([None, "python", "markdown"]),
    similarity=st.floats(-1, 1),
    lexical=st.none() | st.floats(0, 100),
)
CANDIDATE_LISTS = st.lists(CANDIDATES, max_size=12, unique_by=lambda row: row.document_id)
QUERIES = (
    st.sampled_from(["retry", "Client::retry", "how does the client retry", "test", "docs", "", "?", "the"]) | st.text()
)


@given(QUERIES, CANDIDATE_LISTS, st.randoms(use_true_random=False))
def test_every_candidate_once_in_an_order_of_its_own(
    query: str, candidates: list[StoredChunk], shuffler: random.Random
) -> None:
    first = ranking(query, candidates)
    again = shuffler.sample(candidates, len(candidates))
    split = shuffler.randint(0, len(again))
    # A row that only the vector search found has no lexical score wherever it stands in the lists.
    lexical = [row for row in again if row.lexical is not None]
    nearest = [row for row in again if row.lexical is None] + [replace(row, lexical=None) for row in lexical[:split]]
    assert rank(parse_query(query), QUERY_VECTOR, lexical, nearest) == first


def test_the_order_survives_shuffling_of_real_sized_lists() -> None:
    """Sums of floats in another order differ in their last bits: the order must not hang on that."""
    numbers = np.random.default_rng(7)
    vectors = numbers.normal(size=(150, DIMENSION)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    # In pairs of twins: only the tie-breakers tell them apart.
    rows = [
        replace(candidate(f"src/{twin}/f{index}.py", f"value {index % 7}"), vector=vectors[index])
        for index in range(len(vectors))
        for twin in "ab"
    ]
    expected = [item.candidate.document_id for item in rank(parse_query("value"), vectors[0], rows, [])]
    for seed in range(20):
        shuffled = random.Random(seed).sample(rows, len(rows))
        assert [item.candidate.document_id for item in rank(parse_query("value"), vectors[0], shuffled, [])] == expected


def test_nothing_found_is_nothing_ranked() -> None:
    assert rank(parse_query("anything"), QUERY_VECTOR, [], []) == []


def test_what_both_searches_found_keeps_its_lexical_score() -> None:
    row = candidate(lexical=3.0)
    other = candidate("src/b.py", lexical=2.9)
    ranked = rank(parse_query("x"), QUERY_VECTOR, [row, other], [replace(row, lexical=None)])
    assert [item.candidate for item in ranked] == [row, other]


def test_ties_are_broken_by_source_path_and_line() -> None:
    rows = [
        candidate("src/a.py", start=7, source="a" * 24),
        candidate("src/b.py", start=1, source="a" * 24),
        candidate("src/a.py", start=1, source="b" * 24),
    ]
    assert order("unrelated words", *rows[::-1]) == rows


def test_equal_chunks_of_one_file_come_in_line_order() -> None:
    rows = [candidate(start=line) for line in (1, 5, 9)]
    assert order("unrelated words", rows[1], rows[2], rows[0]) == rows


def test_definition_before_use() -> None:
    use = candidate(
        "src/b.py", "def run():\n    retry_call()\n    retry_call()", symbol="run", similarity=0.6, lexical=2.0
    )
    definition = candidate("src/c.py", "def retry_call():\n    pass", symbol="retry_call", signature="def retry_call()")
    assert order("retry_call", use, definition)[0] == definition


@pytest.mark.parametrize("query", ["Client.retry", "Client::retry", "Client#retry", "client.RETRY", "retry"])
def test_a_qualified_name_finds_its_definition(query: str) -> None:
    definition = candidate("src/b.py", "def retry(self): ...", symbol="Client.retry", signature="def retry(self)")
    container = candidate("src/a.py", "client = Client()\nclient.retry()", symbol="setup")
    assert order(query, container, definition)[0] == definition


def test_the_declaration_before_its_continuations() -> None:
    signature = "def retry(self, call: Call) -> Result"
    parts = [
        candidate(content=f"{signature}:\n    first()", start=1, symbol="Client.retry", signature=signature),
        candidate(content="    second()", start=3, symbol="Client.retry", signature=signature, similarity=0.55),
        candidate(content="    third()", start=4, symbol="Client.retry", signature=signature, similarity=0.55),
    ]
    assert order("retry", *parts)[0] == parts[0]


@pytest.mark.parametrize("kind", ["constant", "function"])
def test_a_type_before_another_thing_of_its_name(kind: str) -> None:
    other = candidate("src/a.py", "Limit = 3", symbol="Limit", kind=kind, signature="Limit = 3")
    definition = candidate("src/b.py", "class Limit: ...", symbol="Limit", kind="class", signature="class Limit")
    assert order("Limit", other, definition)[0] == definition


@pytest.mark.parametrize("others", [0, 5, 200])
def test_an_answer_scores_the_same_way_whatever_else_is_in_scope(others: int) -> None:
    """A threshold means the same when a condition leaves little, even nothing but the answer."""
    answer = candidate(content="def retry(): ...", symbol="retry", signature="def retry()", similarity=0.7, lexical=9.0)
    rest = [candidate(f"src/f{number}.py", similarity=0.1, lexical=None) for number in range(others)]
    ranked = ranking("retry", [*rest, answer])
    assert ranked[0].candidate == answer
    assert ranked[0].score > 0.5
    assert all(item.score < 0.1 for item in ranked[1:])


@pytest.mark.parametrize(
    "path",
    [
        "tests/test_cache.py",
        "src/cache_test.go",
        "src/cache.spec.ts",
        "src/test/java/CacheTest.java",
        "examples/cache.py",
    ],
)
@pytest.mark.parametrize("similarity", [0.5, 0.6])
def test_what_stands_beside_the_product_yields(path: str, similarity: float) -> None:
    product = candidate("src/cache.py", "def evict(): drop the oldest")
    aside = candidate(path, "def evict(): drop the oldest", similarity=similarity)
    assert order("drop the oldest entry of the cache", aside, product)[0] == product


def test_tests_do_not_yield_when_asked_for() -> None:
    product = candidate("src/cache.py", "def evict(): drop the oldest")
    test = candidate("tests/test_cache.py", "def evict(): drop the oldest", similarity=0.6)
    assert order("which test covers dropping the oldest entry", product, test)[0] == test
    assert order("what covers dropping the oldest entry", product, test)[0] == product


def test_documents_yield_unless_asked_for() -> None:
    code = candidate("src/cache.py", "drop the oldest")
    document = candidate("cache.md", "drop the oldest", language="markdown", similarity=0.7)
    assert order("drop the oldest entry of the cache", document, code)[0] == code
    assert order("documentation of dropping the oldest entry", code, document)[0] == document


def test_a_second_chunk_of_a_file_goes_behind_another_file() -> None:
    first = candidate("src/a.py", start=1, similarity=0.60)
    second = candidate("src/a.py", start=9, similarity=0.59)
    other = candidate("src/b.py", similarity=0.58)
    assert order("unrelated words", first, second, other) == [first, other, second]


def test_the_same_path_in_two_sources_is_two_files() -> None:
    rows = [candidate(start=1, source="a" * 24), candidate(start=9, source="b" * 24)]
    scores = [item.score for item in ranking("unrelated words", rows)]
    assert scores[0] == scores[1]


def test_more_of_the_question_is_better() -> None:
    all_of_it = candidate("src/b.py", "drop the oldest entry")
    some_of_it = candidate("src/a.py", "drop everything")
    assert order("dropping oldest entries", some_of_it, all_of_it)[0] == all_of_it


HASH_SEED_SCRIPT = """
from tests.unit.retrieval.test_ranking import candidate, ranking
words = "retry client parse request header cookie token window bucket queue".split()
rows = [
    candidate(
        f"{words[i % 10]}/{words[i % 7]}.py", " ".join(words[i % 3 :: 1 + i % 4]), start=i, similarity=i % 6 / 10
    )
    for i in range(1, 80)
]
for query in ["parsing a request header of the client, its cookies and tokens; the window of a bucket", "retry"]:
    for item in ranking(query, rows):
        print(item.candidate.document_id, item.score.hex())
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
