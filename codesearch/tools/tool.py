"""What a tool is: a name, when to use it, a table of parameters, and a function from arguments to an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

from codesearch.core.config import Settings
from codesearch.core.index.source_index import SourceIndex
from codesearch.core.types import DataSource, Hit, Principal, SearchQuery, Workspace
from codesearch.retrieval.budgets import Fitted
from codesearch.retrieval.scatter.rounds import Peers
from codesearch.retrieval.turns import Turn, Turns, Work
from codesearch.tools.freshness import Observation

Kind: TypeAlias = Literal["string", "integer", "boolean", "strings"]
# A string, or an item of several, may have so many characters unless its parameter says otherwise.
MAX_TEXT_LENGTH = 1_024
MAX_ITEMS = 100


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tool found: `obj` for programs, of JSON values; `rendered` for a model or a person, plain text.

    `is_missing`: nothing of what was asked for by its name is there, and the answer says why.
    """

    obj: dict[str, Any]
    rendered: str
    is_missing: bool = False


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a tool. `default` None: it may be left out, and the tool decides what that means.

    `minimum` and `maximum` bound an integer, the length of a string, and how many strings there are. "strings" also
    takes a single string.
    """

    name: str
    kind: Kind
    description: str
    default: str | int | bool | None = None
    required: bool = False
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[str, ...] = ()


class RetrieverLike(Protocol):
    """What tools ask of the retriever."""

    @property
    def turns(self) -> Turns:
        """Those in which searches work."""

    def find_readable(self, principal: Principal, knowledge_id: str) -> tuple[str | None, list[DataSource]]:
        """Return the workspace's name, if it is one, and the ready data sources that the principal may read."""

    def is_ready(self, source: DataSource) -> bool:
        """Say whether a data source has a finished index that can be read here."""

    def freshen(self, principal: Principal, sources: Sequence[DataSource], seconds: float, work: Work) -> None:
        """Wait until data sources are up to date, for so long at most, and note on the work how each stands."""

    def search_within(
        self, readable: Sequence[DataSource], query: SearchQuery, work: Work, size_of_head: Callable[[Hit], int]
    ) -> Fitted:
        """Return the hits in these data sources, best first, that fit into the query's budget with their heads."""


class CatalogLike(Protocol):
    """What tools ask of the catalog."""

    def list_sources(self) -> list[DataSource]:
        """Return every data source, in name order."""

    def list_workspaces(self) -> list[Workspace]:
        """Return every workspace, in name order."""

    def describe_progress(self, source: DataSource, *, in_detail: bool) -> str:
        """Say in one clause how far an unfinished index is; only `in_detail` with its place and why it failed."""


class IndexesLike(Protocol):
    """What tools ask of the search indexes."""

    def get(self, source_id: str, run_id: int) -> SourceIndex:
        """Return the index of the data source's published run."""


@dataclass(frozen=True, slots=True)
class ToolContext:
    """Who calls, for how much work, and the parts behind the tools.

    `here` is the current folder of a person at a shell or of a client on this machine; None over HTTP. `observe` says
    what can be told of a data source's place without asking the network. `peers` are the services that data sources
    are placed on, where they are on several.
    """

    principal: Principal
    work: Work
    retriever: RetrieverLike
    catalog: CatalogLike
    indexes: IndexesLike
    settings: Settings
    observe: Callable[[DataSource], Observation]
    here: Path | None = None
    peers: Peers | None = None

    def open_index(self, source: DataSource) -> SourceIndex:
        """Return a data source's index. May wait while it is made again: to be called outside of a turn."""
        self.work.searched.add(source.id)
        return self.indexes.get(source.id, source.run_id)

    def take_turn(self) -> AbstractContextManager[Turn]:
        """Wait for this call's turn and hold it, for work of more than a few milliseconds."""
        return self.retriever.turns.take(self.work)


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool. `description` says when to use it. `run` gets every parameter's value, None where it was left out."""

    name: str
    title: str
    description: str
    parameters: tuple[Parameter, ...]
    run: Callable[[ToolContext, Mapping[str, Any]], Answer]
