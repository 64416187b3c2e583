"""Places: the files, modules and lines that a query names, those of stack traces among them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Of a longer text the first so many places count: of a stack trace, that is enough to reach what is the repository's.
MAX_PLACES = 32
_FRAME = re.compile(r'File "([^"\n]{1,400})", line (\d{1,7})')
# a/b.py, a/b.py:120, a/b.py:120:7, a/b.py#L120, b.py(120), b.py, line 120
_PATH = re.compile(
    r"(?<![\w/\\.@+~-])((?:[\w.@+~-]+[/\\]|[/\\])*[\w@+-][\w.@+-]*\.[A-Za-z][A-Za-z0-9]{0,9})"
    r"(?:(?::|#L|\(|, line |:line |\s+line\s+)(\d{1,7}))?(?![\w/])"
)
_EXTENSIONLESS = re.compile(r"(?<![\w/\\.@+-])((?:[\w.@+-]+/)+[\w@+-]+)(?![\w/.])")
_MODULE = re.compile(r"(?<![\w./\\-])([A-Za-z_]\w*(?:(?:\.|::)[A-Za-z_]\w*)+)(?![\w/\\])")


@dataclass(frozen=True, slots=True)
class Place:
    """A path as it is written, `/` between its parts, lower case; a module without an extension. line: 1-based."""

    path: str
    line: int | None = None
    is_module: bool = False


def find_places(text: str) -> list[Place]:
    """Return the places that a text names, at most MAX_PLACES, each once, in the order of the text.

    Frames of a stack trace in Python come innermost first, as that is what failed.
    """
    found: dict[Place, None] = {}
    for place in _iterate_places(text):
        found[place] = None
        if len(found) == MAX_PLACES:
            break
    return list(found)


def _iterate_places(text: str) -> Iterator[Place]:
    for path, line in reversed(_FRAME.findall(text)):
        yield Place(_normalise(path), int(line))
    for match in _PATH.finditer(text):
        yield Place(_normalise(match.group(1)), int(match.group(2)) if match.group(2) else None)
    for match in _EXTENSIONLESS.finditer(text):
        yield Place(_normalise(match.group(1)), is_module=True)
    for match in _MODULE.finditer(text):
        yield Place(re.sub(r"\.|::", "/", match.group(1)).lower(), is_module=True)


def _normalise(path: str) -> str:
    return re.sub(r"/+", "/", path.replace("\\", "/")).lstrip("./~").lower()
