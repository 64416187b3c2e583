"""Which commit a source would be read at, asked without fetching anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.source.git import NO_REPOSITORY, Git, find_access
from indexer.source.local_repository import find_local_commit, has_work_tree, open_repository
from indexer.source.location import LocationKind, parse_location
from indexer.source.mirror import find_tip

if TYPE_CHECKING:
    from codesearch.core.config import Settings


def find_tip_of(raw: str, branch: str | None, settings: Settings, timeout_seconds: float) -> str | None:
    """Return the id of the branch's newest commit, of the default branch for None; of a tag that of what it names.

    None where only reading the files tells: of a plain folder, and of a work tree as it is on disk. Raises SourceError
    where it cannot be looked at, or says nothing for so long.
    """
    location = parse_location(raw)
    if location.kind is LocationKind.REMOTE:
        seconds = min(timeout_seconds, settings.git_timeout_seconds)
        access = find_access(location, settings)
        remote = Git(NO_REPOSITORY, display=location.display, access=access, timeout_seconds=seconds)
        return find_tip(remote, location.url or "", branch)[1]
    if location.kind is LocationKind.FOLDER:
        return None
    repository = open_repository(location, settings)
    if not branch and (has_work_tree(location, repository) or location.inside):
        return None
    return find_local_commit(repository.git, branch)
