"""Plans the chunks of a file with code inside: definitions as anywhere, what surrounds them as titled sections.

Stands where the planner of a file in one language does; the lines of every tree are the file's own.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace

from tree_sitter import Node

from indexer.chunking.definitions import Definition
from indexer.chunking.embedded.formats import Format
from indexer.chunking.embedded.parts import CodePart, block_rows, code_of
from indexer.chunking.languages.rules import Language
from indexer.chunking.languages.table import language_named
from indexer.chunking.line_nodes import LineNode
from indexer.chunking.pieces import Piece
from indexer.chunking.planning import Plan
from indexer.chunking.sections.finding import Section, find_sections
from indexer.chunking.splitting import Lines, Range

# Reads code: its definitions, and the root of what it was parsed to. None when that takes too long.
ReadCode = Callable[[Language, str], "tuple[list[Definition], Node | LineNode] | None"]


def plan_parts(
    form: Format, path: str, text: str, lines: Lines, budget: int, target_characters: int, read: ReadCode
) -> list[Piece] | None:
    """Return the pieces of a file in order; None for one without any definition, which needs no parts."""
    parts = form.parts(path, text)
    found, statements, language = _read_parts(parts, text, read)
    found.extend(form.find_definitions(text))
    if not found:
        return None
    found.sort(key=lambda one: (one.start_line, -one.end_line, one.node.start_byte))
    blocks = block_rows(text, parts)
    sections = _sections_around(form.sections, lines, blocks, target_characters)
    nodes = [_node_of_line(section.start_line) for section in sections]
    root = LineNode(0, (0, 0), (len(lines), 0), sorted([*nodes, *statements], key=lambda node: node.start_point))
    defined = {one.start_line for one in found}
    opened = (first for first, _ in blocks if lines.row_after(first) not in defined)
    starts = sorted({*opened, *(section.start_line for section in sections)})
    pieces = Plan(language, root, lines, budget, found, starts).pieces()
    return with_titles(pieces, sections)


def _read_parts(
    parts: Sequence[CodePart], text: str, read: ReadCode
) -> tuple[list[Definition], list[LineNode], Language]:
    """Read the parts of each language together; the language returned is the first one's."""
    found: list[Definition] = []
    statements: list[LineNode] = []
    languages = list(dict.fromkeys(part.language for part in parts))
    for name in languages:
        language = language_named(name)
        result = read(language, code_of(text, [part for part in parts if part.language == name]))
        if result is not None:
            found.extend(result[0])
            statements.extend(
                LineNode(node.start_byte, (node.start_point[0], 0), (node.end_point[0], 0), type=node.type)
                for node in result[1].named_children
            )
    return found, statements, language_named(languages[0] if languages else "javascript")


def _sections_around(rules: str, lines: Lines, blocks: Sequence[Range], target_characters: int) -> list[Section]:
    """Cut what lies between the blocks of code into sections, in order."""
    sections: list[Section] = []
    row = 1
    for first, last in [*blocks, (len(lines) + 1, len(lines) + 1)]:
        if first > row:
            around = "\n".join(lines.texts[row - 1 : first - 1])
            sections.extend(
                replace(one, start_line=one.start_line + row - 1, end_line=one.end_line + row - 1)
                for one in find_sections(rules, around, target_characters)
            )
        # What closes the code says nothing alone: it goes with what follows.
        row = max(row, last if last > first else last + 1)
    return sections


def _node_of_line(row: int) -> LineNode:
    return LineNode(0, (row - 1, 0), (row - 1, 0))


def with_titles(pieces: Sequence[Piece], sections: Sequence[Section]) -> list[Piece]:
    """Give pieces that define nothing the title of the section that they begin in; sections are in order."""
    starts = [section.start_line for section in sections]
    titled: list[Piece] = []
    for piece in pieces:
        index = bisect_right(starts, piece.start) - 1
        is_section = piece.definition is None and index >= 0 and sections[index].end_line >= piece.start
        titled.append(piece._replace(title=sections[index].title) if is_section else piece)
    return titled
