"""First step of the flow: opens a source (clone URL, local git repository or plain folder) as it is now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from codesearch.core.errors import SourceError
from indexer.source.folder import FolderSnapshot
from indexer.source.git import find_access
from indexer.source.git_snapshot import GitSnapshot
from indexer.source.history_mirror import HistoryMirror
from indexer.source.local_repository import find_local_commit, has_work_tree, local_path, open_repository
from indexer.source.location import (
    Location,
    LocationKind,
    check_branch,
    check_subdir,
    choose_branch,
    parse_location,
    source_id,
    suggested_name,
)
from indexer.source.mirror import update_mirror
from indexer.source.mirror_snapshot import DamagedMirrorError, MirrorSnapshot
from indexer.source.snapshot import Entry, Listing, Snapshot
from indexer.source.work_tree import WorkTreeSnapshot

if TYPE_CHECKING:
    from codesearch.core.config import Settings

__all__ = [
    "DamagedMirrorError",
    "Entry",
    "Listing",
    "Location",
    "LocationKind",
    "Snapshot",
    "choose_branch",
    "open_source",
    "parse_location",
    "source_id",
    "suggested_name",
]


def open_source(
    location: Location,
    *,
    branch: str | None,
    subdir: str | None,
    mirrors_dir: Path,
    settings: Settings,
    states_dir: Path | None = None,
    histories_dir: Path | None = None,
) -> Snapshot:
    """Open a source at the newest commit of a branch (its default branch for None), or a folder as it is.

    A remote is fetched into `mirrors_dir`/ID, its earlier commits, once asked for, into `histories_dir`/ID. A local
    repository is read in place and not written to: its work tree as it is on disk, or a commit, where a branch is named
    (HEAD for what is checked out) or it is bare. What the files of a work tree or folder hold is remembered in
    `states_dir`/ID. Use the snapshot as a context manager. Raises SourceError with one line, without secrets, for
    whatever keeps it from being read.
    """
    branch, subdir = check_branch(branch), check_subdir(subdir)
    states = states_dir.resolve() / source_id(location, branch, subdir) if states_dir else None
    if location.kind is LocationKind.FOLDER:
        if branch:
            raise SourceError(f"{location.display} is a plain folder without branches; name no branch.")
        return FolderSnapshot(local_path(location), subdir, states_path=states, data_dir=settings.data_dir)
    if location.kind is LocationKind.REPOSITORY:
        return _open_local(location, branch, subdir, settings, states)
    identifier, access = source_id(location, branch, subdir), find_access(location, settings)
    mirror = mirrors_dir.resolve() / identifier
    git, tip, reference = update_mirror(location, branch, mirror, settings=settings, access=access)
    history = None
    if histories_dir is not None:
        folder, seconds = histories_dir.resolve() / identifier, settings.git_timeout_seconds
        history = HistoryMirror(folder, location.url or "", reference, location.display, access, seconds)
    return MirrorSnapshot(git, tip, subdir, history)


def _open_local(
    location: Location, branch: str | None, subdir: str | None, settings: Settings, states_path: Path | None
) -> Snapshot:
    path = local_path(location)
    repository = open_repository(location, settings)
    inside, from_root = location.inside, location.subdir_from_root(subdir)
    snapshot: Snapshot
    if not branch and has_work_tree(location, repository):
        root = location.root or path
        data_dir = settings.data_dir
        snapshot = WorkTreeSnapshot(repository, root, from_root, states_path=states_path, data_dir=data_dir)
    elif not branch and inside:
        # Beside a bare repository lie files that are none of its.
        return FolderSnapshot(path, subdir, states_path=states_path, data_dir=settings.data_dir)
    else:
        snapshot = GitSnapshot(repository.git, find_local_commit(repository.git, branch), from_root)
    snapshot.prefix = f"{inside}/" if inside else ""
    return snapshot
