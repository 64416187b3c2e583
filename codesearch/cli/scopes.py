"""What SOURCE arguments leave to be searched: data sources, of those that a path inside names only what is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click

from codesearch.cli.context import LazyAssembly
from codesearch.cli.places import path_in_index, path_inside, place_of
from codesearch.cli.sources import choose_ready, choose_sources, is_known, names_place
from codesearch.core.types import DataSource, Workspace

# All of what holds the current folder, as without any SOURCE.
_HERE = "."


@dataclass(frozen=True, slots=True)
class Scope:
    """Data sources in the order given, and by id the prefixes of what is searched in one; without any, all of it."""

    sources: list[DataSource]
    limits: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def group(self, paths: Sequence[str]) -> list[tuple[list[DataSource], list[str]]]:
        """Return what may be searched in one go, with its prefixes: those of `paths`, as written, within the limits.

        Raises UsageError where nothing is left.
        """
        asked = [path_in_index(self.sources, path, Path.cwd()) for path in paths]
        if not self.limits:
            return [(self.sources, asked)]
        groups = []
        for source in sorted(self.sources, key=lambda source: (source.name.casefold(), source.id)):
            limits = self.limits.get(source.id, ())
            inside = _narrow(asked, limits) if asked and limits else asked or list(limits)
            if inside or not asked:
                groups.append(([source], inside))
        if not groups:
            raise click.UsageError("Nothing is left to be searched: no --path lies in a SOURCE.")
        return groups


def choose_scope(holder: LazyAssembly, asked: Sequence[str], *, everything: bool = False) -> Scope:
    """Return what is to be searched. Raises what `choose_sources` and `choose_ready` do."""
    chosen = choose_sources(holder, asked, everything=everything)
    sources = choose_ready(holder.get(), chosen, everything=everything)
    return Scope(sources, _find_limits(holder, zip(asked, chosen, strict=False)))


def split_query(holder: LazyAssembly, words: Sequence[str]) -> tuple[list[str], str]:
    """Return the SOURCES and the query of `[SOURCE]... QUERY`, also where the query was put first, as grep has it."""
    if len(words) > 1:
        assembly = holder.get()
        first, *others = (is_known(assembly, word) for word in words)
        if not first and all(others):
            return list(words[1:]), words[0]
    return list(words[:-1]), words[-1]


def _find_limits(
    holder: LazyAssembly, meant: Iterable[tuple[str, DataSource | Workspace]]
) -> dict[str, tuple[str, ...]]:
    limits: dict[str, tuple[str, ...]] = {}
    whole: set[str] = set()
    for text, item in meant:
        inside = _find_inside(holder, text, item) if isinstance(item, DataSource) else ""
        if inside:
            limits[item.id] = (*limits.get(item.id, ()), inside)
        else:
            whole.update(member.id for member in (item.members if isinstance(item, Workspace) else [item]))
    return {id_: paths for id_, paths in limits.items() if id_ not in whole}


def _find_inside(holder: LazyAssembly, text: str, source: DataSource) -> str:
    """Return the prefix of what a text names in its data source, "" where it names all of it."""
    place = place_of(text, Path.cwd()) if text != _HERE and names_place(holder.get(), text) else None
    inside = path_inside(source, place) if place is not None else None
    if not inside or place is None:
        return ""
    return f"{inside}/" if place.is_dir() else inside


def _narrow(asked: Sequence[str], limits: Sequence[str]) -> list[str]:
    """Return the prefixes of what lies in both; case makes no difference, as for prefixes alone."""
    both = [
        max(one, other, key=len)
        for one in asked
        for other in limits
        if one.casefold().startswith(other.casefold()) or other.casefold().startswith(one.casefold())
    ]
    return list(dict.fromkeys(both))
