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
from codesearch.core.index.text_blocks import Window
from codesearch.retrieval.exact.needle import Needle

# A piece shall take about so long; the first one is small enough for any expression.
_PIECE_SECONDS: Final = 0.003
_LEAST_BYTES, _MOST_BYTES = 4 << 10, 1 << 20
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
        window = texts.window(place, end)
        if needle.signs and uses_signs:
            misses = yield from _scan_signs(window, needle, check)
            uses_signs = misses * _BYTES_PER_SIGN < end - place + _LEAST_BYTES
        else:
            yield from _scan_piece(window, needle)
        took = time.monotonic() - started
        if took < _PIECE_SECONDS / 2:
            size = min(_MOST_BYTES, 2 * size)
        elif took > 2 * _PIECE_SECONDS:
            size = max(_LEAST_BYTES, size // 2)
        place = end + 1
    progress.place = last


def _scan_piece(window: Window, needle: Needle) -> Iterator[Span]:
    """Yield the matches of the whole lines of a window, which ends at the line end of the last one."""
    place, end = window.start, window.end
    while place <= end and (found := window.find(needle.matcher, place, end)) is not None:
        yield found
        place = window.line_end(found[0]) + 1


def _scan_signs(window: Window, needle: Needle, check: Check) -> Generator[Span, None, int]:
    """Look only at lines that have a sign; return how many of them had no match."""
    misses, place = 0, window.start
    signs = _Signs(window, needle)
    while (sign := signs.find(place)) is not None:
        line_end = window.line_end(sign)
        found = window.find(needle.matcher, max(place, window.line_start(sign)), line_end)
        if found is not None:
            yield found
        else:
            misses += 1
            check()
        place = line_end + 1
    return misses


class _Signs:
    """Where the signs of a needle stand in a window; each is looked for once in each part of it."""

    def __init__(self, window: Window, needle: Needle) -> None:
        self._window = window
        self._matchers = needle.signs
        self._found = [window.start - 1] * len(needle.signs)

    def find(self, place: int) -> int | None:
        """Return where the next sign begins from a place on; places ascend."""
        end = self._window.end
        for number, found in enumerate(self._found):
            if found < place:
                match = self._window.find(self._matchers[number], place, end) if place <= end else None
                self._found[number] = end + 1 if match is None else match[0]
        nearest = min(self._found)
        return nearest if nearest <= end else None


def _scan_files(
    texts: FileTexts, first: int, last: int, needle: Needle, check: Check, progress: Progress
) -> Iterator[Span]:
    """Go through files one by one, so that no match goes on in the next."""
    place = first
    signs: _Signs | None = None
    window_end = -1
    while place < last:
        progress.place = place
        check()
        file = texts.file_at(place)
        if needle.signs:
            if signs is None or place > window_end:
                window_end = texts.line_end(min(place + _MOST_BYTES, last) - 1)
                signs = _Signs(texts.window(place, window_end), needle)
            sign = signs.find(place)
            if sign is None:
                place = window_end + 1
                continue
            file = texts.file_at(sign)
        start, end = int(texts.file_starts[file]), int(texts.file_starts[file + 1])
        yield from _scan_file(texts.window(start, end - 1), needle, check)
        place = end
    progress.place = last


def _scan_file(window: Window, needle: Needle, check: Check) -> Iterator[Span]:
    place, end = window.start, window.end
    while place <= end and (found := window.find(needle.matcher, place, end)) is not None:
        yield found
        check()
        # A match that takes the line end in is over before the next line.
        place = window.line_end(max(found[0], found[1] - 1)) + 1
