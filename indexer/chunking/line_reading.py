"""Finds definitions line by line, for languages that are read without a grammar. One pass, no looking back.

Stands beside `definitions.py`, which reads trees; the planner of chunks gets the same from both.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from indexer.chunking.definitions import Definition
from indexer.chunking.kinds import TYPE_KINDS
from indexer.chunking.languages.line_rules import Head, LineRules
from indexer.chunking.line_nodes import LineNode

_MAX_DEPTH = 6
_MAX_SIGNATURE_LENGTH = 300
_MAX_SIGNATURE_LINES = 12
_MAX_NAME_LENGTH = 200


@dataclass(slots=True)
class _Block:
    """A head whose end is not yet seen; `definition` is None for blocks without a name."""

    head: Head
    definition: Definition | None
    name: str
    indent: int


@lru_cache(maxsize=64)
def _compiled(rules: LineRules) -> re.Pattern[str]:
    return rules.compile()


def read_definitions(rules: LineRules, text: str) -> tuple[list[Definition], LineNode]:
    """Return the definitions of a text, ordered by (start line, widest first), and a node for all of it."""
    reader = _Reader(rules, text)
    return reader.read(), reader.root


class _Reader:
    def __init__(self, rules: LineRules, text: str) -> None:
        self._rules = rules
        self._text = text
        self._lines = text.split("\n")
        self._starts = [0, *accumulate(len(line) + 1 for line in self._lines)]
        self._stack: list[_Block] = []
        self._found: list[Definition] = []
        self._run = (0, -2)
        self.root = LineNode(0, (0, 0), (len(self._lines) - 1, 0))

    def read(self) -> list[Definition]:
        heads = self._rules.heads
        for found in _compiled(self._rules).finditer(self._text):
            group = found.lastgroup or ""
            if group in ("comment", "attached"):
                self._note_comment(found)
            elif group == "end":
                self._close(found)
            elif group != "text":
                number = group.removeprefix("head")
                self._open(heads[int(number)], number, found)
        self._pop_to(0, len(self._lines))
        self._found.sort(key=lambda one: (one.start_line, -one.end_line, one.node.start_byte))
        for one in self._found:
            if one.owner is not None:
                one.owner.members.append(one)
            self._link(one)
        return self._found

    def _link(self, one: Definition) -> None:
        """Give a definition's node its end and its place below the owner's."""
        owner = one.owner.node if one.owner is not None else self.root
        if isinstance(one.node, LineNode) and isinstance(owner, LineNode):
            one.node.end_point = (one.end_line - 1, len(self._lines[one.end_line - 1]))
            owner.named_children.append(one.node)

    def _row_of(self, offset: int) -> int:
        return bisect_right(self._starts, offset) - 1

    def _note_comment(self, found: re.Match[str]) -> None:
        """Keep the run of comments that ends here; one behind code on the same line belongs to that code."""
        first, last = self._row_of(found.start()), self._row_of(max(found.start(), found.end() - 1))
        if self._text[self._starts[first] : found.start()].strip():
            return
        self._run = (self._run[0] if first <= self._run[1] + 1 else first, last)

    def _open(self, head: Head, number: str, found: re.Match[str]) -> None:
        row = self._row_of(found.start() + len(found[0]) - len(found[0].lstrip()))
        if head.within is not None and all(block.head.key != head.within for block in self._stack):
            return
        if head.outside is not None and self._stack and self._stack[-1].head.key == head.outside:
            return
        groups = found.groupdict()
        name = " ".join((groups.get(f"name{number}") or "").split()).replace("::", ".")[:_MAX_NAME_LENGTH]
        last = self._stack[-1] if self._stack else None
        if head.continues and last is not None and last.head is head and last.name == name:
            return
        start = self._run[0] if self._run[0] <= row <= self._run[1] + 1 else row
        self._make_room(head, start)
        definition = None
        if name and len(self._stack) <= _MAX_DEPTH:
            scope = (groups.get(f"scope{number}") or "").strip()
            last_row = self._row_of(max(found.start(), found.end() - 1))
            definition = self._define(head, scope, name, start, row, last_row)
        if head.key is not None or head.rank is not None:
            indent = len(self._lines[row]) - len(self._lines[row].lstrip())
            self._stack.append(_Block(head, definition, name, indent))

    def _make_room(self, head: Head, row: int) -> None:
        """Close what cannot hold this head: its own rank and below, and what does not nest."""
        keep = len(self._stack)
        if head.rank is not None:
            while keep and (self._stack[keep - 1].head.rank or 0) >= head.rank:
                keep -= 1
        elif not head.nests:
            while keep and not self._stack[keep - 1].head.nests:
                keep -= 1
        self._pop_to(keep, row)

    def _define(self, head: Head, scope: str, name: str, start: int, row: int, last_row: int) -> Definition:
        owner = next((block.definition for block in reversed(self._stack) if block.definition is not None), None)
        kind = "method" if head.kind == "function" and owner is not None and owner.kind in TYPE_KINDS else head.kind
        qualifiers = [part for part in (owner.symbol if owner is not None else None, scope) if part]
        node = LineNode(self._starts[row], (row, 0), (last_row, 0))
        made = Definition(
            symbol=".".join([*qualifiers, name]),
            name=name,
            kind=kind,
            signature=self._signature(row, last_row),
            start_line=start + 1,
            end_line=last_row + 1,
            node=node,
            body=None,
            container=head.container,
            transparent=False,
            minor=head.minor,
            owner=owner,
            depth=owner.depth + 1 if owner is not None else 0,
        )
        self._found.append(made)
        return made

    def _signature(self, row: int, last_row: int) -> str:
        """Return the head's lines, and those after them while brackets are open."""
        taken: list[str] = []
        depth = 0
        for number, line in enumerate(self._lines[row : row + _MAX_SIGNATURE_LINES], row):
            taken.append(line[:_MAX_SIGNATURE_LENGTH])
            depth += line.count("(") - line.count(")")
            if depth <= 0 and number >= last_row:
                break
        return " ".join(" ".join(taken).split())[:_MAX_SIGNATURE_LENGTH].rstrip(" {=;")

    def _close(self, found: re.Match[str]) -> None:
        """Close the block that an end belongs to; one that belongs to none is left alone."""
        first = found.start() + len(found[0]) - len(found[0].lstrip())
        row = self._row_of(first)
        if self._rules.by_indentation:
            indent = first - self._starts[row]
            keep = len(self._stack)
            while keep and self._stack[keep - 1].indent > indent:
                keep -= 1
            self._pop_to(keep, row)
            if self._stack and self._stack[-1].indent == indent:
                self._finish(self._stack.pop(), row + 1)
            return
        what = "".join((found.groupdict().get("what") or "").split()).lower()
        for index in range(len(self._stack) - 1, -1, -1):
            if not what or self._stack[index].head.key == what:
                self._pop_to(index + 1, row)
                self._finish(self._stack.pop(), row + 1)
                return

    def _pop_to(self, keep: int, row: int) -> None:
        """Close the blocks above the first `keep` without their ends, before the 0-based `row`."""
        while len(self._stack) > keep:
            block = self._stack.pop()
            if block.head.nests or row == len(self._lines):
                self._finish(block, row)

    def _finish(self, block: _Block, end_line: int) -> None:
        if block.definition is None:
            return
        while end_line > block.definition.end_line and not self._lines[end_line - 1].strip():
            end_line -= 1
        block.definition.end_line = max(block.definition.end_line, end_line)
