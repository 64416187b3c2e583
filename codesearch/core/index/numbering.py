"""Numbers that count on from list to list: rows and files of several segments as those of one data source. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", np.int32, np.int64)


def count_on(sizes: Sequence[int]) -> NDArray[np.int64]:
    """Return where each list's numbers begin, and the end of the last: (lists + 1,)."""
    return np.concatenate(([0], np.cumsum(sizes, dtype=np.int64)))


def expand_ranges(firsts: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the numbers of ranges, each from its first on so many, one range after another."""
    begins = np.cumsum(sizes) - sizes
    numbers: NDArray[np.int64] = np.repeat(firsts - begins, sizes) + np.arange(int(sizes.sum()))
    return numbers


def split_numbers(numbers: NDArray[Number], firsts: NDArray[np.int64]) -> list[NDArray[Number]]:
    """Return ascending numbers of all lists by list, as the numbers that they have there; `count_on` gives `firsts`."""
    # Of one type: numpy would turn all of the numbers into the other one first. np.split takes ten times as long.
    begins: NDArray[Number] = firsts[:-1].astype(numbers.dtype)
    bounds = [0, *numbers.searchsorted(begins[1:]).tolist(), len(numbers)]
    return [numbers[begin:end] - first for (begin, end), first in zip(pairwise(bounds), begins, strict=True)]
