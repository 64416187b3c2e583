"""Patterns of paths as in .gitignore, matched in bounded time: for .codesearchignore, .gitattributes and settings."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import translate
from functools import cache

# More than anybody writes: what is longer, or further down, is passed over.
MAX_PATTERN_CHARACTERS = 500
MAX_PATTERNS = 5000
MAX_FILE_BYTES = 1 << 20

_MAGIC = re.compile(r"[*?\[\\]")
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line. `segments` are regular expressions of path parts, None for `**`; a single one counts at any depth."""

    text: str
    base: str
    is_negated: bool
    only_folders: bool
    is_anchored: bool
    segments: tuple[re.Pattern[str] | None, ...]
    suffix: str | None

    def matches(self, path: str, *, is_folder: bool) -> bool:
        """Say whether a path from the root, without a slash at its end, is meant."""
        if (self.only_folders and not is_folder) or not path.startswith(self.base):
            return False
        if not self.is_anchored:
            if self.suffix is not None:
                return path.endswith(self.suffix)
            segment = self.segments[0]
            return segment is None or segment.match(path[path.rfind("/") + 1 :]) is not None
        return _match_parts(self.segments, path[len(self.base) :].split("/"))


def _match_parts(segments: tuple[re.Pattern[str] | None, ...], parts: list[str]) -> bool:
    """Match part by part; `**` takes as few parts as it can, and one more whenever what follows does not fit."""
    place = part = 0
    retry: tuple[int, int] | None = None
    while part < len(parts):
        segment = segments[place] if place < len(segments) else None
        if place < len(segments) and segment is None:
            if place == len(segments) - 1:
                return True
            retry = (place, part)
            place += 1
        elif segment is not None and segment.match(parts[part]):
            place, part = place + 1, part + 1
        elif retry is not None:
            place, part = retry[0] + 1, retry[1] + 1
            retry = (retry[0], part)
        else:
            return False
    return place == len(segments)


@cache
def _compile_segment(text: str) -> re.Pattern[str] | None:
    if text == "**":
        return None
    # fnmatch has no escapes, but sets; its expressions never look back over a star that matched.
    plain = _ESCAPED.sub(lambda found: f"[{found.group(1)}]" if found.group(1) in "*?[" else found.group(1), text)
    return re.compile(translate(plain.replace("[^", "[!")))


def parse_pattern(line: str, base: str = "", *, may_negate: bool = True) -> Pattern | None:
    """Read one line of a .gitignore in the folder `base` ("" or ending with a slash); None when it means nothing."""
    text = line.rstrip("\r\n")
    text = text.rstrip(" ") if not text.endswith("\\ ") else text
    if not text or text.startswith("#") or len(text) > MAX_PATTERN_CHARACTERS:
        return None
    pattern = text
    is_negated = may_negate and pattern.startswith("!")
    pattern = pattern[1:] if is_negated else pattern
    only_folders = pattern.endswith("/")
    pattern = pattern.rstrip("/")
    is_anchored = "/" in pattern
    parts = tuple(part for part in pattern.split("/") if part)
    if not parts:
        return None
    try:
        segments = tuple(_compile_segment(part) for part in parts)
    except re.error:
        return None
    star = parts[0]
    suffix = star[1:] if len(star) > 1 and star[0] == "*" and not _MAGIC.search(star[1:]) else None
    return Pattern(text, base, is_negated, only_folders, is_anchored, segments, suffix)


def parse_patterns(text: str, base: str = "") -> tuple[Pattern, ...]:
    """Read the lines of a file in .gitignore's form."""
    lines = text.splitlines()[:MAX_PATTERNS]
    return tuple(pattern for line in lines if (pattern := parse_pattern(line, base)) is not None)


class IgnoreRules:
    """What .codesearchignore files say: the last line that matches decides, those of nearer folders are later."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._patterns = tuple(patterns)[::-1]
        self._folders: dict[str, Pattern | None] = {"": None}

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def find(self, path: str) -> Pattern | None:
        """Return the line that decides about a file: a negated one wants it, another one leaves it out.

        As in git, nothing below a folder that is left out comes back.
        """
        if not self._patterns:
            return None
        above = self._find_folder(path.rpartition("/")[0])
        if above is not None and not above.is_negated:
            return above
        return self._last(path, is_folder=False) or above

    def _find_folder(self, folder: str) -> Pattern | None:
        if folder not in self._folders:
            above = self._find_folder(folder.rpartition("/")[0])
            settled = above is not None and not above.is_negated
            self._folders[folder] = above if settled else self._last(folder, is_folder=True) or above
        return self._folders[folder]

    def _last(self, path: str, *, is_folder: bool) -> Pattern | None:
        return next((pattern for pattern in self._patterns if pattern.matches(path, is_folder=is_folder)), None)


class PatternList:
    """Patterns of a setting: a path is meant when one of them matches it or a folder that it is in.

    They count from the folder `base`, "" or ending with a slash.
    """

    def __init__(self, lines: Iterable[str], base: str = "") -> None:
        read = (parse_pattern(line.strip(), base, may_negate=False) for line in lines)
        self._patterns = tuple(pattern for pattern in read if pattern is not None)
        self._folders: dict[str, Pattern | None] = {"": None}

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def find(self, path: str, *, is_folder: bool = False) -> Pattern | None:
        """Return the pattern that matches a path or a folder above it."""
        if not self._patterns:
            return None
        return self._find_folder(path) if is_folder else self._find_folder(path.rpartition("/")[0]) or self._first(path)

    def may_hold(self, folder: str) -> bool:
        """Say whether a pattern that names its place speaks of something below a folder."""
        start = f"{folder}/"
        return any(pattern.text.lstrip("/").startswith(start) for pattern in self._patterns)

    def _find_folder(self, folder: str) -> Pattern | None:
        if folder not in self._folders:
            self._folders[folder] = self._find_folder(folder.rpartition("/")[0]) or self._first(folder, is_folder=True)
        return self._folders[folder]

    def _first(self, path: str, *, is_folder: bool = False) -> Pattern | None:
        return next((pattern for pattern in self._patterns if pattern.matches(path, is_folder=is_folder)), None)
