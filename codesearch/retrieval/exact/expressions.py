"""Reads regular expressions before RE2 does: line ends of any kind, and strings that every match must hold. Pure.

Where a text is no expression that it knows, it says less and leaves the judgement to RE2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

# So many strings, one of which every match holds, are still looked for one by one; shorter ones are everywhere.
MAX_REQUIRED: Final = 4
LEAST_REQUIRED_LENGTH: Final = 3
_TOKEN = re.compile(
    r"\\Q(?P<quoted>.*?)(?:\\E|\Z)"
    r"|(?P<code>\\x\{[0-9A-Fa-f]+\}|\\x[0-9A-Fa-f]{2}|\\0[0-7]{0,2})"
    r"|(?P<property>\\[pP](?:\{[^}]*\}|.))"
    r"|\\(?P<escaped>.)"
    r"|(?P<set>\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\])"
    r"|(?P<flags>\(\?[a-zA-Z]*(?:-[a-zA-Z]+)?\))"
    r"|(?P<open>\((?:\?P?<\w+>|\?[a-zA-Z]*(?:-[a-zA-Z]+)?:)?)"
    r"|(?P<times>[*+?]|\{\d*(?:,\d*)?\})"
    r"|(?P<other>.)",
    re.DOTALL,
)
_MAX_DEPTH = 100
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a"}
# What in a line stands for its end: the line end itself, or one of two characters.
LINE_END: Final = r"(?:\r?$)"
LINE_BREAK: Final = r"\r?\n"
_BLANK_IN_LINE: Final = r"[\t\n\v\f ]"


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression as RE2 gets it. `spans_lines`: it names a line end. `required`: each match holds one of these, in
    any case where `ignores_case`; empty where nothing is known.
    """

    text: str
    spans_lines: bool
    ignores_case: bool
    required: tuple[str, ...]


def read_expression(text: str) -> Expression:
    """Read an expression of RE2's syntax; accepts any text."""
    tokens = list(_TOKEN.finditer(text))
    flags = "".join(token["flags"] or token["open"] or "" for token in tokens)
    flags = re.sub(r"\?P?<\w+>|-\w*", "", flags)
    spans_lines = "s" in flags or any(_names_line_end(token) for token in tokens)
    rewritten = "".join(_rewrite(token, spans_lines=spans_lines) for token in tokens)
    reader = _Reader(tokens)
    branches = reader.read_branches()
    # A bracket too many: RE2 will say so.
    required = branches.required if reader.is_done and not reader.is_lost else ()
    usable = len(required) <= MAX_REQUIRED and all(
        len(part) >= LEAST_REQUIRED_LENGTH and "\n" not in part for part in required
    )
    return Expression(rewritten, spans_lines, "i" in flags, required if usable else ())


def _names_line_end(token: re.Match[str]) -> bool:
    if token["quoted"] is not None:
        return "\n" in token["quoted"]
    if token["set"] is not None:
        return not token["set"].startswith("[^") and ("\\n" in token["set"] or "\n" in token["set"])
    return token["escaped"] == "n" or token["other"] == "\n" or _character_of(token["code"]) == "\n"


def _rewrite(token: re.Match[str], *, spans_lines: bool) -> str:
    """Return a token such that a line's end may have a carriage return before it."""
    if token["other"] == "$" or token["escaped"] in ("z", "Z"):
        return LINE_END
    if token["escaped"] == "A":
        return "^"
    if token["escaped"] == "n" or token["other"] == "\n":
        return f"(?:{LINE_BREAK})"
    if token["escaped"] == "s" and not spans_lines:
        return _BLANK_IN_LINE
    return token[0]


