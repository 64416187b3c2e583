"""The rows that are only pieces of a longer definition: which one, at which lines, with which signature. Pure.

Few rows are: what is kept is of those alone, found by their numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesearch.core.index.columns import pack_texts
from codesearch.core.index.numbering import count_on


@dataclass(frozen=True, slots=True)
class PieceRows:
    """Those rows of a batch that are pieces, each field in the same order.

    `rows` are their numbers in the batch. `first_lines` and `last_lines` are those of the whole definition,
    `holds_head` says whether the row has the line on which it begins.
    """

    rows: NDArray[np.integer[Any]]
    first_lines: NDArray[np.int64]
    last_lines: NDArray[np.int64]
    holds_head: NDArray[np.bool_]
    signatures: Sequence[str]


def no_piece_rows() -> PieceRows:
    """Return those of a batch without any."""
    numbers = np.empty(0, np.int64)
    return PieceRows(numbers, numbers, numbers, np.empty(0, np.bool_), [])


@dataclass(frozen=True, slots=True)
class Belonging:
    """Where a row belongs: the lines of the whole definition, and its signature where the row lacks its head."""

    symbol_lines: tuple[int, int]
    holds_head: bool
    signature: str | None


class PieceNumbers:
    """Which rows are pieces, ascending, and the number of each one's definition, (k,) each."""

    def __init__(self, rows: NDArray[np.int32], definitions: NDArray[np.int32]) -> None:
        self._rows, self._definitions = rows, definitions

    def find(self, rows: NDArray[np.integer[Any]]) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
        """Return which of the rows, by their places in `rows`, are pieces, and the number of each one's definition."""
        places: NDArray[np.intp] = self._rows.searchsorted(rows)
        found = (self._rows.take(places, mode="clip") == rows).nonzero()[0] if len(self._rows) else places[:0]
        return found, self._definitions[places[found]]

    def count_on(self, first_row: int, first_definition: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return both as numbers that count on from such ones."""
        return self._rows + np.int32(first_row), self._definitions + np.int32(first_definition)


def join_numbers(parts: Sequence[Pieces], first_rows: NDArray[np.int64]) -> PieceNumbers:
    """Return those of several segments, given where the rows of each begin, and the end of the last."""
    first_definitions = count_on([part.definition_count for part in parts]).tolist()
    pairs = [
        part.count_on(row, definition)
        for part, row, definition in zip(parts, first_rows[:-1].tolist(), first_definitions[:-1], strict=True)
    ]
    return PieceNumbers(np.concatenate([rows for rows, _ in pairs]), np.concatenate([numbers for _, numbers in pairs]))


class Pieces(PieceNumbers):
    """The pieces of one search index: k rows of g definitions.

    piece_rows (k,) int32, ascending. piece_definitions (k,) int32: the number of each one's definition. piece_heads
    (k,) bool: it holds the definition's head. definition_lines (g, 2) int32: first and last.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        super().__init__(arrays["piece_rows"], arrays["piece_definitions"])
        self._heads: NDArray[np.bool_] = arrays["piece_heads"]
        self._lines: NDArray[np.int32] = arrays["definition_lines"]
        self._signatures: NDArray[np.int32] = arrays["definition_signatures"]
        self._texts: NDArray[np.uint8] = arrays["signature_texts"]
        self._starts: NDArray[np.integer[Any]] = arrays["signature_starts"]

    @property
    def definition_count(self) -> int:
        """How many definitions are in pieces."""
        return len(self._lines)

    def read(self, rows: NDArray[np.integer[Any]]) -> PieceRows:
        """Return which of the rows, by their places in `rows`, are pieces, and where they belong."""
        found, definitions = self.find(rows)
        lines = self._lines[definitions].astype(np.int64)
        heads = self._heads[np.searchsorted(self._rows, rows[found])]
        signatures = [self._signature(int(code)) for code in self._signatures[definitions]]
        return PieceRows(found, lines[:, 0], lines[:, 1], heads, signatures)

    def _signature(self, code: int) -> str:
        return self._texts[int(self._starts[code]) : int(self._starts[code + 1]) - 1].tobytes().decode()

    def belonging_of(self, row: int) -> Belonging | None:
        """Return where a row belongs that is a piece, None for any other."""
        place = int(self._rows.searchsorted(row))
        if place == len(self._rows) or self._rows[place] != row:
            return None
        definition = int(self._definitions[place])
        first, last = self._lines[definition].tolist()
        signature = self._signature(int(self._signatures[definition]))
        holds_head = bool(self._heads[place])
        return Belonging((first, last), holds_head, None if holds_head else signature or None)


def describe_pieces(
    rows: NDArray[np.int32],
    lines: NDArray[np.int32],
    heads: NDArray[np.bool_],
    codes: NDArray[np.int32],
    signatures: Sequence[str],
    files: NDArray[np.int32],
    symbols: NDArray[np.int32],
) -> dict[str, NDArray[Any]]:
    """Return the arrays of pieces, given in any order: each one's row, its definition's lines (k, 2) and so on.

    `codes` number the `signatures`, `files` and `symbols` are those of all rows. Pieces of one file and symbol whose
    definitions have the same lines are of one definition.
    """
    order = np.argsort(rows)
    rows, lines, heads, codes = rows[order], lines[order], heads[order], codes[order]
    keys = np.column_stack((files[rows], symbols[rows], lines))
    by_key = np.lexsort((rows, *keys.T[::-1]))
    begins = np.ones(len(rows), np.bool_)
    begins[1:] = (keys[by_key][1:] != keys[by_key][:-1]).any(axis=1)
    definitions = np.empty(len(rows), np.int32)
    definitions[by_key] = np.cumsum(begins, dtype=np.int32) - 1
    firsts = by_key[begins]
    texts, starts = pack_texts(signatures)
    return {
        "piece_rows": rows,
        "piece_definitions": definitions,
        "piece_heads": heads,
        "definition_lines": lines[firsts],
        "definition_signatures": codes[firsts],
        "signature_texts": texts,
        "signature_starts": starts,
    }
