"""Follows the body of a routine or package to its end by its blocks, and finds the members of a package on the way."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from indexer.chunking.sql.heads import NEXT_HEAD, Head, read_name
from indexer.chunking.sql.tokens import Scanner, Token

_MAX_DEPTH = 400
_STATEMENT_STARTS = frozenset("; BEGIN THEN ELSE LOOP DO REPEAT ROW >> : AS IS DECLARE".split())
_LOOPS = frozenset({"IF", "LOOP", "CASE", "WHILE", "REPEAT", "FOR"})
# After AS: no body with a declaration part. The first ones only say who runs it.
_STILL_HEAD = frozenset("CALLER OWNER SELF RESULT USER".split())
_PLAIN_BODIES = frozenset("SELECT RETURN WITH TABLE LANGUAGE EXTERNAL MLE VALUES OBJECT NOT".split())
_MEMBERS = {"PROCEDURE": "procedure", "FUNCTION": "function", "TYPE": "type", "SUBTYPE": "type", "CURSOR": "cursor"}
_MEMBER_MODIFIERS = frozenset("MEMBER STATIC CONSTRUCTOR MAP ORDER FINAL OVERRIDING INSTANTIABLE".split())
_TRANSACTION = re.compile(r"\s*(?:TRAN(?:SACTION)?\b|WORK\b|;)", re.IGNORECASE)


@dataclass(slots=True)
class Member:
    """What is declared or defined inside a package or routine, at offsets in characters; `owner` is an index."""

    kind: str
    path: tuple[str, ...]
    start: int
    head: int
    end: int
    owner: int | None


@dataclass(slots=True)
class _Frame:
    """An open block, or a routine: `state` is `head`, `declaring` or `running`, empty for blocks.

    `is_defined`: a body without blocks follows (a call of another language), so it is no bare declaration.
    """

    state: str = ""
    member: int | None = None
    is_package: bool = False
    is_defined: bool = False


@dataclass(slots=True)
class Body:
    """Where a statement ends, in characters, and what is in it, in the order of heads."""

    end: int
    members: list[Member] = field(default_factory=list)


def read_body(scanner: Scanner, head: Head) -> Body:
    """Read on from behind a head to the end of its statement."""
    return _Reader(scanner, head).read()


class _Reader:
    def __init__(self, scanner: Scanner, head: Head) -> None:
        self._scanner = scanner
        self._head = head
        self._is_package = head.kind == "package" or head.has_body
        self._frames = [_Frame("head", None, self._is_package)]
        self._body = Body(head.name_end)
        self._closing: list[int] = []
        self._parentheses = 0
        self._loop_pending = self._as_pending = self._modified = False
        self._modifier_start = 0
        self._previous = ""

    def read(self) -> Body:
        scanner, body = self._scanner, self._body
        while (token := scanner.next()) is not None:
            if token.kind in ("batch", "slash", "delimiter"):
                if token.kind == "delimiter":
                    body.end = token.end
                else:
                    scanner.position = token.start
                break
            if self._is_over(token):
                scanner.position = token.start
                break
            body.end = max(body.end, token.end)
            if token.kind == "end":
                if self._end_statement(token):
                    break
            else:
                self._take(token)
            self._previous = token.text if token.kind in ("word", "end", "mark") else token.kind
        for member in self._closing:
            body.members[member].end = max(body.members[member].end, body.end)
        for frame in self._frames:
            if frame.member is not None:
                body.members[frame.member].end = body.end
        return body

    def _is_over(self, token: Token) -> bool:
        """Say whether the statement ended before this token: nothing is open, or another head begins a line."""
        if not self._frames:
            return token.kind != "end" and "\n" in self._scanner.text[self._body.end : token.start]
        if token.kind != "word" or token.text not in ("CREATE", "ALTER") or not self._scanner.starts_line(token):
            return False
        return self._column(token.start) <= self._column(self._head.start) and bool(
            NEXT_HEAD.match(self._scanner.text, token.start)
        )

    def _column(self, offset: int) -> int:
        return offset - self._scanner.text.rfind("\n", max(0, offset - 200), offset)

    def _end_statement(self, token: Token) -> bool:
        """Take a semicolon; True when it ends the whole statement."""
        self._parentheses = 0
        self._loop_pending = self._as_pending = self._modified = False
        for member in self._closing:
            self._body.members[member].end = token.end
        self._closing.clear()
        if not self._frames:
            return True
        top = self._frames[-1]
        if top.state == "head":
            self._frames.pop()
            if top.member is not None:
                declared = self._body.members[top.member]
                declared.end = token.end
                if not top.is_defined and (self._head.has_body or declared.owner is not None):
                    declared.kind = "prototype"
        return not self._frames

    def _take(self, token: Token) -> None:
        if token.kind == "open":
            self._settle_as(token)
            self._parentheses += 1
        elif token.kind == "close":
            self._parentheses = max(0, self._parentheses - 1)
        elif self._parentheses == 0 and self._frames:
            self._settle_as(token)
            if token.kind == "word" and self._previous != "dot":
                self._take_word(token, self._frames[-1])

    def _settle_as(self, token: Token) -> None:
        """Say by what follows AS or IS whether declarations, a block or something without either follows."""
        if not self._as_pending or self._parentheses or not self._frames:
            return
        self._as_pending = False
        plain = token.kind in ("string", "dollar", "open") or token.text in _PLAIN_BODIES
        top = self._frames[-1]
        top.is_defined = top.is_defined or plain
        if not plain and token.text not in _STILL_HEAD and top.state == "head":
            top.state = "declaring"

    def _take_word(self, token: Token, top: _Frame) -> None:
        word = token.text
        if word == "BEGIN":
            self._open_block(token, top)
        elif word == "END":
            self._close_block()
        elif self._previous == "END" and word in _LOOPS:
            return
        elif word == "CASE" or (word == "LOOP" and self._previous != "EXIT"):
            self._push(_Frame())
            self._loop_pending = self._loop_pending and word == "CASE"
        elif word in ("IF", "REPEAT") and self._previous in _STATEMENT_STARTS and top.state != "declaring":
            self._push(_Frame())
        elif word in ("WHILE", "FOR"):
            self._loop_pending = top.state in ("", "running")
        elif word == "DO" and self._loop_pending:
            self._loop_pending = False
            self._push(_Frame())
        elif top.state == "head":
            self._take_head_word(word, top)
        elif top.state == "declaring":
            self._take_declaration(token, top)

    def _take_head_word(self, word: str, top: _Frame) -> None:
        is_trigger = top.member is None and self._head.kind in ("trigger", "event")
        if word in ("AS", "IS") and not is_trigger:
            self._as_pending = True
        elif word == "DECLARE":
            top.state = "declaring"
        elif word == "COMPOUND" and is_trigger:
            top.state, top.is_package = "declaring", True

    def _open_block(self, token: Token, top: _Frame) -> None:
        if _TRANSACTION.match(self._scanner.text, token.end):
            return
        if top.state in ("head", "declaring"):
            top.state = "running"
        else:
            self._push(_Frame())

    def _close_block(self) -> None:
        closed = self._frames.pop()
        if closed.member is not None:
            self._closing.append(closed.member)

    def _push(self, frame: _Frame) -> None:
        if len(self._frames) < _MAX_DEPTH:
            self._frames.append(frame)

    def _take_declaration(self, token: Token, top: _Frame) -> None:
        """Take a word of a declaration part: members of packages, routines within routines, timing points."""
        word = token.text
        if word in _MEMBER_MODIFIERS:
            if not self._modified:
                self._modified, self._modifier_start = True, token.start
            return
        if word == "IS" and top.is_package and self._previous in ("STATEMENT", "ROW"):
            self._push(_Frame("declaring"))
            return
        starts = self._modified or self._previous in (";", "AS", "IS", "DECLARE")
        kind = _MEMBERS.get(word)
        if kind is None or not starts:
            return
        is_routine = word in ("PROCEDURE", "FUNCTION")
        if not is_routine and not top.is_package:
            return
        head = self._modifier_start if self._modified else token.start
        self._modified = False
        start = self._scanner.with_comments(head)
        path = read_name(self._scanner)
        if not path:
            return
        self._body.members.append(Member(kind, path, start, head, self._scanner.position, top.member))
        index = len(self._body.members) - 1
        if is_routine:
            self._push(_Frame("head", index))
        else:
            self._closing.append(index)
