"""Named files: which of an index's files the places of a query are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from codesearch.core.checks import Check, do_not_check
from codesearch.core.index.search_index import SearchIndex
from codesearch.core.predicates import Comparison, Operator
from codesearch.retrieval.query.places import Place

# A name that more files of an index have names none of them.
MAX_FILES = 3
# Of each file that is named without a line, the first rows are candidates.
ROWS_OF_FILE = 10
# Files that end alike are compared part by part, at most so many.
MAX_COMPARED = 1_000


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file of a segment that a query names. certainty: 1 for a path of several parts or for one that only it has."""

    file: int
    certainty: float
    line: int | None


def find_named_files(
    segments: Sequence[SearchIndex], places: Sequence[Place], check: Check = do_not_check
) -> list[list[NamedFile]]:
    """Return for each segment of a data source the files that the places are, in the order of the places, each once."""
    if not places:
        return [[] for _ in segments]
    comparisons = [_compare(place) for place in places]
    masks = [segment.text_column("path").match(comparisons, check) for segment in segments]
    found: list[dict[int, NamedFile]] = [{} for _ in segments]
    for place, *of_place in zip(places, *masks, strict=True):
        files = [_keep_live(segment, mask) for segment, mask in zip(segments, of_place, strict=True)]
        for number, named in _choose(segments, place, files):
            known = found[number].get(named.file)
            if known is None or known.line is None:
                found[number][named.file] = named
    return [list(of_segment.values()) for of_segment in found]


def _keep_live(segment: SearchIndex, mask: NDArray[np.bool_]) -> list[int]:
    files: list[int] = np.flatnonzero(mask).tolist()
    return [file for file in files if segment.is_live(file)] if len(segment.dead_files) else files


def _compare(place: Place) -> Comparison:
    name = place.path.rpartition("/")[2]
    if place.is_module:
        return Comparison("path", Operator.CONTAINS, (name,))
    return Comparison("path", Operator.ENDS_WITH, (name,))


def _choose(
    segments: Sequence[SearchIndex], place: Place, files: Sequence[Sequence[int]]
) -> list[tuple[int, NamedFile]]:
    """Return those of the files that have the most parts in common with the place; none when too many have."""
    best: list[tuple[int, int]] = []
    most = 0
    for path, number, file in islice(_by_path(segments, files), MAX_COMPARED):
        common = _common_parts(_module_of(path.lower()) if place.is_module else path.lower(), place.path)
        if common > most:
            best, most = [], common
        if common == most and common:
            best.append((number, file))
    if not best or len(best) > MAX_FILES or (place.is_module and most < 2):
        return []
    return [(number, NamedFile(file, 1.0 / len(best), place.line)) for number, file in best]


def _by_path(segments: Sequence[SearchIndex], files: Sequence[Sequence[int]]) -> Iterable[tuple[str, int, int]]:
    """Return path, number of the segment and file of each of the segments' files, by path."""

    def read(number: int) -> Iterator[tuple[str, int, int]]:
        for file in files[number]:
            yield segments[number].path_of(file), number, file

    return merge(*(read(number) for number in range(len(segments)) if files[number]))


def _module_of(path: str) -> str:
    stem = path.rpartition(".")[0] if "." in path.rpartition("/")[2] else path
    for entry in ("/__init__", "/index", "/mod"):
        stem = stem.removesuffix(entry)
    return stem


def _common_parts(path: str, written: str) -> int:
    """Return how many parts at their ends two paths have in common."""
    count = 0
    for first, second in zip(reversed(path.split("/")), reversed(written.split("/")), strict=False):
        if first != second:
            break
        count += 1
    return count


def rows_of(index: SearchIndex, named: Sequence[NamedFile]) -> NDArray[np.int64]:
    """Return rows of the files that are candidates: the one that holds the line, else the first ones."""
    rows: list[NDArray[np.int64]] = []
    for item in named:
        first, end = int(index.first_rows[item.file]), int(index.first_rows[item.file + 1])
        of_file = np.arange(first, end)
        if item.line is not None:
            holds = (index.start_lines[first:end] <= item.line) & (item.line <= index.end_lines[first:end])
            if holds.any():
                rows.append(of_file[holds])
                continue
        rows.append(of_file[:ROWS_OF_FILE])
    return np.unique(np.concatenate(rows)) if rows else np.empty(0, np.int64)
