"""Finds the definitions in a syntax tree by a language's table: symbol, kind, signature, lines."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tree_sitter import Node

from indexer.chunking.comments import last_line_of, start_with_comments, tail_comments
from indexer.chunking.kinds import DATA_KINDS, TYPE_KINDS
from indexer.chunking.languages.rules import Language, Rule
from indexer.chunking.line_nodes import LineNode
from indexer.chunking.nested_nodes import find_nested_nodes

# Functions inside functions: each level repeats its lines in one more chunk.
_MAX_DEPTH = 6
_MAX_NAME_LENGTH = 200
# A qualified name is repeated in each definition below: thousands of levels would be millions of words.
_MAX_QUALIFIERS = 32
_MAX_SIGNATURE_LENGTH = 300
# Bytes read for a signature before whitespace is collapsed.
_SIGNATURE_BYTES = 1200


@dataclass(slots=True, eq=False)
class Definition:
    """One definition: lines are 1-based and inclusive and take in what belongs to it (comments, decorators, wrappers).

    `symbol` is qualified by the owners' names. `body` holds the members or statements. `owner` is the definition around
    it. The finder widens `start_line` and `end_line` while it meets wrappers and continuing clauses.
    """

    symbol: str
    name: str
    kind: str
    signature: str
    start_line: int
    end_line: int
    node: Node | LineNode
    body: Node | None
    container: bool
    transparent: bool
    minor: bool
    owner: Definition | None
    depth: int
    members: list[Definition] = field(default_factory=list)


def find_definitions(language: Language, root: Node, source: bytes | None = None) -> list[Definition]:
    """Return the definitions under `root`, ordered by (start line, widest first).

    `source` is the bytes that were parsed. Nodes that the parser marked as errors are searched like any other.
    """
    text = source if source is not None else (root.text or b"")
    return _Finder(language, root, text).find()


@dataclass(slots=True)
class _Block:
    """Siblings still to be read: members of `owner`. A comment run just above reaches the first of them."""

    node: Node
    owner: Definition | None
    run_start: int = 0
    run_end: int = -1


class _Finder:
    def __init__(self, language: Language, root: Node, source: bytes) -> None:
        self._language = language
        self._root = root
        self._source = source
        self._found: list[Definition] = []
        self._blocks: list[_Block] = [_Block(root, None)]
        self._insides: list[tuple[Node, Definition | None]] = []
        self._nested: Sequence[Node] = ()
        self._nested_starts: list[int] = []

    def find(self) -> list[Definition]:
        self._nested = find_nested_nodes(self._language, self._root)
        self._nested_starts = [node.start_byte for node in self._nested]
        if any(first > second for first, second in pairwise(self._nested_starts)):
            self._nested = sorted(self._nested, key=lambda node: (node.start_byte, -node.end_byte))
            self._nested_starts = [node.start_byte for node in self._nested]
        while self._blocks or self._insides:
            if self._blocks:
                self._read_block(self._blocks.pop())
            else:
                self._read_inside(*self._insides.pop())
        self._found.sort(key=lambda found: (found.start_line, -found.end_line, found.node.start_byte))
        for found in self._found:
            if found.owner is not None:
                found.owner.members.append(found)
        return self._found

    def _read_block(self, block: _Block) -> None:
        """Read the children of one node in order, giving each definition the comments directly above it."""
        language = self._language
        rules, comments, attached, is_attached = (
            language.rules,
            language.comments,
            language.attached,
            language.is_attached,
        )
        run_start, run_end = block.run_start, block.run_end
        code_end = -1
        tail: tuple[int, Definition | None] = (-1, None)
        last: Definition | None = None
        last_node: Node | None = None
        for child in block.node.named_children:
            kind = child.type
            row = child.start_point[0]
            if kind in comments or kind in attached or (is_attached is not None and is_attached(child)):
                if row > run_end + 1 or run_end < 0:
                    # A comment behind code on the same line belongs to that code.
                    run_start = row if row > code_end else row + 1
                run_end = last_line_of(child) - 1
                continue
            start = run_start if run_start <= row <= run_end + 1 else row
            tail_start, tail_owner = tail
            if tail_owner is not None and start == tail_start < row:
                tail_owner.end_line = start
            run = (run_start, run_end)
            run_start, run_end = 0, -1
            code_end = last_line_of(child) - 1
            comments_within = tail_comments(child, comments)
            if comments_within is not None:
                run_start, run_end = comments_within
            tail = (run_start, None)
            rule = rules.get(kind)
            if rule is not None:
                if last is not None and last_node is not None and self._continues(last_node, child):
                    last.end_line = max(last.end_line, last_line_of(child))
                    self._insides.append((child, last))
                    last_node = child
                    continue
                made = self._define(child, rule, block.owner, start, is_local=False)
                if made is not None:
                    last, last_node = made, child
                    tail = (run_start, made)
                    continue
            last = last_node = None
            if kind in language.wrappers:
                self._unwrap(child, block.owner, start, is_local=False)
            elif kind in language.descend or child.is_error:
                self._blocks.append(_Block(child, block.owner, *run))
            else:
                self._insides.append((child, block.owner))

    def _continues(self, previous: Node, node: Node) -> bool:
        return self._language.continues is not None and self._language.continues(previous, node)

    def _read_inside(self, node: Node, owner: Definition | None) -> None:
        """Look for functions and classes anywhere under a node that is no list of members."""
        low = bisect_left(self._nested_starts, node.start_byte)
        high = bisect_left(self._nested_starts, node.end_byte)
        index = low
        while index < high:
            candidate = self._nested[index]
            index += 1
            if candidate.id == node.id or candidate.end_byte > node.end_byte:
                continue
            rule = self._language.rules.get(candidate.type)
            row = candidate.start_point[0]
            made = self._define(candidate, rule, owner, row, is_local=True) if rule is not None else None
            if made is None and candidate.type in self._language.wrappers:
                made = self._unwrap(candidate, owner, row, is_local=True)
            if made is not None:
                made.start_line = min(made.start_line, start_with_comments(self._language, candidate) + 1)
                index = bisect_left(self._nested_starts, candidate.end_byte, index)

    def _unwrap(self, wrapper: Node, owner: Definition | None, start: int, *, is_local: bool) -> Definition | None:
        """Define what a wrapper holds; its lines belong to them: the first takes its start, the last its end.

        Returns the first of them.
        """
        language = self._language
        made: list[Definition] = []
        pending = [wrapper]
        while pending:
            deeper: list[Node] = []
            for child in pending.pop().named_children:
                rule = language.rules.get(child.type)
                found = (
                    self._define(child, rule, owner, child.start_point[0], is_local=is_local)
                    if rule is not None
                    else None
                )
                if found is not None:
                    made.append(found)
                elif child.type in language.wrappers or child.type in language.descend or child.is_error:
                    deeper.append(child)
            pending.extend(reversed(deeper))
        if made:
            made[0].start_line = start + 1
            made[-1].end_line = max(made[-1].end_line, last_line_of(wrapper))
        elif not is_local:
            self._insides.append((wrapper, owner))
        return made[0] if made else None

    def _define(
        self, node: Node, rule: Rule, owner: Definition | None, start_row: int, *, is_local: bool
    ) -> Definition | None:
        """Make a definition of a node and queue its inside; None when the rule says that it defines nothing."""
        kind = rule.kind if isinstance(rule.kind, str) else rule.kind(node)
        if kind is None or (is_local and (not rule.local or kind in DATA_KINDS)):
            return None
        depth = owner.depth + 1 if owner is not None else 0
        if depth > _MAX_DEPTH and is_local:
            return None
        if kind == "function" and owner is not None and owner.kind in TYPE_KINDS:
            kind = "method"
        name = _tidy_name(rule.name(node))
        if not name:
            return None
        scope = _tidy_name(rule.scope(node)) if rule.scope is not None else None
        qualifiers = _join_qualifiers(owner.symbol if owner is not None else None, scope)
        body = _body_of(node, rule)
        made = Definition(
            symbol=".".join([*qualifiers, name]),
            name=name,
            kind=kind,
            signature=self._signature(node, body),
            start_line=start_row + 1,
            end_line=last_line_of(node),
            node=node,
            body=body,
            container=rule.container,
            transparent=rule.transparent,
            minor=rule.minor,
            owner=owner,
            depth=depth,
        )
        self._found.append(made)
        if rule.container:
            self._blocks.append(_Block(body if body is not None else node, made))
        else:
            self._insides.append((node, made))
        if rule.also is not None:
            self._add_aliases(made, qualifiers, rule.also(node))
        return made

    def _add_aliases(self, made: Definition, qualifiers: list[str], names: Sequence[str]) -> None:
        seen = {made.name}
        for raw in names:
            name = _tidy_name(raw)
            if name and name not in seen:
                seen.add(name)
                alias = Definition(
                    symbol=".".join([*qualifiers, name]),
                    name=name,
                    kind=made.kind,
                    signature=made.signature,
                    start_line=made.start_line,
                    end_line=made.end_line,
                    node=made.node,
                    body=made.body,
                    container=False,
                    transparent=False,
                    minor=made.minor,
                    owner=made.owner,
                    depth=made.depth,
                )
                self._found.append(alias)

    def _signature(self, node: Node, body: Node | None) -> str:
        end = node.end_byte
        if body is not None and body.start_byte > node.start_byte:
            end = body.start_byte
            for before in _siblings_before(body, node):
                if before.type not in self._language.comments or before.start_byte <= node.start_byte:
                    break
                end = before.start_byte
        raw = self._source[node.start_byte : min(end, node.start_byte + _SIGNATURE_BYTES)]
        text = " ".join(raw.decode("utf-8", "ignore").split())
        return text[:_MAX_SIGNATURE_LENGTH].rstrip(" {=")


def _siblings_before(body: Node, node: Node) -> Iterator[Node]:
    """Yield what stands before a body among the children of what holds it, the nearest first."""
    siblings = node.children
    for place in range(len(siblings) - 1, -1, -1):
        if siblings[place].id == body.id:
            yield from reversed(siblings[:place])
            return
    # Below a child; from here the library walks down from the root of the tree each time.
    before = body.prev_sibling
    while before is not None:
        yield before
        before = before.prev_sibling


def _join_qualifiers(*names: str | None) -> list[str]:
    """Return the parts of qualified names, the innermost _MAX_QUALIFIERS of them."""
    parts = [part for name in names if name for part in name.split(".")]
    return parts[-_MAX_QUALIFIERS:]


def _tidy_name(raw: str | None) -> str | None:
    if raw is None:
        return None
    if raw.isidentifier():
        return raw[:_MAX_NAME_LENGTH]
    name = " ".join(raw.split()).replace("::", ".").strip(".")
    return name[:_MAX_NAME_LENGTH] or None


def _body_of(node: Node, rule: Rule) -> Node | None:
    """Follow the rule's body path (`value.body`); without one, take the last named child that has children."""
    if rule.body is None:
        return next((child for child in reversed(node.named_children) if child.named_child_count), None)
    if not isinstance(rule.body, str):
        return rule.body(node)
    current: Node | None = node
    for name in rule.body.split("."):
        current = current.child_by_field_name(name) if current is not None else None
    return current
