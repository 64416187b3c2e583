"""Clients' files on disk: read whole, replaced whole or not at all, a copy of what was there beside each."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from codesearch.core.errors import ConfigurationError

BACKUP_ENDING = ".before-codesearch"
_MOST_BYTES = 32 << 20
_ANY_WRITE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


def copy_of(path: Path) -> Path:
    """Return where a file is kept as it was before codesearch wrote to it."""
    return path.with_name(path.name + BACKUP_ENDING)


def read_file(path: Path) -> bytes | None:
    """Return what a file holds, None where there is none. Raises ConfigurationError for a huge one, OSError."""
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return None
    if len(content) > _MOST_BYTES:
        raise ConfigurationError(f"{path} has more than {_MOST_BYTES >> 20} MiB; it is left as it is.")
    return content


def require_writable(path: Path, shown: Path) -> None:
    """Hold that a file may be replaced: neither it nor its folder is read-only. Raises ConfigurationError.

    A read-only file in a folder that is not could be replaced all the same; whoever made it so does not want that.
    """
    folder = next(parent for parent in path.parents if parent.exists())
    for place, what in ((path, shown), (folder, f"{shown} is left as it is: its folder {folder}")):
        if place.exists() and _is_read_only(place):
            left = "; it is left as it is" if place == path else ""
            raise ConfigurationError(f"{what} is read-only{left}. Make it writable, then run this again.")


def replace_file(path: Path, content: bytes, *, keeps_copy: bool) -> None:
    """Put content in the place of a file, with its mode, a copy of it first where that is wanted. Raises OSError."""
    if keeps_copy:
        shutil.copy2(path, copy_of(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, name)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def delete_file(path: Path, folders: Sequence[Path] = ()) -> None:
    """Delete a file and those of the folders, innermost first, that hold nothing else. Raises OSError."""
    path.unlink()
    with suppress(OSError):
        for folder in folders:
            folder.rmdir()


def _is_read_only(path: Path) -> bool:
    """Say whether a place is marked so, also for those whom marks do not stop, or cannot be written for all else."""
    # On Windows the mark of a folder says nothing.
    is_marked = not path.stat().st_mode & _ANY_WRITE and (os.name == "posix" or not path.is_dir())
    return is_marked or not os.access(path, os.W_OK)
