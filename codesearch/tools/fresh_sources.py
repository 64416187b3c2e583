"""Data sources that are brought up to date before a tool asks them, where a call wants that."""

from __future__ import annotations

from collections.abc import Sequence

from codesearch.core.types import DataSource
from codesearch.retrieval.freshening import MAX_SECONDS
from codesearch.tools.scope import find_sources
from codesearch.tools.tool import Parameter, ToolContext

FRESH_SECONDS = Parameter(
    "fresh_seconds",
    "integer",
    "Wait at most so many seconds until what is asked is up to date with its source; the answer says what is not",
    minimum=0,
    maximum=MAX_SECONDS,
)


def find_fresh_sources(context: ToolContext, asked: Sequence[str] | None, seconds: int | None) -> list[DataSource]:
    """Return what `find_sources` does, once it is up to date or the time is over. Raises what that does."""
    sources = find_sources(context, asked)
    if not seconds:
        return sources
    context.retriever.freshen(context.principal, sources, seconds, context.work)
    return find_sources(context, asked)
