"""JoinedPostings: the postings of a data source's segments looked up at once. Ids count on from segment to segment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from codesearch.core.index.narrowing import narrow
from codesearch.core.index.numbering import count_on
from codesearch.core.index.postings import CODE_BITS, RARE, Entries, TermHits

# Of a term with more entries in a segment than this and twice the ids that are asked for there, each id is searched
# for, where such terms together have so many entries there; of others all entries are looked at, which takes less.
_READ_ENTRIES, _SEARCHED_ENTRIES = 128, 8_192
# The payloads of more entries are read list by list, of fewer at once.
_READ_AT_ONCE = 100_000
_NO_ENTRIES = np.empty(0, np.uint32)
# Where terms are in the lists of each segment, and where the next term is, (segments, 2, terms): the same place for a
# term that is not there. `[..., numbers]` are those of some of the terms.
Places: TypeAlias = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class _Spans:
    """Where the entries of terms begin in each segment, and how many there are, (segments, terms) each."""

    starts: NDArray[np.int64]
    sizes: NDArray[np.int64]


class _Lists:
    """The lists of one kind, of rows or of files, in all segments."""

    def __init__(self, parts: Sequence[Entries], id_counts: Sequence[int]) -> None:
        self.parts = tuple(parts)
        self.firsts = count_on(id_counts)
        self.id_count = int(self.firsts[-1])
        self._is_one = len(parts) == 1
        self._tables = parts[0].payload_table if self._is_one else np.concatenate([p.payload_table for p in parts])
        self._table_size = len(parts[0].payload_table)
        # Of each segment's entries, where they would begin after those of the segments before; the rare ones of all.
        self._first_entries = count_on([len(part.entries) for part in parts])
        rare = [part.rare_places for part in parts]
        self._rare_places: NDArray[np.integer[Any]] = rare[0]
        self._rare_payloads = parts[0].rare_payloads
        if not self._is_one:
            counted = zip(rare, self._first_entries[:-1], strict=True)
            self._rare_places = narrow(np.concatenate([places.astype(np.int64) + first for places, first in counted]))
            self._rare_payloads = np.concatenate([part.rare_payloads for part in parts])
        # One for each search that was under way at once.
        self._unused_columns: list[NDArray[np.int32]] = []

    def find_spans(self, places: Places) -> _Spans:
        """Return where the entries of terms are, given the terms' places."""
        bounds = np.empty(places.shape, np.int64)
        for part, of_segment, found in zip(self.parts, places, bounds, strict=True):
            # A segment without terms has the end of its entries alone.
            found[:] = part.starts.take(of_segment, mode="clip")
        starts = np.ascontiguousarray(bounds[:, 0])
        return _Spans(starts, bounds[:, 1] - starts)

    def find(self, spans: _Spans) -> list[TermHits]:
        """Return ids and payloads for each term."""
        if self._is_one:
            return self.parts[0].read(spans.starts[0], spans.starts[0] + spans.sizes[0])
        # Term by term, so that the ids of each ascend.
        terms, numbers = spans.sizes.T.nonzero()
        starts, counts = spans.starts[numbers, terms], spans.sizes[numbers, terms]
        bounds = zip(numbers.tolist(), starts.tolist(), (starts + counts).tolist(), strict=True)
        joined = np.concatenate([_NO_ENTRIES, *(self.parts[part].entries[begin:end] for part, begin, end in bounds)])
        codes = joined.astype(np.uint8)
        ids: NDArray[np.int32] = (joined >> joined.dtype.type(CODE_BITS)).astype(np.int32)
        payloads = self._count_on(ids, codes, numbers, counts)
        self._read_rare(payloads, (codes == RARE).nonzero()[0], numbers, starts, counts)
        places = [0, *np.cumsum(spans.sizes.sum(axis=0)).tolist()]
        return [(ids[begin:end], payloads[begin:end]) for begin, end in pairwise(places)]

    def _count_on(
        self, ids: NDArray[np.int32], codes: NDArray[np.uint8], numbers: NDArray[np.intp], counts: NDArray[np.int64]
    ) -> NDArray[np.uint16]:
        """Make ids within segments ids of all, in place, and return the payloads of the codes."""
        if len(ids) <= _READ_AT_ONCE:
            ids += self.firsts[numbers].astype(np.int32).repeat(counts)
            found: NDArray[np.uint16] = self._tables.take(codes + (self._table_size * numbers).repeat(counts))
            return found
        payloads = np.empty(len(ids), np.uint16)
        bounds = [0, *np.cumsum(counts).tolist()]
        for number, (begin, end) in zip(numbers.tolist(), pairwise(bounds), strict=True):
            ids[begin:end] += np.int32(self.firsts[number])
            self.parts[number].payload_table.take(codes[begin:end], out=payloads[begin:end], mode="clip")
        return payloads

    def _read_rare(
        self,
        payloads: NDArray[np.uint16],
        rare: NDArray[np.intp],
        numbers: NDArray[np.intp],
        starts: NDArray[np.int64],
        counts: NDArray[np.int64],
    ) -> None:
        """Fill in the rare ones among the payloads of lists, given the segment, the start and the length of each."""
        if not len(rare):
            return
        ends = counts.cumsum()
        lists: NDArray[np.intp] = ends.searchsorted(rare, side="right")
        places = rare + (starts - (ends - counts) + self._first_entries[numbers])[lists]
        # Of one type: numpy would turn all of the rare places into the other one first.
        found = self._rare_places.searchsorted(places.astype(self._rare_places.dtype))
        payloads[rare] = self._rare_payloads[found]

    def payloads_at(self, spans: _Spans, ids: NDArray[np.integer[Any]]) -> NDArray[np.uint16]:
        """Return the payload of each term at each of the ids, which ascend, (terms, ids); 0 where it is not."""
        found = np.zeros((spans.starts.shape[1], len(ids)), np.uint16)
        bounds = [0, len(ids)] if self._is_one else ids.searchsorted(self.firsts).tolist()
        asked = np.array([[end - begin] for begin, end in pairwise(bounds)])
        sizes = spans.sizes * (asked > 0)
        is_long = sizes > _READ_ENTRIES + 2 * asked
        is_long &= (sizes * is_long).sum(axis=1, keepdims=True) > _SEARCHED_ENTRIES
        self._read_all(found, spans.starts, sizes * ~is_long, ids)
        for number in np.flatnonzero(is_long.any(axis=1)).tolist():
            terms = np.flatnonzero(is_long[number])
            here = _Spans(spans.starts[number, terms], sizes[number, terms])
            columns = slice(bounds[number], bounds[number + 1])
            self._search(found, terms, number, here, ids[columns] - self.firsts[number], columns.start)
        return found

    def _read_all(
        self,
        found: NDArray[np.uint16],
        starts: NDArray[np.int64],
        sizes: NDArray[np.int64],
        ids: NDArray[np.integer[Any]],
    ) -> None:
        """Fill in what the entries of some lists say, looking at each."""
        counts = sizes.ravel()
        ends: NDArray[np.int64] = counts.cumsum()
        if not ends[-1:].any():
            return
        offsets: NDArray[np.int64] = np.subtract(starts.ravel(), ends - counts)
        places: NDArray[np.int64] = np.arange(int(ends[-1]))
        places += offsets.repeat(counts)
        bounds = [0, *ends[sizes.shape[1] - 1 :: sizes.shape[1]].tolist()]
        read = [
            part.entries[places[begin:end]]
            for part, (begin, end) in zip(self.parts, pairwise(bounds), strict=True)
            if begin < end
        ]
        entries = read[0] if len(read) == 1 else np.concatenate(read)
        those: NDArray[np.int64] = (entries >> entries.dtype.type(CODE_BITS)).astype(np.int64)
        if not self._is_one:
            those += self.firsts[:-1].repeat(np.diff(bounds))
        columns_of_ids = self._take_columns()
        columns_of_ids[ids] = np.arange(1, len(ids) + 1)
        columns = columns_of_ids.take(those)
        # Empty again for whoever is next.
        columns_of_ids[ids] = 0
        self._unused_columns.append(columns_of_ids)
        hits = columns.nonzero()[0]
        lists: NDArray[np.intp] = ends.searchsorted(hits, side="right")
        numbers, terms = lists // sizes.shape[1], lists % sizes.shape[1]
        found[terms, columns[hits] - 1] = self._payloads_of(numbers, entries[hits], places[hits])

    def _take_columns(self) -> NDArray[np.int32]:
        """Return zeros for all ids. Of millions, new ones would cost more than what is looked up with them."""
        try:
            return self._unused_columns.pop()
        except IndexError:
            return np.zeros(self.id_count, np.int32)

    def _search(
        self,
        found: NDArray[np.uint16],
        terms: NDArray[np.intp],
        number: int,
        spans: _Spans,
        ids: NDArray[np.integer[Any]],
        column: int,
    ) -> None:
        """Fill in what the lists of some terms in one segment say, searching each for the ids, from a column on."""
        entries = self.parts[number].entries
        asked = ids.astype(entries.dtype) << entries.dtype.type(CODE_BITS)
        places = np.empty((len(terms), len(ids)), np.int64)
        for row, (start, size) in enumerate(zip(spans.starts.tolist(), spans.sizes.tolist(), strict=True)):
            places[row] = entries[start : start + size].searchsorted(asked)
        np.minimum(places, spans.sizes[:, None] - 1, out=places)
        places += spans.starts[:, None]
        there = entries[places]
        is_there: NDArray[np.bool_] = (there >> entries.dtype.type(CODE_BITS)) == ids
        rows, columns = is_there.nonzero()
        numbers = np.full(len(rows), number)
        payloads = self._payloads_of(numbers, there[rows, columns], places[rows, columns])
        found[terms[rows], columns + column] = payloads

    def _payloads_of(
        self, numbers: NDArray[np.integer[Any]], entries: NDArray[np.unsignedinteger[Any]], places: NDArray[np.int64]
    ) -> NDArray[np.uint16]:
        """Return the payloads of some entries, given the numbers of their segments, ascending, and their places."""
        codes = entries.astype(np.uint8)
        payloads: NDArray[np.uint16] = self._tables.take(codes if self._is_one else codes + self._table_size * numbers)
        rare = (codes == RARE).nonzero()[0]
        if len(rare):
            wanted = places[rare]
            if not self._is_one:
                wanted += self._first_entries[numbers[rare]]
            # Of one type: numpy would turn all of the rare places into the other one first.
            found = self._rare_places.searchsorted(wanted.astype(self._rare_places.dtype))
            payloads[rare] = self._rare_payloads[found]
        return payloads


