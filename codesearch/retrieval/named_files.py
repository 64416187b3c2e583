"""Named files: which of an index's files the places of a query are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codesearch.core.checks import Check, do_not_check
from codesearch.core.index.source_index import Searched
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
    """A file that a query names. certainty: 1 for a path of several parts or for one that only it has."""

    file: int
    certainty: float
    line: int | None


def find_named_files(index: Searched, places: Sequence[Place], check: Check = do_not_check) -> list[NamedFile]:
    """Return the files of a data source that the places are, in the order of the places, each once."""
    if not places:
        return []
    found: dict[int, NamedFile] = {}
    masks = index.path_column.match([_compare(place) for place in places], check)
    for place, mask in zip(places, masks, strict=True):
        files = np.flatnonzero(mask if index.live_file_mask is None else mask & index.live_file_mask)
        for named in _choose(index, place, files):
            known = found.get(named.file)
            if known is None or known.line is None:
                found[named.file] = named
    return list(found.values())


def _compare(place: Place) -> Comparison:
    name = place.path.rpartition("/")[2]
    if place.is_module:
        return Comparison("path", Operator.CONTAINS, (name,))
    return Comparison("path", Operator.ENDS_WITH, (name,))


def _choose(index: Searched, place: Place, files: NDArray[np.intp]) -> list[NamedFile]:
    """Return those of the files that have the most parts in common with the place; none when too many have."""
    if index.path_ranks is not None and len(files) > 1:
        files = files[index.path_ranks[files].argsort()]
    files = files[:MAX_COMPARED]
    best: list[int] = []
    most = 0
    # Without the last part of the place they have no part in common.
    last = "/" + place.path.rpartition("/")[2]
    for file, path in zip(files.tolist(), index.path_column.read(files), strict=True):
        if last not in f"/{path}":
            continue
        common = _common_parts(_module_of(path) if place.is_module else path, place.path)
        if common > most:
            best, most = [], common
        if common == most and common:
            best.append(file)
    if not best or len(best) > MAX_FILES or (place.is_module and most < 2):
        return []
    return [NamedFile(file, 1.0 / len(best), place.line) for file in best]


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


def rows_of(index: Searched, named: Sequence[NamedFile]) -> NDArray[np.int64]:
    """Return rows of the files that are candidates: the one that holds the line, else the first ones."""
    rows: list[NDArray[np.int64]] = []
    for item in named:
        of_file = np.arange(int(index.first_rows[item.file]), int(index.first_rows[item.file + 1]))
        if item.line is not None:
            holds = (index.start_lines[of_file] <= item.line) & (item.line <= index.end_lines[of_file])
            if holds.any():
                rows.append(of_file[holds])
                continue
        rows.append(of_file[:ROWS_OF_FILE])
    return np.unique(np.concatenate(rows)) if rows else np.empty(0, np.int64)
