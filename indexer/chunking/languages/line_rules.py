"""The vocabulary for languages that are read line by line: heads, and what ends their blocks. Data alone.

For languages whose grammar is missing, too large, or unsafe. `line_reading.py` reads a text by them in one pass.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Head:
    """A line that defines something, and how far what it defines reaches.

    kind: as in `Rule`.
    pattern: finds the head, from the line's beginning; `(?P<name>...)` is the name, `(?P<scope>...)` what qualifies
        it. Without a name the block is only kept account of. Groups are never captured otherwise.
    key: the word that an end must bear to close it; None: it ends with its own lines.
    rank: for languages without ends: a head closes all open ones of its rank and below. 0 is the outermost.
    nests: it may hold further heads that do not nest. A property without an end is over when the next procedure begins.
    within, outside: keys of which one must be open around it, must not be the innermost.
    container, minor: as in `Rule`.
    continues: a head of the same name that follows goes on with the same symbol, as clauses of Prolog do.
    """

    kind: str
    pattern: str
    key: str | None = None
    rank: int | None = None
    nests: bool = True
    within: str | None = None
    outside: str | None = None
    container: bool = False
    minor: bool = False
    continues: bool = False


@dataclass(frozen=True, slots=True)
class LineRules:
    """How a language is read line by line.

    comment, text: patterns of comments and of strings; nothing in them is a head or an end.
    attached: pattern of whole lines that belong to the head below them, as comments do (attributes).
    end: pattern of what closes a block; `(?P<what>...)` is its key, without one it closes the innermost.
    by_indentation: an end closes what begins at its own indentation.
    """

    heads: tuple[Head, ...]
    comment: str
    text: str = r"(?!)"
    attached: str = r"(?!)"
    end: str = r"(?!)"
    by_indentation: bool = False
    ignores_case: bool = False

    def compile(self) -> re.Pattern[str]:
        """Return one pattern; its outermost group says what was found: comment, text, attached, end or a head."""
        parts = [f"(?P<comment>{self.comment})", f"(?P<text>{self.text})", f"(?P<attached>{self.attached})"]
        for number, head in enumerate(self.heads):
            own = head.pattern.replace("(?P<name>", f"(?P<name{number}>").replace("(?P<scope>", f"(?P<scope{number}>")
            parts.append(f"(?P<head{number}>{own})")
        parts.append(f"(?P<end>{self.end})")
        flags = re.MULTILINE | (re.IGNORECASE if self.ignores_case else 0)
        return re.compile("|".join(parts), flags)
