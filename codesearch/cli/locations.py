"""PATH:LINES on the command line: a path on disk or in the index, or an identifier; to source, path and lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from codesearch.cli.context import LazyAssembly
from codesearch.cli.places import lexical_place_of, path_inside, place_of
from codesearch.cli.sources import choose_sources, find_source, list_known
from codesearch.core.errors import InvalidRequestError, NotFoundError
from codesearch.core.types import DataSource, Workspace

SEPARATOR = "::"
# As editors, compilers and grep write it: a line, lines, or a line and a column.
_LINES = re.compile(r"(?P<path>.+?):(?P<start>\d{1,9})(?:-(?P<end>\d{1,9})|:\d{1,9})?:?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Located:
    """Lines of a file of one data source, 1-based and inclusive; None for all of it."""

    source: DataSource
    path: str
    start: int | None = None
    end: int | None = None


def split_lines(text: str) -> tuple[str, int | None, int | None]:
    """Return path, first and last line of `path:10-20`, `path:10`, `path:10:5`; the whole text where there is no line.

    Raises UsageError for lines that are none.
    """
    match = None if place_of(text, Path.cwd()) else _LINES.fullmatch(text)
    if match is None:
        return text, None, None
    start, end = int(match["start"]), int(match["end"] or match["start"])
    if start < 1 or end < start:
        raise click.UsageError(f"{text!r} names no lines: they count from 1, and the last is not before the first.")
    return match["path"], start, end


def locate(holder: LazyAssembly, text: str, within: Sequence[str]) -> Located:
    """Return what a text names. A file on disk wins over a path of the index. Raises what `choose_sources` does."""
    from codesearch.tools.scope import find_holding

    path, start, end = split_lines(text)
    named = _split_name(holder, path) if SEPARATOR in path else None
    if named is not None:
        return Located(*named, start, end)
    place = place_of(path, Path.cwd())
    if place is not None:
        holding = find_holding([choose_one(holder, within)] if within else list_known(holder.get()), place)
        holding = holding or (None if within else _expect_one(find_source(holder, str(place))))
        if holding is not None:
            return Located(holding, path_inside(holding, place) or "", start, end)
    elif not within and (gone := lexical_place_of(path, Path.cwd())) is not None:
        # Not there any more, or never: what holds its folder may have it all the same.
        holding = find_holding(list_known(holder.get()), gone)
        if holding is None:
            raise NotFoundError(f"There is no {path!r} here, and no data source holds where it would be.")
        return Located(holding, path_inside(holding, gone) or "", start, end)
    elif not within and (below := _find_below(holder, path)) is not None:
        return Located(*below, start, end)
    chosen = choose_one(holder, within)
    if lexical_place_of(path, Path.cwd()) is not None:
        raise NotFoundError(f"{path!r} is not in {chosen.name}; a path of the index begins at the repository's root.")
    return Located(chosen, path, start, end)


def _find_below(holder: LazyAssembly, path: str) -> tuple[DataSource, str] | None:
    """Return what a path that is not there would be in a data source below the current folder, where none is around."""
    from codesearch.tools.scope import find_holding

    known, here = list_known(holder.get()), Path.cwd()
    wanted = here / path
    holding = find_holding(known, wanted) if find_holding(known, here) is None else None
    return (holding, path_inside(holding, wanted) or "") if holding is not None else None


def choose_one(holder: LazyAssembly, within: Sequence[str]) -> DataSource:
    """Return the one data source that is meant. Raises UsageError for several."""
    if len(within) > 1:
        raise click.UsageError("Only one --in goes here.")
    (chosen,) = choose_sources(holder, within)
    return _expect_one(chosen)


def _expect_one(chosen: DataSource | Workspace) -> DataSource:
    if isinstance(chosen, DataSource):
        return chosen
    names = ", ".join(member.name for member in chosen.members)
    raise InvalidRequestError(f"{chosen.name} is a workspace; name one of its repositories: {names}.")


def _split_name(holder: LazyAssembly, text: str) -> tuple[DataSource, str] | None:
    """Return the data source and the path of `name::path`, or None."""
    assembly = holder.get()
    parts = text.split(SEPARATOR)
    for cut in range(1, len(parts)):
        name, path = SEPARATOR.join(parts[:cut]), SEPARATOR.join(parts[cut:])
        found = assembly.catalog.resolve(name) if name and path and assembly.has_catalog() else None
        if isinstance(found, DataSource):
            return found, path
    return None
