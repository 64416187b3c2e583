"""Blanks the heads and braces of C# 14 extension blocks, which the grammar takes for constructors.

What remains are their members, as members of the class around them; the same bytes and lines remain.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(
    rb"//[^\n]*|/\*.*?(?:\*/|\Z)|\"{3,}.*?\"{3,}|\$?@\$?\"(?:[^\"]|\"\")*\"|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.){1,8}'"
    rb"|(?P<head>\bextension\s*(?:<[^(){};]{0,300}>)?\s*\((?:[^(){};]|\([^(){};]*\))*\)\s*"
    rb"(?:where\b(?:[^(){};]|\(\)){0,600})?\{)|[{}]",
    re.DOTALL,
)
_NOT_LINE_END = re.compile(rb"[^\r\n]")
# What may stand before a member: anything else makes `extension` a name.
_MEMBER_ENDS = (b"{", b"}", b";", b"]", b"*/")


def blank_extension_blocks(source: bytes) -> bytes:
    """Return C# source with the members of extension blocks directly in their class."""
    if b"extension" not in source:
        return source
    text = bytearray(source)
    opened: list[bool] = []
    for match in _TOKEN.finditer(source):
        token = match.group()
        if match["head"] is not None:
            is_block = _follows_member(source, match.start())
            opened.append(is_block)
            if is_block:
                _blank(text, *match.span())
        elif token == b"{":
            opened.append(False)
        elif token == b"}" and opened and opened.pop():
            _blank(text, *match.span())
    return bytes(text)


def _follows_member(source: bytes, start: int) -> bool:
    before = source[max(0, start - 400) : start].rstrip()
    if before.endswith(_MEMBER_ENDS):
        return True
    last_line = before[before.rfind(b"\n") + 1 :].lstrip()
    return last_line.startswith((b"//", b"#"))


def _blank(text: bytearray, start: int, end: int) -> None:
    text[start:end] = _NOT_LINE_END.sub(b" ", bytes(text[start:end]))
