"""Where sections begin in languages of blocks in braces: CSS, SCSS, LESS, Prisma.

One scanner walks strings, comments and brackets and yields the statements of the outermost level; a table says what the
head of a statement is called. No grammar: Jinja, Liquid and half-written files still come out in sensible pieces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from indexer.chunking.sections.grouping import Mark, clean_name

_STRING = r"\"(?:[^\"\\\n]|\\.)*\"?"
_SINGLE = r"'(?:[^'\\\n]|\\.)*'?"
_BLOCK_COMMENT = r"/\*.*?(?:\*/|\Z)"
_BRACKETS = r"(?P<open>[{(\[])|(?P<close>[})\]])|(?P<end>;)"


def _tokens(*skipped: str) -> re.Pattern[str]:
    return re.compile(f"(?P<skip>{'|'.join(skipped)})|{_BRACKETS}", re.DOTALL)


_CSS_TOKENS = _tokens(_BLOCK_COMMENT, _STRING, _SINGLE, r"url\([^)\n]*\)")
_SCSS_TOKENS = _tokens(_BLOCK_COMMENT, r"(?<!:)//[^\n]*", _STRING, _SINGLE, r"url\([^)\n]*\)")
_REST_OF_LINE = re.compile(r"[ \t;,]*(?://[^\n]*|/\*[^\n]*?\*/)?[ \t\r]*(?:\n|\Z)")
_COMMENTS = re.compile(rf"{_BLOCK_COMMENT}|^[ \t]*//[^\n]*", re.DOTALL | re.MULTILINE)
_NOT_SPACE = re.compile(r"\S")

_SCSS_HEAD = re.compile(r"@(mixin|function)\s+([\w-]{1,160})")


def _heads(words: str) -> re.Pattern[str]:
    """Match what may hold braces that are none, braces, and lines that begin with one of the words and a name."""
    return re.compile(
        rf"(?P<skip>{_BLOCK_COMMENT}|//[^\n]*|#[^\n]*|{_STRING}|{_SINGLE})|(?P<open>[{{(\[])|(?P<close>[}})\]])"
        rf"|^[ \t]*(?P<word>{words})[ \t]+(?P<name>\w{{1,160}})",
        re.DOTALL | re.MULTILINE,
    )


_PRISMA_HEADS = _heads("model|enum|type|view|datasource|generator")


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of the outermost level: it begins at `start` (with its comments), its head ends at `head_end`."""

    start: int
    head_end: int


def _statements(text: str, tokens: re.Pattern[str]) -> Iterator[Statement]:
    """Yield the outermost statements in order; each ends with its closing brace or a semicolon."""
    depth, head_end = 0, -1
    start = _next_start(text, 0)
    for found in tokens.finditer(text):
        kind, position = found.lastgroup, found.start()
        if kind == "skip":
            continue
        if kind == "open":
            if depth == 0 and head_end < 0 and text[position] == "{":
                head_end = position
            depth += 1
            continue
        depth = max(0, depth - (kind == "close"))
        block_ended = kind == "close" and depth == 0 and text[position] == "}"
        if 0 <= start <= position and depth == 0 and (block_ended or kind == "end"):
            yield Statement(start, head_end if head_end >= 0 else position)
            start, head_end = _next_start(text, found.end()), -1
    if start >= 0:
        yield Statement(start, head_end if head_end >= 0 else len(text))


def _next_start(text: str, position: int) -> int:
    """Return where the next statement begins: the first non-blank character after the rest of a finished line."""
    if position and (rest := _REST_OF_LINE.match(text, position)):
        position = rest.end()
    found = _NOT_SPACE.search(text, position)
    return found.start() if found else -1


def _head(text: str, statement: Statement) -> str:
    # A licence of a few thousand characters may stand before the head; the head itself is short.
    head = text[statement.start : statement.head_end]
    return _COMMENTS.sub("", head[-6000:]).strip()


def mark_css(text: str) -> Iterator[tuple[int, Mark]]:
    """Yield an offset and a mark per rule, named by its selector."""
    for statement in _statements(text, _CSS_TOKENS):
        yield statement.start, Mark(0, 1, clean_name(_head(text, statement)))


def mark_scss(text: str) -> Iterator[tuple[int, Mark]]:
    """Yield an offset and a mark per rule; mixins and functions carry their kind."""
    for statement in _statements(text, _SCSS_TOKENS):
        head = _head(text, statement)
        if found := _SCSS_HEAD.match(head):
            yield statement.start, Mark(0, 1, found[2], found[1])
        else:
            yield statement.start, Mark(0, 1, clean_name(head))


def _mark_heads(text: str, heads: re.Pattern[str]) -> Iterator[tuple[int, Mark]]:
    depth = 0
    for found in heads.finditer(text):
        if found["open"]:
            depth += 1
        elif found["close"]:
            depth = max(0, depth - 1)
        elif found["word"] and depth == 0:
            yield found.start("word"), Mark(0, 1, found["name"], found["word"])


def mark_prisma(text: str) -> Iterator[tuple[int, Mark]]:
    """Yield an offset and a mark of its kind per model, enum, type, view, datasource and generator."""
    return _mark_heads(text, _PRISMA_HEADS)
