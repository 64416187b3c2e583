"""Vector search: the rows nearest by cosine, exactly where there are few and nearly so where there are many."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from codesearch.core.index.search_index import SearchIndex
from codesearch.retrieval.nearest import (
    EXACT_ROWS,
    KEPT_ROWS,
    choose_lowest,
    file_similarity_to,
    find_nearest,
    similarity_of,
)
from tests.unit.retrieval.index_rows import QUERY_VECTOR, index_of, make_row, random_vectors

# Eight bits per number move a cosine by less than this.
ROUNDING = 0.02
COUNT = 200


def index_of_vectors(vectors: NDArray[np.float32], rows_per_file: int = 1) -> SearchIndex:
    """Return an index whose rows are in the order of the vectors."""
    return index_of(
        [
            make_row(f"f{number // rows_per_file:06}.py", f"x{number}", start=1 + number % rows_per_file, vector=vector)
            for number, vector in enumerate(vectors)
        ]
    )


def nearest_of(
    index: SearchIndex, vector: NDArray[np.float32], allowed: NDArray[np.int64] | None, limit: int
) -> NDArray[np.int64]:
    """Return the nearest rows when this index alone is asked."""
    (found,) = find_nearest([index], vector, [allowed], limit)
    return found


@pytest.fixture(scope="module")
def vectors() -> NDArray[np.float32]:
    return random_vectors(COUNT)


@pytest.fixture(scope="module")
def index(vectors: NDArray[np.float32]) -> SearchIndex:
    return index_of_vectors(vectors, rows_per_file=4)


def test_similarity_is_the_cosine(index: SearchIndex, vectors: NDArray[np.float32]) -> None:
    for number in (0, 57, 199):
        exact = vectors @ vectors[number]
        assert similarity_of(index, vectors[number], None) == pytest.approx(exact, abs=ROUNDING)
        some = np.array([number, 3, 150])
        assert similarity_of(index, vectors[number], some) == pytest.approx(exact[some], abs=ROUNDING)


@pytest.mark.parametrize("dimension", [8, 64, 100, 256, 384])
def test_any_dimension_will_do(dimension: int) -> None:
    vectors = random_vectors(20, dimension)
    index = index_of_vectors(vectors)
    assert index.dimension == dimension
    for number, vector in enumerate(vectors):
        assert nearest_of(index, vector, None, 1).tolist() == [number]
        assert similarity_of(index, vector, np.array([number])) == pytest.approx([1.0], abs=ROUNDING)


def test_a_files_similarity_is_that_of_its_mean(index: SearchIndex, vectors: NDArray[np.float32]) -> None:
    means = vectors.reshape(-1, 4, vectors.shape[1]).mean(axis=1)
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    found = file_similarity_to(index, vectors[9], np.arange(index.file_count, dtype=np.int32))
    assert found == pytest.approx(means @ vectors[9], abs=ROUNDING)


@given(st.integers(0, COUNT - 1), st.integers(1, 2 * COUNT), st.none() | st.sets(st.integers(0, COUNT - 1)))
def test_the_nearest_of_the_allowed_rows(
    index: SearchIndex, vectors: NDArray[np.float32], asked: int, limit: int, allowed: set[int] | None
) -> None:
    rows = None if allowed is None else np.array(sorted(allowed), np.int64)
    found = nearest_of(index, vectors[asked], rows, limit)
    looked_at = np.arange(COUNT) if rows is None else rows
    assert len(found) == len(set(found.tolist())) == min(limit, len(looked_at))
    assert set(found.tolist()) <= set(looked_at.tolist())
    similarity = similarity_of(index, vectors[asked], None)
    left_out = np.setdiff1d(looked_at, found)
    if len(found) and len(left_out):
        assert similarity[found].min() >= similarity[left_out].max()


def test_a_vector_without_a_direction_is_near_to_nothing(index: SearchIndex) -> None:
    assert nearest_of(index, np.zeros_like(QUERY_VECTOR), None, 10).tolist() == []


def test_a_row_without_a_vector_is_as_far_as_an_unrelated_one() -> None:
    empty = make_row("empty.py", vector=np.zeros_like(QUERY_VECTOR))
    index = index_of([empty, make_row("near.py", similarity=0.5), make_row("opposite.py", similarity=-0.5)])
    assert similarity_of(index, QUERY_VECTOR, None) == pytest.approx([0, 0.5, -0.5], abs=ROUNDING)
    assert file_similarity_to(index, QUERY_VECTOR, np.array([0], np.int32)).tolist() == [0]


@pytest.fixture(scope="module")
def many() -> NDArray[np.float32]:
    """More vectors than are all compared, in clusters as those of code are."""
    centres = random_vectors(60, seed=1)
    noise = random_vectors(EXACT_ROWS + 3_000, seed=2)
    vectors: NDArray[np.float32] = centres[np.arange(len(noise)) % len(centres)] + 0.7 * noise
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


@pytest.fixture(scope="module")
def large(many: NDArray[np.float32]) -> SearchIndex:
    return index_of_vectors(many, rows_per_file=50)


@pytest.mark.parametrize("is_filtered", [False, True])
def test_of_many_rows_nearly_all_of_the_nearest_are_found(
    large: SearchIndex, many: NDArray[np.float32], is_filtered: bool
) -> None:
    # Three of four rows are still too many to compare them all, and none of the others may come.
    rows = np.flatnonzero(np.arange(len(many)) % 4 != 0) if is_filtered else None
    allowed = np.arange(len(many)) if rows is None else rows
    shares = []
    for asked in random_vectors(20, seed=3) + many[:: len(many) // 20][:20]:
        found = nearest_of(large, asked, rows, 60)
        assert len(found) == len(set(found.tolist())) == 60
        assert np.isin(found, allowed).all()
        exact = allowed[np.argsort(many[allowed] @ asked)[-60:]]
        shares.append(len(np.intersect1d(found, exact)) / 60)
    assert np.mean(shares) > 0.9


def test_the_first_pass_keeps_fewer_than_would_be_compared(large: SearchIndex, many: NDArray[np.float32]) -> None:
    assert KEPT_ROWS < EXACT_ROWS < len(many)
    # What was kept is all that can be found, however much is asked for.
    assert len(nearest_of(large, many[0], None, len(many))) == KEPT_ROWS


def test_a_small_scope_of_a_large_index_is_compared_exactly(large: SearchIndex, many: NDArray[np.float32]) -> None:
    rows = np.arange(0, len(many), 2)[:EXACT_ROWS]
    found = nearest_of(large, many[1], rows, 50)
    similarity = similarity_of(large, many[1], rows)
    assert set(found.tolist()) == set(rows[np.argsort(similarity)[-50:]].tolist())


LISTS = st.lists(st.lists(st.integers(-3, 3) | st.integers(-1000, 1000), max_size=12), min_size=1, max_size=5)


@given(LISTS, st.integers(0, 40), st.sampled_from([np.uint8, np.float32]))
def test_the_lowest_of_several_lists_are_those_of_their_union(lists: list[list[int]], limit: int, kind: type) -> None:
    values: list[NDArray[Any]] = [np.array(numbers).astype(kind) for numbers in lists]
    # Rows of a list start where they like and may be any, as those that a condition left.
    rows = [np.arange(len(numbers)) * 3 + 7 * position for position, numbers in enumerate(lists)]
    found = choose_lowest(values, rows, limit)
    assert len(found) == len(lists)
    chosen = []
    for of_list, known, kept in zip(values, rows, found, strict=True):
        assert len(kept) == len(set(kept.tolist()))
        assert set(kept.tolist()) <= set(known.tolist())
        chosen.extend(of_list[np.isin(known, kept)].tolist())
    # Which of equal ones are chosen is open; what they are is not.
    assert sorted(chosen) == sorted(np.concatenate(values).tolist())[:limit]


@given(
    st.integers(0, COUNT - 1),
    st.integers(1, COUNT),
    st.lists(st.integers(1, COUNT - 1), min_size=1, max_size=3, unique=True).map(sorted),
    st.none() | st.sets(st.integers(0, COUNT - 1)),
)
@settings(max_examples=30)
def test_indexes_are_searched_as_if_they_were_one(
    index: SearchIndex,
    vectors: NDArray[np.float32],
    asked: int,
    limit: int,
    borders: list[int],
    allowed: set[int] | None,
) -> None:
    edges = [0, *borders, COUNT]
    spans = list(pairwise(edges))
    parts = [index_of_vectors(vectors[start:end]) for start, end in spans]
    rows = None if allowed is None else np.array(sorted(allowed), np.int64)
    shares = [None if rows is None else rows[(rows >= start) & (rows < end)] - start for start, end in spans]
    found = find_nearest(parts, vectors[asked], shares, limit)
    together = np.concatenate([of_part + start for of_part, (start, _) in zip(found, spans, strict=True)])
    assert sorted(together.tolist()) == sorted(nearest_of(index, vectors[asked], rows, limit).tolist())


def test_of_many_rows_in_several_indexes_the_first_pass_is_over_all(
    large: SearchIndex, many: NDArray[np.float32]
) -> None:
    """Neither part is large enough for a first pass of its own, the two together are."""
    half = len(many) // 2
    assert half < EXACT_ROWS
    parts = [index_of_vectors(many[:half], rows_per_file=50), index_of_vectors(many[half:], rows_per_file=50)]
    kept = find_nearest(parts, many[0], [None, None], len(many))
    assert sum(map(len, kept)) == KEPT_ROWS
    nearest = find_nearest(parts, many[0], [None, None], 60)
    together = np.concatenate((nearest[0], nearest[1] + half))
    assert len(np.intersect1d(together, nearest_of(large, many[0], None, 60))) > 54
