"""How many files and rows of a data source have what candidates define, over all of its segments at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesearch.core.index.joined_segments import JoinedSegments
from codesearch.core.index.search_index import SearchIndex
from codesearch.retrieval.features.part import Column, Part


@dataclass(frozen=True, slots=True, eq=False)
class References:
    """How often the code refers to what candidates define: columns (c,).

    of_names: how many files have the name that each one defines. of_files: that have the own name of its file. top: the
    most that have the name of a definition in its file. definitions: how many rows define the name.
    """

    of_names: Column
    of_files: Column
    top: Column
    definitions: Column


def count_references(parts: Sequence[Part], join: Callable[[Sequence[Column]], Column]) -> References:
    """Count for each candidate over all live files and rows of its data source; `join` joins the columns of parts."""
    return References(*map(join, zip(*count_by_part(parts), strict=True)))


def count_by_part(parts: Sequence[Part]) -> list[tuple[Column, Column, Column, Column]]:
    """Return for each part what the fields of `References` are of its rows."""
    by_source: dict[int, list[Part]] = {}
    for part in parts:
        if part.index.statistics.is_divided:
            by_source.setdefault(id(part.index.statistics), []).append(part)
    for of_source in by_source.values():
        _count_missing(of_source)
    return [_read(part) for part in parts]


def _read(part: Part) -> tuple[Column, Column, Column, Column]:
    index = part.index
    if isinstance(index, JoinedSegments) or index.statistics.is_divided:
        known = _Known.of(index)
        return (
            known.of_names[part.rows],
            known.of_files[part.files],
            known.top[part.files],
            known.definitions[part.rows],
        )
    definitions = index.count_definitions(part.rows)
    return index.references[part.rows], index.file_references[part.files], index.top_references[part.files], definitions


class _Known:
    """What was counted for the files of a segment of a divided data source, as each file was first asked for.

    has_file, of_files, top (m,); of_names, definitions (n,). Counting twice at once gives the same.
    """

    def __init__(self, index: SearchIndex | JoinedSegments) -> None:
        self.has_file: NDArray[np.bool_] = np.zeros(index.file_count, np.bool_)
        self.of_files, self.top = np.zeros(index.file_count, np.int32), np.zeros(index.file_count, np.int32)
        self.of_names, self.definitions = np.zeros(index.row_count, np.int32), np.zeros(index.row_count, np.int32)

    @staticmethod
    def of(index: SearchIndex | JoinedSegments) -> _Known:
        """Return what is remembered of a segment."""
        known = index.remembered.get("references")
        if not isinstance(known, _Known):
            known = index.remembered["references"] = _Known(index)
        return known


def _count_missing(parts: Sequence[Part]) -> None:
    """Count for those files of a data source's candidates that nobody has asked for."""
    missing = []
    for part in parts:
        has_file = _Known.of(part.index).has_file
        if not has_file[part.files].all():
            missing.append((part.index, np.unique(part.files[~has_file[part.files]])))
    if not missing:
        return
    statistics = parts[0].index.statistics
    rows = [_rows_of(index, files) for index, files in missing]
    terms = [index.name_terms_of(of_index) for (index, _), of_index in zip(missing, rows, strict=True)]
    stems = [index.stem_terms_of(files) for index, files in missing]
    counts = _count([*terms, *stems], statistics.count_files)
    names = [index.names[of_index] for (index, _), of_index in zip(missing, rows, strict=True)]
    definitions = _count(names, statistics.count_definitions)
    for number, ((index, files), of_index) in enumerate(zip(missing, rows, strict=True)):
        known = _Known.of(index)
        sizes = index.first_rows[files + 1] - index.first_rows[files]
        known.of_names[of_index], known.definitions[of_index] = counts[number], definitions[number]
        known.of_files[files] = counts[len(missing) + number]
        known.top[files] = np.maximum.reduceat(counts[number], np.cumsum(sizes) - sizes)
        known.has_file[files] = True


def _rows_of(index: SearchIndex | JoinedSegments, files: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the rows of files, file by file."""
    firsts = index.first_rows[files]
    counts = index.first_rows[files + 1] - firsts
    begins = np.cumsum(counts) - counts
    rows: NDArray[np.int32] = (np.repeat(firsts - begins, counts) + np.arange(int(counts.sum()))).astype(np.int32)
    return rows


def _count(
    terms: Sequence[NDArray[np.uint32]], count: Callable[[NDArray[np.uint32]], NDArray[np.int64]]
) -> list[NDArray[Any]]:
    """Return the counts of several lists of terms, list by list."""
    # Ascending terms are looked up several times as fast as others.
    distinct, places = np.unique(np.concatenate(terms), return_inverse=True)
    return np.split(count(distinct)[places], np.cumsum([len(of_list) for of_list in terms])[:-1])
