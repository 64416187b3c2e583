"""How a definition begins, read from its lines: the head without comments, decorators and body. Pure."""

from __future__ import annotations

import re

from codesearch.tools.definitions import Definition
from codesearch.tools.file_text import FileText
from codesearch.tools.occurrences import is_comment, is_in_block, simple_name, word_pattern

MAX_SIGNATURE_LENGTH = 300
# Comments above a definition are a part of it; heads of more lines are cut.
_MAX_LINES_ABOVE = 60
_MAX_HEAD_LINES = 12
_ENDS = re.compile(r"(?:[{:;]|=>|->|\bdo|\bbegin|\bis|\bas|=)\s*$")
_CONTINUES = re.compile(r"\s*(?:extends|implements|with|where|for|permits|throws|:|,|<|\()")
_GOES_ON = re.compile(r"(?:,|\b(?:where|extends|implements|with|for))\s*$")
_ANNOTATION = re.compile(r"\s*(?:@(?!interface|implementation|protocol)\w|#\[|\[\w[^\]]*\]\s*$)")


def read_signature(text: FileText, definition: Definition) -> str:
    """Return the head of a definition as one line of at most MAX_SIGNATURE_LENGTH characters."""
    lines = text.lines(definition.start_line, min(definition.end_line, definition.start_line + _MAX_LINES_ABOVE))
    begin = _find_head(lines, simple_name(definition.symbol), text.language or "")
    head: list[str] = []
    for number, line in enumerate(lines[begin : begin + _MAX_HEAD_LINES], begin):
        head.append(line.strip())
        joined = " ".join(head)
        following = lines[number + 1] if number + 1 < len(lines) else ""
        if (
            _is_balanced(joined)
            and not _GOES_ON.search(joined)
            and (_ENDS.search(joined) or not _CONTINUES.match(following))
        ):
            break
    return _without_body(" ".join(" ".join(head).split()))[:MAX_SIGNATURE_LENGTH]


def find_head_line(text: FileText, definition: Definition) -> int:
    """Return the line, 1-based, on which a definition is named first, outside of comments and annotations."""
    lines = text.lines(definition.start_line, min(definition.end_line, definition.start_line + _MAX_LINES_ABOVE))
    return definition.start_line + _find_head(lines, simple_name(definition.symbol), text.language or "")


def _find_head(lines: list[str], name: str, language: str) -> int:
    """Return the first line, from 0, that names the definition outside of comments and annotations."""
    pattern, whole, offset = word_pattern(name), "\n".join(lines), 0
    for number, line in enumerate(lines):
        match = pattern.search(line)
        if (
            match is not None
            and not _ANNOTATION.match(line)
            and not is_comment(line, match.start(), language)
            and not is_in_block(whole, offset + match.start(), language)
        ):
            return number
        offset += len(line) + 1
    return next((number for number, line in enumerate(lines) if line.strip()), 0)


def _is_balanced(text: str) -> bool:
    return all(text.count(left) <= text.count(right) for left, right in ("()", "[]"))


def _without_body(head: str) -> str:
    """Cut a body off that begins on the head's last line."""
    place = head.find("{")
    while place >= 0:
        if _is_balanced(head[:place]):
            return head[:place].rstrip() or head
        place = head.find("{", place + 1)
    return head.rstrip()
