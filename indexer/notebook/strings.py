"""Reads the strings of a JSON text with where they stand, in one pass; the base of cells and outputs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from json import JSONDecoder

Path = tuple["str | int", ...]

_TOKEN = re.compile(r"[^\"{}\[\],]*([\"{}\[\],])")
_COLON = re.compile(r"[ \t\r\n]*:")
_MAX_DEPTH = 100
_DECODER = JSONDecoder()


@dataclass(frozen=True, slots=True)
class FoundString:
    """A string value: its keys and positions from the root, what it says, its characters `start`..`end` in quotes."""

    path: Path
    value: str
    start: int
    end: int


def find_strings(text: str) -> Iterator[FoundString]:
    """Yield the string values in order. Raises ValueError where the text is no JSON that can be followed."""
    path: list[str | int] = []
    position = 0
    while (token := _TOKEN.match(text, position)) is not None:
        mark, position = token[1], token.end()
        if mark == '"':
            value, end = _DECODER.raw_decode(text, position - 1)
            colon = _COLON.match(text, end)
            if colon is not None:
                if not path or isinstance(path[-1], int):
                    raise ValueError("a key outside an object")
                path[-1] = value
                position = colon.end()
                continue
            yield FoundString(tuple(path), value, position, end - 1)
            position = end
        elif mark in "{[":
            path.append("" if mark == "{" else 0)
            if len(path) > _MAX_DEPTH:
                raise ValueError("nested too deeply")
        elif mark == ",":
            if path and isinstance(path[-1], int):
                path[-1] += 1
        elif not path or isinstance(path.pop(), int) != (mark == "]"):
            raise ValueError("brackets that do not match")
    if path:
        raise ValueError("it ends early")
