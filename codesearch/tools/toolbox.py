"""Toolbox: every tool by its name, called with the same arguments from each door."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from codesearch.core.config import Settings
from codesearch.core.errors import NotFoundError
from codesearch.core.stages import Stage
from codesearch.core.types import DataSource, Principal
from codesearch.retrieval.condition_values import show
from codesearch.retrieval.scatter.rounds import Peers
from codesearch.retrieval.turns import Work
from codesearch.tools import (
    fetch_artifacts,
    get_artifact_relationships,
    get_data_sources,
    get_file_tree,
    grep_search,
    outline,
    read_file,
    semantic_search,
)
from codesearch.tools.arguments import read_arguments
from codesearch.tools.checkout import observe_checkout
from codesearch.tools.freshness import Observation
from codesearch.tools.tool import Answer, CatalogLike, IndexesLike, RetrieverLike, Tool, ToolContext

# In the order in which they are listed everywhere.
TOOLS: Final[tuple[Tool, ...]] = (
    get_data_sources.TOOL,
    semantic_search.TOOL,
    grep_search.TOOL,
    get_file_tree.TOOL,
    read_file.TOOL,
    outline.TOOL,
    fetch_artifacts.TOOL,
    get_artifact_relationships.TOOL,
)
TOOLS_BY_NAME: Final[Mapping[str, Tool]] = {tool.name: tool for tool in TOOLS}


class Toolbox:
    """Calls tools on one retriever, catalog and set of indexes. Safe to use from many threads."""

    def __init__(
        self,
        retriever: RetrieverLike,
        catalog: CatalogLike,
        indexes: IndexesLike,
        settings: Settings,
        observe: Callable[[DataSource], Observation] = observe_checkout,
        peers: Peers | None = None,
    ) -> None:
        """Keep the parts; `observe` says what the place of a data source tells without the network.

        `peers` are the services that data sources are placed on, where they are on several.
        """
        self._retriever = retriever
        self._catalog = catalog
        self._indexes = indexes
        self._settings = settings
        self._observe = observe
        self._peers = peers

    def call(
        self,
        name: str,
        principal: Principal,
        arguments: Mapping[str, Any],
        work: Work | None = None,
        *,
        here: Path | None = None,
    ) -> Answer:
        """Call a tool for somebody. `here` is their current folder on this machine, where they have one.

        `work` bounds what it may take, by default nothing. Raises InvalidRequestError for wrong arguments,
        NotFoundError for a tool or data source that there is not, NotIndexedError, AccessDeniedError, StoreError, and
        what `Turns.take` and `Turn.check` raise.
        """
        tool = TOOLS_BY_NAME.get(name)
        if tool is None:
            raise NotFoundError(f"There is no tool {show(name)}; there are: {', '.join(TOOLS_BY_NAME)}.")
        values = read_arguments(tool, arguments)
        work = work or Work(principal.key_id)
        context = ToolContext(
            principal=principal,
            work=work,
            retriever=self._retriever,
            catalog=self._catalog,
            indexes=self._indexes,
            settings=self._settings,
            observe=self._observe,
            here=here.resolve() if here is not None else None,
            peers=self._peers,
        )
        work.begin_stage(Stage.TOOL)
        answer = tool.run(context, values)
        work.begin_stage(Stage.RESPOND)
        return answer
