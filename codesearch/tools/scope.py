"""Which data sources a call means: by id or name, workspaces too; left out, the only one, or the one that holds `here`.

A key learns nothing of what it may not read: neither a name nor that it is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from codesearch.core.errors import (
    AccessDeniedError,
    InvalidRequestError,
    NotFoundError,
    NotIndexedError,
    UnclearSourceError,
)
from codesearch.core.types import DataSource, Workspace
from codesearch.tools.checkout import holds_folder, local_folder_of
from codesearch.tools.tool import Parameter, ToolContext

_SHOWN_NAMES = 20
DATA_SOURCES = Parameter(
    "data_sources",
    "strings",
    "Ids or names of repositories or workspaces; left out: the only one, or the one that holds the current folder",
)
DATA_SOURCE = Parameter(
    "data_source",
    "string",
    "Id or name of a repository; left out: the only one, or the one that holds the current folder",
)


def list_readable(context: ToolContext) -> list[DataSource]:
    """Return every data source that the caller may read, in name order.

    Raises AccessDeniedError where that is not known: it would look like nothing.
    """
    if context.principal.problem is not None:
        raise AccessDeniedError(context.principal.problem)
    return [source for source in context.catalog.list_sources() if context.principal.may_read(source.id)]


def list_workspaces(context: ToolContext) -> list[Workspace]:
    """Return every workspace of which the caller may read something, in name order."""
    workspaces = context.catalog.list_workspaces()
    return [item for item in workspaces if any(context.principal.may_read(member.id) for member in item.members)]


def find_sources(context: ToolContext, asked: Sequence[str] | None) -> list[DataSource]:
    """Return the ready data sources that are meant, each once, in name order.

    Raises NotFoundError, NotIndexedError or AccessDeniedError for the first that cannot be had, UnclearSourceError
    where nothing is named and it is not clear which is meant.
    """
    if not asked:
        return [_find_default(context)]
    found: dict[str, DataSource] = {}
    for id_or_name in asked:
        _, sources = context.retriever.find_readable(context.principal, id_or_name)
        found.update((source.id, source) for source in sources)
    return sorted(found.values(), key=lambda source: (source.name.casefold(), source.id))


def find_source(context: ToolContext, asked: str | None) -> DataSource:
    """Return the one ready data source that is meant. Raises what `find_sources` does, also for a workspace."""
    if not asked:
        return _find_default(context)
    workspace, sources = context.retriever.find_readable(context.principal, asked)
    if workspace is not None and len(sources) > 1:
        raise InvalidRequestError(f"{workspace!r} is a workspace; name one of its repositories: {_names(sources)}.")
    return sources[0]


def _find_default(context: ToolContext) -> DataSource:
    readable = list_readable(context)
    ready = [source for source in readable if context.retriever.is_ready(source)]
    holding = find_holding(ready, context.here) if context.here is not None else None
    if holding is not None:
        return holding
    if len(ready) == 1:
        return ready[0]
    if ready:
        raise UnclearSourceError(f"Say which repository: {_names(ready)}.")
    if readable:
        source = readable[0]
        how_far = context.catalog.describe_progress(source, in_detail=context.principal.is_admin)
        raise NotIndexedError(f"No finished index yet. {source.name!r}: {how_far}.")
    raise NotFoundError("There is no repository that this key may read.")


def find_holding(sources: Sequence[DataSource], here: Path) -> DataSource | None:
    """Return the data source whose folder holds `here`, the innermost; before a branch of it what lies there itself."""
    found = []
    for source in sources:
        place = local_folder_of(source)
        if place is not None:
            folder = place / (source.subdir or "")
            is_plain = source.commit is None and source.uncommitted_count is None and source.branch is None
            if holds_folder(folder, here, is_plain=is_plain):
                found.append((-len(folder.parts), source.branch is not None, source.name, source))
    return min(found, key=lambda item: item[:3])[3] if found else None


def _names(sources: Sequence[DataSource]) -> str:
    shown = ", ".join(repr(source.name) for source in sources[:_SHOWN_NAMES])
    more = len(sources) - _SHOWN_NAMES
    return f"{shown} and {more} more, which get_data_sources lists" if more > 0 else shown
