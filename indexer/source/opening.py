"""First step of the flow: opens a source (clone URL, local git repository or plain folder) at one exact state."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from codesearch.core.errors import SourceError
from indexer.source.folder import FolderSnapshot
from indexer.source.git import Git, find_access
from indexer.source.git_snapshot import GitSnapshot
from indexer.source.location import (
    Location,
    LocationKind,
    check_branch,
    check_subdir,
    parse_location,
    source_id,
    suggested_name,
)
from indexer.source.mirror import missing_branch, update_mirror
from indexer.source.mirror_snapshot import DamagedMirrorError, MirrorSnapshot
from indexer.source.snapshot import Entry, Listing, Snapshot

if TYPE_CHECKING:
    from codesearch.core.config import Settings

__all__ = [
    "DamagedMirrorError",
    "Entry",
    "Listing",
    "Location",
    "LocationKind",
    "Snapshot",
    "open_source",
    "parse_location",
    "source_id",
    "suggested_name",
]


def open_source(
    location: Location, *, branch: str | None, subdir: str | None, mirrors_dir: Path, settings: Settings
) -> Snapshot:
    """Open a source at the newest commit of a branch (its default branch for None), or a folder as it is.

    A remote is fetched into `mirrors_dir`/ID; a local repository is read in place and not written to. Use the snapshot
    as a context manager. Raises SourceError with one line, without secrets, for whatever keeps it from being read.
    """
    branch, subdir = check_branch(branch), check_subdir(subdir)
    if location.kind is LocationKind.FOLDER:
        if branch:
            raise SourceError(f"{location.display} is a plain folder without branches; leave out --branch.")
        return FolderSnapshot(_local_path(location), subdir)
    if location.kind is LocationKind.REPOSITORY:
        git = open_repository(location, settings)
        return GitSnapshot(git, find_local_commit(git, branch), subdir)
    mirror = mirrors_dir.resolve() / source_id(location, branch, subdir)
    git, tip = update_mirror(location, branch, mirror, settings=settings, access=find_access(location, settings))
    return MirrorSnapshot(git, tip, subdir)


def _local_path(location: Location) -> Path:
    if location.path is None or not location.path.is_dir():
        raise SourceError(f"There is no folder {location.display} any more; remove the source, or bring it back.")
    return location.path


def open_repository(location: Location, settings: Settings) -> Git:
    """Return git on the local repository of a location. Raises SourceError when there is none that git can read."""
    path = _local_path(location)
    git_dir = path / ".git" if (path / ".git").exists() else path
    git = Git(git_dir, display=location.display, timeout_seconds=settings.git_timeout_seconds)
    git.require("rev-parse", "--git-dir")
    return git


def find_local_commit(git: Git, branch: str | None) -> str:
    """Return the commit id of HEAD, or of a branch, a remote-tracking branch of origin or a tag. Raises SourceError."""
    namespaces = ("refs/heads", "refs/remotes/origin", "refs/tags")
    for reference in [f"{namespace}/{branch}" for namespace in namespaces] if branch else ["HEAD"]:
        outcome = git.run("rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}")
        if not outcome.status:
            return outcome.output.decode().strip()
    listed = git.require("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads")
    branches = listed.decode("utf-8", "replace").split()
    if branch and branches:
        raise missing_branch(git.display, branch, branches)
    if branches:
        raise SourceError(
            f"HEAD of {git.display} has no commits; name a branch with --branch: {', '.join(branches[:5])}."
        )
    raise SourceError(f"{git.display} is empty: it has no commits yet.")