def _character_of(code: str | None) -> str:
    if not code:
        return ""
    digits = code[2:].strip("x{}")
    value = int(digits, 16) if code[1] == "x" else int(code[1:], 8)
    return chr(value) if value <= 0x10FFFF else ""


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is known of a part: the only texts that it matches, or strings one of which each match of it holds."""

    exact: tuple[str, ...] = ()
    required: tuple[str, ...] = ()


class _Reader:
    """Goes through the tokens of an expression once; `is_lost` where groups are nested too deep."""

    def __init__(self, tokens: list[re.Match[str]]) -> None:
        self._tokens = tokens
        self._next = 0
        self._depth = 0
        self.is_lost = False

    @property
    def is_done(self) -> bool:
        return self._next == len(self._tokens)

    def read_branches(self) -> _Facts:
        branches = [self._read_sequence()]
        while not self.is_done and self._tokens[self._next]["other"] == "|":
            self._next += 1
            branches.append(self._read_sequence())
        if len(branches) == 1:
            return branches[0]
        exact = tuple(dict.fromkeys(text for branch in branches for text in branch.exact))
        required = tuple(dict.fromkeys(text for branch in branches for text in branch.required))
        return _Facts(
            exact if len(exact) <= MAX_REQUIRED and all(branch.exact for branch in branches) else (),
            required if all(branch.required for branch in branches) else (),
        )

    def _read_sequence(self) -> _Facts:
        found: list[tuple[str, ...]] = []
        # The texts that may stand here since the last part that may be anything.
        runs: tuple[str, ...] = ("",)
        is_exact = True
        while not self.is_done and self._tokens[self._next]["other"] not in ("|", ")"):
            part = self._read_part()
            least, is_repeated = self._read_times()
            joined = tuple(run + text for run in runs for text in part.exact) if least else ()
            if joined and not is_repeated and len(joined) <= MAX_REQUIRED:
                runs = joined
                continue
            is_exact = False
            # What comes first of a repeated part follows what is before it.
            found.append(joined if 0 < len(joined) <= MAX_REQUIRED else runs)
            if least:
                found.append(part.required)
            runs = part.exact if part.exact and least and not is_repeated else ("",)
        found.append(runs)
        best = max(found, key=_usefulness)
        return _Facts(runs if is_exact else (), best if all(best) else ())

    def _read_part(self) -> _Facts:
        token = self._tokens[self._next]
        self._next += 1
        if token["quoted"] is not None:
            return _literal(token["quoted"])
        if token["code"] is not None:
            character = _character_of(token["code"])
            return _literal(character) if character else _Facts()
        if token["escaped"] is not None:
            letter = token["escaped"]
            if letter in "bBAzZ":
                return _literal("")
            if letter in _CONTROLS and letter != "n":
                return _literal(_CONTROLS[letter])
            return _Facts() if letter.isalnum() else _literal(letter)
        if token["open"] is not None:
            return self._read_group()
        if token["flags"] is not None or token["other"] in ("^", "$"):
            return _literal("")
        if token["other"] is None or token["other"] in ".\n":
            return _Facts()
        return _literal(token["other"])

    def _read_group(self) -> _Facts:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            self.is_lost = True
            self._next = len(self._tokens)
            return _Facts()
        inside = self.read_branches()
        if not self.is_done:
            self._next += 1
        self._depth -= 1
        return inside

    def _read_times(self) -> tuple[int, bool]:
        """Return how often the part before comes at least, and whether it may come more often than once."""
        least, is_repeated = 1, False
        for token in self._repetitions():
            times = token["times"]
            if times in ("*", "?"):
                least = 0
            elif times != "+":
                least = min(least, int(times[1:-1].partition(",")[0] or 0))
            is_repeated = True
        return least, is_repeated

    def _repetitions(self) -> Iterator[re.Match[str]]:
        while not self.is_done and self._tokens[self._next]["times"] is not None:
            yield self._tokens[self._next]
            self._next += 1


def _literal(text: str) -> _Facts:
    return _Facts((text,), (text,) if text else ())


def _usefulness(required: tuple[str, ...]) -> tuple[int, int]:
    """Say how much it helps to look for one of these strings: the shortest tells how rare they are."""
    return (min(map(len, required), default=0), -len(required))
