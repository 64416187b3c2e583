"""Writes what C and C++ added in words that their grammars read; the same bytes and lines remain."""

from __future__ import annotations

import re

_CONSTEVAL = re.compile(rb"\bif[ \t]*(?:![ \t]*)?consteval\b")
# Behind `enum` and behind an enumerator.
_ENUM_ATTRIBUTE = re.compile(
    rb"(?<=enum|lass|ruct)[ \t]+(?=\[\[)(?:\[\[[^\[\]\n]{0,300}\]\][ \t]*)+(?=[A-Za-z_])"
    rb"|(?<=\w)[ \t]*\[\[[^\[\]\n]{0,300}\]\](?=\s*[,=}])"
)
_BIT_INT = re.compile(rb"\b_BitInt[ \t]{0,9}\([^()\n]{1,99}\)")


def write_older(source: bytes) -> bytes:
    """Return C or C++ source with `if consteval` as a plain `if`, `_BitInt(24)` as `int`, enums without attributes."""
    if b"consteval" in source:
        source = _CONSTEVAL.sub(lambda found: b"if (1)".ljust(len(found.group())), source)
    if b"_BitInt" in source:
        source = _BIT_INT.sub(lambda found: b"int".ljust(len(found.group())), source)
    if b"[[" in source and b"enum" in source:
        source = _ENUM_ATTRIBUTE.sub(lambda found: b" " * len(found.group()), source)
    return source
