"""Writes what C23 and C++23 added in words that the grammars of C and C++ read; the same bytes and lines remain."""

from __future__ import annotations

import re

_CONSTEVAL = re.compile(rb"\bif[ \t]*(?:![ \t]*)?consteval\b")
_BIT_INT = re.compile(rb"\b_BitInt[ \t]{0,9}\([^()\n]{1,99}\)")


def write_older(source: bytes) -> bytes:
    """Return C or C++ source with `if consteval` as a plain `if` and `_BitInt(24)` as `int`."""
    if b"consteval" in source:
        source = _CONSTEVAL.sub(lambda found: b"if (1)".ljust(len(found.group())), source)
    if b"_BitInt" in source:
        source = _BIT_INT.sub(lambda found: b"int".ljust(len(found.group())), source)
    return source
