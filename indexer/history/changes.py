"""Which lines and symbols of an earlier tree a later commit changed: reads diffs, carries lines back, asks the chunks.

questions.py calls it for each question it chose.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from codesearch.core.types import Chunk
from indexer.source.git import Git

DIFF_OPTIONS = (
    "-p", "--unified=0", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules=all",
    "--src-prefix=a/", "--dst-prefix=b/",
)  # fmt: skip

_HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")

LineRange = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Hunk:
    """One change of a diff without context. A count of 0 means: nothing there, after the line `start`."""

    old_start: int
    old_count: int
    new_start: int
    new_count: int

    @property
    def next_old(self) -> int:
        """The first old line behind the change."""
        return self.old_start + (self.old_count or 1)

    @property
    def next_new(self) -> int:
        """The first new line behind the change."""
        return self.new_start + (self.new_count or 1)


@dataclass(frozen=True, slots=True)
class TouchedSymbol:
    """A definition that a commit changed. `ranges` are the lines that are its own, not those of one inside it."""

    path: str
    name: str
    ranges: tuple[LineRange, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What a commit changed in one file, in lines of the earlier tree, ascending.

    `lines` were replaced or removed; between each of `gaps` and the line after it something was inserted.
    """

    lines: tuple[int, ...]
    gaps: tuple[int, ...]


def read_diff(git: Git, old: str, new: str, paths: Sequence[str]) -> dict[str, list[Hunk]]:
    """Return path -> changes in line order between two commits, for these paths; none for a binary file."""
    return parse_diff(git.require("diff-tree", "-r", *DIFF_OPTIONS, old, new, "--", *paths))


def parse_diff(output: bytes) -> dict[str, list[Hunk]]:
    """Return path -> changes from a patch without context. A path that git had to quote is left out."""
    found: dict[str, list[Hunk]] = {}
    hunks: list[Hunk] | None = None
    to_skip, old_path = 0, b""
    for line in output.split(b"\n"):
        # A removed line `-- x` looks like a header: what belongs to a change is passed over by its count.
        if to_skip and line[:1] in (b"-", b"+"):
            to_skip -= 1
        elif line.startswith(b"--- "):
            old_path = line[4:]
        elif line.startswith(b"+++ "):
            named = old_path if line[4:].startswith(b"/dev/null") else line[4:]
            path = named.removesuffix(b"\t")
            hunks = [] if path.startswith(b'"') else found.setdefault(path[2:].decode("utf-8", "surrogateescape"), [])
        elif hunks is not None and (match := _HUNK.match(line)):
            old_start, old_count, new_start, new_count = (1 if part is None else int(part) for part in match.groups())
            hunks.append(Hunk(old_start, old_count, new_start, new_count))
            to_skip = old_count + new_count
    return found


def carry_back(changed: Iterable[Hunk], since: Sequence[Hunk]) -> Change:
    """Return a commit's changes in lines of the earlier tree.

    `changed` are its changes to the version before it; `since` lead from the earlier tree to that version. A line that
    took the place of others counts as those; one that was merely added since has no counterpart.
    """
    lines: set[int] = set()
    gaps: set[int] = set()
    for hunk in changed:
        if hunk.old_count:
            for line in range(hunk.old_start, hunk.next_old):
                lines.update(_earlier_lines(line, since))
        else:
            before = _earlier_lines(hunk.old_start, since) if hunk.old_start else range(0, 1)
            if before:
                gaps.add(before[-1])
    return Change(tuple(sorted(lines)), tuple(sorted(gaps)))


def _earlier_lines(line: int, since: Sequence[Hunk]) -> range:
    earlier = line
    for hunk in since:
        if line < hunk.new_start + (not hunk.new_count):
            break
        if hunk.new_count and line < hunk.next_new:
            return range(hunk.old_start, hunk.old_start + hunk.old_count)
        earlier = line - hunk.next_new + hunk.next_old
    return range(earlier, earlier + 1)


class SymbolLines:
    """Knows for one file of the earlier tree whose each line is: that of the innermost definition around it."""

    def __init__(self, chunks: Sequence[Chunk]) -> None:
        """Take all chunks of the file."""
        self._path = chunks[0].path if chunks else ""
        self._owners: dict[int, str] = {}
        # Widest first, so that what is inside overwrites what is around it.
        for chunk in sorted(chunks, key=lambda chunk: chunk.start_line - chunk.end_line):
            if chunk.symbol is not None:
                self._owners.update(dict.fromkeys(range(chunk.start_line, chunk.end_line + 1), chunk.symbol))

    def touched(self, change: Change) -> list[TouchedSymbol]:
        """Return the definitions that a change touched, in line order; an insertion between two touches neither."""
        names = [self._owners[line] for line in change.lines if line in self._owners]
        for line in change.gaps:
            owner = self._owners.get(line)
            if owner is not None and owner == self._owners.get(line + 1):
                names.append(owner)
        return [TouchedSymbol(self._path, name, self._ranges(name)) for name in dict.fromkeys(names)]

    def _ranges(self, name: str) -> tuple[LineRange, ...]:
        return to_ranges(line for line, owner in self._owners.items() if owner == name)


def to_ranges(lines: Iterable[int]) -> tuple[LineRange, ...]:
    """Return lines as ranges with both ends included, ascending."""
    ranges: list[LineRange] = []
    for line in sorted(set(lines)):
        if ranges and line == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], line)
        else:
            ranges.append((line, line))
    return tuple(ranges)


def changed_ranges(changes: Mapping[str, Change]) -> tuple[tuple[str, int, int], ...]:
    """Return (path, first line, last line) of all changes; for an insertion the lines on both sides of it."""
    return tuple(
        (path, start, end)
        for path, change in sorted(changes.items())
        for start, end in to_ranges([*change.lines, *(line for gap in change.gaps for line in (gap, gap + 1) if line)])
    )
