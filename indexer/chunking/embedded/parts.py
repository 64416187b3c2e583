"""Code inside another file, and the text that is left of the file with nothing but code: its lines stay the file's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CodePart:
    """Code at the characters `start`..`end` of a file, `end` exclusive, in the language of that table.

    `block_start`..`block_end` is what stands by itself, the tag or fence around the code included; both -1 for code
    that is woven into the text around it. `before` and `after` make it whole for its grammar.
    """

    language: str
    start: int
    end: int
    block_start: int = -1
    block_end: int = -1
    before: str = ""
    after: str = ""


def code_of(text: str, parts: Iterable[CodePart]) -> str:
    """Return the code of these parts, which are in order, each on the lines that it has in the file."""
    pieces: list[str] = []
    position = 0
    for part in parts:
        pieces.append("\n" * text.count("\n", position, part.start))
        pieces.append(part.before)
        pieces.append(text[part.start : part.end])
        pieces.append(part.after)
        position = part.end
    return "".join(pieces)


def block_rows(text: str, parts: Iterable[CodePart]) -> list[tuple[int, int]]:
    """Return the first and last line, 1-based, of each part that is a block, in order and without overlaps."""
    rows: list[tuple[int, int]] = []
    position, row = 0, 1
    for part in parts:
        if part.block_start < position:
            continue
        row += text.count("\n", position, part.block_start)
        first = row
        row += text.count("\n", part.block_start, part.block_end)
        position = part.block_end
        if rows and rows[-1][1] >= first:
            rows[-1] = (rows[-1][0], row)
        else:
            rows.append((first, row))
    return rows


def without_overlaps(parts: Iterable[CodePart]) -> Sequence[CodePart]:
    """Return the parts in order of their start, without those that begin inside another one."""
    kept: list[CodePart] = []
    for part in sorted(parts, key=lambda each: (each.start, -each.end)):
        if not kept or part.start >= kept[-1].end:
            kept.append(part)
    return kept
