"""From marks to sections: the rules say where something begins, this module decides what belongs together.

Called by `find_sections` with the marks of one file. A section reaches from its mark to the line before the next one,
so sections are disjoint, ordered and cover every non-blank line whatever the rules found.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

TITLE_CHARS = 160
TITLE_NAMES = 3


@dataclass(frozen=True, slots=True)
class Section:
    """Consecutive lines that belong together: `start_line`..`end_line`, 1-based and inclusive.

    `title` is the heading's breadcrumb, the key's path or the definition's name. `kind` is set for definitions only.
    """

    start_line: int
    end_line: int
    title: str | None
    kind: str | None


@dataclass(frozen=True, slots=True)
class Mark:
    """A line (0-based) where something begins; a higher `level` lies deeper. A mark with a kind is never merged."""

    line: int
    level: int
    name: str | None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class _Unit:
    """A mark with the lines that it takes (`start`..`end`, 0-based, end exclusive) and the names above it."""

    start: int
    end: int
    level: int
    path: tuple[str, ...]
    kind: str | None
    named: bool


def clean_name(text: str) -> str | None:
    """Squeeze white space out of a title and cut it; None when nothing is left."""
    return " ".join(text[: 4 * TITLE_CHARS].split())[:TITLE_CHARS] or None


def group_marks(
    lines: Sequence[str], marks: Iterable[Mark], *, target_chars: int, separator: str, comment: tuple[str, ...]
) -> list[Section]:
    """Turn the marks of a file into sections of about `target_chars` characters.

    What fits is one section with everything below it; what does not is opened, level by level. Small neighbours are
    merged. `separator` joins the names of a path. Lines that start with one of `comment` go with what follows them.
    """
    ordered = _settle(lines, marks, comment)
    sizes = [0, *accumulate(len(line) + 1 for line in lines)]
    units = _open(ordered, len(lines), sizes, target_chars)
    sections = []
    for group in _merge(units, sizes, target_chars):
        start, end = group[0].start, group[-1].end
        while start < end and not lines[start].strip():
            start += 1
        while end > start and not lines[end - 1].strip():
            end -= 1
        if start < end:
            sections.append(Section(start + 1, end, _title(group, separator), group[0].kind))
    return sections


def _settle(lines: Sequence[str], marks: Iterable[Mark], comment: tuple[str, ...]) -> list[Mark]:
    """Return the marks in order, one per line, moved up over their comments, the first at the first non-blank line."""
    settled: list[Mark] = []
    previous = -1
    for mark in sorted(marks, key=lambda each: each.line):
        if mark.line <= previous or mark.line >= len(lines):
            continue
        line, previous_line = mark.line, settled[-1].line if settled else -1
        while line - 1 > previous_line and lines[line - 1].lstrip().startswith(comment):
            line -= 1
        settled.append(Mark(line, mark.level, mark.name, mark.kind))
        previous = mark.line
    first = next((number for number, line in enumerate(lines) if line.strip()), None)
    if first is not None and (not settled or settled[0].line > first):
        settled.insert(0, Mark(first, settled[0].level if settled else 0, None))
    return settled


def _open(marks: list[Mark], line_count: int, sizes: list[int], target_chars: int) -> list[_Unit]:
    """Return the units: whole subtrees that fit, and of those that do not their own lines, then their children."""
    ends = [line_count] * len(marks)
    after = [len(marks)] * len(marks)
    parents = [-1] * len(marks)
    above: list[int] = []
    for index, mark in enumerate(marks):
        while above and marks[above[-1]].level >= mark.level:
            closed = above.pop()
            ends[closed], after[closed] = mark.line, index
        parents[index] = above[-1] if above else -1
        above.append(index)
    units = []
    index = 0
    while index < len(marks):
        mark = marks[index]
        whole = mark.kind is not None or sizes[ends[index]] - sizes[mark.line] <= target_chars
        following = after[index] if whole else index + 1
        end = marks[following].line if following < len(marks) else line_count
        path = _path(marks, parents, index)
        units.append(_Unit(mark.line, end, mark.level, path, mark.kind, mark.name is not None))
        index = following
    return units


def _path(marks: list[Mark], parents: list[int], index: int) -> tuple[str, ...]:
    names: list[str] = []
    # Titles are cut anyway: eight names are more than anyone reads, and keep pathological nesting cheap.
    while index >= 0 and len(names) < 8:
        name = marks[index].name
        if name is not None:
            names.append(name)
        index = parents[index]
    return tuple(reversed(names))


def _merge(units: list[_Unit], sizes: list[int], target_chars: int) -> list[list[_Unit]]:
    """Put small neighbours together: siblings and children with their head while they fit, crumbs with anything."""
    crumb = target_chars // 8
    groups: list[list[_Unit]] = []
    for unit in units:
        group = groups[-1] if groups else None
        if group is None or group[0].kind is not None or unit.kind is not None:
            groups.append([unit])
            continue
        size = sizes[group[-1].end] - sizes[group[0].start]
        added = sizes[unit.end] - sizes[unit.start]
        related = unit.level >= group[0].level
        fits = size + added <= target_chars and (related or min(size, added) <= crumb)
        # A head of a line or two says nothing alone, however large its first child is.
        if fits or (size <= crumb and unit.level > group[-1].level):
            group.append(unit)
        else:
            groups.append([unit])
    return groups


def _title(group: list[_Unit], separator: str) -> str | None:
    named = [unit for unit in group if unit.named]
    if not named:
        return separator.join(group[0].path)[:TITLE_CHARS] or None
    first = named[0].path
    depth = len(first)
    if len(named) == 1 or all(unit.path[:depth] == first for unit in named):
        # A head that was opened and merged with its only child is better named by the child.
        only_child = len(group) == 2 and len(named) == 2
        return separator.join(named[-1].path if only_child else first)[:TITLE_CHARS]
    names = list(dict.fromkeys(unit.path[-1] for unit in named))
    siblings = all(len(unit.path) >= depth and unit.path[: depth - 1] == first[:-1] for unit in named)
    head = [*first[:-1], ""] if siblings else [""]
    more = ", ..." if len(names) > TITLE_NAMES else ""
    return (separator.join(head) + ", ".join(names[:TITLE_NAMES]) + more)[:TITLE_CHARS]
