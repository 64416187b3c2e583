"""Full-text search: BM25 as its formula says, over rows and files, by where a term stands."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codesearch.core.index.search_index import SearchIndex
from codesearch.core.text.terms import IN_NAME, IN_SIGNATURE, IN_STEM, term_of, terms_of
from codesearch.retrieval.lexical import (
    LENGTH_NORM,
    ROW_WEIGHTS,
    SATURATION,
    LexicalScores,
    Rarity,
    find_hits,
    measure_rarity,
    payloads_of,
    score_hits,
)
from codesearch.retrieval.query.terms import parse_query
from tests.floats import near
from tests.unit.retrieval.index_rows import index_of, make_row, position_of

WORDS = "retry client parse window bucket größe".split()


def scores_of(index: SearchIndex, query: str) -> LexicalScores:
    terms = parse_query(query).terms
    hits = find_hits(index, terms)
    return score_hits(index, hits, measure_rarity([index], [hits]))


def rarity_of(query: str, *indexes: SearchIndex) -> Rarity:
    return measure_rarity(indexes, [find_hits(index, parse_query(query).terms) for index in indexes])


def by_path(index: SearchIndex, query: str) -> dict[str, float]:
    """Return path -> the score of its row, of files with one row each."""
    return {position_of(index, row)[0]: float(score) for row, score in enumerate(scores_of(index, query).rows)}


contents = st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join)


@settings(max_examples=50)
@given(st.lists(contents, min_size=1, max_size=12), st.lists(st.sampled_from(WORDS), min_size=1, unique=True))
def test_rows_score_as_bm25_says(texts: list[str], query: list[str]) -> None:
    index = index_of([make_row(f"f{number:02}.txt", text) for number, text in enumerate(texts)])
    counted = [Counter(terms_of(text)) for text in texts]
    mean_length = sum(map(Counter.total, counted)) / len(counted)
    expected = []
    for counts in counted:
        norm = SATURATION * (1 - LENGTH_NORM + LENGTH_NORM * counts.total() / mean_length)
        score = 0.0
        for term in map(term_of, query):
            frequency = sum(term in other for other in counted)
            rarity = math.log(1 + (len(texts) - frequency + 0.5) / (frequency + 0.5))
            score += rarity * counts[term] / (counts[term] + norm)
        expected.append(score)
    assert scores_of(index, " ".join(query)).rows.tolist() == near(expected)


@given(st.integers(0, (1 << 16) - 1))
def test_what_an_occurrence_weighs_grows_with_its_count_and_its_fields(payload: int) -> None:
    assert ROW_WEIGHTS[payload] >= payload >> 8
    for bit in range(8):
        assert ROW_WEIGHTS[payload | 1 << bit] >= ROW_WEIGHTS[payload]
    assert payload >> 8 == 255 or ROW_WEIGHTS[payload + (1 << 8)] > ROW_WEIGHTS[payload]


def test_a_rare_word_says_more_than_a_common_one() -> None:
    rows = [make_row(f"f{number}.py", "client window") for number in range(8)]
    index = index_of([*rows, make_row("rare.py", "client bucket")])
    scores = by_path(index, "bucket window")
    assert max(scores, key=scores.__getitem__) == "rare.py"
    rarity = rarity_of("client window bucket retry", index).rows
    assert 0 < rarity[0] < rarity[1] < rarity[2] < rarity[3], "the fewer rows have a word, the more it says"


def test_a_name_before_a_signature_before_a_comment_before_a_use() -> None:
    filler = "value = other\nreturn value"
    index = index_of(
        [
            make_row("name.py", f"retry\n{filler}", symbol="retry"),
            make_row("qualifier.py", f"retry\n{filler}", symbol="Retry.other"),
            make_row("signature.py", f"retry\n{filler}", symbol="other", signature="other(retry)"),
            make_row("comment.py", f"# retry\n{filler}"),
            make_row("use.py", f"retry\n{filler}"),
            make_row("none.py", f"window\n{filler}"),
        ]
    )
    scores = by_path(index, "retry")
    assert scores["none.py"] == 0
    assert scores["name.py"] > scores["qualifier.py"] > scores["signature.py"] > scores["comment.py"] > scores["use.py"]


def test_a_file_is_scored_by_its_path_and_all_of_its_rows() -> None:
    index = index_of(
        [
            make_row("cache/other.py", "window"),
            make_row("lib/bucket.py", "window"),
            make_row("lib/both.py", "retry", start=1),
            make_row("lib/both.py", "client", start=5),
            make_row("lib/one.py", "retry"),
        ]
    )

    def files(query: str) -> dict[str, float]:
        return {index.path_of(file): float(score) for file, score in enumerate(scores_of(index, query).files)}

    stems = files("bucket")
    assert [path for path, score in stems.items() if score] == ["lib/bucket.py"]
    folders = files("cache")
    assert [path for path, score in folders.items() if score] == ["cache/other.py"]
    together = files("retry client")
    assert together["lib/both.py"] > together["lib/one.py"] > 0
    # A row itself knows nothing of its path.
    assert not scores_of(index, "bucket").rows.any()


def test_a_row_is_scored_once_for_two_forms_of_a_word() -> None:
    index = index_of([make_row("a.py", "retries"), make_row("b.py", "window")])
    assert scores_of(index, "retry retries retried").rows.tolist() == scores_of(index, "retry").rows.tolist()
    assert by_path(index, "retrying")["a.py"] > 0


@pytest.mark.parametrize("query", ["", "?!", "nowhere", "nowhere at all"])
def test_words_that_are_nowhere_score_nothing(query: str) -> None:
    index = index_of([make_row(content="retry the client")])
    scores = scores_of(index, query)
    assert not scores.rows.any()
    assert not scores.files.any()
    assert len(rarity_of(query, index).rows) == len(parse_query(query).terms)


def test_several_indexes_count_as_one() -> None:
    rows = [
        make_row(f"{source}/f{number}.py", WORDS[number % 5]) for source in ("cache", "store") for number in range(9)
    ]
    parts = [index_of(rows[:9]), index_of(rows[9:12]), index_of(rows[12:])]
    query = " ".join([*WORDS, "cache", "nowhere"])
    whole, apart = rarity_of(query, index_of(rows)), rarity_of(query, *parts)
    assert apart.rows.tolist() == whole.rows.tolist()
    assert apart.files.tolist() == whole.files.tolist()
    assert whole.rows.tolist() != whole.files.tolist()


def test_places_say_where_each_term_stands() -> None:
    index = index_of(
        [
            make_row("src/retry.py", "retry retry retry", symbol="retry", signature="retry(window)"),
            make_row("src/a.py", "window"),
        ]
    )
    scores = scores_of(index, "retry window nowhere")
    rows = np.arange(2, dtype=np.int32)
    # Rows and files are in the order of the paths.
    payloads = payloads_of(scores.hits.rows, rows)
    assert (payloads >> 8).tolist() == [[0, 3], [1, 0], [0, 0]]
    assert (payloads & (IN_NAME | IN_SIGNATURE)).tolist() == [[0, IN_NAME | IN_SIGNATURE], [0, IN_SIGNATURE], [0, 0]]
    files = payloads_of(scores.hits.files, rows)
    assert (files & IN_STEM).tolist() == [[0, IN_STEM], [0, 0], [0, 0]]


@pytest.fixture(scope="module")
def twenty_rows() -> SearchIndex:
    return index_of(
        [make_row(f"f{number:02}.py", " ".join(WORDS[number % 4 :: 1 + number % 3])) for number in range(20)]
    )


@given(st.lists(st.sampled_from(WORDS), min_size=1, unique=True), st.sets(st.integers(0, 19), min_size=1))
def test_places_of_some_rows_are_those_of_all(twenty_rows: SearchIndex, query: list[str], chosen: set[int]) -> None:
    scores = scores_of(twenty_rows, " ".join(query))
    everywhere = payloads_of(scores.hits.rows, np.arange(20, dtype=np.int32))
    some = np.array(sorted(chosen), np.int32)
    assert payloads_of(scores.hits.rows, some).tolist() == everywhere[:, some].tolist()
