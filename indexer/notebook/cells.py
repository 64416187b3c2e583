"""Reads the cells of a notebook: each line of their sources with where it stands in the JSON text."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from json import loads

from indexer.notebook.strings import FoundString, Path, find_strings

_ESCAPE = re.compile(r"\\(.)")
_BEFORE = re.compile(r"\s*(?:\"(?:source|input)\"\s*:\s*)?\[?\s*")
_AFTER = re.compile(r"[\s,\]}]*")


@dataclass(frozen=True, slots=True)
class CellLine:
    """A line of a cell: what it says, its line in the file (1-based), its characters `start`..`end` in the JSON text.

    They are the whole line of the file unless other things share it.
    """

    text: str
    row: int
    start: int
    end: int


@dataclass(slots=True)
class Cell:
    """A cell: `kind` is `code`, `markdown` or `raw`; `language` is what the cell or the notebook says, lower case."""

    kind: str = ""
    language: str = ""
    lines: list[CellLine] = field(default_factory=list)


def read_cells(text: str) -> list[Cell] | None:
    """Return the cells with any source in order; None for a text that is no notebook."""
    cells: dict[Path, Cell] = {}
    language = ""
    starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]
    try:
        for found in find_strings(text):
            path = found.path
            depth = 4 if path[:1] == ("worksheets",) else 2
            if path[:1] == ("metadata",) and path[1:] in (("kernelspec", "language"), ("language_info", "name")):
                language = found.value.lower()
            elif len(path) > depth and path[depth - 2] == "cells":
                _read_string(cells.setdefault(path[:depth], Cell()), path[depth:], found, text, starts)
    except ValueError:
        return None
    for cell in cells.values():
        cell.language = cell.language or language or "python"
    return [cell for cell in cells.values() if any(line.text.strip() for line in cell.lines)] if cells else None


def _read_string(cell: Cell, path: Path, found: FoundString, text: str, starts: Sequence[int]) -> None:
    if path == ("cell_type",):
        cell.kind = found.value
    elif path == ("metadata", "vscode", "languageId") or path == ("language",):
        cell.language = found.value.lower()
    elif path[0] in ("source", "input"):
        cell.lines.extend(_lines_of(found, text, starts))


def _lines_of(found: FoundString, text: str, starts: Sequence[int]) -> Iterator[CellLine]:
    row = bisect_right(starts, found.start)
    parts = list(_split(text, found.start, found.end))
    first, last = starts[row - 1], starts[row] - 1
    is_alone = (
        len(parts) == 1
        and _BEFORE.fullmatch(text, first, found.start - 1)
        and _AFTER.fullmatch(text, found.end + 1, last)
    )
    for start, end in parts:
        said = str(loads(f'"{text[start:end]}"')).replace("\n", " ")
        # Half a surrogate pair may be escaped alone.
        said = said.encode("utf-8", "replace").decode("utf-8")
        yield CellLine(said, row, *((first, last) if is_alone else (start, end)))


def _split(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the parts of a string between its escaped line ends."""
    for found in _ESCAPE.finditer(text, start, end):
        if found[1] == "n":
            yield start, found.start()
            start = found.end()
    if start < end:
        yield start, end
