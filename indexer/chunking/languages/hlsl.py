"""HLSL: C++ with constant buffers, which are read as structs."""

from __future__ import annotations

import re
from dataclasses import replace

from indexer.chunking.languages import cpp
from indexer.chunking.languages.c_repair import repair_cpp

_BUFFER = re.compile(rb"^([ \t]*)[ct]buffer([ \t]+\w+)([ \t]*:[ \t]*register[ \t]*\([^)\n]*\))?(?=\s*\{)", re.MULTILINE)


def _repair(source: bytes) -> bytes | None:
    """`cbuffer Frame : register(b0) {` has as many letters as `struct  Frame` and blanks."""
    plain = _BUFFER.sub(lambda found: found[1] + b"struct " + found[2] + b" " * len(found[3] or b""), source)
    return repair_cpp(plain) or plain


LANGUAGE = replace(
    cpp.LANGUAGE,
    name="hlsl",
    grammar="hlsl",
    extensions=(".hlsl", ".hlsli", ".fx", ".fxh", ".cginc", ".compute", ".usf", ".ush"),
    repair=_repair,
    repairs_always=True,
)
