"""Which paths are files, the lines of one, its definitions, and what there is instead of one that is missing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from codesearch.core.checks import Check
from codesearch.tools.definitions import Definition, list_definitions
from codesearch.tools.file_text import FileText, read_file_text
from codesearch.tools.lookups.absence import NOTHING_LIKE_IT, Absence, find_absence
from codesearch.tools.lookups.lookup import Lookup, Scope, only
from codesearch.tools.signatures import read_signature


@dataclass(frozen=True, slots=True)
class Paths:
    """Paths, as the index has them."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LinesOfFile:
    """Lines of a file, 1-based: so many from `start` on, None for all."""

    path: str
    start: int = 1
    most_lines: int | None = None


@dataclass(frozen=True, slots=True)
class FileTold:
    """A file's text, of which only the lines are known that were asked for; or what there is instead of it."""

    text: FileText | None
    absence: Absence = NOTHING_LIKE_IT


@dataclass(frozen=True, slots=True)
class OutlineAsked:
    """A file, of which at most so many definitions are told."""

    path: str
    most: int


@dataclass(frozen=True, slots=True)
class OutlineTold:
    """A file's definitions with their signatures, and how many there are; or what there is instead of the file."""

    definitions: tuple[Definition, ...] = ()
    count: int = 0
    language: str | None = None
    last_line: int = 0
    absence: Absence | None = None


def _find_files(scope: Scope, asked: Paths, _: Check) -> Paths:
    found = {path for index in scope.values() for path in asked.paths if index.find_file(path) is not None}
    return Paths(tuple(sorted(found)))


def _read_file(scope: Scope, asked: LinesOfFile, check: Check) -> FileTold:
    index = only(scope)
    file = index.find_file(asked.path)
    if file is None:
        return FileTold(None, find_absence(index, asked.path, check))
    text = read_file_text(*file)
    if asked.most_lines is None:
        return FileTold(text)
    return FileTold(keep_lines(text, asked.start, asked.start + asked.most_lines - 1))


def keep_lines(text: FileText, start: int, end: int) -> FileText:
    """Return a text of which no lines but these are known; how long it is does not change."""
    return replace(text, known={number: line for number, line in text.known.items() if start <= number <= end})


def _outline(scope: Scope, asked: OutlineAsked, check: Check) -> OutlineTold:
    index = only(scope)
    file = index.find_file(asked.path)
    if file is None:
        return OutlineTold(absence=find_absence(index, asked.path, check))
    text, found = read_file_text(*file), list_definitions(*file)
    shown = tuple(replace(item, signature=read_signature(text, item)) for item in found[: asked.most])
    return OutlineTold(shown, len(found), text.language, text.last_line)


# Which of the paths are files of any of the data sources.
FIND_FILES: Final = Lookup("find_files", Paths, Paths, _find_files)
READ_FILE: Final = Lookup("read_file", LinesOfFile, FileTold, _read_file)
OUTLINE: Final = Lookup("outline", OutlineAsked, OutlineTold, _outline)
