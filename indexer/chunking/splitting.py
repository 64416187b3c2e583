"""Splits line ranges that are too long for one chunk: at statements where there is a tree, at paragraphs, at lines."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate

from tree_sitter import Node

from codesearch.core.types import MAX_LINE_CHARACTERS
from indexer.chunking.line_nodes import LineNode

# What a cut costs against a part that is its ideal size off by all of it: a statement one level deeper costs as much
# as a part a third too short.
_LEVEL_COST = 0.35
_PARAGRAPH_LEVEL = 2
_INDENTED_PARAGRAPH_LEVEL = 3
_LINE_LEVEL = 5
# A part shorter than this share of the ideal is no choice unless a single line fills the rest.
_SHORTEST_SHARE = 0.35
_MAX_LEVEL = 4
# A model may count a long word as one token; a line of more characters than these has one token for every 16 at least.
_LONG_LINE = 400
_MOST_CHARACTERS_PER_TOKEN = 16

Range = tuple[int, int]


def lines_to_count(text: str) -> list[str]:
    """Return what `Lines` has counted of a text: its lines, those of over MAX_LINE_CHARACTERS cut, and an empty one."""
    texts = text.split("\n")
    if texts[-1]:
        texts.append("")
    if max(map(len, texts)) > MAX_LINE_CHARACTERS:
        texts = [line[:MAX_LINE_CHARACTERS] for line in texts]
    return texts


class Lines:
    """The lines of one file with the tokens of each, counted in one call. Line numbers are 1-based and inclusive.

    A line of more than MAX_LINE_CHARACTERS is cut to its first ones.
    """

    def __init__(self, counted: list[str], count_tokens: Callable[[Sequence[str]], list[int]]) -> None:
        """`counted` is what `lines_to_count` returns of the text."""
        # What a model adds to every text (its start and end marks) is no part of a line.
        counts = count_tokens(counted)
        self.texts = counted[:-1]
        self.is_blank = [not line or line.isspace() for line in self.texts]
        added = counts[-1]
        sizes = [count - added for count in counts[:-1]] if added else counts[:-1]
        if max(map(len, self.texts), default=0) > _LONG_LINE:
            least = (len(line) // _MOST_CHARACTERS_PER_TOKEN if len(line) > _LONG_LINE else 0 for line in self.texts)
            sizes = [max(pair) for pair in zip(sizes, least, strict=True)]
        self._sums = [0, *accumulate(sizes)]
        self.added_tokens = added

    def __len__(self) -> int:
        return len(self.texts)

    def tokens(self, start: int, end: int) -> int:
        """Return the tokens of the lines `start`..`end`."""
        return self._sums[end] - self._sums[start - 1]

    def content(self, start: int, end: int) -> str:
        """Return the lines `start`..`end` as one string, byte for byte where none is cut, without the last newline."""
        return "\n".join(self.texts[start - 1 : end])

    def furthest(self, start: int, max_tokens: int) -> int:
        """Return the last line that still fits with `start`; `start` itself at least."""
        return max(start, bisect_right(self._sums, self._sums[start - 1] + max_tokens) - 1)

    def row_before(self, row: int) -> int:
        """Return the line before `row` that is not blank, the first one where there is none."""
        row -= 1
        while row > 1 and self.is_blank[row - 1]:
            row -= 1
        return row

    def row_after(self, row: int) -> int:
        """Return the line after `row` that is not blank, the last one where there is none."""
        row += 1
        while row < len(self) and self.is_blank[row - 1]:
            row += 1
        return row

    def trimmed(self, start: int, end: int) -> Range | None:
        """Return the range without blank lines at its ends, None when nothing is left."""
        while start <= end and self.is_blank[start - 1]:
            start += 1
        while end >= start and self.is_blank[end - 1]:
            end -= 1
        return (start, end) if start <= end else None


def split_lines(lines: Lines, start: int, end: int, max_tokens: int, cuts: Mapping[int, int]) -> list[Range]:
    """Split a range into parts of at most `max_tokens`, in order, trimmed of blank edges, covering every other line.

    `cuts` maps a line to its level: a part may start there, better the lower the level. A line that is longer than
    `max_tokens` is a part of its own.
    """
    parts: list[Range] = []
    while (rest := lines.trimmed(start, end)) is not None:
        start, end = rest
        total = lines.tokens(start, end)
        if total <= max_tokens:
            parts.append((start, end))
            break
        limit = lines.furthest(start, max_tokens)
        ideal = total / -(-total // max_tokens)
        next_start = _best_cut(lines, start, min(limit, end), ideal, cuts)
        part = lines.trimmed(start, next_start - 1)
        if part is not None:
            parts.append(part)
        start = next_start
    return parts


def _best_cut(lines: Lines, start: int, limit: int, ideal: float, cuts: Mapping[int, int]) -> int:
    """Choose the line where the next part starts, in start+1..limit+1."""
    best, best_cost = limit + 1, float("inf")
    shortest, scale = ideal * _SHORTEST_SHARE, max(ideal, 1.0)
    for row in range(limit + 1, start, -1):
        size = lines.tokens(start, row - 1)
        if size < shortest and best_cost < float("inf"):
            break
        level = cuts.get(row, _LINE_LEVEL)
        if level > _PARAGRAPH_LEVEL:
            level = min(level, _blank_level(lines, row))
        cost = level * _LEVEL_COST + abs(size - ideal) / scale
        if cost < best_cost:
            best, best_cost = row, cost
    return best


def _blank_level(lines: Lines, row: int) -> int:
    if row < 2 or row > len(lines) or not lines.is_blank[row - 2]:
        return _LINE_LEVEL
    return _INDENTED_PARAGRAPH_LEVEL if lines.texts[row - 1][:1].isspace() else _PARAGRAPH_LEVEL


def find_cuts(lines: Lines, node: Node | LineNode, max_tokens: int, comments: frozenset[str]) -> dict[int, int]:
    """Return the lines where statements under a node start, with their depth; only what is too long is opened."""
    cuts: dict[int, int] = {}
    pending: list[tuple[Node | LineNode, int]] = [(node, 0)]
    last_line = len(lines)
    while pending:
        parent, level = pending.pop()
        previous_end, after_comment = -1, False
        # A node with one child (an expression around a function) adds no level of its own.
        children = parent.named_children
        child_level = level + (len(children) > 1)
        for child in children:
            row = child.start_point[0] + 1
            end = min(child.end_point[0] + 1, last_line)
            if row > last_line:
                break
            if row > previous_end and not (after_comment and row == previous_end + 1):
                cuts[row] = min(cuts.get(row, _LINE_LEVEL), level)
            after_comment, previous_end = child.type in comments, end
            if end > row and level < _MAX_LEVEL and lines.tokens(row, end) > max_tokens:
                pending.append((child, child_level))
    return cuts
