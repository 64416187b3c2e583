"""The text of the files, each line once: what rows show parts of and what exact search reads.

Rows overlap, as a class and its methods do; all of them point into one text of their file. Blank lines that are in no
row are there as empty lines. Lines that no row has and that are not blank (outputs of a notebook) are not.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from codesearch.core.index.text_blocks import Text, Window, open_text, open_window, read_text

_LINE_END: Final = 10
# So many bytes beside a place are looked through for a line's end at first.
_WINDOW_BYTES = 256
# More blank lines in a row are left out.
_MAX_BLANK_LINES = 4_096


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One line of a file: its number and where its text is, without the line end; `text` may end with CR."""

    number: int
    start: int
    end: int


class FileTexts:
    """The texts of one search index: m files, s segments.

    text: UTF-8, a line end behind each line. file_starts (m + 1,): where each file's text begins.
    segment_starts (s,) ascending: where runs of neighbouring lines begin, segment_lines (s,) the number of the first.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self.text: Text = open_text(arrays)
        self.file_starts: NDArray[np.int64] = arrays["file_text_starts"]
        self.segment_starts: NDArray[np.integer[Any]] = arrays["segment_starts"]
        self.segment_lines: NDArray[np.int32] = arrays["segment_lines"]

    def line_end(self, place: int) -> int:
        """Return where the line that a place is in ends: at its line end."""
        size = _WINDOW_BYTES
        while True:
            found = self.bytes_of(place, place + size).find(b"\n")
            if found >= 0:
                return place + found
            if place + size >= self.text.size:
                return self.text.size
            size *= 8

    def line_start(self, place: int) -> int:
        """Return where the line that a place is in begins."""
        size = _WINDOW_BYTES
        while True:
            first = max(0, place - size)
            found = self.bytes_of(first, place).rfind(b"\n")
            if found >= 0:
                return first + found + 1
            if not first:
                return 0
            size *= 8

    def bytes_of(self, start: int, end: int) -> bytes:
        """Return a part of the text. Raises StoreError when it is damaged, as all that reads it does."""
        return read_text(self.text, start, end)

    def window(self, start: int, end: int) -> Window:
        """Return a part of the text in one piece, to be searched."""
        return open_window(self.text, start, end)

    def file_at(self, place: int) -> int:
        """Return the number of the file that a place is in."""
        return bisect_right(self.file_starts, place) - 1

    def segment_at(self, place: int) -> tuple[int, int, int]:
        """Return where the run of lines that a place is in begins and ends, and the number of its first line."""
        segment = bisect_right(self.segment_starts, place) - 1
        is_last = segment + 1 == len(self.segment_starts)
        end = self.text.size if is_last else int(self.segment_starts[segment + 1])
        return int(self.segment_starts[segment]), end, int(self.segment_lines[segment])

    def count_lines(self, start: int, end: int) -> int:
        """Return how many line ends there are in a part of the text."""
        return sum(
            int(np.count_nonzero(np.frombuffer(part, np.uint8) == _LINE_END)) for part in self.text.parts(start, end)
        )

    def lines_before(self, line: Line, count: int) -> list[Line]:
        """Return up to so many lines before one, of the same run, in order."""
        first, _, _ = self.segment_at(line.start)
        found: list[Line] = []
        start, number = line.start, line.number
        while len(found) < count and start > first:
            end, number = start - 1, number - 1
            start = self.line_start(end)
            found.append(Line(number, start, end))
        return found[::-1]

    def lines_after(self, line: Line, count: int) -> list[Line]:
        """Return up to so many lines after one, of the same run, in order."""
        _, last, _ = self.segment_at(line.start)
        found: list[Line] = []
        start, number = line.end + 1, line.number
        while len(found) < count and start < last:
            end, number = self.line_end(start), number + 1
            found.append(Line(number, start, end))
            start = end + 1
        return found


class Ordered(Protocol):
    """What takes the texts in their order."""

    def write(self, text: bytearray | memoryview, /) -> object:
        """Take the next piece."""


@dataclass(frozen=True, slots=True, eq=False)
class WholeTexts:
    """Texts of files that were made already, from rows in the order of an index.

    starts, ends (t,): where each lies. runs: of each text where runs of neighbouring lines begin in it, and the number
    of the first, (k, 2). of_rows (n,): the number of each row's text, -1 for none. marks (n,): those of the contents.
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    runs: Sequence[NDArray[np.int64]]
    of_rows: NDArray[np.int32]
    marks: NDArray[np.uint8]


def mark_of(content: bytes) -> int:
    """Return a byte that is the same where contents are, and most often another one where they are not."""
    return crc32(content) & 0xFF


