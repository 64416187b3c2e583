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


class Pieces:
    """The pieces of one search index: k rows of g definitions.

    piece_rows (k,) int32, ascending. piece_definitions (k,) int32: the number of each one's definition. piece_heads
    (k,) bool: it holds the definition's head. definition_lines (g, 2) int32: first and last.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._rows: NDArray[np.int32] = arrays["piece_rows"]
        self._definitions: NDArray[np.int32] = arrays["piece_definitions"]
        self._heads: NDArray[np.bool_] = arrays["piece_heads"]
        self._lines: NDArray[np.int32] = arrays["definition_lines"]
        self._signatures: NDArray[np.int32] = arrays["definition_signatures"]
        self._texts: NDArray[np.uint8] = arrays["signature_texts"]
        self._starts: NDArray[np.integer[Any]] = arrays["signature_starts"]

    def find(self, rows: NDArray[np.integer[Any]]) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
        """Return which of the rows, by their places in `rows`, are pieces, and the number of each one's definition."""
        places: NDArray[np.intp] = self._rows.searchsorted(rows)
        found = (self._rows.take(places, mode="clip") == rows).nonzero()[0] if len(self._rows) else places[:0]
        return found, self._definitions[places[found]]

    def read(self, rows: NDArray[np.int64]) -> PieceRows:
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
