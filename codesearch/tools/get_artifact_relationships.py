"""get_artifact_relationships: what a symbol contains, who defines, calls and refers to its name, what it builds on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from codesearch.core.counts import say_count
from codesearch.core.errors import InvalidRequestError, NotFoundError, UnclearSourceError
from codesearch.core.types import DataSource
from codesearch.retrieval.condition_values import show
from codesearch.tools.artifacts import resolve_identifier
from codesearch.tools.definitions import Definition
from codesearch.tools.freshness import render
from codesearch.tools.identifiers import SEPARATOR
from codesearch.tools.lookups.artifacts import LIST_DEFINITIONS, PathAsked
from codesearch.tools.lookups.asking import look_in
from codesearch.tools.lookups.relations import FIND_NAMED, RELATE, NameAsked, RelationsAsked
from codesearch.tools.occurrences import simple_name
from codesearch.tools.relationships import Found, Relative, enclosing
from codesearch.tools.scope import DATA_SOURCE, find_source
from codesearch.tools.staleness import assess_answer
from codesearch.tools.tool import Answer, Parameter, Tool, ToolContext

PROFILES: Final = {
    "calls_only": ("callers", "callees"),
    "inheritance_only": ("ancestors", "descendants"),
    "references_only": ("definitions", "references"),
    "all_relevant": (
        "contains", "definitions", "callers", "callees", "ancestors", "descendants", "references",
    ),
}  # fmt: skip
MAX_COUNT = 200
_SHOWN_TEXT = 160
_SHOWN_LINES = 8


def run(context: ToolContext, arguments: Mapping[str, Any]) -> Answer:
    """Return the relatives of a symbol, kind by kind, as a profile says."""
    source, path, definition = _find_subject(context, arguments["identifier"], arguments["data_source"])
    kinds, most = PROFILES[arguments["profile"]], arguments["max_count_per_type"]
    told = look_in(context, source, RELATE, RelationsAsked(source.name, path, definition, kinds, most))
    found, notes = {kind: told.found[kind] for kind in kinds}, list(told.notes)
    paths = [path, *(item.path for kind in found.values() for item in kind.relatives if item.path)]
    freshness = assess_answer(context, source, paths)
    obj = {
        "identifier": told.identifier,
        "data_source": source.name,
        "path": path,
        "symbol": definition.symbol,
        "kind": definition.kind,
        "start_line": definition.start_line,
        "end_line": definition.end_line,
        "profile": arguments["profile"],
        "matched_by": "name",
        "notes": notes,
        "relationships": {
            kind: list(map(_describe, value.relatives, told.identifiers[kind])) for kind, value in found.items()
        },
        "left_out": {kind: value.left_out for kind, value in found.items() if value.left_out},
        "freshness": [freshness.as_json()],
    }
    lines = f"{definition.start_line}-{definition.end_line}"
    head = f"{definition.kind} {definition.symbol} of {source.name} {path}:{lines}"
    parts = ["\n".join([" ".join(head.splitlines()), *notes])]
    parts += [_render(kind, value) for kind, value in found.items()]
    return Answer(obj, "\n\n".join([*parts, render([freshness])]))


def _find_subject(context: ToolContext, identifier: str, data_source: str | None) -> tuple[DataSource, str, Definition]:
    """Return whose relatives are asked: an identifier's definition, the innermost around its lines, or a name's."""
    if SEPARATOR not in identifier:
        return _find_by_name(context, identifier.strip(), data_source)
    try:
        artifact = resolve_identifier(context, identifier, data_source)
    except NotFoundError as error:
        try:
            # Some languages write `Client::retry`.
            return _find_by_name(context, identifier.strip().replace(SEPARATOR, "."), data_source)
        except (NotFoundError, UnclearSourceError):
            raise error from None
    if artifact.definition is not None:
        return artifact.source, artifact.text.path, artifact.definition
    told = look_in(context, artifact.source, LIST_DEFINITIONS, PathAsked(artifact.text.path))
    definitions = list(told.definitions)
    inner = None
    if (artifact.start_line, artifact.end_line) != (1, artifact.text.last_line) or len(definitions) == 1:
        inner = enclosing(definitions, artifact.start_line)
    if inner is None:
        raise InvalidRequestError(
            f"{show(identifier)} names no symbol: add {SEPARATOR}SYMBOL, or a line that is in one. outline lists those "
            f"of {artifact.text.path}."
        )
    return artifact.source, artifact.text.path, inner


def _find_by_name(context: ToolContext, symbol: str, data_source: str | None) -> tuple[DataSource, str, Definition]:
    source = find_source(context, data_source)
    found = look_in(context, source, FIND_NAMED, NameAsked(simple_name(symbol), MAX_COUNT)).relatives
    matching = [item for item in found if item.definition and item.definition.symbol.endswith(symbol)] or found
    if not matching or matching[0].definition is None:
        raise NotFoundError(f"{source.name} defines no symbol {show(symbol)}. grep_search finds names as they stand.")
    return source, matching[0].path, matching[0].definition


def _describe(item: Relative, identifier: str) -> dict[str, Any]:
    if not item.path:
        return {"name": item.text, "is_defined_here": False}
    definition = item.definition
    values: dict[str, Any] = {
        "identifier": identifier,
        "path": item.path,
        "symbol": definition.symbol if definition else None,
        "kind": definition.kind if definition else None,
        "start_line": item.start_line,
        "end_line": item.end_line,
        "lines": list(item.lines) or None,
        "text": item.text[:_SHOWN_TEXT] or None,
    }
    return {key: value for key, value in values.items() if value is not None}


def _render(kind: str, found: Found) -> str:
    count = f"{len(found.relatives)}" + (
        f" of at least {len(found.relatives) + found.left_out}" if found.left_out else ""
    )
    if not found.relatives:
        return f"{kind}: none found"
    lines = [f"{kind} ({count}):", *map(_render_one, found.relatives)]
    if found.left_out:
        more = say_count(found.left_out, "more is", "more are")
        lines.append(f"{more} left out; raise max_count_per_type, at most {MAX_COUNT}.")
    return "\n".join(lines)


def _render_one(item: Relative) -> str:
    if not item.path:
        return f"  {item.text}, not defined in this repository"
    definition = item.definition
    what = f" ({definition.kind} {definition.symbol})" if definition else ""
    at = ", ".join(map(str, item.lines[:_SHOWN_LINES])) + (", …" if item.lines[_SHOWN_LINES:] else "")
    where = f" at line {at}" if item.lines and definition else ""
    text = f": {item.text[:_SHOWN_TEXT]}" if item.text else ""
    return " ".join(f"  {item.path}:{item.start_line}-{item.end_line}{what}{where}{text}".splitlines())


TOOL: Final = Tool(
    name="get_artifact_relationships",
    title="Find related code",
    description=(
        "For one symbol: who calls it, what it calls, what it builds on and what builds on it, where its name is "
        "defined and referred to, what it contains. Use it before a change, to see what is affected. Works by name, as "
        "far as syntax tells, and says so."
    ),
    parameters=(
        Parameter(
            "identifier",
            "string",
            "repository::path::symbol, repository::path::line of a line in it, or a symbol's name",
            required=True,
        ),
        Parameter(
            "profile",
            "string",
            "Which relationships: calls_only, inheritance_only, references_only or all_relevant",
            "calls_only",
            choices=tuple(PROFILES),
        ),
        Parameter("max_count_per_type", "integer", "At most so many of each kind", 50, minimum=1, maximum=MAX_COUNT),
        DATA_SOURCE,
    ),
    run=run,
)
