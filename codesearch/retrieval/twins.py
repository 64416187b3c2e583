"""Twins: candidates that say what a better one says already, such as the same file in a fork. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from codesearch.core.index.search_index import SearchIndex
from codesearch.retrieval.candidates import Candidates

# A twin has so much of its own score: it comes when there is nothing else, as what matches does not vanish.
TWIN_FACTOR: Final = 0.01
# The same definition of the same file in two repositories is told once when so many of its lines are the same.
SAME_LINES: Final = 0.8


def find_twins(parts: Sequence[Candidates], order: NDArray[np.intp]) -> dict[int, list[int]]:
    """Return for each candidate that others repeat those others, ascending, by their numbers over all parts.

    `order` has all candidates, best first. A twin has the content of the other byte for byte; or, in another index, it
    is the same definition of the same path, with SAME_LINES of the lines in common.
    """
    numbers = [(part.index, row) for part in parts for row in part.rows.tolist()]
    ranks: list[int] = np.argsort(order).tolist()
    twins: dict[int, int] = {}
    for group in _alike(parts):
        first_of: dict[bytes, int] = {}
        for number in sorted(group, key=ranks.__getitem__):
            index, row = numbers[number]
            original = first_of.setdefault(index.content_of(row), number)
            if original != number:
                twins[number] = original
    for group in _same_definitions(parts):
        best, *others = sorted(group, key=ranks.__getitem__)
        for number in others:
            if numbers[number][0] is not numbers[best][0] and _share_lines(numbers[best], numbers[number]):
                twins.setdefault(number, best)
    repeated: dict[int, list[int]] = {}
    for number in sorted(twins):
        repeated.setdefault(_root_of(number, twins), []).append(number)
    return repeated


def _root_of(number: int, twins: Mapping[int, int]) -> int:
    while number in twins:
        number = twins[number]
    return number


def _alike(parts: Sequence[Candidates]) -> Iterator[list[int]]:
    """Yield the numbers of those whose contents have the same length, where there are several."""
    sizes = np.concatenate([part.index.content_lengths_of(part.rows) for part in parts]).tolist()
    found: dict[int, list[int]] = {}
    for number, size in enumerate(sizes):
        found.setdefault(size, []).append(number)
    yield from (group for group in found.values() if len(group) > 1)


def _same_definitions(parts: Sequence[Candidates]) -> Iterator[list[int]]:
    """Yield the numbers of those of several indexes that define the same name in the same path."""
    if len(parts) == 1:
        return
    owners = np.repeat(np.arange(len(parts)), [len(part.rows) for part in parts])
    names = np.concatenate([part.index.qualified_names[part.rows] for part in parts])
    files = np.concatenate([part.files for part in parts])
    _, groups = np.unique(names, return_inverse=True)
    # Of a name that two indexes define, highest and lowest index differ.
    lowest = np.full(groups.max() + 1, len(parts))
    np.minimum.at(lowest, groups, owners)
    highest = np.zeros(len(lowest), np.int64)
    np.maximum.at(highest, groups, owners)
    found: dict[tuple[int, str], list[int]] = {}
    for number in np.flatnonzero((names != 0) & (lowest != highest)[groups]).tolist():
        path = parts[owners[number]].index.path_of(int(files[number]))
        found.setdefault((int(groups[number]), path), []).append(number)
    yield from (group for group in found.values() if len(group) > 1)


def _share_lines(first: tuple[SearchIndex, int], second: tuple[SearchIndex, int]) -> bool:
    lines, others = (set(index.content_of(row).split(b"\n")) for index, row in (first, second))
    return len(lines & others) >= SAME_LINES * max(len(lines), len(others))
