"""Writes what is newer than Dart's grammar so that it reads it: dot shorthands, null-aware elements, empty patterns.

One unread `.center` in a widget tree costs every function around it. The same bytes and lines remain.
"""

from __future__ import annotations

import re

# `child: .center`, `(.all(8))`, `? .red : .blue`, `return .new(1)`, `{ .red => 1 }`; not `?.`, `..` or a chain's call.
_SHORTHAND = re.compile(
    rb"(?:[(\[{,;]\s*|[:=>?&|]\s+|\b(?:return|const|case|await|when)\s+)(?P<dot>\.)(?=[A-Za-z_])"
    # `[?first, ?second]` and `{"key": ?value}`.
    rb"|(?:[\[{,]\s*|:[ \t]+)(?P<aware>\?)(?=[A-Za-z_])"
    # `case Failed():` and, in a switch expression, `Failed() => true,`.
    rb"|\bcase[ \t]+[\w.]+(?P<empty>\(\))(?=[ \t]*:)|[{,]\s*[A-Z]\w*(?P<arm>\(\))(?=[ \t]*=>[^;{}\n]*,[ \t]*$)"
    rb"|^(?P<library>library[ \t]*;)",
    re.MULTILINE,
)
_PLAIN = {"dot": b"_", "empty": b" _", "arm": b" _"}


def without_shorthands(source: bytes) -> bytes:
    """Return Dart source with a plain name for each dot shorthand, and other news written as before."""
    text = bytearray(source)
    for found in _SHORTHAND.finditer(source):
        kind = found.lastgroup or ""
        start, end = found.span(kind)
        text[start:end] = _PLAIN.get(kind, b" ").ljust(end - start)
    return bytes(text)