class JoinedPostings:
    """Where terms are in some segments: in rows and in files, whose numbers count on from segment to segment."""

    def __init__(
        self, rows: Sequence[Entries], files: Sequence[Entries], row_counts: Sequence[int], file_counts: Sequence[int]
    ) -> None:
        """Take the postings of each segment, at least one, and how many rows and files it has, dead ones among them."""
        self._rows, self._files = _Lists(rows, row_counts), _Lists(files, file_counts)

    def look_up(self, terms: NDArray[np.uint32]) -> Places:
        """Return where terms are: what is asked several times of the same ones is looked up once."""
        # Ascending terms are looked up several times as fast as others.
        order = terms.argsort()
        ascending = terms[order]
        # Of each segment, the place of each term, and of the next one.
        places = np.zeros((len(self._rows.parts), 2, len(terms)), np.intp)
        known = np.zeros((len(self._rows.parts), len(terms)), np.uint32)
        for part, of_segment, terms_there in zip(self._rows.parts, places, known, strict=True):
            if len(part.terms):
                of_segment[0] = found = part.terms.searchsorted(ascending)
                part.terms.take(found, out=terms_there, mode="clip")
        np.add(places[:, 0], known == ascending, out=places[:, 1])
        of_terms: Places = np.empty_like(places)
        of_terms[:, :, order] = places
        return of_terms

    def find(self, terms: NDArray[np.uint32]) -> tuple[list[TermHits], list[TermHits]]:
        """Return ids and payloads of rows and of files for each term; empty arrays for a term that is nowhere."""
        return self.find_at(self.look_up(terms))

    def find_at(self, places: Places) -> tuple[list[TermHits], list[TermHits]]:
        """Return what `find` does of terms that were looked up."""
        return self._rows.find(self._rows.find_spans(places)), self._files.find(self._files.find_spans(places))

    def find_rows(self, terms: NDArray[np.uint32]) -> list[TermHits]:
        """Return ids and payloads of rows for each term, as `find` does."""
        return self._rows.find(self._rows.find_spans(self.look_up(terms)))

    def count_rows(self, terms: NDArray[np.uint32]) -> NDArray[np.int64]:
        """Return how many rows have each term, dead ones among them."""
        counts: NDArray[np.int64] = self._rows.find_spans(self.look_up(terms)).sizes.sum(axis=0)
        return counts

    def row_payloads_at(self, terms: NDArray[np.uint32], rows: NDArray[np.integer[Any]]) -> NDArray[np.uint16]:
        """Return the payload of each term at each of the rows, which ascend, (terms, rows); 0 where it is not."""
        return self._rows.payloads_at(self._rows.find_spans(self.look_up(terms)), rows)

    def payloads_at(
        self, places: Places, rows: NDArray[np.integer[Any]], files: NDArray[np.integer[Any]]
    ) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
        """Return the payload of each term at each of the rows and of the files, (terms, ids); 0 where it is not.

        `places` are those of the terms. Rows and files ascend.
        """
        in_rows = self._rows.payloads_at(self._rows.find_spans(places), rows)
        return in_rows, self._files.payloads_at(self._files.find_spans(places), files)
