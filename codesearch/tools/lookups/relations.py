"""What belongs to a symbol by its name, kind by kind, with the identifiers of what was found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from codesearch.core.checks import Check
from codesearch.core.counts import say_count
from codesearch.core.index.source_index import SourceIndex
from codesearch.tools.definitions import Definition, identify_definition
from codesearch.tools.lookups.lookup import Lookup, Scope, only
from codesearch.tools.occurrences import MAX_ROWS, count_rows_with, simple_name
from codesearch.tools.relationships import Found, Neighbourhood, Relative


@dataclass(frozen=True, slots=True)
class RelationsAsked:
    """A definition in a file of a repository, and which kinds of relatives it has, at most so many of each."""

    repository: str
    path: str
    definition: Definition
    kinds: tuple[str, ...]
    most: int


@dataclass(frozen=True, slots=True)
class RelationsTold:
    """The definition's identifier, relatives by kind, the identifiers of these, and what is to be known of them."""

    identifier: str
    found: Mapping[str, Found]
    identifiers: Mapping[str, tuple[str, ...]]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NameAsked:
    """A simple name, of which at most so many definitions are told."""

    name: str
    most: int


def _relate(scope: Scope, asked: RelationsAsked, check: Check) -> RelationsTold:
    index, definition = only(scope), asked.definition
    name = simple_name(definition.symbol)
    around = Neighbourhood(index, asked.path, asked.most, check)
    found = {kind: _look_for(around, kind, asked.path, definition) for kind in asked.kinds}
    same = len(around.find_definitions(name).relatives)
    return RelationsTold(
        _identify(index, asked.repository, asked.path, definition, definition.start_line, definition.end_line),
        found,
        {kind: tuple(_identify_relative(index, asked, item) for item in of.relatives) for kind, of in found.items()},
        _describe_limits(index, name, same),
    )


def _look_for(around: Neighbourhood, kind: str, path: str, definition: Definition) -> Found:
    name = simple_name(definition.symbol)
    searches: dict[str, Callable[[], Found]] = {
        "contains": lambda: around.find_contained(path, definition),
        "definitions": lambda: around.find_definitions(name),
        "callers": lambda: around.find_callers(path, name),
        "callees": lambda: around.find_callees(path, definition),
        "ancestors": lambda: around.find_ancestors(path, definition),
        "descendants": lambda: around.find_descendants(path, name),
        "references": lambda: around.find_references(name),
    }
    return searches[kind]()


def _identify_relative(index: SourceIndex, asked: RelationsAsked, item: Relative) -> str:
    if not item.path:
        return ""
    return _identify(index, asked.repository, item.path, item.definition, item.start_line, item.end_line)


def _identify(
    index: SourceIndex, repository: str, path: str, definition: Definition | None, start_line: int, end_line: int
) -> str:
    symbol = definition.symbol if definition else None
    return identify_definition(index, repository, path, symbol, start_line, end_line)


def _describe_limits(index: SourceIndex, name: str, same: int) -> tuple[str, ...]:
    notes = ["Found by name, as far as syntax tells, without types: what has the same name counts, too."]
    if same > 1:
        notes.append(f"{same} definitions are called {name}: what calls or refers to it may mean any of them.")
    if (count := count_rows_with(index, name)) > MAX_ROWS:
        notes.append(
            f"{name} may stand in {say_count(count, 'record')}, of which the first {MAX_ROWS:,} were looked at."
        )
    return tuple(notes)


def _find_named(scope: Scope, asked: NameAsked, check: Check) -> Found:
    return Neighbourhood(only(scope), "", asked.most, check).find_definitions(asked.name)


RELATE: Final = Lookup("relate", RelationsAsked, RelationsTold, _relate, takes_time=True)
FIND_NAMED: Final = Lookup("find_named", NameAsked, Found, _find_named, takes_time=True)
