"""Candidates: what the three searches bring up, never more than a condition allows, never fewer than asked for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.core.index.search_index import SearchIndex
from codesearch.core.predicates import EVERYTHING, NOTHING, And, Comparison, Not, Operator, Or, Predicate
from codesearch.retrieval import candidates as candidates_module
from codesearch.retrieval.candidates import (
    LEXICAL_ROWS,
    NAMED_ROWS,
    NEAREST_ROWS,
    Candidates,
    find_candidates,
    join_candidates,
)
from codesearch.retrieval.lexical import find_hits, score_hits
from codesearch.retrieval.nearest import similarity_of
from codesearch.retrieval.query.terms import parse_query
from tests.floats import near
from tests.unit.retrieval.index_rows import (
    QUERY_VECTOR,
    as_source,
    candidates_of,
    candidates_of_all,
    index_of,
    make_row,
    position_of,
    random_vectors,
)

COUNT = 600
GO = Comparison("language", Operator.IN, ("go",))
IN_PART_1 = Comparison("path", Operator.STARTS_WITH, ("part_1/",))
PREDICATES: tuple[Predicate, ...] = (
    EVERYTHING,
    NOTHING,
    GO,
    Not(GO),
    IN_PART_1,
    And((GO, IN_PART_1)),
    Or((GO, IN_PART_1)),
    Comparison("start_line", Operator.GREATER, (1,)),
    Comparison("symbol", Operator.IN, ("unrelated",)),
)
QUERIES = ("unrelated", "common word", "nowhere", "?", "Part.unrelated", "common nowhere word and more")


@pytest.fixture(scope="module")
def index() -> SearchIndex:
    """Six hundred rows in which `unrelated` is the name of forty, `common` in all."""
    vectors = random_vectors(COUNT)
    return index_of(
        [
            make_row(
                f"part_{number % 7}/f{number // 2:03}.py",
                f"common word {number}",
                start=1 + number % 2,
                symbol="Part.unrelated" if number % 15 == 0 else None,
                language="go" if number % 4 == 0 else "python",
                vector=vectors[number],
            )
            for number in range(COUNT)
        ]
    )


def check_form(found: Candidates) -> None:
    """Hold the shapes, the order of the rows and that everything said of a row is said of that row."""
    count, terms = len(found.rows), len(found.rarity.rows)
    assert np.all(np.diff(found.rows) > 0)
    assert found.files.tolist() == found.index.file_of_row[found.rows].tolist()
    for values in (found.lexical, found.file_lexical, found.similarity, found.file_similarity):
        assert values.shape == (count,)
    assert found.row_payloads.shape == found.file_payloads.shape == (terms, count)
    assert found.row_compounds.shape == found.file_compounds.shape
    assert found.row_compounds.shape[1] == count
    assert isinstance(found.index, SearchIndex)
    assert found.similarity == near(similarity_of(found.index, QUERY_VECTOR, found.rows))


@given(st.sampled_from(QUERIES), st.sampled_from(PREDICATES), st.sampled_from([1, 10, 150, 1000]))
def test_what_a_condition_allows_and_as_many_as_asked_for(
    index: SearchIndex, query: str, predicate: Predicate, wanted: int
) -> None:
    found = candidates_of(index, query, predicate=predicate, wanted=wanted)
    check_form(found)
    mask = index.rows_where(predicate)
    allowed = COUNT if mask is None else int(mask.sum())
    assert len(found.rows) >= min(wanted, allowed)
    assert mask is None or mask[found.rows].all()
    scores = score_hits(index, find_hits(index, parse_query(query).terms), found.rarity)
    assert found.lexical == near(scores.rows[found.rows])
    assert found.file_lexical == near(scores.files[found.files])


def test_a_row_that_only_words_find_and_one_that_only_its_vector_finds() -> None:
    far = [make_row(f"far/f{number}.py", "common", similarity=0.0) for number in range(300)]
    words = make_row("words.py", "the bucket", similarity=-1.0)
    vector = make_row("vector.py", "else", similarity=0.9)
    named = make_row("named.py", "def f(): ...", symbol="Window.bucket_of", similarity=-1.0)
    mixed = index_of([*far, words, vector, named])
    found = {position_of(mixed, row)[0] for row in candidates_of(mixed, "bucket").rows}
    assert {"words.py", "vector.py", "named.py"} <= found
    assert "named.py" in {position_of(mixed, row)[0] for row in candidates_of(mixed, "Window.bucket_of").rows}


def test_a_definition_is_found_among_many_uses() -> None:
    """More rows have the word than full-text search brings up, and they have it more often."""
    uses = [make_row(f"f{number}.py", "setup\n" * 9, similarity=0.3) for number in range(3 * LEXICAL_ROWS)]
    definition = make_row("z.py", "x = " + "1 + " * 200 + "1", symbol="App.setup", similarity=-0.5)
    index = index_of([*uses, definition])
    assert "z.py" in {position_of(index, row)[0] for row in candidates_of(index, "setup").rows}


def test_there_are_only_so_many(index: SearchIndex) -> None:
    found = candidates_of(index, "common word of Part.unrelated", wanted=5)
    assert len(found.rows) <= LEXICAL_ROWS + NEAREST_ROWS + NAMED_ROWS


def test_the_best_of_each_search_are_among_them(index: SearchIndex) -> None:
    found = set(candidates_of(index, "unrelated word").rows.tolist())
    similarity = similarity_of(index, QUERY_VECTOR, None)
    assert set(np.argsort(-similarity)[:NEAREST_ROWS].tolist()) <= found
    named = index.rows_named(parse_query("unrelated").name_hashes[0])
    assert len(named) == 40
    assert set(named.tolist()) <= found


def test_without_a_known_word_and_without_a_vector_the_first_rows_come(index: SearchIndex) -> None:
    found = candidates_of(index, "?", vector=np.zeros_like(QUERY_VECTOR), wanted=7)
    assert found.rows.tolist() == list(range(7))
    found = candidates_of(index, "?", vector=np.zeros_like(QUERY_VECTOR), predicate=GO, wanted=7)
    mask = index.rows_where(GO)
    assert mask is not None
    assert found.rows.tolist() == np.flatnonzero(mask)[:7].tolist()


def test_a_condition_that_nothing_satisfies_brings_nothing(index: SearchIndex) -> None:
    found = candidates_of(index, "common word", predicate=Comparison("language", Operator.IN, ("cobol",)))
    check_form(found)
    assert len(found.rows) == 0


@pytest.fixture(scope="module")
def parts() -> tuple[SearchIndex, SearchIndex, SearchIndex]:
    """The same rows in two indexes and in one, all equally long, for the lengths' mean is each index's own."""
    vectors = random_vectors(COUNT)
    rows = [
        make_row(f"f{number:03}.py", f"{WORDS[number % 5]} {WORDS[number % 7]} {WORDS[0]}", vector=vectors[number])
        for number in range(COUNT)
    ]
    return index_of(rows[: COUNT // 3]), index_of(rows[COUNT // 3 :]), index_of(rows)


WORDS = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta")


def numbered(found: Sequence[Candidates], values: str) -> dict[str, float]:
    """Return path -> one of the values of its row, of files with one row each."""
    return {
        candidates.index.path_of(int(candidates.index.file_of_row[row])): float(value)
        for candidates in found
        for row, value in zip(candidates.rows, getattr(candidates, values), strict=True)
    }


@pytest.mark.parametrize("query", ["beta", "beta and zeta", "which epsilon", "nowhere"])
def test_two_indexes_are_searched_as_if_they_were_one(
    parts: tuple[SearchIndex, SearchIndex, SearchIndex], query: str
) -> None:
    first, second, whole = parts
    # With room for every row, each one has the same said of it.
    apart, together = (candidates_of_all(indexes, query, wanted=COUNT) for indexes in ((first, second), (whole,)))
    for values in ("lexical", "file_lexical", "similarity", "file_similarity"):
        assert numbered(apart, values) == near(numbered(together, values))
        assert len(numbered(apart, values)) == COUNT
    assert apart[0].rarity.rows.tolist() == together[0].rarity.rows.tolist()


def test_the_best_of_all_indexes_come_and_not_the_best_of_each() -> None:
    """The answers are all in one index: the other does not get a share of its own."""
    many = 2 * LEXICAL_ROWS
    answers = index_of([make_row(f"f{number:03}.py", "bucket " * 9, similarity=0.9) for number in range(many)])
    others = index_of(
        [make_row(f"f{number:03}.py", "bucket " + "else " * 50, similarity=0.1) for number in range(many)]
    )
    for indexes, position in (([answers, others], 0), ([others, answers], 1)):
        found = candidates_of_all(indexes, "bucket", wanted=10)
        assert len(found[position].rows) == many
        assert len(found[1 - position].rows) == 0


def test_each_index_has_a_condition_of_its_own(index: SearchIndex) -> None:
    terms = parse_query("common word")
    scope = [(as_source(index), predicate) for predicate in (GO, NOTHING, Not(GO))]
    found = find_candidates(scope, terms, QUERY_VECTOR, 10)
    mask = index.rows_where(GO)
    assert mask is not None
    assert len(found) == 3
    assert len(found[0].rows) > 0
    assert mask[found[0].rows].all()
    assert len(found[1].rows) == 0
    assert len(found[2].rows) > 0
    assert not mask[found[2].rows].any()


def test_joined_they_are_one_list_and_all_indexes_count(index: SearchIndex) -> None:
    terms = parse_query("common word")
    scope = [(as_source(index), predicate) for predicate in (GO, NOTHING, Not(GO))]
    found = find_candidates(scope, terms, QUERY_VECTOR, 10)
    joined = join_candidates(found)
    assert joined.row_count == 3 * index.row_count
    assert joined.file_count == 3 * index.file_count
    assert [part.index for part in joined.parts] == [index, index]
    assert joined.rows.tolist() == [*found[0].rows.tolist(), *found[2].rows.tolist()]
    assert joined.positions.tolist() == [0] * len(found[0].rows) + [2] * len(found[2].rows)
    assert joined.row_payloads.tolist() == np.hstack((found[0].row_payloads, found[2].row_payloads)).tolist()
    # A file of one index is not the file of that number in another.
    assert np.all(np.diff(joined.files) >= 0)
    assert len(set(joined.files.tolist())) == len(set(found[0].files.tolist())) + len(set(found[2].files.tolist()))


def test_missing_rows_are_filled_up_from_all_indexes() -> None:
    small = [index_of([make_row(f"f{number}.py") for number in range(count)]) for count in (3, 4, 5)]
    nothing = np.zeros_like(QUERY_VECTOR)
    for wanted, counts in ((1, [1, 0, 0]), (5, [3, 2, 0]), (9, [3, 4, 2]), (50, [3, 4, 5])):
        found = candidates_of_all(small, "?", vector=nothing, wanted=wanted)
        assert [len(candidates.rows) for candidates in found] == counts
        for candidates in found:
            assert candidates.rows.tolist() == list(range(len(candidates.rows)))


@pytest.mark.parametrize("query", QUERIES)
def test_many_rows_are_searched_at_once_with_the_same_answer(
    index: SearchIndex, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = candidates_of(index, query)
    monkeypatch.setattr(candidates_module, "PARALLEL_ROWS", 1)
    at_once = candidates_of(index, query)
    assert at_once.rows.tolist() == alone.rows.tolist()
    assert at_once.lexical == near(alone.lexical)
    assert at_once.similarity == near(alone.similarity)
