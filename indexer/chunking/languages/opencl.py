"""OpenCL: C with kernels; words that C's grammar takes for types are blanked out."""

from __future__ import annotations

import re
from dataclasses import replace

from indexer.chunking.languages import c
from indexer.chunking.languages.c_repair import repair_c

_WORDS = re.compile(
    rb"\b(?:__)?(?:kernel|global|local|constant|private|generic|read_only|write_only|read_write)\b(?=[ \t\r\n*])"
    rb"|\b__attribute__[ \t]*\(\((?:[^()\n]|\([^()\n]*\))*\)\)"
)


def _repair(source: bytes) -> bytes | None:
    plain = _WORDS.sub(lambda found: b" " * len(found[0]), source)
    return repair_c(plain) or plain


LANGUAGE = replace(
    c.LANGUAGE, name="opencl", extensions=(".cl", ".opencl", ".clh"), repair=_repair, repairs_always=True
)
