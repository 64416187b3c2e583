"""Twins: candidates that say what a better one says already, such as the same file in a fork. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from codesearch.core.index.search_index import SearchIndex
from codesearch.retrieval.candidates import JoinedCandidates
from codesearch.retrieval.features.groups import find_runs

# A twin has so much of its own score: it comes when there is nothing else, as what matches does not vanish.
TWIN_FACTOR: Final = 0.01
# The same definition of the same file in two repositories is told once when so many of its lines are the same.
SAME_LINES: Final = 0.8


def find_twins(joined: JoinedCandidates, order: NDArray[np.intp]) -> dict[int, list[int]]:
    """Return for each candidate that others repeat those others, ascending, by their numbers.

    `order` has all candidates, best first. A twin has the content of the other byte for byte; or, in another data
    source, it is the same definition of the same path, with SAME_LINES of the lines in common.
    """
    numbers = _Places(joined)
    ranks: list[int] = order.argsort().tolist()
    twins: dict[int, int] = {}
    for group in _alike(joined):
        first_of: dict[bytes, int] = {}
        for number in sorted(group, key=ranks.__getitem__):
            index, row = numbers[number]
            original = first_of.setdefault(index.content_of(row), number)
            if original != number:
                twins[number] = original
    for group in _same_definitions(joined):
        best, *others = sorted(group, key=ranks.__getitem__)
        for number in others:
            if joined.positions[number] != joined.positions[best] and _share_lines(numbers[best], numbers[number]):
                twins.setdefault(number, best)
    repeated: dict[int, list[int]] = {}
    for number in sorted(twins):
        repeated.setdefault(_root_of(number, twins), []).append(number)
    return repeated


class _Places:
    """Segment and row of each candidate: few are asked for."""

    def __init__(self, joined: JoinedCandidates) -> None:
        self._joined = joined

    def __getitem__(self, number: int) -> tuple[SearchIndex, int]:
        return self._joined.place_of(number)[1:]


def _root_of(number: int, twins: Mapping[int, int]) -> int:
    while number in twins:
        number = twins[number]
    return number


def _alike(joined: JoinedCandidates) -> Iterator[list[int]]:
    """Yield the numbers of those whose contents have the same length and mark, where there are several."""
    keys = joined.join([part.index.content_lengths_of(part.rows) for part in joined.parts]).astype(np.int64)
    marks = [part.index.content_marks_of(part.rows) for part in joined.parts]
    # A segment of an older layout has none.
    if (known := [some for some in marks if some is not None]) and len(known) == len(marks):
        keys = keys << 8 | joined.join(known)
    order = keys.argsort(kind="stable")
    firsts, counts = find_runs(keys[order])
    several = counts > 1
    for first, count in zip(firsts[several].tolist(), counts[several].tolist(), strict=True):
        yield order[first : first + count].tolist()


def _same_definitions(joined: JoinedCandidates) -> Iterator[list[int]]:
    """Yield the numbers of those of several data sources that define the same name in the same path."""
    positions = joined.positions
    if positions[0] == positions[-1]:
        return
    names = joined.join([part.index.qualified_names[part.rows] for part in joined.parts])
    files = joined.join([part.files for part in joined.parts])
    _, groups = np.unique(names, return_inverse=True)
    # Of a name that two sources define, the highest and the lowest position differ.
    lowest = np.full(groups.max() + 1, positions[-1])
    np.minimum.at(lowest, groups, positions)
    highest = np.zeros(len(lowest), np.int64)
    np.maximum.at(highest, groups, positions)
    found: dict[tuple[int, str], list[int]] = {}
    for number in np.flatnonzero((names != 0) & (lowest != highest)[groups]).tolist():
        path = joined.parts[joined.owners[number]].index.path_of(int(files[number]))
        found.setdefault((int(groups[number]), path), []).append(number)
    yield from (group for group in found.values() if len(group) > 1)


def _share_lines(first: tuple[SearchIndex, int], second: tuple[SearchIndex, int]) -> bool:
    lines, others = (set(index.content_of(row).split(b"\n")) for index, row in (first, second))
    return len(lines & others) >= SAME_LINES * max(len(lines), len(others))
