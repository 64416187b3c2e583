"""The text of rows as conditions compare it: read where it lies, in pieces of a few milliseconds. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from codesearch.core.checks import Check
from codesearch.core.index.text_blocks import Text, Window, open_window, read_text
from codesearch.core.predicates import Comparison, Operator
from codesearch.core.text.matching import Matcher, quote

_PIECE_BYTES: Final = 2 << 20
# So many rows are decided at once.
_BLOCK_ROWS: Final = 1_024
# A letter may have three times as many bytes in the other case.
_MOST_GROWTH: Final = 3
_LINE_BREAK = re.compile(r"\r\n|\n")


@dataclass(frozen=True, slots=True, eq=False)
class ContentColumn:
    """The contents of n rows: parts of `text`, from `starts` (n,) on, `lengths` (n,) bytes each.

    Without codes: what it says, it says of rows. Case makes no difference, nor does what ends a line.
    """

    text: Text
    starts: NDArray[np.integer[Any]]
    lengths: NDArray[np.int32]
    codes: None = None

    def match(self, comparisons: Sequence[Comparison], check: Check) -> Iterator[NDArray[np.bool_]]:
        """Yield for each comparison which of the rows satisfy it; a row without text satisfies EMPTY alone.

        Raises ValueError for operators that text lacks.
        """
        for comparison in comparisons:
            check()
            values = [_LINE_BREAK.sub("\n", str(value)) for value in comparison.values]
            match comparison.operator:
                case Operator.EMPTY:
                    yield self.lengths == 0
                case Operator.CONTAINS:
                    yield self.contains(values[0], check) & (self.lengths > 0)
                case Operator.STARTS_WITH | Operator.ENDS_WITH | Operator.IN:
                    yield self._compare(comparison.operator, values, check) & (self.lengths > 0)
                case _:
                    raise ValueError(f"{comparison.operator.value} does not compare text")

    def contains(self, value: str, check: Check) -> NDArray[np.bool_]:
        """Say which rows hold a text. `check` is called every few milliseconds and may raise."""
        # Those in which it ends where it stands first from the row's start on.
        value = _LINE_BREAK.sub("\n", value)
        holds = np.zeros(len(self.starts), np.bool_)
        if not value:
            return ~holds
        if not _is_encodable(value) or not len(holds):
            return holds
        matcher = Matcher(r"\r?\n".join(map(quote, value.split("\n"))), ignore_case=True)
        order = np.argsort(self.starts, kind="stable")
        starts, ends = self.starts[order], (self.starts + self.lengths)[order]
        # A match may go on behind the piece that it begins in.
        slack = 2 * _MOST_GROWTH * len(value.encode())
        done, place = 0, int(starts[0])
        window: Window | None = None
        while done < len(starts):
            check()
            # What was unpacked serves all rows that begin in it.
            if window is None or place >= window.start + _PIECE_BYTES:
                window = open_window(self.text, place, min(place + _PIECE_BYTES + slack, self.text.size))
            piece_end = window.start + _PIECE_BYTES
            found = window.find(matcher, place, window.end)
            if found is None or found[0] >= piece_end:
                if piece_end >= self.text.size:
                    break
                place = piece_end
                continue
            following = int(np.searchsorted(starts, found[0], side="right"))
            holds[order[done:following]] = ends[done:following] >= found[1]
            done = following
            place = int(starts[done]) if done < len(starts) else place
        return holds

    def _compare(self, operator: Operator, values: Sequence[str], check: Check) -> NDArray[np.bool_]:
        """Say which rows begin or end with a value or are one of several, by those rows that can."""
        holds = np.zeros(len(self.starts), np.bool_)
        rows = self._choose(operator, values, check)
        wanted = frozenset(values)
        most = (_MOST_GROWTH + 1) * max((len(value.encode("utf-8", "replace")) for value in values), default=0)
        for number, row in enumerate(rows.tolist()):
            if number % _BLOCK_ROWS == 0:
                check()
            start, end = int(self.starts[row]), int(self.starts[row] + self.lengths[row])
            if operator is Operator.STARTS_WITH:
                holds[row] = self._read(start, min(end, start + most)).startswith(values[0])
            elif operator is Operator.ENDS_WITH:
                holds[row] = self._read(max(start, end - most), end).endswith(values[0])
            else:
                holds[row] = self._read(start, end) in wanted
        return holds

    def _read(self, start: int, end: int) -> str:
        """Return a part of the text in lower case, without what is cut of a letter at its sides."""
        return _LINE_BREAK.sub("\n", read_text(self.text, start, end).decode("utf-8", "ignore").lower())

    def _choose(self, operator: Operator, values: Sequence[str], check: Check) -> NDArray[np.int64]:
        """Return the rows that may satisfy a comparison by their sizes, or by the byte that they begin or end with."""
        if operator is Operator.IN:
            sizes = [len(value.encode("utf-8", "replace")) for value in values]
            # A line end may have two bytes.
            most = (_MOST_GROWTH + 1) * max(sizes, default=0)
            return np.flatnonzero((self.lengths >= min(sizes, default=0) // _MOST_GROWTH) & (self.lengths <= most))
        present = np.flatnonzero(self.lengths)
        value = values[0]
        if not value:
            return present
        at_start = operator is Operator.STARTS_WITH
        places = self.starts[present] if at_start else self.starts[present] + self.lengths[present] - 1
        bytes_there = self.text.bytes_at(places.astype(np.int64), check)
        letter = value[0] if at_start else value[-1]
        may = bytes_there >= 128
        if letter == "\n":
            may |= (bytes_there == ord("\n")) | (bytes_there == ord("\r"))
        elif letter.isascii():
            may |= (bytes_there == ord(letter)) | (bytes_there == ord(letter.upper()))
        chosen: NDArray[np.int64] = present[may]
        return chosen


def _is_encodable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
