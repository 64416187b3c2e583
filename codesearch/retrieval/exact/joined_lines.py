"""Lines that several services found, each in its own data sources, as if one had gone through all of them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from codesearch.retrieval.exact.lines import COUNTED_BEYOND, MAX_CHARACTERS, MAX_NAMES, FoundLines


def join_lines(parts: Sequence[tuple[Sequence[int], FoundLines]], max_lines: int) -> FoundLines:
    """Return what `find_lines` does of all data sources, given for each part the positions of its own, ascending.

    Each part was allowed as many lines as all are together: what comes first of all is among what comes first of each.
    """
    placed = [_place(*part) for part in parts]
    lines = sorted((line for part in placed for line in part.lines), key=lambda line: line.position)
    shown, characters = 0, 0
    while shown < len(lines) and shown < max_lines and characters < MAX_CHARACTERS:
        characters += lines[shown].shown_characters
        shown += 1
    more = len(lines) - shown + sum(part.more for part in placed)
    names = sorted((name for part in placed for name in part.names), key=lambda name: name.position)
    return FoundLines(
        tuple(lines[:shown]),
        min(more, COUNTED_BEYOND),
        all(part.is_whole for part in placed) and more <= COUNTED_BEYOND,
        tuple(names[:MAX_NAMES]),
        len(names[MAX_NAMES:]) + sum(part.more_names for part in placed),
        tuple(sorted((left for part in placed for left in part.left), key=lambda left: left.position)),
        any(part.has_begun for part in placed),
    )


def _place(positions: Sequence[int], found: FoundLines) -> FoundLines:
    """Return what was found with the positions that its data sources have among all."""
    return replace(
        found,
        lines=tuple(replace(line, position=positions[line.position]) for line in found.lines),
        names=tuple(replace(name, position=positions[name.position]) for name in found.names),
        left=tuple(replace(left, position=positions[left.position]) for left in found.left),
    )
