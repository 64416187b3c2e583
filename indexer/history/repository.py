"""Opens the history of a source through a bare repository of our own, in a temporary folder, for questions.py.

A remote's newest commits are fetched into it; a local repository's objects are read where they are.
"""

from __future__ import annotations

from pathlib import Path

from codesearch.core.config import Settings
from codesearch.core.errors import SourceError
from indexer.source.git import NO_REPOSITORY, Git, find_access
from indexer.source.local_repository import find_local_commit, is_partial_clone, open_repository
from indexer.source.location import Location, LocationKind
from indexer.source.mirror import find_tip

TIP_REFERENCE = "refs/codesearch/tip"
FIRST_DEPTH = 1000
# Nobody waits for more history than this.
MOST_COMMITS = 64_000


class HistoryRepository:
    """A repository of our own that sees the objects of another: what was fetched, or the real one's in place."""

    def __init__(self, git: Git, tip: str, reference: str | None, url: str | None) -> None:
        self.git = git
        self.tip = tip
        self._reference = reference
        self._url = url
        self._depth = FIRST_DEPTH

    @property
    def path(self) -> Path:
        """The bare repository; its branch `base` is there once the questions are chosen."""
        return self.git.git_dir

    def is_shallow(self) -> bool:
        """Say whether history is missing here."""
        return self.git.run("rev-parse", "--is-shallow-repository").output.strip() == b"true"

    def fetch(self) -> None:
        """Fetch the newest commits of a remote."""
        options = ("--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--no-auto-maintenance")
        reference = f"+{self._reference}:{TIP_REFERENCE}"
        depth = f"--depth={self._depth}"
        self.git.require("fetch", depth, *options, "--progress", "--", self._url or "", reference, network=True)
        self.tip = self.git.require("rev-parse", "--verify", f"{TIP_REFERENCE}^{{commit}}").decode().strip()

    def deepen(self) -> bool:
        """Fetch more of a remote's history; False when there is no more, or none can be had."""
        if self._url is None or self._depth >= MOST_COMMITS or not self.is_shallow():
            return False
        self._depth *= 4
        self.fetch()
        return True


def open_history(location: Location, *, branch: str | None, folder: Path, settings: Settings) -> HistoryRepository:
    """Make a bare repository in `folder` through which the history of a source can be read.

    A remote's newest commits are fetched into it, with the same login as for indexing; a local repository's objects are
    read where they are, and nothing is written there. Raises SourceError for a plain folder, a partial clone, or
    whatever keeps the source from being read.
    """
    if location.kind is LocationKind.FOLDER:
        raise SourceError(
            f"{location.display} is a plain folder without git history; evaluate a data source that was indexed from "
            "a git repository or a clone URL."
        )
    timeout_seconds = settings.git_timeout_seconds
    access = find_access(location, settings)
    git = Git(folder / "history.git", display=location.display, access=access, timeout_seconds=timeout_seconds)
    if location.kind is LocationKind.REMOTE:
        remote = Git(NO_REPOSITORY, display=location.display, access=access, timeout_seconds=timeout_seconds)
        reference, tip = find_tip(remote, location.url or "", branch)
        _initialise(git, tip)
        repository = HistoryRepository(git, tip, reference, location.url)
        repository.fetch()
        return repository
    original = open_repository(location, settings).git
    if is_partial_clone(original):
        raise SourceError(
            f"{location.display} is a partial clone, which lacks the contents of earlier commits; run "
            "git fetch --refetch --no-filter there, or evaluate a data source indexed from its clone URL."
        )
    tip = find_local_commit(original, branch)
    _initialise(git, tip)
    _borrow_objects(original, git)
    git.require("update-ref", TIP_REFERENCE, tip)
    return HistoryRepository(git, tip, None, None)


def _initialise(git: Git, tip: str) -> None:
    # 64 hex digits: a SHA-256 repository.
    object_format = "sha256" if len(tip) == 64 else "sha1"
    git.require("init", "--quiet", "--bare", "--template=", f"--object-format={object_format}")


def _borrow_objects(original: Git, git: Git) -> None:
    """Let a repository read the objects of another; a shallow one's limits come along."""
    objects, shallow = (
        Path(
            original.require("rev-parse", "--path-format=absolute", "--git-path", name)
            .decode("utf-8", "surrogateescape")
            .rstrip("\n")
        )
        for name in ("objects", "shallow")
    )
    info = git.git_dir / "objects" / "info"
    try:
        info.mkdir(exist_ok=True)
        (info / "alternates").write_bytes(str(objects.resolve()).encode("utf-8", "surrogateescape") + b"\n")
        if shallow.is_file():
            (git.git_dir / "shallow").write_bytes(shallow.read_bytes())
    except OSError as error:
        raise SourceError(f"The temporary folder {git.git_dir} cannot be written: {error.strerror}.") from error
