"""Plans the chunks of one parsed file: which lines belong to which definition, what lies between, what is too slight.

Between finding definitions and making chunks. Every non-blank line is in some piece.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from tree_sitter import Node

from indexer.chunking.definitions import Definition
from indexer.chunking.kinds import DATA_KINDS
from indexer.chunking.languages.rules import Language
from indexer.chunking.line_nodes import LineNode
from indexer.chunking.pieces import Piece, order_of, place_pieces
from indexer.chunking.splitting import Lines, Range, find_cuts, split_lines

# A field, an accessor or a bare prototype up to this many lines stays in its owner's lines.
_MINOR_LINES = 3
_PROTOTYPE_LINES = 2
# A function most of whose lines are nested definitions (a factory, a test suite) is chunked like a class.
_CONTAINER_SHARE = 0.5
_CONTAINER_KINDS = frozenset({"test", "namespace", "module"})
# Definitions on one and the same line (minified code) beyond this many add no chunk.
_MAX_PER_LINE = 8
_MAX_OUTLINE = 2000
# Lines that only close what stands above them, or only divide or open what follows.
_CLOSES = (
    r"[\]})][\]}),;\s]*(?:(?://|/\*|#|--).*)?|end[;,.)]*(?:\s*(?:--|#).*)?|fi|done|esac|#\s*(?:endif|else|elif)\b.*"
)
_OPENS = (
    r"(?:public|private|protected|signals|slots)\b[\w\s]*:|\{|[\w\s]{0,40}\(|private|protected|#\s*if(?:n?def)?\b.*"
)
_CLOSER = re.compile(rf"\s*(?:{_CLOSES})\s*")
_SLIGHT = re.compile(rf"\s*(?:{_CLOSES}|{_OPENS})\s*")
_MAX_SLIGHT_LINES = 4


class Plan:
    """Decides which lines of one parsed file become chunks of which definition.

    What lies between definitions is cut before each of `breaks`, lines in order, whatever its size.
    """

    def __init__(
        self,
        language: Language,
        root: Node | LineNode,
        lines: Lines,
        budget: int,
        found: list[Definition],
        breaks: Sequence[int] = (),
    ) -> None:
        self._language = language
        self._root = root
        self._lines = lines
        self._budget = budget
        self._breaks = breaks
        self._found = [definition for definition in found if definition.start_line <= len(lines)]
        for definition in self._found:
            definition.end_line = min(definition.end_line, len(lines))

    def pieces(self) -> list[Piece]:
        chunked = self._drop_crowded([one for one in self._found if not _stays_with_owner(one)])
        keys = {id(one) for one in chunked}
        pieces: list[Piece] = []
        for definition in chunked:
            members = _chunked_members(definition, keys)
            pieces.extend(self._pieces_of(definition, members))
        gaps = _outside(1, len(self._lines), [(one.start_line, one.end_line) for one in chunked])
        pieces.sort(key=order_of)
        return self._add_gaps(pieces, _cut_before(self._breaks, gaps) if self._breaks else gaps)

    def _drop_crowded(self, definitions: list[Definition]) -> list[Definition]:
        kept: list[Definition] = []
        on_line: dict[int, int] = {}
        for definition in definitions:
            if definition.depth and self._is_dense(definition):
                continue
            if definition.start_line == definition.end_line:
                count = on_line[definition.start_line] = on_line.get(definition.start_line, 0) + 1
                if count > _MAX_PER_LINE:
                    continue
            kept.append(definition)
        return kept

    def _is_dense(self, definition: Definition) -> bool:
        """Say whether the lines are so long (minified code) that nested definitions would only repeat them."""
        length = definition.end_line - definition.start_line + 1
        tokens = self._lines.tokens(definition.start_line, definition.end_line)
        return tokens > self._budget and tokens > length * self._budget / 2

    def _pieces_of(self, definition: Definition, members: list[Definition]) -> list[Piece]:
        start, end = definition.start_line, definition.end_line
        fits = self._lines.tokens(start, end) <= self._budget
        if fits and not (definition.transparent and members):
            whole = self._lines.trimmed(start, end)
            return [Piece(*whole, definition)] if whole is not None else []
        if members and self._is_container(definition, members):
            return self._pieces_around(definition, members)
        return [Piece(*part, definition) for part in self._split(start, end, definition)]

    def _is_container(self, definition: Definition, members: list[Definition]) -> bool:
        if definition.container or definition.kind in _CONTAINER_KINDS:
            return True
        inner = sum(member.end_line - member.start_line + 1 for member in members)
        return inner >= _CONTAINER_SHARE * (definition.end_line - definition.start_line + 1)

    def _pieces_around(self, definition: Definition, members: list[Definition]) -> list[Piece]:
        """Chunk the lines of a container that belong to no member; the first carries the members' signatures."""
        outline = "\n".join(member.signature for member in members)[:_MAX_OUTLINE]
        inside = [(member.start_line, member.end_line) for member in members]
        pieces: list[Piece] = []
        for gap in _outside(definition.start_line, definition.end_line, inside):
            for part in self._split(*gap, definition):
                pieces.append(Piece(*part, definition, None if pieces else outline))
        return pieces

    def _split(self, start: int, end: int, definition: Definition | None) -> list[Range]:
        if self._lines.tokens(start, end) <= self._budget:
            trimmed = self._lines.trimmed(start, end)
            return [trimmed] if trimmed is not None else []
        node: Node | LineNode = definition.node if definition is not None else self._root
        if definition is not None and definition.body is not None:
            node = definition.body
        cuts = find_cuts(self._lines, node, self._budget, self._language.comments)
        return split_lines(self._lines, start, end, self._budget, cuts)

    def _add_gaps(self, pieces: list[Piece], gaps: Iterable[Range]) -> list[Piece]:
        """Add what lies between definitions, then give lines that only close or divide to a neighbour."""
        everything = list(pieces)
        for gap in gaps:
            everything.extend(Piece(*part) for part in self._split(*gap, None))
        everything.sort(key=order_of)
        return place_pieces(_merge_slight(everything, self._lines, self._budget), self._lines, self._budget)


