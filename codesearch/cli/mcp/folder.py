"""Which folder `codesearch mcp` is about: the one that it was given, or the current one if that is a project."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from codesearch.core.errors import ConfigurationError, SourceError
from codesearch.core.types import DataSource
from codesearch.tools.checkout import holds_folder
from indexer.source.discovery import find_repository

# `${workspaceFolder}`, `$WORKSPACE`, `%CD%`, `{{folder}}`: what a client was to put something in the place of.
_UNFILLED = re.compile(r"\$\{[^}]*\}|^\$[A-Za-z_]\w*$|%[A-Za-z_]\w*%|\{\{[^}]*\}\}")


@dataclass(frozen=True, slots=True)
class Folder:
    """`here` is where the client stands; `root` what of it is indexed, None where nothing is.

    The root is the checkout that `here` is in, a git work tree of its own included, or the plain folder that was given.
    """

    here: Path
    root: Path | None


def choose_folder(given: str | None, current: Path) -> Folder:
    """Return the folder that is meant. Raises ConfigurationError with one line on what is wrong with the given one.

    Only a folder that was given, or a checkout, is indexed by itself: a client may be started in any folder at all.
    """
    if given is not None and (unfilled := _UNFILLED.search(given)):
        raise ConfigurationError(
            f"The client passed {unfilled.group()!r} on as it is written, instead of a folder. Write the folder's "
            "path into its configuration, or leave the argument out where it starts servers in the project's folder."
        )
    path = (current / Path(given).expanduser()) if given else current
    try:
        here = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise ConfigurationError(f"There is no folder {path}; correct it in the client's configuration.") from error
    if not here.is_dir():
        raise ConfigurationError(f"{here} is a file; name its folder in the client's configuration.")
    if _is_too_much(here):
        if given:
            raise ConfigurationError(f"{here} is too much to index; name the folder of a project.")
        return Folder(here, None)
    try:
        checkout = find_repository(here)
    except SourceError as error:
        if given:
            raise ConfigurationError(error.message) from error
        checkout = None
    if checkout is not None and _is_too_much(checkout):
        # Somebody keeps settings of their home under git.
        checkout = None
    return Folder(here, checkout or (here if given else None))


def find_covering(sources: list[DataSource], folder: Folder) -> DataSource | None:
    """Return the data source that holds `here` and is read from its very checkout as it is on disk; the innermost.

    A repository around another one, or around a work tree of itself, does not hold what is in those.
    """
    found = []
    for source in sources:
        place = Path(source.location)
        if not place.is_absolute() or source.branch is not None:
            continue
        top = place / (source.subdir or "")
        if not holds_folder(top, folder.here):
            continue
        found.append((-len(top.parts), source.name, source))
    return min(found, key=lambda item: item[:2])[2] if found else None


def _is_too_much(folder: Path) -> bool:
    return folder.parent == folder or folder == Path.home()
