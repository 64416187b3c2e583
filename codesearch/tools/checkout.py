"""Which commit a local repository has checked out, read from its own small files: no process for each answer.

What cannot be told so (another form of references, a file that is not readable) is not known, and nobody is warned.
"""

from __future__ import annotations

import re
from pathlib import Path

from codesearch.core.types import DataSource
from codesearch.tools.freshness import Observation

# What is checked out, as it is committed.
_HEAD = "HEAD"
_MAX_BYTES = 1 << 22
_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_NAMESPACES = ("refs/heads/", "refs/remotes/origin/", "refs/tags/")


def observe_checkout(source: DataSource) -> Observation:
    """Return what is checked out where a local data source lies, or the tip of the branch that is indexed.

    Of a remote one, what it was last seen to have.
    """
    if source.remote_commit is not None and source.remote_seen_at is not None:
        # What was seen before the index was made may be older than that.
        is_newer = source.indexed_at is not None and source.remote_seen_at > source.indexed_at
        return Observation(source.remote_commit, source.named_branch, is_remote=True) if is_newer else Observation()
    place = local_folder_of(source)
    git_dir = None if place is None else _find_git_dir(place)
    if git_dir is None:
        return Observation()
    common = _common_dir_of(git_dir)
    if source.named_branch:
        tips = (_read_reference(common, common, f"{space}{source.named_branch}") for space in _NAMESPACES)
        return Observation(next((tip for tip in tips if tip), None), source.named_branch)
    head = _read_line(git_dir / _HEAD)
    branch = head.removeprefix("ref: refs/heads/") if head and head.startswith("ref: refs/heads/") else None
    return Observation(_read_reference(git_dir, common, _HEAD), branch)


def local_folder_of(source: DataSource) -> Path | None:
    """Return the folder of a data source on this machine; None for a remote one, and where there is none any more."""
    if "://" in source.location:
        return None
    place = Path(source.location)
    try:
        return place if place.is_absolute() and place.is_dir() else None
    except OSError:
        return None


def holds_folder(place: Path, folder: Path, *, is_plain: bool = False) -> bool:
    """Say whether a folder lies in a place, or is it, and is read with that.

    A repository around another one, or around a work tree of itself, holds nothing of those. A plain folder does.
    """
    if place != folder and place not in folder.parents:
        return False
    while folder != place and not is_plain:
        if (folder / ".git").exists():
            return False
        folder = folder.parent
    return True


def _find_git_dir(place: Path) -> Path | None:
    """Return the git directory of the repository that a folder is, or lies in."""
    if (place / _HEAD).is_file() and (place / "objects").is_dir():
        return place
    for folder in (place, *place.parents):
        entry = folder / ".git"
        if entry.is_dir():
            return entry
        if entry.is_file():
            line = _read_line(entry) or ""
            # A work tree of its own, or a submodule.
            return (folder / line.removeprefix("gitdir: ")) if line.startswith("gitdir: ") else None
    return None


def _common_dir_of(git_dir: Path) -> Path:
    line = _read_line(git_dir / "commondir")
    return git_dir / line if line else git_dir


def _read_reference(git_dir: Path, common: Path, name: str, depth: int = 0) -> str | None:
    """Return the commit, or the tag, that a reference names; None where that is not known."""
    line = _read_line((git_dir if name == _HEAD else common) / name)
    if line is not None and line.startswith("ref: ") and depth < 5:
        return _read_reference(git_dir, common, line.removeprefix("ref: "), depth + 1)
    if line is not None:
        return line if _ID.fullmatch(line) else None
    packed = _read_text(common / "packed-refs") or ""
    found = re.search(rf"^([0-9a-f]+) {re.escape(name)}\n(?:\^([0-9a-f]+)\n)?", packed, re.MULTILINE)
    return (found[2] or found[1]) if found else None


def _read_line(path: Path) -> str | None:
    text = _read_text(path)
    return None if text is None else text.strip()


def _read_text(path: Path) -> str | None:
    try:
        if not path.is_file() or path.stat().st_size > _MAX_BYTES:
            return None
        return path.read_text("utf-8")
    except (OSError, ValueError):
        return None
