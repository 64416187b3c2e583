"""Reads the work tree of a local repository as it is on disk: tracked files, and those that are not ignored.

git is asked which files those are, never what is in them: they are read and hashed here, as they lie there.
"""

from __future__ import annotations

import stat
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from codesearch.core.counts import say_count
from codesearch.core.errors import SourceError
from codesearch.core.types import HEAD
from indexer.source.file_states import FileState, FileStates, now_ns
from indexer.source.git import Git
from indexer.source.git_snapshot import GitSnapshot
from indexer.source.local_repository import LocalRepository, find_head
from indexer.source.skipping import OWN_FILES, Skipped, SkipReason, name_problem, printable_path
from indexer.source.snapshot import Entry, Listing, Snapshot, blob_id, calendar_second, find_own
from indexer.source.tree_reader import Stamp, TreeReader
from indexer.source.work_tree_git import Tracked, WorkTreeGit

MAX_RULES_BYTES = 1 << 20
_SECOND_NS = 1_000_000_000


class WorkTreeSnapshot(Snapshot):
    """The files of a work tree as they are now. `commit` is the one that is checked out, None before the first one."""

    kind = "work tree"

    def __init__(
        self,
        repository: LocalRepository,
        root: Path,
        subdir: str | None = None,
        *,
        states_path: Path | None = None,
        data_dir: Path | None = None,
    ) -> None:
        """Stand on the work tree in `root`, a resolved path. Raises SourceError for a sub-folder that is not there.

        What files hold is remembered in `states_path`; codesearch's own `data_dir` is left out.
        """
        self.subdir = subdir
        if subdir and (not (root / subdir).is_dir() or (root / subdir).resolve() != root / subdir):
            raise SourceError(f"There is no folder '{subdir}' in {root}; check the sub-folder.")
        self._head = _open_head(repository.git)
        self.commit = self._head.commit if self._head else None
        self.committed_at = self._head.committed_at if self._head else None
        if self._head is not None:
            # The folder need not be in the commit.
            self._head.subdir = subdir
        self._git = WorkTreeGit(repository, root, subdir)
        self._root = root
        self._own = find_own(data_dir, root)
        self._committed_ids = self._git.read_commit_ids(self.commit) if self.commit else {}
        self._object_format = repository.object_format
        self._states = FileStates(states_path, root, self._object_format)
        self._reader = TreeReader(root)
        self._found: dict[str, FileState] = {}
        self._listing: Listing | None = None

    def listing(self) -> Listing:
        """List the files on disk; other repositories, links and ignored files, of folders one entry, are skipped."""
        if self._listing is None:
            tracked, untracked = self._git.list_files()
            files: list[Entry] = []
            skipped = [
                Skipped(printable_path(path), SkipReason.IGNORED, OWN_FILES if self._is_own(path) else rule)
                for path, rule in self._git.list_ignored().items()
            ]
            lost = [item for item in tracked if not self._list_file(item.path, item, files, skipped)]
            for path in untracked:
                self._list_file(path, None, files, skipped)
            files.sort(key=lambda entry: entry.path)
            skipped.sort(key=lambda item: item.path)
            self._listing = Listing(tuple(files), tuple(skipped), self._notes(tracked, lost))
        return self._listing

    def read(self, entries: Iterable[Entry]) -> Iterator[tuple[Entry, bytes | Skipped]]:
        """Yield each entry as it is now with its bytes; one that vanished or cannot be opened is skipped."""
        for entry in entries:
            read_at = now_ns()
            try:
                content, stamp, is_settled = self._reader.read(entry.path)
            except OSError as error:
                yield entry, Skipped(entry.path, SkipReason.UNREADABLE, error.strerror or "cannot be opened")
                continue
            content_id = self.identify(content)
            unix_id = self.identify(content.replace(b"\r\n", b"\n")) if b"\r\n" in content else None
            state = self._found[entry.path] = FileState(stamp.identity, content_id, unix_id)
            if is_settled:
                self._states.keep(entry.path, state, read_at)
            yield entry._replace(size=len(content), content_id=content_id), content

    def read_file(self, path: str) -> bytes | None:
        """Return the bytes of one regular file, cut where no file of rules is that long."""
        try:
            return self._reader.read(path, MAX_RULES_BYTES)[0]
        except OSError:
            return None

    def modified_times(self, paths: Collection[str] | None = None) -> dict[str, int]:
        """Return when a commit last touched each path; `uncommitted_at` says it of files that are not as committed."""
        if self._head is None:
            return {}
        wanted = {entry.path for entry in self.listing().files} if paths is None else paths
        return self._head.modified_times([path for path in wanted if path in self._committed_ids])

    def find_history(self, most_commits: int) -> Git | None:
        """Return git on the repository, which knows the commits before the one that is checked out."""
        return self._head.find_history(most_commits) if self._head is not None else None

    def identify(self, content: bytes) -> str:
        """Return the id that this repository's git would give these bytes."""
        return blob_id(content, self._object_format)

    def uncommitted(self, paths: Iterable[str]) -> list[str] | None:
        """Return those of the files that are not as in the commit, or not in it, in the order given."""
        return [path for path in paths if not self._is_committed(path)]

    def uncommitted_at(self, path: str) -> int | None:
        """Return when a file that is not as in the commit was changed on disk."""
        if self._is_committed(path):
            return None
        _, modified_ns, _, _ = self._found[path].identity
        return calendar_second(modified_ns // _SECOND_NS)

    def close(self) -> None:
        """Remember what the files hold."""
        self._reader.close()
        if self._listing is not None:
            self._states.save()

    def _is_committed(self, path: str) -> bool:
        state = self._found.get(path)
        return state is not None and state.has_content(self._committed_ids.get(path))

    def _is_own(self, path: str) -> bool:
        return self._own is not None and f"{path.rstrip('/')}/".startswith(self._own)

    def _list_file(self, path: str, tracked: Tracked | None, files: list[Entry], skipped: list[Skipped]) -> bool:
        """List one path of git's; False when nothing lies there."""
        if problem := name_problem(path.rstrip("/")):
            skipped.append(Skipped(printable_path(path), SkipReason.UNREADABLE, problem))
            return True
        if self._is_own(path):
            skipped.append(Skipped(path, SkipReason.IGNORED, OWN_FILES))
            return True
        if path.endswith("/") or (tracked is not None and tracked.is_submodule):
            what = "a submodule" if tracked is not None else "another repository in the work tree"
            skipped.append(Skipped(path, SkipReason.SUBMODULE, f"{what}; index its own repository"))
            return True
        try:
            stamp = self._reader.stamp(path)
        except OSError as error:
            skipped.append(Skipped(path, SkipReason.UNREADABLE, error.strerror or "cannot be read"))
            return True
        if stamp is None or stat.S_ISDIR(stamp.mode):
            return False
        self._add(path, stamp, files, skipped)
        return True

    def _add(self, path: str, stamp: Stamp, files: list[Entry], skipped: list[Skipped]) -> None:
        if stat.S_ISLNK(stamp.mode):
            skipped.append(Skipped(path, SkipReason.LINK, "symbolic link"))
        elif not stat.S_ISREG(stamp.mode):
            skipped.append(Skipped(path, SkipReason.SPECIAL, "not a regular file"))
        else:
            state = self._states.find(path, stamp)
            if state is not None:
                self._found[path] = state
            files.append(Entry(path, stamp.size, state.content_id if state else None, stamp.mode))

    def _notes(self, tracked: list[Tracked], lost: list[Tracked]) -> tuple[str, ...]:
        """Say what of the repository is not on disk, where that is not somebody's plain deletion."""
        sparse = sum(item.is_sparse for item in lost)
        if sparse:
            return (
                f"{say_count(sparse, 'file is', 'files are')} outside of the sparse checkout and not on disk; "
                "what is committed can be indexed instead.",
            )
        if lost and len(lost) == len(tracked):
            return (
                f"None of {say_count(len(lost), 'tracked file')} is on disk; what is committed can be indexed instead.",
            )
        return ()


def _open_head(git: Git) -> GitSnapshot | None:
    """Stand on the commit that is checked out; None before the first one. Raises SourceError when it is lost."""
    try:
        return GitSnapshot(git, HEAD)
    except SourceError:
        # Before the first commit there is none; of one that is lost, this says more.
        commit = find_head(git)
        return GitSnapshot(git, commit) if commit else None
