"""What .gitattributes and .editorconfig files say of a path: generated, vendored, its encoding. rules.py asks here."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping

from indexer.source.patterns import MAX_PATTERNS, Pattern, parse_pattern

GENERATED, VENDORED, ENCODING = "linguist-generated", "linguist-vendored", "working-tree-encoding"
_KNOWN = frozenset({GENERATED, VENDORED, ENCODING})
_MACRO = "[attr]"

_MOST_ALTERNATIVES = 100
_BRACES = re.compile(r"\{([^{}]*)\}")

# The value of an attribute: None where a line takes it back.
Values = dict[str, "str | bool | None"]


class Attributes:
    """The lines of all .gitattributes files of a source that say something of interest."""

    def __init__(self, files: Mapping[str, str]) -> None:
        """Read the files, by their folders ("" or ending with a slash)."""
        self._lines: list[tuple[Pattern, Values]] = []
        macros: dict[str, Values] = {}
        for folder, text in sorted(files.items()):
            for line in text.splitlines()[:MAX_PATTERNS]:
                name, values = _split_line(line, macros)
                if name.startswith(_MACRO):
                    macros[name.removeprefix(_MACRO)] = values
                elif values and (pattern := parse_pattern(name, folder, may_negate=False)) is not None:
                    self._lines.append((pattern, values))
        self._lines.reverse()

    def __bool__(self) -> bool:
        return bool(self._lines)

    def find(self, path: str, attribute: str) -> str | bool | None:
        """Return an attribute of a file: True, False or a value; None where nothing says anything."""
        for pattern, values in self._lines:
            if attribute in values and pattern.matches(path, is_folder=False):
                return values[attribute]
        return None


def _split_line(line: str, macros: Mapping[str, Values]) -> tuple[str, Values]:
    text = line.strip()
    if not text or text.startswith("#"):
        return "", {}
    name, _, rest = text.partition(" ") if not text.startswith('"') else _unquote(text)
    if "\t" in name:
        name, _, more = name.partition("\t")
        rest = f"{more} {rest}"
    values: Values = {}
    for word in rest.split():
        key = word.lstrip("-!").partition("=")[0]
        if key in macros and word == key:
            values.update(macros[key])
        elif key in _KNOWN:
            values[key] = _value_of(word)
    return name, values


def _unquote(text: str) -> tuple[str, str, str]:
    try:
        name = shlex.split(text)[0]
    except (ValueError, IndexError):
        return "", "", ""
    end = text.find('"', 1)
    return name, " ", text[end + 1 :]


def _value_of(word: str) -> str | bool | None:
    if word.startswith("!"):
        return None
    if word.startswith("-"):
        return False
    _, has_value, value = word.partition("=")
    lowered = value.lower()
    return True if not has_value or lowered == "true" else False if lowered == "false" else value


class EditorConfigs:
    """The charsets that the .editorconfig files of a source name."""

    def __init__(self, files: Mapping[str, str]) -> None:
        """Read the files, by their folders ("" or ending with a slash)."""
        self._sections: list[tuple[str, tuple[Pattern, ...], str]] = []
        self._roots: list[str] = []
        for folder, text in sorted(files.items()):
            self._read(folder, text)
        self._sections.reverse()

    def find_charset(self, path: str) -> str | None:
        """Return the charset that is set for a file; None when there is none."""
        root = max((folder for folder in self._roots if path.startswith(folder)), key=len, default="")
        for folder, patterns, charset in self._sections:
            if folder.startswith(root) and any(pattern.matches(path, is_folder=False) for pattern in patterns):
                return None if charset == "unset" else charset
        return None

    def _read(self, folder: str, text: str) -> None:
        patterns: tuple[Pattern, ...] = ()
        in_preamble = True
        for line in text.splitlines()[:MAX_PATTERNS]:
            stripped = line.strip()
            if stripped.startswith("[") and stripped.endswith("]"):
                patterns, in_preamble = tuple(_section_patterns(stripped[1:-1], folder)), False
                continue
            key, _, value = (part.strip().lower() for part in stripped.partition("="))
            if key == "charset" and patterns and value:
                self._sections.append((folder, patterns, value))
            elif key == "root" and in_preamble and value == "true":
                self._roots.append(folder)


def _section_patterns(section: str, folder: str) -> Iterable[Pattern]:
    for text in _expand(section):
        # `**` inside a part means any folders there.
        spread = re.sub(r"\*\*(?=[^/])", "**/*", text)
        if (pattern := parse_pattern(spread, folder, may_negate=False)) is not None:
            yield pattern


def _expand(section: str) -> list[str]:
    """Return the alternatives of {a,b}."""
    pending, done = [section], list[str]()
    while pending and len(pending) + len(done) < _MOST_ALTERNATIVES:
        text = pending.pop()
        found = _BRACES.search(text)
        if found is None or "," not in found.group(1):
            done.append(text)
            continue
        pending += [text[: found.start()] + choice + text[found.end() :] for choice in found.group(1).split(",")]
    return done
