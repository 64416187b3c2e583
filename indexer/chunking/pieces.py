"""Piece: lines that become one chunk. Pieces of one definition know where they belong and leave no line between them.

Between planning and making chunks. Pure.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple

from indexer.chunking.definitions import Definition
from indexer.chunking.splitting import Lines, Range


class Piece(NamedTuple):
    """Lines that become one chunk; `definition` is what they define or belong to, `title` the section that they are.

    `symbol_lines` and `holds_head` are those of the chunk: where it belongs when it is not the whole definition.
    """

    start: int
    end: int
    definition: Definition | None = None
    outline: str | None = None
    title: str | None = None
    symbol_lines: Range | None = None
    holds_head: bool = True


def order_of(piece: Piece) -> tuple[int, int, int]:
    """Return what pieces are sorted by: start line, widest first, and where the definition starts."""
    return (piece.start, -piece.end, piece.definition.node.start_byte if piece.definition is not None else 0)


def place_pieces(pieces: Sequence[Piece], lines: Lines, budget: int) -> list[Piece]:
    """Return pieces, which are in order, with where they belong and blank lines up to the definition's next piece.

    So pieces of one definition that follow one another are, joined, the file's own lines.
    """
    ranges = close_gaps([(piece.start, piece.end) for piece in pieces], map(_owner_of, pieces), lines, budget)
    placed = [
        _place_in_definition(piece._replace(end=end) if end > piece.end else piece, lines)
        for piece, (_, end) in zip(pieces, ranges, strict=True)
    ]
    placed.sort(key=order_of)
    return placed


def close_gaps(ranges: Sequence[Range], owners: Iterable[Hashable], lines: Lines, budget: int) -> list[Range]:
    """Return ranges, which are in order, each with the blank lines up to the next one of the same owner.

    A range keeps its end where other lines lie between, where it would pass the budget, and where its owner is None.
    """
    closed = list(ranges)
    last: dict[Hashable, int] = {}
    for index, ((start, _), owner) in enumerate(zip(ranges, owners, strict=True)):
        if owner is None:
            continue
        before = last.get(owner)
        last[owner] = index
        if before is not None:
            first, end = closed[before]
            if lines.trimmed(end + 1, start - 1) is None and lines.tokens(first, start - 1) <= budget:
                closed[before] = first, max(end, start - 1)
    return closed


def _owner_of(piece: Piece) -> Hashable:
    return id(piece.definition) if piece.definition is not None else None


def _place_in_definition(piece: Piece, lines: Lines) -> Piece:
    """Say where a piece belongs that is not all of its definition."""
    definition = piece.definition
    whole = lines.trimmed(definition.start_line, definition.end_line) if definition is not None else None
    if definition is None or whole is None or (piece.start <= whole[0] and whole[1] <= piece.end):
        return piece
    head = definition.node.start_point[0] + 1
    return piece._replace(symbol_lines=whole, holds_head=piece.start <= head <= piece.end)
