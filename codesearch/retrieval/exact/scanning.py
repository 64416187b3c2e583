"""Goes through the text of files for a needle: every line that a match begins in, once, in order.

In pieces of a few milliseconds, whatever the expression is like, so that others can go on between them.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Final

from codesearch.core.checks import Check
from codesearch.core.index.file_texts import FileTexts
from codesearch.retrieval.exact.needle import Needle

# A piece shall take about so long; the first one is small enough for any expression.
_PIECE_SECONDS: Final = 0.003
_LEAST_BYTES, _MOST_BYTES = 4 << 10, 4 << 20
_STEPS_OF_FIRST_PIECE: Final = 4 << 20
# Signs that stand in more lines than one in so many bytes are no help.
_BYTES_PER_SIGN: Final = 200

Span = tuple[int, int]


@dataclass(slots=True)
class Progress:
    """How far a scan is: all before `place` has been searched."""

    place: int = 0


def scan(texts: FileTexts, first: int, last: int, needle: Needle, check: Check, progress: Progress) -> Iterator[Span]:
    """Yield where matches begin and end, the first of each line, between the first byte of a file and the last of one.

    `check` is called every few milliseconds and may raise.
    """
    if needle.spans_lines:
        yield from _scan_files(texts, first, last, needle, check, progress)
        return
    size = max(_LEAST_BYTES, min(_MOST_BYTES, _STEPS_OF_FIRST_PIECE // needle.matcher.size))
    uses_signs = True
    place = first
    while place < last:
        progress.place = place
        check()
        end = texts.line_end(min(place + size, last) - 1)
        started = time.monotonic()
        if needle.signs and uses_signs:
            misses = yield from _scan_signs(texts, place, end, needle, check)
            uses_signs = misses * _BYTES_PER_SIGN < end - place + _LEAST_BYTES
        else:
            yield from _scan_piece(texts, place, end, needle)
        took = time.monotonic() - started
        if took < _PIECE_SECONDS / 2:
            size = min(_MOST_BYTES, 2 * size)
        elif took > 2 * _PIECE_SECONDS:
            size = max(_LEAST_BYTES, size // 2)
        place = end + 1
    progress.place = last


def _scan_piece(texts: FileTexts, place: int, end: int, needle: Needle) -> Iterator[Span]:
    """Yield the matches of whole lines up to `end`, which is the line end of the last one."""
    while place <= end and (found := needle.matcher.find(texts.text, place, end)) is not None:
        yield found
        place = texts.line_end(found[0]) + 1


def _scan_signs(texts: FileTexts, place: int, end: int, needle: Needle, check: Check) -> Generator[Span, None, int]:
    """Look only at lines that have a sign; return how many of them had no match."""
    misses = 0
    signs = _Signs(texts, place, end, needle)
    while (sign := signs.find(place)) is not None:
        line_end = texts.line_end(sign)
        found = needle.matcher.find(texts.text, max(place, texts.line_start(sign)), line_end)
        if found is not None:
            yield found
        else:
            misses += 1
            check()
        place = line_end + 1
    return misses


class _Signs:
    """Where the signs of a needle stand in a piece; each is looked for once in each part of it."""

    def __init__(self, texts: FileTexts, place: int, end: int, needle: Needle) -> None:
        self._texts = texts
        self._end = end
        self._matchers = needle.signs
        self._found = [place - 1] * len(needle.signs)

    def find(self, place: int) -> int | None:
        """Return where the next sign begins from a place on; places ascend."""
        for number, found in enumerate(self._found):
            if found < place:
                match = self._matchers[number].find(self._texts.text, place, self._end) if place <= self._end else None
                self._found[number] = self._end + 1 if match is None else match[0]
        nearest = min(self._found)
        return nearest if nearest <= self._end else None


def _scan_files(
    texts: FileTexts, first: int, last: int, needle: Needle, check: Check, progress: Progress
) -> Iterator[Span]:
    """Go through files one by one, so that no match goes on in the next."""
    place = first
    while place < last:
        progress.place = place
        check()
        file = texts.file_at(place)
        if needle.signs:
            end = texts.line_end(min(place + _MOST_BYTES, last) - 1)
            sign = _Signs(texts, place, end, needle).find(place)
            if sign is None:
                place = end + 1
                continue
            file = texts.file_at(sign)
        start, end = int(texts.file_starts[file]), int(texts.file_starts[file + 1])
        yield from _scan_file(texts, start, end - 1, needle, check)
        place = end
    progress.place = last


def _scan_file(texts: FileTexts, place: int, end: int, needle: Needle, check: Check) -> Iterator[Span]:
    while place <= end and (found := needle.matcher.find(texts.text, place, end)) is not None:
        yield found
        check()
        # A match that takes the line end in is over before the next line.
        place = texts.line_end(max(found[0], found[1] - 1)) + 1
