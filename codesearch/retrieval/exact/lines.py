"""Exact search over search indexes: the lines that match, in order of path and line, with what is around them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from typing import Final

import numpy as np
from numpy.typing import NDArray

from codesearch.core.checks import Check, do_not_check
from codesearch.core.errors import SearchTooLongError
from codesearch.core.index.file_texts import FileTexts, Line
from codesearch.core.index.search_index import SearchIndex
from codesearch.core.index.source_index import SourceIndex
from codesearch.core.predicates import EVERYTHING, Predicate
from codesearch.retrieval.exact.needle import Needle
from codesearch.retrieval.exact.scanning import Span
from codesearch.retrieval.exact.source_scan import SourceScan, find_live_files

# So many lines beyond those that are shown are still counted.
COUNTED_BEYOND: Final = 1_000
# Of a longer line that part is shown which the match is in, and of a match over more lines the first ones.
SHOWN_CHARACTERS: Final = 400
_SHOWN_BEFORE_MATCH = 100
MAX_MATCH_LINES: Final = 40
# Lines are shown until they have so many characters together.
MAX_CHARACTERS: Final = 400_000
# So many names of files are shown.
MAX_NAMES: Final = 20


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line as it is shown: without its line end, a long one cut at `…`."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class FoundLine:
    """A line that a match begins in, 1-based, and the column in characters. `lines`: those of the match, mostly one.

    `position` is that of the data source among those that were searched.
    """

    position: int
    path: str
    line: int
    column: int
    lines: tuple[ShownLine, ...]
    before: tuple[ShownLine, ...]
    after: tuple[ShownLine, ...]

    @property
    def shown_characters(self) -> int:
        """How many characters are shown, with those of the lines around."""
        return sum(len(one.text) for one in (*self.before, *self.lines, *self.after))


@dataclass(frozen=True, slots=True)
class FoundName:
    """A file whose name matches."""

    position: int
    path: str


@dataclass(frozen=True, slots=True)
class NotSearched:
    """What was left when the time was over: the first file that was not searched to its end, and how many there are.

    `position` is that of its data source.
    """

    position: int
    path: str
    files: int


@dataclass(frozen=True, slots=True)
class FoundLines:
    """What was found. `more`: how many lines match besides those shown, at least where not `is_whole`.

    left: for each data source that was not searched to its end what is left, by position. `has_begun`: some text was
    searched.
    """

    lines: tuple[FoundLine, ...]
    more: int
    is_whole: bool
    names: tuple[FoundName, ...]
    more_names: int
    left: tuple[NotSearched, ...] = ()
    has_begun: bool = True

    @property
    def not_searched(self) -> NotSearched | None:
        """Where what is left begins, and how many files that are in all data sources; None when all was searched."""
        if not self.left:
            return None
        return NotSearched(self.left[0].position, self.left[0].path, sum(one.files for one in self.left))


def find_lines(
    scope: Sequence[tuple[SourceIndex, Predicate]],
    needle: Needle,
    max_lines: int,
    context_lines: int = 0,
    max_names: int = MAX_NAMES,
    check: Check = do_not_check,
) -> FoundLines:
    """Return the first lines that match, source by source, in the order of paths and lines, and files by their names.

    Only files that have rows which satisfy the source's predicate are searched. `check` is called every few
    milliseconds and may raise: SearchTooLongError ends the search, and what was found until then is returned with what
    was not searched; where nothing was searched it is raised.
    """
    search = _Search(needle, max_lines, context_lines, max_names, check)
    left: list[NotSearched] = []
    for position, (source, predicate) in enumerate(scope):
        scan: SourceScan | None = None
        try:
            chosen = [_choose_files(segment, predicate, check) for segment in source.segments]
            scan = SourceScan(source.segments, chosen, source.path_ranks, needle, check)
            search.go_through(position, source, chosen, scan)
        except SearchTooLongError:
            if not position and not (scan and scan.has_begun):
                raise
            path, files = scan.find_place() if scan else (_first_path(source), source.file_count)
            left.append(NotSearched(position, path, files))
            later = enumerate(scope[position + 1 :], position + 1)
            left += [NotSearched(number, _first_path(one), one.file_count) for number, (one, _) in later]
            break
    return search.result(left)


def find_nothing(sources: Sequence[SourceIndex]) -> FoundLines:
    """Return what is told where the time was over before anything was searched."""
    left = [NotSearched(position, _first_path(one), one.file_count) for position, one in enumerate(sources)]
    return FoundLines((), 0, False, (), 0, tuple(left), has_begun=False)


def _first_path(source: SourceIndex) -> str:
    return next((path for path, _, _ in source.files_below("")), "")


class _Search:
    """What was found so far. A class, as an error may end the search anywhere."""

    def __init__(self, needle: Needle, max_lines: int, context_lines: int, max_names: int, check: Check) -> None:
        self._needle = needle
        self._max_lines = max_lines
        self._context_lines = context_lines
        self._max_names = max_names
        self._check = check
        self._found: list[FoundLine] = []
        self._names: list[FoundName] = []
        self._more = self._more_names = self._characters = 0
        self._is_whole = True

    def go_through(
        self, position: int, source: SourceIndex, chosen: Sequence[NDArray[np.bool_]], scan: SourceScan
    ) -> None:
        """Search the names and texts of one data source."""
        for path in _find_names_in_order(source, chosen, self._needle, self._check):
            if len(self._names) < self._max_names:
                self._names.append(FoundName(position, path))
            else:
                self._more_names += 1
        if not self._is_whole:
            return
        for number, span in scan.find_matches():
            if len(self._found) < self._max_lines and not self._more and self._characters < MAX_CHARACTERS:
                line = _show(source.segments[number], position, span, self._context_lines)
                self._found.append(line)
                self._characters += line.shown_characters
                continue
            self._more += 1
            if self._more > COUNTED_BEYOND:
                self._more, self._is_whole = COUNTED_BEYOND, False
                break

    def result(self, left: Sequence[NotSearched]) -> FoundLines:
        is_whole = self._is_whole and not left
        return FoundLines(tuple(self._found), self._more, is_whole, tuple(self._names), self._more_names, tuple(left))


def _choose_files(index: SearchIndex, predicate: Predicate, check: Check) -> NDArray[np.bool_]:
    """Return which live files have a row that satisfies a predicate."""
    if predicate == EVERYTHING:
        return find_live_files(index)
    mask = index.rows_where(predicate, check)
    files = np.zeros(index.file_count, np.bool_)
    files[index.file_of_row if mask is None else index.file_of_row[mask]] = True
    return files


def _show(index: SearchIndex, position: int, span: Span, context_lines: int) -> FoundLine:
    texts = index.texts
    start, end = texts.line_start(span[0]), texts.line_end(span[0])
    first, _, first_number = texts.segment_at(start)
    line = Line(first_number + texts.count_lines(first, start), start, end)
    lines = [line]
    if span[1] - 1 > end:
        following = texts.lines_after(line, MAX_MATCH_LINES - 1)
        lines += [one for one in following if one.start < span[1]]
    column = len(texts.bytes_of(start, span[0]).decode("utf-8", "replace"))
    return FoundLine(
        position,
        index.path_of(texts.file_at(start)),
        line.number,
        column + 1,
        tuple(_cut(texts, one, column if one is line else 0) for one in lines),
        tuple(_cut(texts, one, 0) for one in texts.lines_before(line, context_lines)),
        tuple(_cut(texts, one, 0) for one in texts.lines_after(lines[-1], context_lines)),
    )


def _cut(texts: FileTexts, line: Line, column: int) -> ShownLine:
    text = texts.bytes_of(line.start, line.end).decode("utf-8", "replace").removesuffix("\r")
    if len(text) <= SHOWN_CHARACTERS:
        return ShownLine(line.number, text)
    first = max(0, min(column - _SHOWN_BEFORE_MATCH, len(text) - SHOWN_CHARACTERS))
    shown = text[first : first + SHOWN_CHARACTERS]
    head, tail = "…" if first else "", "…" if first + SHOWN_CHARACTERS < len(text) else ""
    return ShownLine(line.number, f"{head}{shown}{tail}")


def _find_names_in_order(
    source: SourceIndex, chosen: Sequence[NDArray[np.bool_]], needle: Needle, check: Check
) -> Iterator[str]:
    streams = [
        _find_names(segment, files, needle, check) for segment, files in zip(source.segments, chosen, strict=True)
    ]
    return streams[0] if len(streams) == 1 else merge(*streams)


def _find_names(index: SearchIndex, files: NDArray[np.bool_], needle: Needle, check: Check) -> Iterator[str]:
    """Yield the paths whose last part matches, or all of it where the needle names a folder."""
    if needle.spans_lines or not len(files):
        return
    text, starts = index.path_lines
    place = 0
    while place < len(text) and (match := needle.matcher.find(text, place, len(text))) is not None:
        check()
        # Before the first path is a line end, too.
        number = min(max(0, bisect_right(starts, match[0]) - 1), len(files) - 1)
        first, end = int(starts[number]), int(starts[number + 1]) - 1
        place = max(end, match[0]) + 1
        if files[number]:
            path = text[first:end].tobytes()
            name = first + path.rfind(b"/") + 1
            if needle.asks_path or needle.matcher.find(text, name, end) is not None:
                yield path.decode("utf-8", "replace")
