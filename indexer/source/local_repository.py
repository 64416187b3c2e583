"""What of a repository on this machine opening.py and the history need to know: its git, its commits, what it lacks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from codesearch.core.errors import SourceError
from codesearch.core.types import HEAD
from indexer.source.git import Git
from indexer.source.location import Location
from indexer.source.mirror import missing_branch

if TYPE_CHECKING:
    from codesearch.core.config import Settings


@dataclass(frozen=True, slots=True)
class LocalRepository:
    """Git on a repository of this machine, and what one question told of it.

    `git_dir` is absolute; `object_format` is the hash function of its ids, sha1 or sha256.
    """

    git: Git
    git_dir: Path
    is_bare: bool
    object_format: str


def local_path(location: Location) -> Path:
    """Return the path of a local location. Raises SourceError when it is not there any more."""
    if location.path is None or not location.path.is_dir():
        raise SourceError(f"There is no folder {location.display} any more; remove the source, or bring it back.")
    return location.path


def open_repository(location: Location, settings: Settings) -> LocalRepository:
    """Return the local repository of a location. Raises SourceError when there is none that git can read."""
    path = location.root or local_path(location)
    git_dir = path / ".git" if (path / ".git").exists() else path
    git = Git(git_dir, display=location.display, timeout_seconds=settings.git_timeout_seconds)
    # All at once: of many sources without changes, starting git is most of the work.
    facts = git.require("rev-parse", "--absolute-git-dir", "--is-bare-repository", "--show-object-format")
    folder, is_bare, object_format = facts.decode("utf-8", "surrogateescape").rstrip("\n").rsplit("\n", 2)
    return LocalRepository(git, Path(folder), is_bare == "true", object_format)


def has_work_tree(location: Location, repository: LocalRepository) -> bool:
    """Say whether files of a local repository lie in its folder: it is not a bare one."""
    return location.root is not None and (location.root / ".git").exists() and not repository.is_bare


def find_head(git: Git) -> str | None:
    """Return the commit that is checked out; None before the first one. Raises SourceError when it is lost."""
    outcome = git.run("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if not outcome.status:
        return outcome.output.decode().strip()
    _require_commit(git, "HEAD")
    return None


def find_local_commit(git: Git, branch: str | None) -> str:
    """Return the commit id of HEAD, or of a branch, a remote-tracking branch of origin or a tag. Raises SourceError."""
    namespaces = ("refs/heads", "refs/remotes/origin", "refs/tags")
    branch = None if branch == HEAD else branch
    for reference in [f"{namespace}/{branch}" for namespace in namespaces] if branch else [HEAD]:
        outcome = git.run("rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}")
        if not outcome.status:
            return outcome.output.decode().strip()
        _require_commit(git, reference)
    listed = git.require("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads")
    branches = listed.decode("utf-8", "replace").split()
    if branch and branches:
        raise missing_branch(git.display, branch, branches)
    if branches:
        raise SourceError(f"HEAD of {git.display} has no commits; name a branch, such as: {', '.join(branches[:5])}.")
    raise SourceError(f"{git.display} is empty: it has no commits yet.")


def _require_commit(git: Git, reference: str) -> None:
    """Raise SourceError for a reference that is there, but whose commit is not."""
    if git.run("rev-parse", "--verify", "--quiet", reference).status:
        return
    outcome = git.run("cat-file", "-t", reference)
    if outcome.status:
        raise git.failure(outcome.error_text)
    name = reference.rpartition("/")[2]
    raise SourceError(f"'{name}' of {git.display} names a {outcome.output.decode().strip()}, not a commit.")


def is_partial_clone(git: Git) -> bool:
    """Say whether a repository was cloned without some of its objects, to be fetched when they are asked for."""
    promised = git.run("config", "--get-regexp", r"^(extensions\.partialclone|remote\..*\.promisor)$")
    if promised.output.strip():
        return True
    # The remote may be gone from the configuration; its packs say what they are.
    found = git.run("rev-parse", "--path-format=absolute", "--git-path", "objects/pack").output
    folder = Path(found.decode("utf-8", "surrogateescape").rstrip("\n"))
    return next(folder.glob("*.promisor"), None) is not None
