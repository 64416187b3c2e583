"""Which repository a local path belongs to: its own, a bare one, or the one in whose work tree it lies."""

from __future__ import annotations

import os
from pathlib import Path

from codesearch.core.errors import SourceError


def find_repository(path: Path) -> Path | None:
    """Return the folder with the `.git` that a resolved folder lies in, or the bare repository that it is; or None.

    As git does, it looks upwards on one file system. Raises SourceError for a folder inside of a git folder, and for
    one whose repository further up belongs to somebody else.
    """
    if is_git_folder(path):
        return path
    device = path.stat().st_dev
    for folder in (path, *path.parents):
        if not _is_on(device, folder):
            return None
        if _holds_repository(folder):
            if folder != path:
                _require_same_owner(folder, path)
            return folder
        if folder != path and is_git_folder(folder):
            raise SourceError(
                f"{path} is inside of the git folder {folder}, which holds no sources; give the repository itself."
            )
    return None


def is_git_folder(path: Path) -> bool:
    """Say whether a folder is what git calls a git directory."""
    try:
        return (path / "HEAD").is_file() and (path / "objects").is_dir() and (path / "refs").is_dir()
    except OSError:
        return False


def _holds_repository(folder: Path) -> bool:
    try:
        return is_git_folder(folder / ".git") or (folder / ".git").is_file()
    except OSError:
        return False


def _is_on(device: int, folder: Path) -> bool:
    try:
        return folder.stat().st_dev == device
    except OSError:
        return False


def _require_same_owner(root: Path, path: Path) -> None:
    """Refuse a repository that somebody else has put above a folder: it could have files served that are left out."""
    if not hasattr(os, "geteuid"):
        return
    owner = (root / ".git").lstat().st_uid
    if owner not in {0, os.geteuid(), path.stat().st_uid}:
        raise SourceError(
            f"{path} lies in the work tree of {root}, which belongs to another user; to index it as a part of that, "
            f"give {root} and its sub-folder {path.relative_to(root).as_posix()}."
        )
