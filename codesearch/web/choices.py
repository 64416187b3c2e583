"""What a visitor can choose to ask: the repositories and workspaces that the key may read, by their names."""

from __future__ import annotations

from dataclasses import dataclass

from codesearch.api.deps import CatalogLike
from codesearch.core.errors import AccessDeniedError
from codesearch.core.types import DataSource, Principal, SourceState


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of the list. `is_ready`: it has a finished index, of a workspace some member has."""

    id: str
    name: str
    is_workspace: bool
    is_ready: bool

    def is_called(self, given: str) -> bool:
        """Say whether somebody who gives this id or name means it."""
        return given.strip().casefold() in (self.id, self.name.casefold())


def list_choices(catalog: CatalogLike, principal: Principal) -> list[Choice]:
    """Return what can be asked: workspaces first, each in name order.

    Raises AccessDeniedError where that is not known: it would look like nothing.
    """
    if principal.problem is not None:
        raise AccessDeniedError(principal.problem)
    workspaces = [
        Choice(item.id, item.name, True, any(_is_ready(member) for member in readable))
        for item in catalog.list_workspaces()
        if (readable := [member for member in item.members if principal.may_read(member.id)])
    ]
    sources = [item for item in catalog.list_sources() if principal.may_read(item.id)]
    return workspaces + [Choice(item.id, item.name, False, _is_ready(item)) for item in sources]


def find_choice(choices: list[Choice], given: str) -> Choice | None:
    """Return what somebody means; where nothing is given, the first that can be asked."""
    if given.strip():
        return next((choice for choice in choices if choice.is_called(given)), None)
    return next((choice for choice in choices if choice.is_ready), None)


def _is_ready(source: DataSource) -> bool:
    return source.state is SourceState.READY
