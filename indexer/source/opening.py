"""First step of the flow: opens a source (clone URL, local git repository or plain folder) at one exact state."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from codesearch.core.errors import SourceError
from indexer.source.folder import FolderSnapshot
from indexer.source.git import find_access
from indexer.source.git_snapshot import GitSnapshot
from indexer.source.local_repository import find_local_commit, local_path, open_repository
from indexer.source.location import (
    Location,
    LocationKind,
    check_branch,
    check_subdir,
    parse_location,
    source_id,
    suggested_name,
)
from indexer.source.mirror import update_mirror
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
        return FolderSnapshot(local_path(location), subdir)
    if location.kind is LocationKind.REPOSITORY:
        git = open_repository(location, settings)
        return GitSnapshot(git, find_local_commit(git, branch), subdir)
    mirror = mirrors_dir.resolve() / source_id(location, branch, subdir)
    git, tip = update_mirror(location, branch, mirror, settings=settings, access=find_access(location, settings))
    return MirrorSnapshot(git, tip, subdir)
