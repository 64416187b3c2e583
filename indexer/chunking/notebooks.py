"""Cuts a notebook into chunks, cell by cell: definitions of code cells, sections of Markdown cells, no outputs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from codesearch.core.types import MAX_LINE_CHARACTERS
from indexer.chunking.embedded.pieces import ReadCode
from indexer.chunking.languages.rules import Language
from indexer.chunking.languages.table import language_named
from indexer.chunking.pieces import Piece
from indexer.chunking.planning import Plan
from indexer.chunking.sections.finding import find_sections
from indexer.chunking.splitting import Lines, lines_to_count, split_lines
from indexer.notebook.cells import Cell, CellLine, read_cells

_NAMES = {
    "c++": "cpp", "c#": "csharp", "f#": "fsharp", "ipython": "python", "python3": "python", "ir": "r", "sh": "bash",
    "js": "javascript", "ts": "typescript", "pwsh": "powershell",
}  # fmt: skip
_CELL_MAGIC = re.compile(r"\s*%%(\w+)")
_OTHER_LANGUAGES = {
    "bash": "bash", "sh": "bash", "script": "bash", "javascript": "javascript", "js": "javascript", "perl": "perl",
    "ruby": "ruby", "r": "r", "sql": "sql", "html": "", "latex": "", "markdown": "", "svg": "", "writefile": "",
    "cython": "", "julia": "julia", "typescript": "typescript",
}  # fmt: skip
_MAGIC = re.compile(r"\s*(?:%|!|\?|\w[\w.]*\?{1,2}\s*$|[\w, ]+=\s*[!%])")


def plan_notebook(
    text: str, budget: int, target_characters: int, count_tokens: Callable[[Sequence[str]], list[int]], read: ReadCode
) -> list[tuple[Piece, str]] | None:
    """Return the pieces of a notebook, at the file's own lines, with their content; None for a text that is none.

    A piece without a definition has the heading above it as its title. Content is the file's lines; where a line holds
    more than one line of a cell, the part of it that is meant.
    """
    cells = read_cells(text)
    if cells is None:
        return None
    planned: list[tuple[Piece, str]] = []
    heading: str | None = None
    for cell in cells:
        lines = Lines(lines_to_count("\n".join(text[line.start : line.end] for line in cell.lines)), count_tokens)
        # A line that is blank in the cell is `"\\n",` in the file.
        lines.is_blank = [not line.text.strip() for line in cell.lines[: len(lines)]]
        if cell.kind == "code":
            pieces = _pieces_of_code(cell, lines, budget, read)
        else:
            pieces = list(_pieces_of_text(cell, lines, budget, target_characters))
        for piece in pieces:
            if piece.definition is None:
                heading = piece.title or heading
                piece = piece._replace(title=heading)
            planned.append(_place(piece, cell.lines, lines, text))
    # Words are taken from what was counted last, by the lines of the file: the cells without JSON's escapes.
    count_tokens(_texts_by_row(cells, text))
    return _without_repeats(planned)


def _texts_by_row(cells: Sequence[Cell], text: str) -> list[str]:
    rows = [""] * (text.count("\n") + 1)
    for line in (line for cell in cells for line in cell.lines):
        said = rows[line.row - 1]
        if len(said) < MAX_LINE_CHARACTERS:
            rows[line.row - 1] = (
                f"{said} {line.text}"[:MAX_LINE_CHARACTERS] if said else line.text[:MAX_LINE_CHARACTERS]
            )
    return rows


def _without_repeats(planned: Sequence[tuple[Piece, str]]) -> list[tuple[Piece, str]]:
    """Leave out what says the same on the same line of the file: cells that were copied, in a notebook of one line."""
    kept: dict[tuple[int, int, str | None, str], tuple[Piece, str]] = {}
    for piece, content in planned:
        symbol = piece.definition.symbol if piece.definition is not None else None
        kept.setdefault((piece.start, piece.end, symbol, content), (piece, content))
    return list(kept.values())


def _pieces_of_code(cell: Cell, lines: Lines, budget: int, read: ReadCode) -> list[Piece]:
    language, code = _code_of(cell)
    result = read(language, code) if language is not None else None
    if language is None or result is None:
        return [Piece(*part) for part in split_lines(lines, 1, len(lines), budget, {})]
    return Plan(language, result[1], lines, budget, result[0]).pieces()


def _code_of(cell: Cell) -> tuple[Language | None, str]:
    """Return the language of a code cell and its code, with empty lines for those that speak to the kernel."""
    texts = [line.text for line in cell.lines]
    name = _NAMES.get(cell.language, cell.language)
    first = next((number for number, said in enumerate(texts) if said.strip()), 0)
    if name == "python" and (magic := _CELL_MAGIC.match(texts[first])):
        name = _OTHER_LANGUAGES.get(magic[1].lower(), name)
        texts[first] = ""
    if name == "python":
        texts = ["" if _MAGIC.match(said) else said for said in texts]
    try:
        return language_named(name), "\n".join(texts)
    except KeyError:
        return None, ""


def _pieces_of_text(cell: Cell, lines: Lines, budget: int, target_characters: int) -> Iterator[Piece]:
    said = "\n".join(line.text for line in cell.lines)
    rules = "markdown" if cell.kind in ("markdown", "heading") else "text"
    for section in find_sections(rules, said, target_characters):
        for start, end in split_lines(lines, section.start_line, min(section.end_line, len(lines)), budget, {}):
            yield Piece(start, end, title=section.title)


def _place(piece: Piece, cell_lines: Sequence[CellLine], lines: Lines, text: str) -> tuple[Piece, str]:
    """Return a piece at the lines of the file, and its content."""
    first, last = cell_lines[piece.start - 1], cell_lines[piece.end - 1]
    if first.row == last.row:
        content = text[first.start : last.end][:MAX_LINE_CHARACTERS]
    else:
        content = lines.content(piece.start, piece.end)
    lines_of_symbol = piece.symbol_lines
    if lines_of_symbol is not None:
        lines_of_symbol = cell_lines[lines_of_symbol[0] - 1].row, cell_lines[lines_of_symbol[1] - 1].row
    return piece._replace(start=first.row, end=last.row, symbol_lines=lines_of_symbol), content