def order_texts(
    contents: memoryview,
    rows: Mapping[str, NDArray[Any]],
    is_sparse: NDArray[np.bool_],
    file_count: int,
    ordered: Ordered,
    whole: WholeTexts | None = None,
) -> dict[str, NDArray[Any]]:
    """Write the texts of the files to `ordered`; return where rows, files and runs of lines begin in it.

    `content_marks` of each row is that of `mark_of`. `rows` are in the order of file and lines; `content_starts` and
    `content_lengths` say where in `contents` they are. `is_sparse` says of each whether lines that are in no row of its
    file may hold anything. A file all of whose rows are in one of the `whole` texts has that one.
    """
    bounds = np.searchsorted(rows["file_of_row"], np.arange(file_count + 1)).tolist()
    numbers = _number_texts(whole, bounds)
    row_starts, marks = rows["content_starts"].astype(np.int64), np.empty(len(is_sparse), np.uint8)
    if whole is not None:
        marks[:] = whole.marks
    file_starts = np.zeros(file_count + 1, np.int64)
    segments: list[tuple[int, int]] = []
    names = ("start_lines", "end_lines", "content_starts", "content_lengths")
    columns = [*(rows[name] for name in names), is_sparse]
    written = 0
    for file, number in enumerate(numbers):
        begin, end = bounds[file], bounds[file + 1]
        if whole is not None and number >= 0:
            start, stop = int(whole.starts[number]), int(whole.ends[number])
            row_starts[begin:end] += written - start
            segments.extend((written + place, line) for place, line in whole.runs[number].tolist())
            ordered.write(contents[start:stop])
            written += stop - start
        else:
            text = FileText()
            block = zip(*(column[begin:end].tolist() for column in columns), strict=True)
            for row, (first, last, start, length, may_lack) in enumerate(block, begin):
                content = bytes(contents[start : start + length])
                marks[row] = mark_of(content)
                row_starts[row] = written + text.place(content, first, last, may_lack)
            segments.extend((written + place, line) for place, line in text.segments)
            ordered.write(text.data)
            written += len(text.data)
        file_starts[file + 1] = written
    return {
        "content_starts": row_starts,
        "content_marks": marks,
        "file_text_starts": file_starts,
        "segment_starts": np.array([start for start, _ in segments], np.int64),
        "segment_lines": np.array([line for _, line in segments], np.int32),
    }


def _number_texts(whole: WholeTexts | None, bounds: Sequence[int]) -> list[int]:
    """Return for each file the number of the text that all of its rows are in, -1 for none."""
    if whole is None or len(bounds) < 2:
        return [-1] * (len(bounds) - 1)
    lowest, highest = (find.reduceat(whole.of_rows, bounds[:-1]) for find in (np.minimum, np.maximum))
    numbers: list[int] = np.where(lowest == highest, lowest, -1).tolist()
    return numbers


class FileText:
    """The text of one file, made from its rows in the order of their lines: `data`, in UTF-8.

    `segments`: where runs of neighbouring lines begin in it, and the number of the first.
    """

    def __init__(self) -> None:
        self.data = bytearray()
        self.segments: list[tuple[int, int]] = []
        # The last line that is there, and whether more lines may follow it directly.
        self._covered = 0
        self._is_open = False
        # Of each added part the number of its first line, and where it begins and ends; where its lines begin, once
        # somebody asked: of most nobody does.
        self._firsts: list[int] = []
        self._bounds: list[tuple[int, int]] = []
        self._line_starts: dict[int, list[int]] = {}

    def place(self, content: bytes, first: int, last: int, is_sparse: bool) -> int:
        """Put a row's lines where they are missing; return where its content begins, in bytes.

        `is_sparse` says whether lines that are in no row of the file may hold anything.
        """
        if content.count(b"\n") != last - first:
            return self._place_apart(content, first)
        if first > self._covered:
            return self._append(content, first, last, is_sparse)
        start = self._start_of(first)
        if start is None:
            return self._place_apart(content, first)
        if last <= self._covered:
            end = start + len(content)
            is_there = self.data[start:end] == content and self.data[end : end + 1] == b"\n"
            return start if is_there else self._place_apart(content, first)
        shared = bytes(self.data[start:])
        if not self._is_open or not content.startswith(shared):
            return self._place_apart(content, first)
        self._add_lines(content[len(shared) :], self._covered + 1, last)
        return start

    def _append(self, content: bytes, first: int, last: int, is_sparse: bool) -> int:
        missing = first - self._covered - 1
        if is_sparse or missing > _MAX_BLANK_LINES:
            missing = 0
        if not self._is_open or first > self._covered + 1 + missing:
            self.segments.append((len(self.data), first - missing))
        if missing:
            self._note_part(self._covered + 1, missing)
            self.data += b"\n" * missing
        self._add_lines(content, first, last)
        return len(self.data) - len(content) - 1

    def _add_lines(self, content: bytes, first: int, last: int) -> None:
        self._note_part(first, len(content) + 1)
        self.data += content
        self.data += b"\n"
        self._covered, self._is_open = last, True

    def _note_part(self, first: int, size: int) -> None:
        self._firsts.append(first)
        self._bounds.append((len(self.data), len(self.data) + size))

    def _place_apart(self, content: bytes, first: int) -> int:
        """Put what says other things of these lines, or only a part of one, behind all else."""
        start = len(self.data)
        self.segments.append((start, first))
        self.data += content
        self.data += b"\n"
        self._is_open = False
        return start

    def _start_of(self, line: int) -> int | None:
        """Return where a line begins, None when it is not there."""
        part = bisect_right(self._firsts, line) - 1
        if part < 0:
            return None
        within = line - self._firsts[part]
        if not within:
            return self._bounds[part][0]
        starts = self._line_starts.get(part)
        if starts is None:
            starts = self._line_starts[part] = self._find_lines(*self._bounds[part])
        return starts[within] if within < len(starts) else None

    def _find_lines(self, start: int, end: int) -> list[int]:
        ends = np.flatnonzero(np.frombuffer(self.data[start : end - 1], np.uint8) == _LINE_END)
        return [start, *(ends + (start + 1)).tolist()]
