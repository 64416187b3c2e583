"""Tells by their lines the files that a tool packed. walk.py asks here for every file that it decoded."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Code that people write in these languages averages 30 to 45 characters a line and hardly ever passes 110 in a whole
# file; minifiers write lines of thousands.
_CODE_EXTENSIONS = frozenset({"js", "mjs", "cjs", "css"})
_MARKUP_EXTENSIONS = frozenset({"html", "htm", "json"})
MIN_MINIFIED_CHARACTERS = 1000
MAX_AVERAGE_LINE = 250
MAX_CODE_LINE = 5000
MAX_MARKUP_LINE = 20_000
# So many lines of code beside a giant one, which is cut: a packed file has its licence and one or two of its own.
LEAST_WRITTEN_LINES = 3
MAX_WRITTEN_LINE = 200
_COMMENT = re.compile(r"\s*(?:/[/*]|\*|<!--|-->)")


def find_minified_line(text: str, extension: str) -> str | None:
    """Say what tells that a tool packed a JavaScript, CSS, HTML or JSON file; None for files that people wrote."""
    is_code = extension in _CODE_EXTENSIONS
    if not (is_code or extension in _MARKUP_EXTENSIONS) or len(text) < MIN_MINIFIED_CHARACTERS:
        return None
    lines = [line for line in text.split("\n") if line.strip()]
    longest = max(map(len, lines), default=0)
    average = sum(map(len, lines)) // max(1, len(lines))
    limit = MAX_CODE_LINE if is_code else MAX_MARKUP_LINE
    # One long line (an embedded image, a table) does not make a file minified: it has to be most of it, and there is
    # no code around it.
    if longest > limit and longest * 2 > len(text) and _count_written(lines) < LEAST_WRITTEN_LINES:
        return f"a line of {longest} characters"
    if is_code and average > MAX_AVERAGE_LINE and (longest <= limit or _count_written(lines) < LEAST_WRITTEN_LINES):
        return f"{average} characters per line"
    return None


def _count_written(lines: Sequence[str]) -> int:
    """Return how many lines look like code that a person wrote; what stands in comments is none."""
    written, in_comment = 0, False
    for line in lines:
        if in_comment or _COMMENT.match(line):
            start = line.rfind("/*")
            in_comment = (in_comment or start >= 0) and line.rfind("*/") <= start
        elif len(line) <= MAX_WRITTEN_LINE:
            written += 1
    return written
