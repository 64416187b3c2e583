"""get_data_sources: what can be searched, of which commit and how old it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from codesearch.core.counts import count_contents
from codesearch.core.errors import StoreError
from codesearch.core.types import DataSource, SourceState
from codesearch.tools.freshness import SHOWN_COMMIT, Freshness, assess, indexed_at_of
from codesearch.tools.lookups.asking import look_in_all
from codesearch.tools.lookups.summaries import SUMMARIZE, SummariesAsked, Summary
from codesearch.tools.scope import list_readable, list_workspaces
from codesearch.tools.tool import Answer, Parameter, Tool, ToolContext

# Their indexes have to be opened: of more data sources than these no language is told.
_MOST_WITH_LANGUAGES = 50
_SHOWN_LANGUAGES = 5


def run(context: ToolContext, arguments: Mapping[str, Any]) -> Answer:
    """List the data sources and workspaces that the caller may read, in name order."""
    words = (arguments["query"] or "").casefold().split()
    sources = [source for source in list_readable(context) if _matches(source.name, words)]
    if arguments["ready_only"]:
        sources = [source for source in sources if context.retriever.is_ready(source)]
    workspaces = [item for item in list_workspaces(context) if _matches(item.name, words)]
    with_languages = len(sources) <= _MOST_WITH_LANGUAGES
    summaries = _summarize(context, sources) if with_languages else {}
    items, lines = [], []
    for source in sources:
        freshness = assess(source, context.observe(source), context.principal)
        summary = summaries.get(source.id)
        shares = summary.language_shares if summary is not None else {}
        languages = {name: round(share, 4) for name, share in shares.items()}
        state = _state_of(context, source)
        items.append(_describe(source, state, freshness, summary, languages))
        lines.append(_render(context, source, state, freshness, list(languages)))
    for workspace in workspaces:
        members = [member.name for member in workspace.members if context.principal.may_read(member.id)]
        items.append({"id": workspace.id, "name": workspace.name, "type": "workspace", "members": members})
        lines.append(f"{workspace.name} ({workspace.id}): workspace of {', '.join(members)}")
    if not with_languages:
        lines.append(f"Languages are left out of more than {_MOST_WITH_LANGUAGES} data sources; narrow with query.")
    return Answer({"data_sources": items}, "\n".join(lines) or _explain_nothing(context, words))


def _matches(name: str, words: list[str]) -> bool:
    return all(word in name.casefold() for word in words)


def _state_of(context: ToolContext, source: DataSource) -> str:
    if source.state is SourceState.READY and not context.retriever.is_ready(source):
        return "outdated"
    return source.state.value


def _summarize(context: ToolContext, sources: Sequence[DataSource]) -> dict[str, Summary]:
    """Return what the indexes of ready data sources tell, by id."""
    ready = [source for source in sources if context.retriever.is_ready(source)]
    found: dict[str, Summary] = {}
    try:
        parts = look_in_all(context, ready, SUMMARIZE, SummariesAsked()) if ready else []
    except StoreError:
        if len(ready) > 1:
            for source in ready:
                found |= _summarize(context, [source])
        # Whoever asks the one that cannot be opened will see why.
        return found
    for part in parts:
        found |= part.told.summaries
    return found


def _describe(
    source: DataSource, state: str, freshness: Freshness, summary: Summary | None, languages: Mapping[str, float]
) -> dict[str, Any]:
    values: dict[str, Any] = {
        "id": source.id,
        "name": source.name,
        "type": source.type,
        "state": state,
        "branch": freshness.branch,
        "commit": source.commit,
        "uncommitted_files": source.uncommitted_count,
        "indexed_at": indexed_at_of(source),
        "files": source.file_count,
        "chunks": source.chunk_count,
        "bytes": summary.text_bytes if summary is not None else None,
        "languages": list(languages) or None,
        "language_shares": languages or None,
        "warnings": list(freshness.warnings) or None,
    }
    return {key: value for key, value in values.items() if value is not None}


def _render(context: ToolContext, source: DataSource, state: str, freshness: Freshness, languages: list[str]) -> str:
    parts = [f"{source.name} ({source.id}): {source.type}, {state}"]
    if state == SourceState.READY.value:
        if source.commit:
            parts.append(f"commit {source.commit[:SHOWN_COMMIT]}")
        if freshness.branch:
            parts.append(f"branch {freshness.branch}")
        if source.uncommitted_count:
            parts.append(f"{source.uncommitted_count} uncommitted files")
        if source.indexed_at:
            parts.append(f"indexed {source.indexed_at:%Y-%m-%d %H:%M} UTC")
        parts.append(count_contents(source))
    else:
        parts.append(context.catalog.describe_progress(source, in_detail=context.principal.is_admin))
    if languages:
        parts.append(" ".join(languages[:_SHOWN_LANGUAGES]))
    return "\n".join([", ".join(parts), *(f"  WARNING: {warning}" for warning in freshness.warnings)])


def _explain_nothing(context: ToolContext, words: list[str]) -> str:
    names = [source.name for source in list_readable(context)]
    if not names:
        return "There is no data source that this key may read."
    if words:
        return "No data source has a name with all of these words. Leave query out to see all."
    return "No data source has a finished index. With ready_only false those that are not ready are listed, too."


TOOL: Final = Tool(
    name="get_data_sources",
    title="List repositories",
    description=(
        "Lists the indexed repositories and workspaces with ids, names, branch, commit and age. Use it first, when it "
        "is not known what can be searched, and pass names or ids on as data_sources."
    ),
    parameters=(
        Parameter("query", "string", "Only those whose names have all of these words"),
        Parameter("ready_only", "boolean", "Leave out what has no finished index yet", True),
    ),
    run=run,
)
