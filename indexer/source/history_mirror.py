"""Keeps the newest commits of a remote repository, their trees and no contents, in a bare repository of its own.

The mirror has one commit (mirror.py); what was said of files is known from here. A host that cannot leave out contents
is asked for nothing.
"""

from __future__ import annotations

import logging
import math
import os
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from codesearch.core.errors import SourceError
from codesearch.core.locks import delete_path
from indexer.source.git import Access, Git
from indexer.source.mirror import MIRROR_REFERENCE, PACKS_BEFORE_COMPACTION, remove_leftovers, remove_stale_locks

logger = logging.getLogger(__name__)

# The name stands for the address, which only the arguments of a command have: git notes of whom it can ask for what is
# left out.
_REMOTE = "codesearch-history"
# Parents of parents: where much is merged, 16 of them are thousands of commits, elsewhere 16.
FIRST_DEPTH = 16
# By so much deeper at once where nothing is merged, and where something is: what was merged further back is not known.
MOST_GROWTH, MOST_GROWTH_MERGED = 8.0, 4.0
# So much of what is wanted will do: to ask again costs more than the rest tells.
ENOUGH = 0.75
# A host that could not leave out contents is asked again after so long: it may be a newer one then.
REFUSED_SECONDS = 7 * 86_400
_UNFILTERED = b"filtering not recognized by server"
_NO_FILTER = re.compile(rf"{_UNFILTERED.decode()}|filter '[^']*' not supported")
_REFUSED, _STATE = "refused", "codesearch-history"


class _RefusedError(Exception):
    """The host cannot leave out contents."""


@dataclass(frozen=True, slots=True)
class HistoryMirror:
    """The history of one reference of a remote, in `folder`, fetched when somebody asks for it."""

    folder: Path
    url: str
    reference: str
    display: str
    access: Access
    timeout_seconds: float

    def update(self, commit: str, most_commits: int) -> Git | None:
        """Return git on a repository that knows about so many commits before `commit` that are no merges.

        Fewer where there are fewer, and where many more would come along. None where the host cannot leave out
        contents. Raises SourceError.
        """
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{self.folder}.lock", timeout=self.timeout_seconds):
                remove_leftovers(self.folder)
                return self._update(commit, most_commits)
        except Timeout as error:
            raise SourceError(f"Another run has been fetching the history of {self.display} for too long.") from error
        except OSError as error:
            raise SourceError(f"The history {self.folder} cannot be written: {error.strerror}.") from error

    def discard(self) -> bool:
        """Delete the repository; say whether there was one that can be deleted."""
        try:
            with FileLock(f"{self.folder}.lock", timeout=self.timeout_seconds):
                is_there = (self.folder / _STATE).exists()
                delete_path(self.folder)
                return is_there
        except (Timeout, OSError):
            return False

    def _update(self, commit: str, most_commits: int) -> Git | None:
        if self._was_refused():
            return None
        git = self._git(self.folder)
        try:
            depth, wanted = self._read_state()
            is_there = depth > 0 and wanted >= most_commits
            if is_there and _has_commit(git, commit):
                return git
            if not (is_there and self._fetch_again(git, depth) and _has_commit(git, commit)):
                self._build(commit, most_commits)
        except _RefusedError:
            logger.info("%s cannot leave out the contents of earlier commits: no history is read", self.display)
            delete_path(self.folder)
            self.folder.mkdir()
            (self.folder / _REFUSED).touch()
            return None
        return git

    def _git(self, folder: Path) -> Git:
        return Git(folder, display=self.display, access=self.access, timeout_seconds=self.timeout_seconds)

    def _was_refused(self) -> bool:
        try:
            return time.time() - (self.folder / _REFUSED).stat().st_mtime < REFUSED_SECONDS
        except OSError:
            return False

    def _read_state(self) -> tuple[int, int]:
        """Return how deep the history was fetched, and for how many commits; 0 where there is none."""
        try:
            depth, wanted = (self.folder / _STATE).read_text(encoding="ascii").split()
            return int(depth), int(wanted)
        except (OSError, ValueError):
            return 0, 0

    def _fetch_again(self, git: Git, depth: int) -> bool:
        """Fetch what is new, as deep as before; False where the repository is damaged and has to be built anew."""
        remove_stale_locks(git.git_dir)
        outcome = self._fetch(git, depth)
        if len(list((git.git_dir / "objects" / "pack").glob("*.pack"))) > PACKS_BEFORE_COMPACTION:
            git.run("gc", "--quiet", "--prune=now")
        return outcome is None

    def _build(self, commit: str, most_commits: int) -> None:
        """Make the repository beside where it belongs, deeper and deeper, and move it there whole."""
        unfinished = self.folder.with_name(f"{self.folder.name}.new-{os.getpid()}")
        git = self._git(unfinished)
        try:
            # 64 hex digits: a SHA-256 repository.
            object_format = "sha256" if len(commit) == 64 else "sha1"
            git.require("init", "--quiet", "--bare", "--template=", f"--object-format={object_format}")
            depth, count = 0, 0
            while (deeper := choose_depth(depth, count, most_commits)) > depth:
                if (problem := self._fetch(git, deeper)) is not None:
                    raise git.failure(problem)
                depth = deeper
                count = int(git.require("rev-list", "--no-merges", "--count", MIRROR_REFERENCE, "--"))
                if git.run("rev-parse", "--is-shallow-repository").output.strip() != b"true":
                    break
            (unfinished / _STATE).write_text(f"{depth} {most_commits}", encoding="ascii")
            delete_path(self.folder)
            unfinished.replace(self.folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def _fetch(self, git: Git, depth: int) -> str | None:
        """Fetch so many generations of commits and their trees; return what git said where it failed.

        Raises _RefusedError.
        """
        options = ("--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--no-auto-maintenance")
        command = ("-c", f"remote.{_REMOTE}.url={self.url}", "fetch", "--filter=blob:none", f"--depth={depth}")
        reference = f"+{self.reference}:{MIRROR_REFERENCE}"
        arguments = (*command, *options, "--force", "--progress", _REMOTE, reference)
        outcome = git.run(*arguments, network=True, stop_at=_UNFILTERED)
        if _NO_FILTER.search(outcome.error_text):
            raise _RefusedError
        return outcome.error_text if outcome.status else None


def choose_depth(depth: int, count: int, most_commits: int) -> int:
    """Return how deep to fetch next, given how many commits the last depth gave; the same where that will do.

    Commits grow with a power of the depth, 1 where nothing is merged.
    """
    if not depth:
        return min(FIRST_DEPTH, most_commits)
    if count >= ENOUGH * most_commits or depth >= most_commits:
        return depth
    power = max(1.0, math.log(max(count, 2)) / math.log(depth)) if depth > 1 else 1.0
    most = MOST_GROWTH_MERGED if count > depth else MOST_GROWTH
    growth: float = min(most, (most_commits / max(count, 1)) ** (1 / power))
    return min(most_commits, max(depth + 1, math.floor(depth * growth)))


def _has_commit(git: Git, commit: str) -> bool:
    return git.run("cat-file", "-e", f"{commit}^{{tree}}").status == 0
