"""fetch_artifacts: whole contents by their identifiers, several at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from codesearch.core.errors import AccessDeniedError, NotFoundError, UnreadableIdentifierError
from codesearch.core.types import DataSource
from codesearch.tools.artifacts import Artifact, resolve_identifier
from codesearch.tools.freshness import render
from codesearch.tools.read_file import describe_gaps
from codesearch.tools.staleness import assess_answer
from codesearch.tools.tool import Answer, Parameter, Tool, ToolContext

MAX_IDENTIFIERS = 50
# About 25,000 tokens for one artifact, and for all of them what a client takes as one text.
MAX_CHARACTERS = 400_000


def run(context: ToolContext, arguments: Mapping[str, Any]) -> Answer:
    """Return the content of each identifier, in the order given; those without any are named with the reason."""
    found: list[Artifact] = []
    missing: dict[str, str] = {}
    unsent: list[str] = []
    size = 0
    for identifier in dict.fromkeys(arguments["identifiers"]):
        try:
            artifact = resolve_identifier(context, identifier)
        except (NotFoundError, AccessDeniedError, UnreadableIdentifierError) as error:
            missing[identifier] = error.message
            continue
        size += len(artifact.content)
        if found and size > MAX_CHARACTERS:
            unsent.append(identifier)
        else:
            found.append(artifact)
    sources: dict[str, DataSource] = {artifact.source.id: artifact.source for artifact in found}
    freshness = [
        assess_answer(context, source, [item.text.path for item in found if item.source.id == source.id])
        for source in sources.values()
    ]
    obj = {
        "artifacts": [_describe(artifact) for artifact in found],
        "missing": [{"identifier": identifier, "reason": reason} for identifier, reason in missing.items()],
        "left_out": unsent,
        "freshness": [item.as_json() for item in freshness],
    }
    parts = [_render(artifact) for artifact in found]
    parts += [f"Not found: {identifier}: {reason}" for identifier, reason in missing.items()]
    if unsent:
        parts.append(f"Left out, as the answer would be too long; fetch them in another call: {', '.join(unsent)}.")
    return Answer(obj, "\n\n".join([*parts, *([render(freshness)] if freshness else [])]), is_missing=not found)


def _describe(artifact: Artifact) -> dict[str, Any]:
    values: dict[str, Any] = {
        "identifier": artifact.identifier,
        "data_source": artifact.source.name,
        "path": artifact.text.path,
        "start_line": artifact.start_line,
        "end_line": artifact.end_line,
        "language": artifact.text.language,
        "symbol": artifact.symbol,
        "symbol_kind": artifact.kind,
        "content": artifact.content,
        "note": artifact.note,
    }
    return {key: value for key, value in values.items() if value is not None}


def _render(artifact: Artifact) -> str:
    symbol = f" ({artifact.kind} {artifact.symbol})" if artifact.symbol else ""
    head = f"{artifact.source.name} {artifact.text.path}:{artifact.start_line}-{artifact.end_line}{symbol}"
    notes = [artifact.note] if artifact.note else []
    notes += describe_gaps(artifact.text, artifact.start_line, artifact.end_line)
    return "\n".join([" ".join(head.splitlines()), artifact.content.replace("\r\n", "\n"), *notes])


TOOL: Final = Tool(
    name="fetch_artifacts",
    title="Fetch by identifier",
    description=(
        "Returns the whole content of files, definitions or lines by their identifiers, several in one call. Use it "
        "after a search, to see all of a definition of which the search showed a part."
    ),
    parameters=(
        Parameter(
            "identifiers",
            "strings",
            "At most 50, each repository::path, repository::path::symbol or repository::path::start-end",
            required=True,
            maximum=MAX_IDENTIFIERS,
        ),
    ),
    run=run,
)
