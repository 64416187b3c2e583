"""Postings: where each term is. Sorts the terms of rows by term, sums them up by file, packs and looks them up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from codesearch.core.index.narrowing import narrow
from codesearch.core.text.terms import IN_COMMENT, IN_NAME, MAX_COUNT

# Ids, ascending, and the payload that a term has at each.
TermHits: TypeAlias = tuple[NDArray[np.int32], NDArray[np.uint16]]

# What a file's payload says of its rows: a definition's name, a comment has the term. Beside IN_STEM and IN_FOLDER.
FILE_NAMES_IT, FILE_COMMENTS_ON_IT = 4, 8
# A term, a row's position in its block and a payload fit 64 bits, which numpy sorts eight times as fast as keys.
_BLOCK_BITS = 16
# Summing up takes some forty bytes for each entry that it looks at.
_SUMMED_AT_ONCE = 1 << 20
# The code of a payload that is not among the 255 most frequent ones: 1 in 1,000 of rows, 1 in 50 of files.
RARE = 255
# Four bytes hold an entry of up to 16 million ids.
CODE_BITS, _ID_BITS = 8, 24


@dataclass(frozen=True, slots=True, eq=False)
class SortedEntries:
    """Distinct terms ascending; ids and payloads of term i are those from starts[i] to starts[i + 1], ids ascending."""

    terms: NDArray[np.uint32]
    starts: NDArray[np.int64]
    ids: NDArray[np.int32]
    payloads: NDArray[np.uint16]

    def frequencies(self, terms: NDArray[np.uint32]) -> NDArray[np.int32]:
        """Return for each term how many ids it has."""
        return _count_ids(*_find_spans(self.terms, self.starts, terms))


class Entries:
    """Where terms are, packed: id and payload of an entry in four bytes.

    terms ascending (t,) uint32. starts (t + 1,): the entries of term i are those from starts[i] to starts[i + 1],
    ids ascending; there may be none. entries (e,): the id, and in the lowest 8 bits which of `payload_table` its
    payload is. 255 there says that it is in `rare_payloads`, in the place that `rare_places`, ascending, has it.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]], kind: str) -> None:
        self.terms: NDArray[np.uint32] = arrays["terms"]
        self.starts: NDArray[np.integer[Any]] = arrays[f"{kind}_starts"]
        self.entries: NDArray[np.unsignedinteger[Any]] = arrays[f"{kind}_entries"]
        self.payload_table: NDArray[np.uint16] = np.append(arrays[f"{kind}_payload_table"], np.uint16(0))
        self.rare_places: NDArray[np.integer[Any]] = arrays[f"{kind}_rare_places"]
        self.rare_payloads: NDArray[np.uint16] = arrays[f"{kind}_rare_payloads"]

    @property
    def ids(self) -> NDArray[np.int32]:
        """The ids of all entries; unpacked anew each time."""
        return _ids_of(self.entries)

    @property
    def payloads(self) -> NDArray[np.uint16]:
        """The payloads of all entries; unpacked anew each time."""
        payloads: NDArray[np.uint16] = self.payload_table[self.entries.astype(np.uint8)]
        payloads[self.rare_places] = self.rare_payloads
        return payloads

    def find(self, terms: NDArray[np.uint32]) -> list[TermHits]:
        """Return ids and payloads for each term, in the given order; empty arrays for a term that is nowhere."""
        return self.read(*_find_spans(self.terms, self.starts, terms)) if len(terms) else []

    def read(self, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> list[TermHits]:
        """Return ids and payloads of some lists, given where the entries of each begin and end."""
        bounds = list(zip(starts.tolist(), ends.tolist(), strict=True))
        # All at once: a query asks for a hundred terms, most of which are in few rows.
        joined = np.concatenate([self.entries[:0], *(self.entries[start:end] for start, end in bounds)])
        codes = joined.astype(np.uint8)
        ids, payloads = _ids_of(joined), self.payload_table.take(codes)
        # Of one type: numpy would turn all of the places into the other one first.
        width = self.rare_places.dtype
        firsts = self.rare_places.searchsorted(starts.astype(width)).tolist()
        lasts = self.rare_places.searchsorted(ends.astype(width)).tolist()
        rare = [self.rare_payloads[first:last] for first, last in zip(firsts, lasts, strict=True) if last > first]
        if rare:
            payloads[codes == RARE] = np.concatenate(rare)
        places = [0, *accumulate(end - start for start, end in bounds)]
        return [(ids[start:end], payloads[start:end]) for start, end in pairwise(places)]

    def frequencies(self, terms: NDArray[np.uint32]) -> NDArray[np.int32]:
        """Return for each term how many ids it has."""
        return _count_ids(*_find_spans(self.terms, self.starts, terms))


def pack_entries(rows: SortedEntries, files: SortedEntries) -> dict[str, NDArray[Any]]:
    """Return the arrays of the `Entries` of rows and of files, which have each term of the rows, too."""
    counts = np.zeros(len(files.terms), np.int64)
    counts[np.searchsorted(files.terms, rows.terms)] = np.diff(rows.starts)
    row_starts = np.concatenate(([0], np.cumsum(counts)))
    arrays: dict[str, NDArray[Any]] = {"terms": files.terms}
    for kind, starts, entries in (("row", row_starts, rows), ("file", files.starts, files)):
        described = {"starts": narrow(starts), **_pack(entries.ids, entries.payloads)}
        # As wide as the starts, which they are compared with.
        described["rare_places"] = described["rare_places"].astype(described["starts"].dtype)
        arrays |= {f"{kind}_{name}": array for name, array in described.items()}
    return arrays


def _pack(ids: NDArray[np.int32], payloads: NDArray[np.uint16]) -> dict[str, NDArray[Any]]:
    # The most frequent payloads; the stable order makes the same of the same rows.
    table = np.argsort(-np.bincount(payloads, minlength=1 << 16), kind="stable")[:RARE]
    codes = np.full(1 << 16, RARE, np.uint8)
    codes[table] = np.arange(RARE)
    code = codes[payloads]
    rare = np.flatnonzero(code == RARE)
    is_wide = len(ids) > 0 and int(ids.max()) >= 1 << _ID_BITS
    entries: NDArray[Any] = ids.astype(np.uint64 if is_wide else np.uint32)
    entries <<= entries.dtype.type(CODE_BITS)
    entries |= code
    return {
        "entries": entries,
        "payload_table": table.astype(np.uint16),
        "rare_places": rare,
        "rare_payloads": payloads[rare],
    }


def _ids_of(entries: NDArray[np.unsignedinteger[Any]]) -> NDArray[np.int32]:
    ids: NDArray[np.int32] = (entries >> CODE_BITS).astype(np.int32)
    return ids


def _find_spans(
    known: NDArray[np.uint32], starts: NDArray[np.integer[Any]], terms: NDArray[np.uint32]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where the ids of each term begin and end, the same position for a term that is nowhere."""
    if not len(known):
        return np.zeros(len(terms), np.int64), np.zeros(len(terms), np.int64)
    positions = known.searchsorted(terms)
    found = known.take(positions, mode="clip") == terms
    begins = starts.take(positions).astype(np.int64)
    return begins, np.where(found, starts.take(positions + 1, mode="clip"), begins)


def _count_ids(starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int32]:
    counts: NDArray[np.int32] = (ends - starts).astype(np.int32)
    return counts


def sort_entries(columns: list[NDArray[Any]], row_count: int) -> SortedEntries:
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
    # Sorted, for numpy's `unique` may go by hashes, which takes longer.
    distinct, _ = _heads(np.sort(np.concatenate([np.empty(0, np.uint32), *(found for found, _ in heads)])))
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
    return SortedEntries(distinct, starts, ids, sorted_payloads)


def sum_by_file(
    entries: SortedEntries, file_of_row: NDArray[np.int32], paths: Sequence[Mapping[int, int]]
) -> SortedEntries:
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
    return SortedEntries(distinct, starts, files, merged)


def _sum_blocks(
    entries: SortedEntries, file_of_row: NDArray[np.int32]
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
