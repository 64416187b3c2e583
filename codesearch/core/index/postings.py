"""Postings: where each term is. Sorts the terms of rows by term, sums them up by file, and looks terms up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesearch.core.text.terms import IN_COMMENT, IN_NAME, MAX_COUNT

# What a file's payload says of its rows: a definition's name, a comment has the term. Beside IN_STEM and IN_FOLDER.
FILE_NAMES_IT, FILE_COMMENTS_ON_IT = 4, 8
# A term, a row's position in its block and a payload fit 64 bits, which numpy sorts eight times as fast as keys.
_BLOCK_BITS = 16
# Summing up takes some forty bytes for each entry that it looks at.
_SUMMED_AT_ONCE = 1 << 20
# So many entries are looked at one by one, of more terms each is searched for.
_FEW_ENTRIES = 20_000


@dataclass(frozen=True, slots=True)
class Entries:
    """Distinct terms ascending; ids and payloads of term i are those from starts[i] to starts[i + 1], ids ascending."""

    terms: NDArray[np.uint32]
    starts: NDArray[np.int64]
    ids: NDArray[np.int32]
    payloads: NDArray[np.uint16]

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return the four arrays by name."""
        return {"terms": self.terms, "starts": self.starts, "ids": self.ids, "payloads": self.payloads}

    def find(self, terms: NDArray[np.uint32]) -> list[tuple[NDArray[np.int32], NDArray[np.uint16]]]:
        """Return ids and payloads for each term, in the given order; empty arrays for a term that is nowhere."""
        starts, ends = self._spans(terms)
        ids, payloads = self.ids, self.payloads
        return [
            (ids[start:end], payloads[start:end]) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
        ]

    def payloads_at(self, terms: NDArray[np.uint32], ids: NDArray[np.int32], id_count: int) -> NDArray[np.uint16]:
        """Return the payload of each term at each of the ids, which ascend, (terms, ids); 0 where it is not.

        All ids are below `id_count`.
        """
        found = np.zeros((len(terms), len(ids)), np.uint16)
        if not len(ids):
            return found
        starts, ends = self._spans(terms)
        sizes = ends - starts
        if int(sizes.sum()) <= _FEW_ENTRIES:
            self._fill_at_once(found, starts, sizes, ids, id_count)
            return found
        known, payloads = self.ids, self.payloads
        for number, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
            if start < end:
                span = known[start:end]
                places = span.searchsorted(ids)
                found[number] = payloads[start:end].take(places, mode="clip") * (span.take(places, mode="clip") == ids)
        return found

    def _fill_at_once(
        self,
        found: NDArray[np.uint16],
        starts: NDArray[np.int64],
        sizes: NDArray[np.int64],
        ids: NDArray[np.int32],
        id_count: int,
    ) -> None:
        """Look at every entry of the terms: of few that takes less than one search for each term."""
        places = np.zeros(id_count, np.int32)
        places[ids] = np.arange(1, len(ids) + 1)
        entries = np.repeat(starts - (np.cumsum(sizes) - sizes), sizes) + np.arange(int(sizes.sum()))
        columns = places[self.ids[entries]]
        hits = columns.nonzero()[0]
        found[np.repeat(np.arange(len(sizes)), sizes)[hits], columns[hits] - 1] = self.payloads[entries[hits]]

    def frequencies(self, terms: NDArray[np.uint32]) -> NDArray[np.int32]:
        """Return for each term how many ids it has."""
        starts, ends = self._spans(terms)
        counts: NDArray[np.int32] = (ends - starts).astype(np.int32)
        return counts

    def _spans(self, terms: NDArray[np.uint32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return where the ids of each term begin and end, the same position for a term that is nowhere."""
        if not len(self.terms):
            return np.zeros(len(terms), np.int64), np.zeros(len(terms), np.int64)
        positions = self.terms.searchsorted(terms)
        known = self.terms.take(positions, mode="clip") == terms
        starts = self.starts.take(positions)
        return starts, np.where(known, self.starts.take(positions + 1, mode="clip"), starts)


def sort_entries(columns: list[NDArray[Any]], row_count: int) -> Entries:
    """Sort the terms of rows, given in any order, by term and row. No row has a term twice.

    `columns`: rows int32, terms uint32, payloads uint16, each (e,). They are taken out of the list, so that they are
    gone as soon as they are read.
    """
    payloads, terms, rows = columns.pop(), columns.pop(), columns.pop()
    blocks = []
    for block in range(-(-row_count >> _BLOCK_BITS) if row_count else 0):
        chosen = slice(None) if row_count <= 1 << _BLOCK_BITS else (rows >> _BLOCK_BITS) == block
        keys = terms[chosen].astype(np.uint64) << np.uint64(32)
        keys |= (rows[chosen] & ((1 << _BLOCK_BITS) - 1)).astype(np.uint64) << np.uint64(16)
        keys |= payloads[chosen]
        keys.sort()
        blocks.append(keys)
    del rows, terms, payloads
    heads = [_heads((keys >> np.uint64(32)).astype(np.uint32)) for keys in blocks]
    distinct = np.unique(np.concatenate([found for found, _ in heads])) if heads else np.empty(0, np.uint32)
    totals = np.zeros(len(distinct), np.int64)
    for block_terms, counts in heads:
        totals[np.searchsorted(distinct, block_terms)] += counts
    starts = np.concatenate(([0], np.cumsum(totals)))
    ids, sorted_payloads = np.empty(int(starts[-1]), np.int32), np.empty(int(starts[-1]), np.uint16)
    cursors = starts[:-1].copy()
    for block, (keys, (block_terms, counts)) in enumerate(zip(blocks, heads, strict=True)):
        positions = np.searchsorted(distinct, block_terms)
        shift = cursors[positions] - (np.cumsum(counts) - counts)
        targets = np.arange(len(keys)) + np.repeat(shift, counts)
        ids[targets] = ((keys >> np.uint64(16)) & np.uint64(0xFFFF)).astype(np.int32) + (block << _BLOCK_BITS)
        sorted_payloads[targets] = (keys & np.uint64(0xFFFF)).astype(np.uint16)
        cursors[positions] += counts
    return Entries(distinct, starts, ids, sorted_payloads)


def sum_by_file(entries: Entries, file_of_row: NDArray[np.int32], paths: Sequence[Mapping[int, int]]) -> Entries:
    """Return where terms are by file instead of row, the terms of the files' paths among them."""
    blocks = list(_sum_blocks(entries, file_of_row))
    keys: NDArray[np.uint64] = np.concatenate([np.empty(0, np.uint64), *(block for block, _ in blocks)])
    payloads: NDArray[np.uint16] = np.concatenate([np.empty(0, np.uint16), *(block for _, block in blocks)])
    in_paths = [(term << 32 | file, mark) for file, found in enumerate(paths) for term, mark in found.items()]
    more_keys, more_marks = np.array(in_paths, np.uint64).reshape(-1, 2).T
    all_keys = np.concatenate((keys, more_keys))
    all_payloads = np.concatenate((payloads, more_marks.astype(np.uint16)))
    order = np.argsort(all_keys, kind="stable")
    all_keys, all_payloads = all_keys[order], all_payloads[order]
    firsts = np.flatnonzero(np.diff(all_keys, prepend=all_keys[:1] + np.uint64(1)))
    merged = np.bitwise_or.reduceat(all_payloads, firsts) if len(firsts) else all_payloads
    distinct, totals = _heads((all_keys[firsts] >> np.uint64(32)).astype(np.uint32))
    starts = np.concatenate(([0], np.cumsum(totals)))
    files = (all_keys[firsts] & np.uint64(0xFFFFFFFF)).astype(np.int32)
    return Entries(distinct, starts, files, merged)


def _sum_blocks(
    entries: Entries, file_of_row: NDArray[np.int32]
) -> Iterator[tuple[NDArray[np.uint64], NDArray[np.uint16]]]:
    """Yield term and file, as one number ascending, and payload of each pair, some terms at a time."""
    bounds = np.searchsorted(entries.starts, np.arange(0, len(entries.ids), _SUMMED_AT_ONCE))
    terms_of_blocks = np.unique(np.append(bounds, len(entries.terms)))
    for first, last in zip(terms_of_blocks[:-1].tolist(), terms_of_blocks[1:].tolist(), strict=True):
        part = slice(int(entries.starts[first]), int(entries.starts[last]))
        terms = np.repeat(entries.terms[first:last], np.diff(entries.starts[first : last + 1])).astype(np.uint64)
        keys = terms << np.uint64(32) | file_of_row[entries.ids[part]].astype(np.uint64)
        payloads = entries.payloads[part]
        firsts = np.flatnonzero(np.diff(keys, prepend=keys[:1] + np.uint64(1)))
        counts = np.minimum(np.add.reduceat(payloads >> 8, firsts, dtype=np.int64), MAX_COUNT).astype(np.uint16)
        fields = np.bitwise_or.reduceat(payloads & 0xFF, firsts)
        marks = (fields & IN_NAME > 0) * FILE_NAMES_IT | (fields & IN_COMMENT > 0) * FILE_COMMENTS_ON_IT
        summed: NDArray[np.uint16] = (counts << 8 | marks).astype(np.uint16)
        pairs: NDArray[np.uint64] = keys[firsts]
        yield pairs, summed


def _heads(terms: NDArray[np.uint32]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return the distinct values of sorted terms and how often each occurs."""
    firsts = np.flatnonzero(np.concatenate(([True], terms[1:] != terms[:-1]))) if len(terms) else np.empty(0, np.int64)
    return terms[firsts], np.diff(firsts, append=len(terms)).astype(np.int64)
