"""Lookup: a question that tools have to the indexes of data sources, of which the answer is values and no index.

It is worked on where the data sources are placed, so that a service holds the indexes of its own ones alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeAlias, TypeVar

import msgspec

from codesearch.core.checks import Check
from codesearch.core.index.source_index import SourceIndex

# What services ask one another, beside the steps of a ranking.
LOOK: Final = "look"
Asked = TypeVar("Asked")
Told = TypeVar("Told")
# Indexes by the ids of their data sources, in the order in which they are asked.
Scope: TypeAlias = Mapping[str, SourceIndex]


@dataclass(frozen=True, slots=True)
class Lookup(Generic[Asked, Told]):
    """A question by its name. `asked` and `told` are dataclasses of texts, numbers, lists and mappings.

    `look` returns what indexes tell; its check is called every few milliseconds and may raise. `takes_time`: it may
    take as long as a search may.
    """

    name: str
    asked: type[Asked]
    told: type[Told]
    look: Callable[[Scope, Asked, Check], Told]
    takes_time: bool = False


def write_value(value: object) -> Any:
    """Return a dataclass as JSON."""
    return msgspec.to_builtins(value, str_keys=True)


def read_value(written: object, kind: type[Told]) -> Told:
    """Return the dataclass of this JSON. Raises ValueError for what is none."""
    try:
        return msgspec.convert(written, kind, str_keys=True)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error


def only(scope: Scope) -> SourceIndex:
    """Return the index of the one data source that is asked."""
    (index,) = scope.values()
    return index


@dataclass(frozen=True, slots=True)
class Part(Generic[Told]):
    """What one service tells, and the positions of its data sources among those that are asked, ascending."""

    positions: Sequence[int]
    told: Told