def _cut_before(breaks: Sequence[int], gaps: Iterable[Range]) -> list[Range]:
    """Cut ranges, which are in order, before the lines `breaks`."""
    cut: list[Range] = []
    for start, end in gaps:
        inside = breaks[bisect_right(breaks, start) : bisect_right(breaks, end)]
        cut.extend(zip((start, *inside), (*(row - 1 for row in inside), end), strict=True))
    return cut


def _merge_slight(pieces: list[Piece], lines: Lines, budget: int) -> list[Piece]:
    """Join pieces that hold nothing but closing lines or dividers to the piece before or after them.

    What stays alone when no neighbour has room for it. The first piece of a definition stands for it, however slight.
    """
    merged = list(pieces)
    gone: set[int] = set()
    by_start = {piece.start: index for index, piece in reversed(list(enumerate(pieces)))}
    by_end: dict[int, int] = {}
    for index, piece in enumerate(pieces):
        by_end.setdefault(piece.end, index)
    for index in range(len(pieces)):
        # As it is by now: it may have taken in an earlier one.
        piece = merged[index]
        if piece.definition is not None and piece.start == piece.definition.start_line:
            continue
        texts = [text for text in lines.texts[piece.start - 1 : piece.end] if text and not text.isspace()]
        if len(texts) > _MAX_SLIGHT_LINES or not all(_SLIGHT.fullmatch(text) for text in texts):
            continue
        before, after = lines.row_before(piece.start), lines.row_after(piece.end)
        closes = _CLOSER.fullmatch(texts[0]) is not None
        for neighbour in (by_end.get(before), by_start.get(after)) if closes else (by_start.get(after),):
            if neighbour is None or neighbour in gone:
                continue
            start = min(merged[neighbour].start, piece.start)
            end = max(merged[neighbour].end, piece.end)
            if lines.tokens(start, end) <= budget:
                merged[neighbour] = merged[neighbour]._replace(start=start, end=end)
                by_end.setdefault(end, neighbour)
                gone.add(index)
                break
    return sorted((piece for index, piece in enumerate(merged) if index not in gone), key=order_of)


def _stays_with_owner(definition: Definition) -> bool:
    """Say whether a definition is too slight for a chunk of its own: a field, an accessor, a bare prototype."""
    length = definition.end_line - definition.start_line + 1
    if definition.kind == "prototype":
        return length <= _PROTOTYPE_LINES
    if not definition.minor or length > _MINOR_LINES:
        return False
    owner = definition.owner
    while owner is not None and owner.transparent:
        owner = owner.owner
    return owner is not None and (definition.owner is owner or definition.kind not in DATA_KINDS)


def _chunked_members(definition: Definition, keys: set[int]) -> list[Definition]:
    """Return the members with chunks of their own, in order, those of members without one included."""
    members: list[Definition] = []
    pending = list(reversed(definition.members))
    while pending:
        member = pending.pop()
        if id(member) in keys:
            members.append(member)
        else:
            pending.extend(reversed(member.members))
    return members


def _outside(start: int, end: int, inside: Iterable[Range]) -> list[Range]:
    """Return the ranges of `start`..`end` that none of the given ranges covers, in order."""
    gaps: list[Range] = []
    row = start
    for first, last in sorted(inside):
        if first > row:
            gaps.append((row, min(first - 1, end)))
        row = max(row, last + 1)
    if row <= end:
        gaps.append((row, end))
    return [gap for gap in gaps if gap[0] <= gap[1]]
