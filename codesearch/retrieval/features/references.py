"""How many files and rows of a data source have what candidates define, over all of its segments at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesearch.core.index.source_index import Searched
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
    return [_count_divided(part) if part.index.statistics.is_divided else _read(part) for part in parts]


def _count_divided(part: Part) -> tuple[Column, Column, Column, Column]:
    known = _Known.of(part.index)
    if not (is_known := known.has_file[part.files]).all():
        _count_missing(part.index, known, np.unique(part.files[~is_known]))
    return (
        known.of_names[part.rows],
        known.of_files[part.files],
        known.top[part.files],
        known.definitions[part.rows],
    )


def _read(part: Part) -> tuple[Column, Column, Column, Column]:
    (index,) = part.index.segments
    definitions = index.count_definitions(part.rows)
    return index.references[part.rows], index.file_references[part.files], index.top_references[part.files], definitions


class _Known:
    """What was counted for the files of a divided data source, as each file was first asked for.

    has_file, of_files, top (m,); of_names, definitions (n,). Counting twice at once gives the same.
    """

    def __init__(self, index: Searched) -> None:
        self.has_file: NDArray[np.bool_] = np.zeros(index.file_count, np.bool_)
        self.of_files, self.top = np.zeros(index.file_count, np.int32), np.zeros(index.file_count, np.int32)
        self.of_names, self.definitions = np.zeros(index.row_count, np.int32), np.zeros(index.row_count, np.int32)

    @staticmethod
    def of(index: Searched) -> _Known:
        """Return what is remembered of a data source."""
        known = index.remembered.get("references")
        if not isinstance(known, _Known):
            known = index.remembered["references"] = _Known(index)
        return known


def _count_missing(index: Searched, known: _Known, files: NDArray[np.int32]) -> None:
    """Count for files, ascending, that nobody has asked for."""
    rows = _rows_of(index, files)
    statistics = index.statistics
    of_names, of_files = _count([index.name_terms_of(rows), index.stem_terms_of(files)], statistics.count_files)
    (definitions,) = _count([index.names[rows]], statistics.count_definitions)
    sizes = index.first_rows[files + 1] - index.first_rows[files]
    known.of_names[rows], known.definitions[rows] = of_names, definitions
    known.of_files[files] = of_files
    known.top[files] = np.maximum.reduceat(of_names, np.cumsum(sizes) - sizes)
    # Afterwards: another search may read it.
    known.has_file[files] = True


def _rows_of(index: Searched, files: NDArray[np.int32]) -> NDArray[np.int32]:
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
