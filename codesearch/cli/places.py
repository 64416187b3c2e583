"""Paths at a shell: where a file of the index lies from here, what a path on disk is called in the index, its link."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from codesearch.core.types import DataSource


def path_in_index(sources: Sequence[DataSource], text: str, here: Path) -> str:
    """Return what a path is called in the index: one on disk in a source from its root, any other as it is written.

    A folder on disk ends with a slash, so that what merely begins like it is none of it.
    """
    place = place_of(text, here)
    if place is None:
        return text
    for source in sources:
        inside = path_inside(source, place)
        if inside is not None:
            return f"{inside}/" if inside and place.is_dir() else inside
    return text


def place_of(text: str, here: Path) -> Path | None:
    """Return the resolved path of what is there on disk; None for what is not."""
    try:
        return (here / Path(text).expanduser()).resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        return None


def lexical_place_of(text: str, here: Path) -> Path | None:
    """Return where a path leads that says so itself, from the root, from home or by `..`; None for any other."""
    try:
        path = Path(text).expanduser()
        if not path.is_absolute() and ".." not in path.parts:
            return None
        return Path(os.path.normpath(here / path))
    except (RuntimeError, ValueError):
        return None


def path_inside(source: DataSource, place: Path) -> str | None:
    """Return where in a local data source a resolved path is, "" for its root; None where it is not in it."""
    root = Path(source.location)
    if not root.is_absolute() or (place != root and root not in place.parents):
        return None
    inside = place.relative_to(root).as_posix()
    return "" if inside == "." else inside


def file_on_disk(source: DataSource, path: str) -> Path | None:
    """Return the file of a local data source; None where there is none."""
    root = Path(source.location)
    try:
        return root / path if root.is_absolute() and (root / path).is_file() else None
    except (OSError, ValueError):
        return None


def shown_path(source: DataSource, path: str, here: Path, *, is_alone: bool) -> str:
    """Return a path that opens from here where the source is where one stands, else the index's own, of several named.

    `show` takes each of them back.
    """
    root = Path(source.location)
    if root.is_absolute() and (here == root or root in here.parents) and file_on_disk(source, path):
        return os.path.relpath(root / path, here)
    return path if is_alone else f"{source.name}::{path}"


def link_to(form: str, source: DataSource, path: str, line: int, url: str | None) -> str | None:
    """Return the address that opens a line in an editor, or on the code host; None where there is neither.

    `form` is the setting `editor_link`.
    """
    from codesearch.core.config import EDITOR_LINKS

    template = EDITOR_LINKS.get(form, form)
    if not template:
        return None
    file = file_on_disk(source, path)
    if file is None:
        return url
    import socket

    # Quoted, so that no name can end the link and steer the terminal.
    filled = template.replace("{host}", quote(socket.gethostname())).replace("{path}", quote(str(file)))
    return filled.replace("{line}", str(line))
