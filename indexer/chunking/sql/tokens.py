"""Cuts SQL into the tokens that say where statements and bodies begin and end; strings and comments are passed over.

One pass: no token is read twice but those of heads, which are short. Any text can be read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

# A text that names more delimiters than any script does is not followed through all of them.
_MAX_DELIMITERS = 8
_MAX_DELIMITER_LENGTH = 12
# Dollar quotes and Jinja blocks that never close: after so many the rest is read without them.
_MAX_UNCLOSED = 20
# Further off, nothing is looked for to the left.
_MAX_BLANKS = 200

# Backslashes escape in MySQL, BigQuery and Spark; elsewhere only what cannot be the end of a string.
_ESCAPING_STRING = r"'(?:[^'\\]|\\(?:.|\Z)|'')*(?:'|\Z)"
_STRING = r"'(?:[^'\\]|''|\\(?:'(?=\w))?)*(?:'|\Z)"
_ESCAPED_STRING = r"\b[eE]" + _ESCAPING_STRING
_ORACLE_STRING = (
    r"\b[nN]?[qQ]'(?:\[.*?(?:\]'|\Z)|\{.*?(?:\}'|\Z)|\(.*?(?:\)'|\Z)|<.*?(?:>'|\Z)"
    r"|(?P<mark>[^\s\w\[({<'])(?:.*?(?:(?P=mark)'|\Z)))"
)
_LONG_STRING = (
    r"\b[rR]\"\"\".*?(?:\"\"\"|\Z)|\"\"\".*?(?:\"\"\"|\Z)|\b[rR]'''.*?(?:'''|\Z)|(?<=\b[aA][sS][ \n])'''.*?(?:'''|\Z)"
)
_COMMENT = (
    r"--[^\n]*|/\*(?!!).*?(?:\*/|\Z)|\{\#.*?(?:\#\}|\Z)|^[ \t]*\#[ \t!][^\n]*"
    r"|^[ \t]*(?:REM|REMARK)\b[^\n]*"
)
# Commands of clients (SQL*Plus, psql), whose apostrophes open no strings.
_COMMAND = r"^[ \t]*PROMPT\b[^\n]*|^[ \t]*\\[a-z!?][^\n]*"
_LINES = (
    r"^[ \t]*(?:DELIMITER|SET[ \t]+TERM)[ \t]+(?P<delimiter_line>[^\s]+)[^\n]*"
    r"|(?P<copy>^COPY\b[^;\n]*;[^\n]*)"
    r"|(?P<batch>^[ \t]*GO(?:[ \t]+\d+)?[ \t]*;?[ \t]*\r?$)"
    r"|(?P<slash>^[ \t]*/[ \t]*\r?$)"
    r"|(?P<jinja>\{%-?[ \t]*(?P<block>macro|snapshot|test|materialization)[ \t]+\w+)"
)
_QUOTED = r"\"(?:[^\"\\\n]|\\(?:.|\Z))*(?:\"|(?=\n)|\Z)|`[^`\n]*`?|\[[^\[\]\n]{0,200}\]"
_DOLLAR = r"\$(?:[^\W\d]\w*)?\$"
_WORD = r"[^\W\d](?:[\w\#]|\$(?!\$))*"
_WORD_WITHOUT_DOLLARS = r"[^\W\d][\w\#]*"
_FLAGS = re.MULTILINE | re.DOTALL | re.IGNORECASE

_ESCAPES = re.compile(r"`[\w.-]+`|^[ \t]*DELIMITER\b|\bENGINE[ \t]*=", re.IGNORECASE | re.MULTILINE)
_TRANSACT = re.compile(
    r"^[ \t]*GO[ \t]*\r?$|\bSET[ \t]+NOCOUNT\b|\bDECLARE[ \t]+@\w|\[dbo\]\.|\bdbo\.|\bCREATE[ \t]+OR[ \t]+ALTER\b",
    re.IGNORECASE | re.MULTILINE,
)
_EMPTY_LINE = re.compile(r"\n[ \t\r]*\n")


@dataclass(slots=True)
class Token:
    """What was found from `start` to `end`, in characters; `text` is in capitals for words.

    kind: `word`, `quoted`, `string`, `dollar`, `open`, `close`, `dot`, `mark`, `end` (a semicolon), `delimiter`,
        `batch` (GO), `slash`, `jinja`.
    """

    kind: str
    text: str
    start: int
    end: int


@lru_cache(maxsize=32)
def _pattern(*, escapes: bool, delimiter: str, brief: bool) -> re.Pattern[str]:
    """Compile what is looked for; `brief`: only what ends statements, and words that begin a line."""
    word_like = delimiter[:1].isalnum()
    ends = (r"(?<!\w)" if word_like else "") + re.escape(delimiter) + (r"(?!\w)" if word_like else "")
    word = _WORD_WITHOUT_DOLLARS if "$" in delimiter else _WORD
    parts = [
        f"(?P<delimiter>{ends})" if delimiter else r"(?P<delimiter>(?!))",
        f"(?P<comment>{_COMMENT})|(?P<command>{_COMMAND})",
        _LINES,
        f"(?P<string>{_ORACLE_STRING}|{_LONG_STRING}|{_ESCAPED_STRING}|{_ESCAPING_STRING if escapes else _STRING})",
        f"(?P<dollar>{_DOLLAR})",
        f"(?P<quoted>{_QUOTED})",
        r"(?P<open>\()|(?P<close>\))|(?P<end>;)",
        rf"^[ \t]*(?P<word>{word})" if brief else rf"(?P<word>{word})|(?P<dot>\.)|(?P<sign>>>|:(?!=))",
    ]
    return re.compile("|".join(parts), _FLAGS)


class Scanner:
    """Walks through one text. `delimiter` is what ends statements while it is not a semicolon, else empty.

    `is_transact`: the text reads like T-SQL, whose routines reach to the end of their batch.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.delimiter = ""
        self.is_transact = _TRANSACT.search(text) is not None
        self._escapes = _ESCAPES.search(text) is not None
        self._delimiters: set[str] = set()
        self._unclosed: set[str] = set()
        self._run = (-1, -1)

    def next(self, *, brief: bool = False) -> Token | None:
        """Return the next token, None at the end; `brief` leaves out words within lines."""
        while True:
            pattern = _pattern(escapes=self._escapes, delimiter=self.delimiter, brief=brief)
            found = pattern.search(self.text, self.position)
            if found is None:
                self.position = len(self.text)
                return None
            kind = found.lastgroup or ""
            kind = "jinja" if kind == "block" else "string" if kind == "mark" else kind
            start = found.start("word") if kind == "word" else found.start()
            self.position = max(found.end(), start + 1)
            if kind == "comment":
                self._note_comment(start, found.end())
            elif kind == "command":
                continue
            elif kind == "delimiter_line":
                self._set_delimiter(found["delimiter_line"])
                return Token("batch", "", start, found.end())
            elif kind == "copy":
                # The rows of a dump follow, up to a line of `\.`.
                if "from stdin" in found[0].lower():
                    self.position = max(self.position, self.find_end("\n\\.", found.end()))
                return Token("end", ";", start, self.position)
            elif kind == "dollar":
                return Token("dollar", "", start, self._close_dollars(found[0]))
            else:
                text = found[0].upper() if kind not in ("word", "jinja") else found[kind].upper()
                return Token("mark" if kind == "sign" else kind, text[:80], start, self.position)

    def starts_line(self, token: Token) -> bool:
        """Say whether nothing but blanks stands before a token on its line."""
        return self._is_first(token.start)

    def with_comments(self, start: int) -> int:
        """Return where the comments directly above an offset begin; the offset itself without any."""
        first, last = self._run
        if first < 0 or last > start or start - last > _MAX_BLANKS:
            return start
        between = self.text[last:start]
        return start if between.strip() or _EMPTY_LINE.search(between) else first

    def find_end(self, wanted: str, position: int) -> int:
        """Return where a text that closes something ends, -1 when it is not there."""
        if wanted in self._unclosed or len(self._unclosed) > _MAX_UNCLOSED:
            return -1
        found = self.text.find(wanted, position)
        if found < 0:
            self._unclosed.add(wanted)
            return -1
        return found + len(wanted)

    def _close_dollars(self, tag: str) -> int:
        end = self.find_end(tag, self.position)
        self.position = end if end >= 0 else self.position
        return self.position

    def _note_comment(self, start: int, end: int) -> None:
        """Keep the run of comments that ends here; one behind code on the same line belongs to that code."""
        if not self._is_first(start):
            return
        between = self.text[self._run[1] : start]
        joined = self._run[0] >= 0 and not between.strip() and _EMPTY_LINE.search(between) is None
        self._run = (self._run[0] if joined else start, end)

    def _is_first(self, offset: int) -> bool:
        line_start = self.text.rfind("\n", max(0, offset - _MAX_BLANKS), offset) + 1
        return offset - line_start <= _MAX_BLANKS and not self.text[line_start:offset].strip()

    def _set_delimiter(self, written: str) -> None:
        if written == ";":
            self.delimiter = ""
            return
        self._delimiters.add(written)
        if len(self._delimiters) <= _MAX_DELIMITERS and len(written) <= _MAX_DELIMITER_LENGTH:
            self.delimiter = written
