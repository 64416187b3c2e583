"""What an identifier names in a file: a definition, lines, or all of it; and identifiers of what was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from codesearch.core.checks import Check
from codesearch.core.counts import say_count
from codesearch.core.index.source_index import IndexedFile, SourceIndex
from codesearch.core.types import ArtifactKind, Chunk
from codesearch.retrieval.condition_values import show
from codesearch.tools.definitions import Definition, identify_definition, list_definitions
from codesearch.tools.file_text import FileText, read_file_text
from codesearch.tools.identifiers import identify_file, identify_lines, read_lines
from codesearch.tools.lookups.files import keep_lines
from codesearch.tools.lookups.lookup import Lookup, Scope, only

_SHOWN_SYMBOLS = 8


@dataclass(frozen=True, slots=True)
class ResolveAsked:
    """A path of a repository, and what is named in it: a symbol or lines, None for the whole file."""

    repository: str
    path: str
    tail: str | None


@dataclass(frozen=True, slots=True)
class Resolved:
    """Lines of a file, of which no others are known, and whose definition they are; `note` says what was ambiguous.

    Without a text: `problem` says what a file has instead of the tail, None where there is no such file.
    """

    text: FileText | None = None
    start_line: int = 1
    end_line: int = 0
    definition: Definition | None = None
    note: str | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class PathAsked:
    """The path of a file."""

    path: str


@dataclass(frozen=True, slots=True)
class Definitions:
    """The definitions of a file by first line, the longer first."""

    definitions: tuple[Definition, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Lines of a file of a repository, and the symbol that they define; or all of the file."""

    repository: str
    path: str
    symbol: str | None
    start_line: int
    end_line: int
    is_file: bool


@dataclass(frozen=True, slots=True)
class PlacesAsked:
    """Places by the ids of their data sources."""

    places: Mapping[str, tuple[Place, ...]]


@dataclass(frozen=True, slots=True)
class Identifiers:
    """Identifiers by the ids of their data sources, in the order of the places."""

    identifiers: Mapping[str, tuple[str, ...]]


def _resolve(scope: Scope, asked: ResolveAsked, _: Check) -> Resolved:
    file = only(scope).find_file(asked.path)
    if file is None:
        return Resolved()
    whole = read_file_text(*file)
    found = _find_tail(asked, whole, file)
    return found if found.text is None else _cut(found, found.text)


def _cut(found: Resolved, text: FileText) -> Resolved:
    kept = keep_lines(text, found.start_line, found.end_line)
    return Resolved(kept, found.start_line, found.end_line, found.definition, found.note)


def _find_tail(asked: ResolveAsked, text: FileText, file: IndexedFile) -> Resolved:
    if asked.tail is None:
        return Resolved(text, 1, text.last_line)
    definitions = list_definitions(*file)
    named = [item for item in definitions if item.symbol == asked.tail]
    named = named or [item for item in definitions if item.symbol.rpartition(".")[2] == asked.tail]
    if named:
        first, *others = named
        note = _name_others(asked.repository, text.path, first, others) if others else None
        return Resolved(text, first.start_line, first.end_line, first, note)
    lines = read_lines(asked.tail)
    if lines is not None and lines[0] <= text.last_line:
        return Resolved(text, lines[0], min(lines[1], text.last_line))
    known = ", ".join(dict.fromkeys(item.symbol for item in definitions[:_SHOWN_SYMBOLS])) or "none"
    more = ", …" if len(definitions) > _SHOWN_SYMBOLS else ""
    return Resolved(
        problem=f"{text.path} of {asked.repository} has {say_count(text.last_line, 'line')} and no symbol "
        f"{show(asked.tail)}; its symbols: {known}{more}. outline lists them."
    )


def _name_others(repository: str, path: str, first: Definition, others: list[Definition]) -> str:
    places = ", ".join(identify_lines(repository, path, item.start_line, item.end_line) for item in others)
    return f"{first.symbol} is ambiguous: it is also defined at {places}."


def _list_definitions(scope: Scope, asked: PathAsked, _: Check) -> Definitions:
    file = only(scope).find_file(asked.path)
    return Definitions(tuple(list_definitions(*file)) if file is not None else ())


def place_chunk(repository: str, chunk: Chunk) -> Place:
    """Return which place a record is of, whole: its definition, its file or its lines."""
    start_line, end_line = chunk.symbol_lines or (chunk.start_line, chunk.end_line)
    is_file = chunk.artifact_kind is ArtifactKind.FILE
    return Place(repository, chunk.path, chunk.symbol, start_line, end_line, is_file)


def identify_place(index: SourceIndex, place: Place) -> str:
    """Return the identifier by which a place is fetched.

    Where a file defines a symbol more than once, it is the lines of this definition.
    """
    if place.is_file:
        return identify_file(place.repository, place.path)
    return identify_definition(index, place.repository, place.path, place.symbol, place.start_line, place.end_line)


def _identify(scope: Scope, asked: PlacesAsked, check: Check) -> Identifiers:
    found: dict[str, tuple[str, ...]] = {}
    for source_id, index in scope.items():
        check()
        found[source_id] = tuple(identify_place(index, place) for place in asked.places[source_id])
    return Identifiers(found)


RESOLVE: Final = Lookup("resolve", ResolveAsked, Resolved, _resolve)
LIST_DEFINITIONS: Final = Lookup("list_definitions", PathAsked, Definitions, _list_definitions)
IDENTIFY: Final = Lookup("identify", PlacesAsked, Identifiers, _identify)
