"""Shortens tables on one line, for grammars that take the square of a line's length.

Blanks all but the first entries of a list that stands on one line. The same bytes and lines remain, and no definition
goes: lists that hold code stay.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# Shorter lines take no time that counts.
_LONG_LINE_BYTES = 4000
_KEPT_ENTRIES = 50
_TOKEN = re.compile(rb"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[\[({\])},;]|[A-Za-z_]\w*")
_CODE = frozenset({b";", b"sub", b"def", b"class", b"object", b"trait", b"enum", b"struct", b"function", b"package"})


@dataclass(slots=True)
class _List:
    """An open bracket: its entries so far, and where what is too much begins."""

    entries: int = 0
    cut: int = -1
    holds_code: bool = False


def shorten_tables(source: bytes) -> bytes:
    """Return the text with long one-line lists blanked behind their first entries."""
    if len(source) < _LONG_LINE_BYTES:
        return source
    lines = source.split(b"\n")
    if max(map(len, lines)) < _LONG_LINE_BYTES:
        return source
    return b"\n".join([line if len(line) < _LONG_LINE_BYTES else _shorten(line) for line in lines])


def _shorten(line: bytes) -> bytes:
    text = bytearray(line)
    opened: list[_List] = []
    for match in _TOKEN.finditer(line):
        token = match.group()
        if token in b"[({":
            opened.append(_List())
        elif not opened:
            continue
        elif token == b",":
            opened[-1].entries += 1
            if opened[-1].entries == _KEPT_ENTRIES:
                opened[-1].cut = match.start()
        elif token in b"])}":
            closed = opened.pop()
            if closed.holds_code and opened:
                opened[-1].holds_code = True
            elif closed.cut >= 0 and not closed.holds_code:
                text[closed.cut : match.start()] = b" " * (match.start() - closed.cut)
        elif token in _CODE:
            opened[-1].holds_code = True
    return bytes(text)
