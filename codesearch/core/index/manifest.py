"""Manifests: which segments a published run has, and which of their files are dead. A small file for each run.

A segment is never changed. A run that replaces or removes files says so in its manifest, and what the dead files had
of each term, so that files can be counted over the live ones alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from codesearch.core.index.array_file import DamagedFileError, map_arrays, verify_arrays, write_arrays
from codesearch.core.index.search_index import LAYOUT_VERSION, NO_FILES, READABLE_LAYOUTS, SearchIndex
from codesearch.core.index.statistics import NO_TERMS, TermCounts, add_term_counts

# Of the rows' segment number, the lower bits count within a run.
_NUMBER_BITS: Final = 20
_NAME = re.compile(r"([0-9]+)-([0-9]+)")
_ENTRIES_AT_ONCE = 1 << 22


@dataclass(frozen=True, slots=True, order=True)
class SegmentName:
    """Which segment of a data source: the run that made it, and its number there."""

    run_id: int
    number: int

    @property
    def code(self) -> int:
        """What the rows of the store have that it was made of: greater for later ones."""
        return self.run_id << _NUMBER_BITS | self.number

    @classmethod
    def of(cls, code: int) -> SegmentName:
        """Return the name that has a code."""
        return cls(code >> _NUMBER_BITS, code & ((1 << _NUMBER_BITS) - 1))

    def __str__(self) -> str:
        return f"{self.run_id}-{self.number}"


def read_segment_name(text: str) -> SegmentName | None:
    """Return what a name was made of; None when it is none."""
    found = _NAME.fullmatch(text)
    return SegmentName(int(found[1]), int(found[2])) if found else None


def first_code(run_id: int) -> int:
    """Return the lowest code that a segment of a run can have."""
    return SegmentName(run_id, 0).code


@dataclass(frozen=True, slots=True, eq=False)
class SegmentEntry:
    """One segment of a manifest: which of its files are dead, ascending, and how many of those have each term.

    `lender` is the data source whose rows it was made of, when that is another one: "" for the manifest's own.
    """

    name: SegmentName
    dead_files: NDArray[np.int32] = field(default_factory=lambda: NO_FILES)
    dead_terms: TermCounts = NO_TERMS
    lender: str = ""

    def bury(self, segment: SearchIndex, files: Sequence[int]) -> SegmentEntry:
        """Return it with more files dead, which were live."""
        if not len(files):
            return self
        more = np.array(sorted(files), np.int32)
        return replace(
            self,
            dead_files=np.union1d(self.dead_files, more).astype(np.int32),
            dead_terms=add_term_counts([self.dead_terms, count_terms(segment, more)]),
        )


def count_terms(segment: SearchIndex, files: NDArray[np.int32]) -> TermCounts:
    """Return how many of the files have each term, as `TermCounts`."""
    wanted = np.zeros(segment.file_count, np.bool_)
    wanted[files] = True
    postings = segment.file_postings
    ids = postings.ids
    found = []
    for begin in range(0, len(ids), _ENTRIES_AT_ONCE):
        found.append(np.flatnonzero(wanted[ids[begin : begin + _ENTRIES_AT_ONCE]]) + begin)
    places = np.concatenate([np.empty(0, np.int64), *found])
    terms, counts = np.unique(np.searchsorted(postings.starts, places, side="right") - 1, return_counts=True)
    return postings.terms[terms], counts.astype(np.int64)


def write_manifest(path: Path, entries: Sequence[SegmentEntry]) -> None:
    """Write a manifest, which others see whole or not at all. Raises OSError."""
    arrays: dict[str, NDArray[Any]] = {}
    for number, entry in enumerate(entries):
        arrays[f"{number}_dead_files"] = entry.dead_files
        arrays[f"{number}_dead_terms"], arrays[f"{number}_dead_counts"] = entry.dead_terms
    names = [[entry.name.run_id, entry.name.number, entry.lender] for entry in entries]
    write_arrays(path, arrays, {"layout": LAYOUT_VERSION, "segments": names})


def read_manifest(path: Path) -> list[SegmentEntry] | None:
    """Read a manifest, the oldest segment first; None when it was written in another layout.

    Raises FileNotFoundError, OSError, DamagedFileError.
    """
    verify_arrays(path)
    arrays, header = map_arrays(path)
    if header.get("layout") not in READABLE_LAYOUTS:
        return None
    try:
        return [
            SegmentEntry(
                SegmentName(int(run_id), int(number)),
                arrays[f"{place}_dead_files"],
                (arrays[f"{place}_dead_terms"], arrays[f"{place}_dead_counts"]),
                str(lender),
            )
            for place, (run_id, number, lender) in enumerate(header["segments"])
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedFileError(f"{path} is no manifest: {error}") from error
