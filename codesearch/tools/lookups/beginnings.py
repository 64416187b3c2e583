"""Which beginnings of paths no file of data sources has, and what there is instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from codesearch.core.checks import Check
from codesearch.core.index.source_index import SourceIndex
from codesearch.tools.lookups.absence import find_absence, find_absence_of_folder
from codesearch.tools.lookups.lookup import Lookup, Scope

_BLOCK_PATHS = 1_000
_PATTERN_SIGNS = "*?["
# Of what is at the top: enough to choose from.
_MOST_TOPS = 200


@dataclass(frozen=True, slots=True)
class BeginningsAsked:
    """Beginnings of paths, from the root; "" is none."""

    beginnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BeginningsTold:
    """Of each that no path begins with, in any case, paths like it; and what is at the top, if there is one."""

    unknown: Mapping[str, tuple[str, ...]]
    tops: tuple[str, ...] = ()


def _find_unknown(scope: Scope, asked: BeginningsAsked, check: Check) -> BeginningsTold:
    indexes = list(scope.values())
    unknown = [text for text in asked.beginnings if not any(_has_beginning(index, text, check) for index in indexes)]
    similar = {text: tuple(path for index in indexes for path in _find_like(index, text, check)) for text in unknown}
    return BeginningsTold(similar, _find_tops(indexes, check) if unknown else ())


def _has_beginning(index: SourceIndex, text: str, check: Check) -> bool:
    if index.has_files_below(text):
        return True
    folded = text.lower()
    for place, path in enumerate(index.paths()):
        if not place % _BLOCK_PATHS:
            check()
        if path.lower().startswith(folded):
            return True
    return False


def _find_like(index: SourceIndex, text: str, check: Check) -> Sequence[str]:
    """Return paths like one that is not there, else the deepest folder above it that is; of a pattern that alone."""
    parts = text.rstrip("/").split("/")
    plain = next((place for place, part in enumerate(parts) if any(sign in part for sign in _PATTERN_SIGNS)), None)
    if plain is None:
        path = "/".join(parts)
        # What ends like a file is rather one.
        found = find_absence(index, path, check).similar if "." in parts[-1] else ()
        found = found or find_absence_of_folder(index, path, check).similar
        if found:
            return [f"{path}/" if index.has_files_below(f"{path}/") else path for path in found]
    for depth in range(len(parts) - 1 if plain is None else plain, 0, -1):
        folder = f"{'/'.join(parts[:depth])}/"
        if index.has_files_below(folder):
            return [folder]
    return []


def _find_tops(indexes: Sequence[SourceIndex], check: Check) -> tuple[str, ...]:
    tops = set[str]()
    for index in indexes:
        for place, path in enumerate(index.paths()):
            if not place % _BLOCK_PATHS:
                check()
            first, slash, _ = path.partition("/")
            tops.add(first + slash)
        if len(tops) > _MOST_TOPS:
            break
    return tuple(sorted(tops)[:_MOST_TOPS])


FIND_UNKNOWN_BEGINNINGS: Final = Lookup("unknown_beginnings", BeginningsAsked, BeginningsTold, _find_unknown)
