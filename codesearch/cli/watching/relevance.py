"""Which changed paths below a folder may change its index: not ignored ones, nor what git keeps for itself."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import Path

from codesearch.core.config import Settings
from codesearch.core.errors import SourceError
from indexer.source.local_repository import open_repository
from indexer.source.location import parse_location
from indexer.source.work_tree_git import WorkTreeGit

# Of more paths git is asked about their folders, of more folders nothing: a run finds out as fast.
MOST_PATHS = 4_000
# Of git's own files: what is checked out, and what is ignored. The rest is written by whoever asks for the status.
_OF_GIT = re.compile(r"HEAD|packed-refs|refs/heads/.*|info/exclude|info/sparse-checkout")
# What editors write beside a file while they save it.
_PASSING = re.compile(r".*\.sw[a-z]|.*~|\.#.*|4913|.*___jb_(?:tmp|old)___|\.goutputstream-.*")
# Of a folder without git: what tools fill, and is not read.
_FILLED = frozenset(
    {"node_modules", ".venv", "venv", "__pycache__", ".tox", ".mypy_cache", ".pytest_cache", ".hg", ".svn"}
)


class Relevance:
    """Judges the changed paths of one folder."""

    def __init__(self, root: Path, settings: Settings) -> None:
        """`root` is absolute and resolved. Raises SourceError when git cannot read it."""
        self._root = root
        self._data_dir = settings.data_dir.resolve()
        location = parse_location(str(root))
        self._git: WorkTreeGit | None = None
        self.git_dir = root / ".git"
        if location.root is not None:
            self._git = WorkTreeGit(open_repository(location, settings), location.root, None)
            self._root_of_git = location.root

    def may_matter(self, path: str) -> bool:
        """Say by a path alone whether a change there may matter. Fast: bursts ask for each."""
        changed = Path(path)
        if self._data_dir in (changed, *changed.parents) or not changed.is_relative_to(self._root):
            return False
        parts = changed.relative_to(self._root).parts
        if ".git" in parts:
            inside = "/".join(parts[1:]) if parts[0] == ".git" else ""
            return bool(_OF_GIT.fullmatch(inside)) and not inside.endswith(".lock")
        if self._git is None and not _FILLED.isdisjoint(parts):
            return False
        return not (parts and _PASSING.fullmatch(parts[-1]) and not changed.is_dir())

    def matters(self, paths: Collection[str]) -> bool:
        """Say whether one of the paths is not ignored. Where that cannot be told, it is not."""
        if not paths or self._git is None:
            return bool(paths)
        names = {Path(path).relative_to(self._root_of_git).as_posix() for path in paths}
        if "." in names or any(name == ".git" or name.startswith(".git/") for name in names):
            return True
        asked: Iterable[str] = names
        if len(names) > MOST_PATHS:
            asked = {name.rpartition("/")[0] for name in names}
            if "" in asked or len(asked) > MOST_PATHS:
                return True
        try:
            return bool(set(asked) - self._git.find_ignored(sorted(asked)))
        except SourceError:
            return True

    def is_busy(self) -> bool:
        """Say whether git is at work on the folder, such as switching branches: half of it may be as it was."""
        return (self.git_dir / "index.lock").exists()
