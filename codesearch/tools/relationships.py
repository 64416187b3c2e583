"""What belongs to a symbol by its name: definitions, callers, callees, references, ancestors, descendants.

Nothing is resolved as a compiler does: two definitions of one name are one here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, takewhile

from codesearch.core.checks import Check
from codesearch.core.index.source_index import IndexedFile, SourceIndex
from codesearch.core.text.path_roles import is_test_path
from codesearch.core.text.terms import name_term
from codesearch.tools.definitions import Definition, list_definitions
from codesearch.tools.file_text import FileText, read_file_text
from codesearch.tools.inheritance import TYPE_KINDS, bases_of
from codesearch.tools.occurrences import (
    DOCUMENTS,
    Occurrence,
    find_occurrences,
    is_comment,
    may_call,
    simple_name,
)
from codesearch.tools.signatures import find_head_line, read_signature

# Names that one definition calls, of which the definitions are looked for.
_MOST_CALLED_NAMES = 500
# What a line looks like on which a type says what it builds on.
_BUILDING = re.compile(
    r"\b(?:class|struct|interface|trait|impl|enum|record|object|protocol|extends|implements|with|instance|deriving|"
    r"extension|mixin|actor|type|module|inherit|include)\b|^[:,]|^[\w.:<>\[\]]+\s*[,{(]?$"
)
_CALLED = re.compile(r"(?<![\w$])([^\W\d][\w$]*)[!?]?(?:(?:::)?<[^<>()\n]{0,80}>)?\s?\(")
_APART = frozenset({"impl", "extension", "instance"})
_NO_CALLS = frozenset(
    "if elif for while switch match return catch except sizeof typeof when unless until foreach using lock fixed await "
    "yield assert and or not in is new def fn func fun function sub proc class lambda super self this defined print "
    "with case raise throw delete alignof decltype static_cast where let var val int str float bool".split()
)


@dataclass(frozen=True, slots=True)
class Relative:
    """A definition that is related, with its file, and the lines at which the relation shows."""

    path: str
    definition: Definition | None
    start_line: int
    end_line: int
    lines: tuple[int, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """Relatives of one kind, the nearest first, and how many more there are at least."""

    relatives: list[Relative]
    left_out: int = 0


class Neighbourhood:
    """Looks for relatives of one definition in its data source, no more than `limit` of a kind."""

    def __init__(self, index: SourceIndex, home: str, limit: int, check: Check) -> None:
        """`home` is the path of the file that the definition is in: what is in it comes first."""
        self._index = index
        self._home = home
        self._limit = limit
        self._check = check
        self._files: dict[IndexedFile, tuple[FileText, list[Definition]]] = {}
        self._occurrences: dict[str, list[Occurrence]] = {}

    def read(self, file: IndexedFile) -> tuple[FileText, list[Definition]]:
        """Return a file's text and definitions."""
        if file not in self._files:
            self._check()
            self._files[file] = (read_file_text(*file), list_definitions(*file))
        return self._files[file]

    def find_definitions(self, name: str) -> Found:
        """Return what is called so."""
        found = list(self._definitions_named(name))
        return self._limited([_relative(path, item) for path, item, _ in found])

    def find_contained(self, path: str, definition: Definition) -> Found:
        """Return the definitions in a definition."""
        file = self._index.find_file(path)
        inside = [
            item
            for item in (self.read(file)[1] if file is not None else [])
            if item != definition
            and definition.start_line <= item.start_line
            and item.end_line <= definition.end_line
            and item.symbol != definition.symbol
        ]
        return self._limited([_relative(path, item) for item in inside])

    def find_callers(self, path: str, name: str) -> Found:
        """Return what calls a name of a file, with the lines where it does."""
        return self._group(name, called_from=path)

    def find_references(self, name: str) -> Found:
        """Return where a name stands, its own definitions aside."""
        return self._group(name)

    def find_callees(self, path: str, definition: Definition) -> Found:
        """Return the definitions of this data source whose names a definition calls, in the order of the calls."""
        file = self._index.find_file(path)
        if file is None:
            return Found([])
        text, definitions = self.read(file)
        lines = _called_lines(text, definition, definitions)
        relatives = []
        for name, numbers in list(lines.items())[:_MOST_CALLED_NAMES]:
            # Of many of the same name, the nearest stands for them all.
            named = self._definitions_named(name)
            nearest = next((one for one in named if may_call(text.language, one[2])), None)
            if nearest is not None:
                place, item, _ = nearest
                relatives.append(Relative(place, item, item.start_line, item.end_line, tuple(numbers)))
        return self._limited(relatives)

    def find_ancestors(self, path: str, definition: Definition) -> Found:
        """Return what a type builds on by its signature; without a place where it is not of this data source."""
        file = self._index.find_file(path)
        if file is None:
            return Found([])
        text, definitions = self.read(file)
        own = simple_name(definition.symbol)
        # Some write it apart from the type: `impl Trait for Type`.
        apart = [item for item in definitions if item.kind in _APART and simple_name(item.symbol) == own]
        subjects = [definition, *(item for item in apart if item != definition)]
        bases = [base for item in subjects for base in self._bases_of(text, item)]
        relatives = []
        for base in dict.fromkeys(bases):
            known = next((pair for pair in self._types_named(base) if may_call(text.language, pair[2])), None)
            relatives.append(_relative(*known[:2]) if known else Relative("", None, 0, 0, (), base))
        return self._limited(relatives)

    def find_descendants(self, path: str, name: str) -> Found:
        """Return the types whose signatures build on a name of a file."""
        relatives = []
        language = self._language_of(path)
        files = dict.fromkeys(place.file for place in self._references(name) if _BUILDING.search(place.text))
        for file in files:
            text, definitions = self.read(file)
            if not may_call(text.language, language):
                continue
            for item in definitions:
                if item.kind in TYPE_KINDS and name in self._bases_of(text, item):
                    relatives.append(_relative(text.path, item))
            if len(relatives) > self._limit:
                break
        return self._limited(relatives)

    def _bases_of(self, text: FileText, item: Definition) -> list[str]:
        return bases_of(item.kind, item.symbol, read_signature(text, item), text.language)

    def _limited(self, relatives: list[Relative]) -> Found:
        return Found(relatives[: self._limit], max(0, len(relatives) - self._limit))

    def _definitions_named(self, name: str) -> Iterator[tuple[str, Definition, str | None]]:
        """Yield the definitions of a simple name with their paths and languages, the nearest file first."""
        for file in sorted(self._index.files_defining(name_term(name)), key=self._nearness):
            text, definitions = self.read(file)
            for item in definitions:
                if simple_name(item.symbol) == name:
                    yield text.path, item, _read_language(file)

    def _types_named(self, name: str) -> Iterator[tuple[str, Definition, str | None]]:
        return (one for one in self._definitions_named(name) if one[1].kind in TYPE_KINDS)

    def _language_of(self, path: str) -> str | None:
        file = self._index.find_file(path)
        return None if file is None else _read_language(file)

    def _nearness(self, file: IndexedFile) -> tuple[bool, bool, int, str]:
        """Return what files are sorted by: the own one first, tests last, then by the folders that they share."""
        segment, number = file
        path = segment.path_of(number)
        shared = takewhile(lambda pair: pair[0] == pair[1], zip(path.split("/"), self._home.split("/"), strict=False))
        return path != self._home, is_test_path(path), -len(list(shared)), path

    def _references(self, name: str) -> list[Occurrence]:
        """Return where a name stands, but where it is defined; the nearest file first."""
        if name not in self._occurrences:
            found = list(find_occurrences(self._index, name, self._check))
            nearness = {file: self._nearness(file) for file in {place.file for place in found}}
            found.sort(key=lambda place: (nearness[place.file], place.line, place.column))
            self._occurrences[name] = found
        return self._occurrences[name]

    def _group(self, name: str, called_from: str | None = None) -> Found:
        """Put the places of a name together by the definition around them; where it is defined is left out.

        With `called_from`, only calls of what a file defines, in languages that call it.
        """
        relatives: list[Relative] = []
        left_out = 0
        called = None if called_from is None else self._language_of(called_from)
        for file, of_file in groupby(self._references(name), key=lambda place: place.file):
            places = list(of_file)
            if called_from is not None and not may_call(_read_language(file), called):
                continue
            if len(relatives) >= self._limit:
                left_out += sum(place.is_call or called_from is None for place in places)
                continue
            text, definitions = self.read(file)
            used = _without_heads(places, [item for item in definitions if simple_name(item.symbol) == name])
            used = [place for place in used if place.is_call or called_from is None]
            relatives += _group_in_file(text.path, used, definitions)
        return Found(relatives[: self._limit], left_out + max(0, len(relatives) - self._limit))


