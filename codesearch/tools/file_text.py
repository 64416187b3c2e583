"""The lines of a file as its rows hold them. Pure.

Rows leave out blank lines between records, which come back empty, and what follows the last line with text. Of a
notebook they hold the sources of its cells alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from codesearch.core.index.search_index import SearchIndex
from codesearch.core.types import MAX_LINE_CHARACTERS, NOTEBOOK_LANGUAGE


@dataclass(frozen=True, slots=True)
class FileText:
    """A file's indexed text. `known` has the lines, 1-based, that some row covers; the rest is blank or not indexed.

    `last_line` is the last that is known. `is_notebook`: lines that no row covers are not blank.
    """

    path: str
    language: str | None
    known: Mapping[int, str]
    last_line: int
    is_notebook: bool

    def lines(self, start: int, end: int) -> list[str]:
        """Return the lines `start`..`end`, 1-based and inclusive, empty where none is known."""
        return [self.known.get(number, "") for number in range(start, end + 1)]

    def text(self) -> str:
        """Return the whole text, without the last line's end."""
        return "\n".join(self.lines(1, self.last_line))

    def cut_lines(self, start: int, end: int) -> list[int]:
        """Return those of the lines that are so long that they were cut when they were indexed."""
        return [n for n in range(start, end + 1) if len(self.known.get(n, "")) >= MAX_LINE_CHARACTERS]


def read_file_text(segment: SearchIndex, file: int) -> FileText:
    """Put the rows of a file together."""
    rows = segment.rows_of_file(file)
    known: dict[int, str] = {}
    language = next((name for row in rows if (name := segment.languages[segment.row_languages[row]])), None)
    for row in rows:
        first, last = int(segment.start_lines[row]), int(segment.end_lines[row])
        content = segment.content_of(row).decode("utf-8")
        lines = content.split("\n")
        if len(lines) == last - first + 1 and first < last:
            for number, line in enumerate(lines, first):
                if len(line) >= len(known.get(number, "")):
                    known[number] = line
        else:
            # A line alone, of a notebook perhaps one of several parts of it, or parts that stand on fewer lines.
            known[first] = _add_part(known.get(first), content)
    return FileText(segment.path_of(file), language, known, max(known, default=0), language == NOTEBOOK_LANGUAGE)


def _add_part(there: str | None, part: str) -> str:
    if there is None or there in part:
        return part
    return there if part in there else f"{there} {part}"
