"""Sign bits: how many of them differ tells the angle between two vectors, whatever their dimension."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from codesearch.core.index.sign_bits import (
    WORD_BITS,
    _flips,
    count_different_bits,
    sign_bits_of,
    sign_bits_of_quantised,
)

DIMENSIONS = [1, 2, 3, 63, 64, 65, 100, 256, 384]


def random_vectors(count: int, dimension: int, seed: int = 5) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)


def count_to_first(vectors: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return in how many bits each vector differs from the first."""
    bits = sign_bits_of(vectors)
    return count_different_bits(np.ascontiguousarray(bits.T), bits[0])


def bit_count(vectors: NDArray[np.float32]) -> int:
    return int(sign_bits_of(vectors).shape[1]) * WORD_BITS


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_at_least_a_bit_for_each_dimension_in_whole_words(dimension: int) -> None:
    bits = sign_bits_of(random_vectors(7, dimension))
    assert bits.dtype == np.uint64
    assert bits.shape[0] == 7
    assert dimension <= bits.shape[1] * WORD_BITS < max(2 * dimension, WORD_BITS + 1)


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_the_same_direction_differs_in_no_bit(dimension: int) -> None:
    vector = random_vectors(1, dimension)[0]
    assert count_to_first(np.stack((vector, vector, 3 * vector, vector / 8))).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_an_opposite_differs_in_every_bit(dimension: int) -> None:
    vector = random_vectors(1, dimension)[0]
    bits = sign_bits_of(np.stack((vector, -vector)))
    assert (bits[0] ^ bits[1]).tolist() == [2**64 - 1] * bits.shape[1]


@pytest.mark.parametrize("dimension", [64, 100, 256, 384])
def test_the_share_of_different_bits_is_the_share_of_the_angle(dimension: int) -> None:
    """Over vectors at one angle the mean is that angle; one pair's is within what so many coin tosses allow."""
    pairs = random_vectors(400, 2 * dimension).reshape(400, 2, dimension).astype(np.float64)
    first = pairs[:, 0] / np.linalg.norm(pairs[:, 0], axis=1, keepdims=True)
    aside = pairs[:, 1] - (pairs[:, 1] * first).sum(axis=1, keepdims=True) * first
    aside /= np.linalg.norm(aside, axis=1, keepdims=True)
    for share in (0.1, 0.25, 0.5, 0.75):
        second = np.cos(share * np.pi) * first + np.sin(share * np.pi) * aside
        vectors = np.concatenate((first, second)).astype(np.float32)
        bits = sign_bits_of(vectors)
        different = np.bitwise_count(bits[:400] ^ bits[400:]).sum(axis=1) / bit_count(vectors)
        assert different.mean() == pytest.approx(share, abs=0.02)
        assert np.abs(different - share).max() < 6 * (share * (1 - share) / dimension) ** 0.5


def test_what_only_a_few_dimensions_hold_is_spread_over_all_bits() -> None:
    """Without the rotation vectors that differ in one dimension out of many would differ in one bit at most."""
    vectors = np.zeros((2, 256), np.float32)
    vectors[0, 0] = vectors[1, 1] = 1
    assert count_to_first(vectors)[1] == pytest.approx(128, abs=16)


@given(st.lists(st.lists(st.integers(0, 2**64 - 1), min_size=3, max_size=3), min_size=1, max_size=6))
def test_different_bits_are_counted_one_by_one(rows: list[list[int]]) -> None:
    bits = np.array(rows, np.uint64)
    found = count_different_bits(np.ascontiguousarray(bits.T), bits[0])
    expected = [sum((a ^ b).bit_count() for a, b in zip(row, rows[0], strict=True)) % 256 for row in rows]
    assert found.tolist() == expected


def test_bits_are_the_same_wherever_they_are_computed() -> None:
    """Files are read on other machines than wrote them: no chance, no order of rows, no batch may change a bit."""
    vectors = random_vectors(50, 96)
    bits = sign_bits_of(vectors)
    assert sign_bits_of(vectors[::-1])[::-1].tolist() == bits.tolist()
    assert np.concatenate([sign_bits_of(vectors[start : start + 7]) for start in range(0, 50, 7)]).tolist() == (
        bits.tolist()
    )
    # Both dimensions are flipped by their CRC-32: less than nothing everywhere, and in every other position.
    assert sign_bits_of(np.eye(2, dtype=np.float32)).tobytes() == b"\x00" * 8 + b"\x55" * 8


@pytest.mark.parametrize("dimension", [*DIMENSIONS, 255, 257, 1024])
@pytest.mark.parametrize("count", [0, 1, 3, 512, 1025])
def test_whole_numbers_have_the_bits_that_they_have_as_fractions(dimension: int, count: int) -> None:
    vectors = np.random.default_rng(dimension).integers(-127, 128, (count, dimension)).astype(np.int8)
    assert np.array_equal(sign_bits_of_quantised(vectors), sign_bits_of(vectors.astype(np.float32)))


@pytest.mark.parametrize("value", [-127, 127])
@pytest.mark.parametrize("dimension", [255, 256, 257, 258, 259])
def test_the_largest_sums_of_whole_numbers_keep_their_signs(dimension: int, value: int) -> None:
    aligned = np.where(_flips(dimension) > 0, value, -value).astype(np.int8)
    vectors = np.stack((aligned, np.full(dimension, value, np.int8)))
    assert np.array_equal(sign_bits_of_quantised(vectors), sign_bits_of(vectors.astype(np.float32)))