def _read_language(file: IndexedFile) -> str | None:
    segment, number = file
    return segment.languages[segment.row_languages[segment.first_rows[number]]] or None


def _relative(path: str, item: Definition) -> Relative:
    return Relative(path, item, item.start_line, item.end_line)


def _without_heads(places: list[Occurrence], named: list[Definition]) -> list[Occurrence]:
    """Leave out the first place in each definition of the name: there it defines, above it are its comments."""
    heads = set[tuple[int, int]]()
    for item in named:
        inside = (place for place in places if item.start_line <= place.line <= item.end_line)
        head = next((place for place in inside if not place.text.startswith("@")), None)
        if head is not None:
            heads.add((head.line, head.column))
    return [place for place in places if (place.line, place.column) not in heads]


def _group_in_file(path: str, places: list[Occurrence], definitions: list[Definition]) -> Iterator[Relative]:
    around: dict[Definition | None, list[Occurrence]] = {}
    for place in places:
        around.setdefault(enclosing(definitions, place.line), []).append(place)
    for owner, inside in around.items():
        if owner is None:
            for place in inside:
                yield Relative(path, None, place.line, place.line, (place.line,), place.text)
        else:
            lines = tuple(dict.fromkeys(place.line for place in inside))
            yield Relative(path, owner, owner.start_line, owner.end_line, lines, inside[0].text)


def enclosing(definitions: list[Definition], line: int) -> Definition | None:
    """Return the innermost definition around a line."""
    around = [item for item in definitions if item.start_line <= line <= item.end_line]
    return min(around, key=lambda item: (item.end_line - item.start_line, -item.start_line), default=None)


def _called_lines(text: FileText, definition: Definition, definitions: list[Definition]) -> dict[str, list[int]]:
    """Return the names that look called in a definition's lines, with those lines, in their order."""
    if text.language in DOCUMENTS:
        return {}
    inside = (
        item
        for item in definitions
        if definition.start_line <= item.start_line and item.end_line <= definition.end_line
    )
    heads = {(simple_name(item.symbol), find_head_line(text, item)) for item in inside}
    found: dict[str, list[int]] = {}
    for number in range(definition.start_line, definition.end_line + 1):
        line = text.known.get(number, "")
        for match in _CALLED.finditer(line):
            name = match[1]
            if name in _NO_CALLS or is_comment(line, match.start(), text.language or ""):
                continue
            if (name, number) in heads:
                # Once more on its head's line, it calls itself.
                heads.discard((name, number))
                continue
            numbers = found.setdefault(name, [])
            if not numbers or numbers[-1] != number:
                numbers.append(number)
    return found
