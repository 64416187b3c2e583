"""Finds the C# of Razor pages: `@code`, `@functions` and `@{ }`; brackets are counted outside strings and comments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from indexer.chunking.embedded.parts import CodePart

_OPENING = re.compile(r"@\*|(?<![\w@])@(?:(?P<members>code|functions)\b)?\s*\{")
_TOKEN = re.compile(
    r"//[^\n]*|/\*.*?(?:\*/|\Z)|@\*.*?(?:\*@|\Z)|\"\"\".*?(?:\"\"\"|\Z)|@\"(?:[^\"]|\"\")*(?:\"|\Z)"
    r"|\"(?:[^\"\\\n]|\\.)*\"?|'(?:[^'\\\n]|\\.){1,8}'|(?P<bracket>[{}])",
    re.DOTALL,
)


def find_razor(path: str, text: str) -> Iterator[CodePart]:
    """Yield the C# of a page in order; members become those of a class with the page's name."""
    name = re.sub(r"\W", "_", PurePosixPath(path).name.split(".", 1)[0])
    position = 0
    while (found := _OPENING.search(text, position)) is not None:
        if found[0] == "@*":
            end = text.find("*@", found.end())
            if end < 0:
                return
            position = end + 2
            continue
        position = _end_of_block(text, found.end())
        if found["members"]:
            yield CodePart("csharp", found.end() - 1, position, found.start(), position, before=f"class {name} ")
        else:
            inside = position - (text[position - 1] == "}")
            yield CodePart("csharp", found.end(), max(found.end(), inside), found.start(), position, after=";")


def _end_of_block(text: str, position: int) -> int:
    """Return where the block ends whose opening bracket stands before `position`; a block may never end."""
    depth = 1
    for token in _TOKEN.finditer(text, position):
        if token["bracket"]:
            depth += 1 if token["bracket"] == "{" else -1
            if not depth:
                return token.end()
    return len(text)
