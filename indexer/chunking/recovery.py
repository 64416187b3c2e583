"""Finds definitions that a broken tree swallowed: lines that read like a head are parsed once more on their own.

Called for trees with errors, between finding definitions and planning chunks.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate, islice

from tree_sitter import Node

from indexer.chunking.definitions import Definition, find_definitions
from indexer.chunking.kinds import TYPE_KINDS
from indexer.chunking.languages.rules import Language
from indexer.chunking.parsing import SourceParser

# `export async function retry`, `pub fn retry`, `func (c *Client) Retry`, `public final class Client`.
_HEAD = re.compile(
    rb"^([ \t]*)(?:[A-Za-z_][\w()]*[ \t]+){0,5}?"
    rb"(?:def|class|func|fn|fun|function\*?|interface|trait|struct|enum|module|record|protocol)[ \t]+"
    rb"(?:\([^()\n]*\)[ \t]*)?(?:self\.)?([A-Za-z_]\w*)",
    re.MULTILINE,
)
# A file so broken that this many heads are lost is not worth more time.
_MAX_ATTEMPTS = 40
_TEXT_TYPES = ("comment", "string", "heredoc", "text", "template")


def recover_definitions(
    language: Language, parser: SourceParser, source: bytes, root: Node, found: list[Definition]
) -> list[Definition]:
    """Return `found` with the definitions that `root` lost to its errors, in order of (start line, widest first)."""
    heads = list(_HEAD.finditer(source))
    if not heads:
        return found
    known = _Spans(found)
    newlines = [0, *accumulate(len(line) + 1 for line in source.split(b"\n"))]
    recovered: list[Definition] = []
    attempts = 0
    for index, head in enumerate(heads):
        row = bisect_right(newlines, head.start(2)) - 1
        name = head.group(2).decode("ascii")
        if known.covers(name, row + 1) or _is_text(root, head.end(1)):
            continue
        attempts += 1
        if attempts > _MAX_ATTEMPTS:
            break
        indent = len(head.group(1))
        later = (other.start() for other in islice(heads, index + 1, None) if len(other.group(1)) <= indent)
        more = _parse_alone(language, parser, source, (head.end(1), next(later, len(source))), row, name, found)
        recovered.extend(more)
        known.add(more)
    return sorted([*found, *recovered], key=lambda one: (one.start_line, -one.end_line, one.node.start_byte))


class _Spans:
    """Which lines the definitions of each name take."""

    def __init__(self, definitions: Iterable[Definition]) -> None:
        self._spans: dict[str, list[tuple[int, int]]] = {}
        # Of each name: the first lines in order, and for each the last line of all spans that begin there or before.
        self._searched: dict[str, tuple[list[int], list[int]]] = {}
        self.add(definitions)

    def add(self, definitions: Iterable[Definition]) -> None:
        for one in definitions:
            self._spans.setdefault(one.name, []).append((one.start_line, one.end_line))
            self._searched.pop(one.name, None)

    def covers(self, name: str, line: int) -> bool:
        if name not in self._spans:
            return False
        if name not in self._searched:
            spans = sorted(self._spans[name])
            self._searched[name] = [start for start, _ in spans], list(accumulate((end for _, end in spans), max))
        starts, ends = self._searched[name]
        index = bisect_right(starts, line) - 1
        return index >= 0 and ends[index] >= line


def _is_text(root: Node, offset: int) -> bool:
    node = root.named_descendant_for_byte_range(offset, offset + 1)
    return node is not None and any(part in node.type for part in _TEXT_TYPES)


def _parse_alone(
    language: Language,
    parser: SourceParser,
    source: bytes,
    span: tuple[int, int],
    row: int,
    name: str,
    found: list[Definition],
) -> list[Definition]:
    """Parse a span by itself; return what it defines when its first line defines `name`."""
    tree = parser.parse_span(language, source, *span)
    if tree is None:
        return []
    inside = find_definitions(language, tree.root_node, source)
    if not any(one.name == name and one.start_line == row + 1 and one.body is not None for one in inside):
        return []
    column = span[0] - (source.rfind(b"\n", 0, span[0]) + 1)
    owner = _owner_of(found, row, column)
    for one in inside:
        if owner is not None:
            one.symbol = f"{owner.symbol}.{one.symbol}"
            if one.owner is None:
                one.owner = owner
                one.kind = "method" if one.kind == "function" and owner.kind in TYPE_KINDS else one.kind
                owner.members.append(one)
    return inside


def _owner_of(found: list[Definition], row: int, column: int) -> Definition | None:
    """Return the innermost container around a line that starts further left than the line's own text."""
    around = [
        one
        for one in found
        if one.container and one.start_line <= row and row + 1 <= one.end_line and one.node.start_point[1] < column
    ]
    return max(around, key=lambda one: one.start_line, default=None)
