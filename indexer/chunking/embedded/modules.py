"""Finds the JavaScript of MDX pages: `import` and `export` at the start of a line, up to a blank line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from indexer.chunking.embedded.parts import CodePart

_FENCE = re.compile(r"\s{0,3}(`{3,}|~{3,})")
_MODULE = re.compile(r"(?:import|export)\b")
_TOKEN = re.compile(r"//[^\n]*|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|(?P<bracket>[{}()\[\]])")


def find_modules(text: str) -> Iterator[CodePart]:
    """Yield the blocks of `import` and `export` in order, outside fenced code.

    A blank line within brackets is part of the block. Brackets are counted line by line.
    """
    fence: str | None = None
    start, depth, blank_above, position = -1, 0, True, 0
    while position < len(text):
        end = _line_end(text, position)
        line = text[position:end]
        blank = not line.strip()
        mark = _FENCE.match(line)
        if start >= 0:
            if blank and depth <= 0:
                yield CodePart("tsx", start, position, start, position)
                start = -1
            else:
                depth += _opened(line)
        elif mark is not None:
            if fence is None:
                fence = mark[1]
            elif mark[1].startswith(fence):
                fence = None
        elif fence is None and blank_above and _MODULE.match(line):
            start, depth = position, _opened(line)
        blank_above, position = blank, end
    if start >= 0:
        yield CodePart("tsx", start, len(text), start, len(text))


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end + 1


def _opened(line: str) -> int:
    brackets = [found["bracket"] for found in _TOKEN.finditer(line) if found["bracket"]]
    return sum(1 if bracket in "{([" else -1 for bracket in brackets)
