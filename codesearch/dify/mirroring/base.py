"""The native knowledge base of a data source: found by its mark, or made."""

from __future__ import annotations

from collections.abc import Sequence

from codesearch.core.errors import DifyError, DifyRefusedError
from codesearch.core.types import DataSource
from codesearch.dify.knowledge_api import KnowledgeApi
from codesearch.dify.marks import PUSHED, describe, propose_names, read_mark
from codesearch.dify.values import KnowledgeBase

HIGH_QUALITY, ECONOMY = "high_quality", "economy"


def find_pushed(bases: Sequence[KnowledgeBase], source_id: str) -> KnowledgeBase | None:
    """Return the knowledge base that a push made for a data source; None for none."""
    for base in bases:
        mark = read_mark(base)
        if mark is not None and mark.kind == PUSHED and mark.source_id == source_id:
            return base
    return None


def create_pushed(
    api: KnowledgeApi,
    bases: Sequence[KnowledgeBase],
    source: DataSource,
    *,
    technique: str,
    permission: str,
    max_tokens: int | None,
) -> KnowledgeBase:
    """Create the empty knowledge base of a data source. Raises DifyError."""
    for name in propose_names(source.name, source.id, {base.name for base in bases}):
        body = {
            "name": name,
            "description": describe(PUSHED, source.id, source.name, max_tokens=max_tokens),
            "indexing_technique": technique,
            "permission": permission,
            "provider": "vendor",
        }
        try:
            return api.create_knowledge_base(body)
        except DifyRefusedError as error:
            if error.status != 409:
                raise
        # Perhaps it was this very call, whose answer was lost.
        made = find_pushed(api.list_knowledge_bases(), source.id)
        if made is not None:
            return made
    raise DifyError(f"Dify has knowledge bases of every name that {source.name} could get.")


def keep_max_tokens(api: KnowledgeApi, base: KnowledgeBase, source: DataSource, max_tokens: int | None) -> None:
    """Write down how large pieces are to be, so that later pushes and comparisons cut the same way."""
    mark = read_mark(base)
    if max_tokens is not None and mark is not None and mark.max_tokens != max_tokens:
        description = describe(PUSHED, source.id, source.name, max_tokens=max_tokens)
        api.update_knowledge_base(base.id, {"description": description})
