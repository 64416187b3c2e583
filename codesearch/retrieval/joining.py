"""Joins pieces of one definition that a search brought up into one record while they fit. Pure.

Between scoring and the cut at the limit. Which pieces are joined hangs on the question and the conditions alone: a
threshold or a smaller limit leaves records out and changes none.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from codesearch.core.types import Chunk
from codesearch.retrieval.candidates import JoinedCandidates

# Two neighbours of the largest size that chunks have with the bundled model: 92 to 100% of the neighbours in six
# repositories fit, of 4,000 bytes 28 to 74%.
MAX_JOINED_BYTES = 5_000
_SEVERAL = -1


class Place(NamedTuple):
    """Where a candidate stands that may be joined: data source and definition, first and last line, and its bytes."""

    definition: tuple[int, int]
    start: int
    end: int
    size: int


def find_joinable(joined: JoinedCandidates) -> dict[int, Place]:
    """Find those of the candidates whose definition others are pieces of, too, by their numbers, ascending."""
    joinable: dict[int, Place] = {}
    before = 0
    for owner, part in enumerate(joined.parts):
        found, definitions = part.index.find_pieces(part.rows)
        counts = Counter(definitions.tolist()) if len(found) > 1 else Counter[int]()
        shared = found[[counts[definition] > 1 for definition in definitions.tolist()]] if counts else found[:0]
        if len(shared):
            index, rows = part.index, part.rows[shared]
            columns = (index.start_lines[rows], index.end_lines[rows], index.content_lengths_of(rows))
            of_shared = (definition for definition in definitions.tolist() if counts[definition] > 1)
            places = zip(shared.tolist(), of_shared, *(column.tolist() for column in columns), strict=True)
            for number, definition, start, end, size in places:
                joinable[before + number] = Place((owner, definition), start, end, size)
        before += len(part.rows)
    if joined.arrangement is None or not joinable:
        return joinable
    numbers = np.argsort(joined.arrangement).tolist()
    return dict(sorted((numbers[number], place) for number, place in joinable.items()))


def join_pieces(ranks: NDArray[np.intp], joinable: Mapping[int, Place]) -> dict[int, tuple[int, ...]]:
    """Return the records of more than one piece: by the best of each, its pieces in the order of their lines.

    `ranks` are those of all candidates, by which one is better than another. From the best on, a piece takes its
    neighbours in, the better one first, while the record has at most MAX_JOINED_BYTES.
    """
    numbers = list(joinable)
    of_number = dict(zip(numbers, ranks[numbers].tolist(), strict=True)) if numbers else {}
    neighbours = _Neighbours(joinable, of_number)
    records: dict[int, tuple[int, ...]] = {}
    for number in sorted(numbers, key=of_number.__getitem__):
        if number not in neighbours.taken:
            pieces = neighbours.take_around(number)
            if len(pieces) > 1:
                records[number] = pieces
    return records


class _Neighbours:
    """The candidates that follow one another in a definition, and which of them are in a record by now."""

    def __init__(self, joinable: Mapping[int, Place], ranks: Mapping[int, int]) -> None:
        self.taken: set[int] = set()
        self._places = joinable
        self._ranks = ranks
        self._by_start: dict[tuple[tuple[int, int], int], int] = {}
        self._by_end: dict[tuple[tuple[int, int], int], int] = {}
        for number, (definition, start, end, _) in joinable.items():
            # In a notebook several may be on one line: nobody can tell which of them comes next.
            for known, key in ((self._by_start, (definition, start)), (self._by_end, (definition, end))):
                known[key] = _SEVERAL if key in known else number

    def take_around(self, number: int) -> tuple[int, ...]:
        """Take a candidate with as many of its neighbours as fit, and return them in the order of their lines."""
        taken = [number]
        definition, start, end, size = self._places[number]
        while (found := self._better_neighbour(definition, start, end, MAX_JOINED_BYTES - size - 1)) is not None:
            _, first, last, more = self._places[found]
            taken.insert(0 if first < start else len(taken), found)
            start, end, size = min(start, first), max(end, last), size + 1 + more
        self.taken.update(taken)
        return tuple(taken)

    def _better_neighbour(self, definition: tuple[int, int], start: int, end: int, room: int) -> int | None:
        """Return the better of those before and after these lines that are free and not larger than the room."""
        beside = (self._by_end.get((definition, start - 1)), self._by_start.get((definition, end + 1)))
        free = [one for one in beside if one is not None and one != _SEVERAL and one not in self.taken]
        fitting = [one for one in free if self._places[one].size <= room]
        return min(fitting, key=self._ranks.__getitem__, default=None)


def join_chunks(chunks: Sequence[Chunk]) -> Chunk:
    """Return chunks, pieces of one definition that follow one another, as one. A single one stays as it is."""
    first, last = chunks[0], chunks[-1]
    if len(chunks) == 1:
        return first
    holds_head = any(chunk.holds_head for chunk in chunks)
    lines = first.symbol_lines
    is_whole = lines is not None and first.start_line <= lines[0] and lines[1] <= last.end_line
    return replace(
        first,
        end_line=last.end_line,
        content="\n".join(chunk.content for chunk in chunks),
        signature=None if holds_head else first.signature,
        symbol_lines=None if is_whole else lines,
        holds_head=holds_head,
    )


def join_document_ids(document_ids: Sequence[str]) -> str:
    """Return the id of the record that these are joined to: their own for one, else 32 hex digits of all."""
    if len(document_ids) == 1:
        return document_ids[0]
    return hashlib.sha256("\0".join(document_ids).encode()).hexdigest()[:32]
