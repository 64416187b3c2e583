"""SplitColumn: a column of several segments that is read where it is, by numbers that count on. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


class SplitColumn:
    """Values of the rows or files of several segments, without a copy of them: `column[rows]`, in any order."""

    def __init__(
        self, parts: Sequence[NDArray[Any]], firsts: NDArray[np.int64], added: NDArray[np.int64] | None = None
    ) -> None:
        """Take the column of each segment. firsts (segments + 1,): where the numbers of each begin, and the end.

        added (segments,): what is added to the values of each.
        """
        self._parts, self._firsts, self._added = tuple(parts), firsts, added

    def __getitem__(self, numbers: NDArray[Any]) -> NDArray[Any]:
        """Return the values of rows or files."""
        return gather(self._firsts, numbers, self._read)

    def _read(self, number: int, own: NDArray[Any]) -> NDArray[Any]:
        values: NDArray[Any] = self._parts[number][own]
        return values if self._added is None else values + self._added[number]


def gather(
    firsts: NDArray[np.int64], numbers: NDArray[Any], read: Callable[[int, NDArray[Any]], NDArray[Any]]
) -> NDArray[Any]:
    """Return what `read` says of numbers of several segments, in any order, given a segment and numbers within it."""
    owners = firsts[1:].searchsorted(numbers, side="right")
    asked = np.unique(owners).tolist() or [0]
    if len(asked) == 1:
        return read(asked[0], numbers - firsts[asked[0]])
    parts = [(owners == owner).nonzero()[0] for owner in asked]
    found = [read(owner, numbers[places] - firsts[owner]) for owner, places in zip(asked, parts, strict=True)]
    joined: NDArray[Any] = np.empty((len(numbers), *found[0].shape[1:]), np.result_type(*found))
    for places, values in zip(parts, found, strict=True):
        joined[places] = values
    return joined
