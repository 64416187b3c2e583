"""Finds what a text of SQL defines, statement by statement: for the chunker, in place of a tree."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate

from indexer.chunking.definitions import Definition
from indexer.chunking.line_nodes import LineNode
from indexer.chunking.sql.bodies import Member, read_body
from indexer.chunking.sql.heads import NEXT_ROUTINE, ROUTINES, Head, read_head
from indexer.chunking.sql.tokens import Scanner, Token

_MAX_NAME_LENGTH = 200
_MAX_SIGNATURE_LENGTH = 300
_SIGNATURE_CHARACTERS = 1200
_MAX_LOCAL_DEPTH = 6
_COMMENTS = re.compile(r"--[^\n]*|/\*(?!!)(?:[^*]|\*(?!/))*(?:\*/|\Z)|/\*!\d*|\*/")
_BODY_BEGINS = re.compile(
    r"\b(?:AS|IS|BEGIN|DECLARE|COMPOUND)\b(?!\s+(?:CALLER|OWNER|SELF|RESULT|NULL|NOT)\b)", re.IGNORECASE
)
_BODY = re.compile(r"\bAS\b", re.IGNORECASE)
# Where these begin a line, a table without a semicolon is over.
_NEXT_STATEMENTS = frozenset(
    "CREATE ALTER INSERT DROP EXEC EXECUTE UPDATE DELETE MERGE GRANT PRINT IF BEGIN END DECLARE USE".split()
)
_MACRO = re.compile(r"\{%-?[ \t]*(\w+)[ \t]+(\w+)")
_MACRO_END = re.compile(r"-?%\}")


def read_statements(text: str) -> tuple[list[Definition], LineNode]:
    """Return the definitions of a text of SQL, ordered by (start line, widest first), and a node for all of it."""
    return _Reader(text).read()


class _Reader:
    def __init__(self, text: str) -> None:
        self._scanner = Scanner(text)
        self._text = text
        self._lines = text.split("\n")
        self._starts = [0, *accumulate(len(line) + 1 for line in self._lines)]
        self._found: list[Definition] = []
        self._last: Definition | None = None
        self._root = LineNode(0, (0, 0), (len(self._lines) - 1, 0))

    def read(self) -> tuple[list[Definition], LineNode]:
        scanner = self._scanner
        fresh = True
        while (token := scanner.next(brief=not fresh)) is not None:
            if token.kind in ("batch", "slash"):
                self._take_separator(token)
                fresh = True
            elif token.kind in ("end", "delimiter"):
                fresh = True
            elif token.kind == "jinja":
                self._take_macro(token)
            elif token.kind == "word" and token.text in ("CREATE", "ALTER"):
                head = read_head(scanner, token)
                fresh = head is not None
                if head is not None:
                    self._take_statement(head)
            else:
                fresh = False
        return self._finish()

    def _take_separator(self, token: Token) -> None:
        """Give a line of GO or a slash to the definition that it ends."""
        is_separator = token.kind == "slash" or self._text[token.start : token.end].strip().upper().startswith("GO")
        behind = self._starts[self._last.end_line] if self._last is not None else 0
        if self._last is not None and is_separator and not self._text[behind : token.start].strip():
            self._last.end_line = self._row_of(token.start) + 1
        self._last = None

    def _take_macro(self, token: Token) -> None:
        """Take a macro of dbt with its body."""
        found = _MACRO.match(self._text, token.start)
        end = -1
        for opening in ("{% end", "{%- end"):
            position = self._scanner.find_end(f"{opening}{found[1]}" if found else "", token.end) if found else -1
            end = position if end < 0 or 0 <= position < end else end
        if found is None or end < 0:
            return
        closing = _MACRO_END.search(self._text, end, end + 20)
        self._scanner.position = closing.end() if closing else end
        start = self._scanner.with_comments(token.start)
        signature = self._text[token.start : self._text.find("\n", token.start) % (len(self._text) + 1)]
        self._define("macro", (found[2],), start, token.start, self._scanner.position, signature.strip("{%- }"), None)

    def _take_statement(self, head: Head) -> None:
        scanner = self._scanner
        start = scanner.with_comments(head.start)
        members: list[Member] = []
        if scanner.delimiter:
            end = self._end_of_delimited()
        elif head.kind in ROUTINES and scanner.is_transact and not head.is_replaced:
            end = self._end_of_batch(head)
        elif head.kind in ROUTINES or head.has_body:
            body = read_body(scanner, head)
            end, members = body.end, body.members
        else:
            end = self._end_of_plain(head)
        if head.is_altered and _BODY.search(self._text, head.name_end, min(end, head.name_end + 20_000)) is None:
            self._last = None
            return
        made = self._define(head.kind, head.path, start, head.start, end, self._signature(head.start, end), None)
        made.container = head.kind == "package" or head.has_body
        self._last = made
        self._take_members(made, members, head)

    def _take_members(self, outer: Definition, members: list[Member], head: Head) -> None:
        defined: list[Definition] = []
        for member in members:
            owner = outer if member.owner is None else defined[member.owner]
            kind = "method" if head.kind == "type" and owner is outer and member.kind != "type" else member.kind
            signature = self._signature(member.head, member.end)
            defined.append(self._define(kind, member.path, member.start, member.head, member.end, signature, owner))

    def _end_of_delimited(self) -> int:
        """Return where the statement ends that a delimiter of its own closes."""
        while (token := self._scanner.next(brief=True)) is not None:
            if token.kind == "delimiter":
                return token.end
            if token.kind == "batch":
                self._scanner.position = token.start
                return token.start
        return len(self._text)

    def _end_of_batch(self, head: Head) -> int:
        """Return where a routine of T-SQL ends: with its batch, or where the next one begins."""
        has_dollars = False
        while (token := self._scanner.next(brief=True)) is not None:
            has_dollars = has_dollars or token.kind == "dollar"
            begins = token.kind == "word" and NEXT_ROUTINE.match(self._text, token.start) is not None
            if token.kind == "batch" or begins:
                self._scanner.position = token.start
                return self._scanner.with_comments(token.start) if begins else token.start
            if token.kind == "end" and has_dollars:
                return token.end
        return len(self._text)

    def _end_of_plain(self, head: Head) -> int:
        """Return where a statement without a body ends."""
        depth = 0
        while (token := self._scanner.next(brief=True)) is not None:
            if token.kind in ("end", "delimiter"):
                return token.end
            is_next = token.kind == "word" and depth == 0 and self._begins_statement(token, head)
            if token.kind in ("batch", "slash") or is_next:
                self._scanner.position = token.start
                return self._scanner.with_comments(token.start) if is_next else token.start
            depth += (token.kind == "open") - (token.kind == "close")
        return len(self._text)

    def _begins_statement(self, token: Token, head: Head) -> bool:
        if head.kind in ("view", "macro", "rule"):
            return token.text in ("CREATE", "ALTER")
        return token.text in _NEXT_STATEMENTS

    def _signature(self, start: int, end: int) -> str:
        """Return a head without comments, up to its body or its list of columns."""
        raw = " ".join(_COMMENTS.sub(" ", self._text[start : min(end, start + _SIGNATURE_CHARACTERS)]).split())
        found = _BODY_BEGINS.search(raw)
        text = raw[: found.start()] if found is not None else raw
        if re.match(r"CREATE\b[^(]*\bTABLE\b", text, re.IGNORECASE):
            text = text.split("(", 1)[0]
        return text[:_MAX_SIGNATURE_LENGTH].rstrip(" (={;$/")

    def _row_of(self, offset: int) -> int:
        return min(bisect_right(self._starts, offset) - 1, len(self._lines) - 1)

    def _define(
        self,
        kind: str,
        path: tuple[str, ...],
        start: int,
        head: int,
        end: int,
        signature: str,
        owner: Definition | None,
    ) -> Definition:
        row, first = self._row_of(head), self._row_of(start)
        last = self._row_of(max(head, end - 1))
        while last > row and not self._lines[last].strip():
            last -= 1
        names = [name[:_MAX_NAME_LENGTH] for name in path]
        made = Definition(
            symbol=".".join([owner.symbol, names[-1]] if owner is not None else names),
            name=names[-1],
            kind=kind,
            signature=signature,
            start_line=first + 1,
            end_line=last + 1,
            node=LineNode(head, (row, 0), (last, len(self._lines[last]))),
            body=None,
            container=False,
            transparent=False,
            minor=False,
            owner=owner,
            depth=owner.depth + 1 if owner is not None else 0,
        )
        if made.depth <= _MAX_LOCAL_DEPTH:
            self._found.append(made)
        return made

    def _finish(self) -> tuple[list[Definition], LineNode]:
        self._found.sort(key=lambda one: (one.start_line, -one.end_line, one.node.start_byte))
        for one in self._found:
            if one.owner is not None:
                one.end_line = min(one.end_line, one.owner.end_line)
                one.owner.members.append(one)
            parent = one.owner.node if one.owner is not None else self._root
            if isinstance(one.node, LineNode) and isinstance(parent, LineNode):
                parent.named_children.append(one.node)
        return self._found, self._root
