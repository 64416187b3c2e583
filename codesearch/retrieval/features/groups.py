"""Runs of rows of one file, and what is said of each run; which values are among some. Pure."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

# Fewer are compared one by one.
_MANY_VALUES = 16


def find_runs(files: NDArray[np.int32] | NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where the rows of each file begin, and how many it has. `files` ascend."""
    # np.diff takes four times as long, and this is asked ten times a query.
    is_first = np.ones(len(files), np.bool_)
    np.not_equal(files[1:], files[:-1], out=is_first[1:])
    firsts = is_first.nonzero()[0]
    return firsts, find_sizes(firsts, len(files))


def find_sizes(firsts: NDArray[np.int64], end: int) -> NDArray[np.int64]:
    """Return how many numbers there are from each first one to the next, and from the last one to the end."""
    sizes = np.empty_like(firsts)
    np.subtract(firsts[1:], firsts[:-1], out=sizes[:-1])
    np.subtract(end, firsts[-1:], out=sizes[-1:])
    return sizes


def mean_of_best(
    values: NDArray[np.float32], firsts: NDArray[np.int64], counts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the sum of each group's three best values, divided by three: one good row alone says less."""
    groups = np.arange(len(firsts)).repeat(counts)
    order = np.lexsort((-values, groups))
    best = order[np.arange(len(values)) - firsts.repeat(counts) < 3]
    return np.bincount(groups[best], values[best], len(firsts)) / 3


def ranks_of(values: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return each value's rank in descending order, from 0; equal values in the order of the rows."""
    ranks = np.empty(len(values), np.int64)
    ranks[(-values).argsort(kind="stable")] = np.arange(len(values))
    return ranks


def is_among(values: NDArray[Any], wanted: NDArray[Any]) -> NDArray[np.bool_]:
    """Say which values are among the wanted ones, which are mostly none or few."""
    if len(wanted) > _MANY_VALUES:
        return np.isin(values, wanted)
    found = np.zeros(len(values), np.bool_)
    for value in wanted:
        found |= values == value
    return found
