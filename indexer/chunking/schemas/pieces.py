"""Plans the chunks of a schema file: definitions as in code, what lies between them as titled sections."""

from __future__ import annotations

from collections.abc import Sequence

from tree_sitter import Node

from indexer.chunking.definitions import Definition
from indexer.chunking.embedded.pieces import with_titles
from indexer.chunking.pieces import Piece
from indexer.chunking.planning import Plan
from indexer.chunking.schemas.finding import SYNTAXES, Schema
from indexer.chunking.sections.finding import Section, find_sections
from indexer.chunking.splitting import Lines

_MAX_OUTLINE = 2000


def plan_schema(
    schema: Schema, syntax: str, root: Node, text: str, lines: Lines, budget: int, target_characters: int
) -> list[Piece]:
    """Return the pieces of a schema file in order.

    A document that is too long for one chunk is a symbol where it begins: its first section, with the signatures of all
    that it defines.
    """
    long = [one for one in schema.documents if lines.tokens(one.start_line, min(one.end_line, len(lines))) > budget]
    is_covered = any(one.start_line == 1 and one.end_line >= len(lines) for one in schema.documents)
    sections = find_sections(syntax, text, target_characters) if long or not is_covered else []
    for document in long:
        document.end_line = _end_of_head(document, sections)
    starts = [section.start_line for section in sections]
    pieces = Plan(SYNTAXES[syntax], root, lines, budget, schema.definitions, starts).pieces()
    return with_titles([_with_outline(piece, long) for piece in pieces], sections)


def _end_of_head(document: Definition, sections: Sequence[Section]) -> int:
    """Return the last line of a document's first section that is no other definition's."""
    first = next((one for one in sections if one.end_line >= document.start_line), None)
    end = first.end_line if first is not None else document.end_line
    below = min((member.start_line for member in document.members), default=end + 1)
    return max(document.start_line, min(end, below - 1))


def _with_outline(piece: Piece, long: Sequence[Definition]) -> Piece:
    definition = piece.definition
    if definition is None or definition not in long or piece.start > definition.start_line:
        return piece
    return piece._replace(outline="\n".join(one.signature for one in definition.members)[:_MAX_OUTLINE] or None)
