"""Reads a plain folder: honours nested .gitignore files, follows no link, opens nothing but regular files."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from codesearch.core.errors import SourceError
from indexer.source.file_states import FileState, FileStates, now_ns
from indexer.source.ignoring import IGNORE_FILE, MAX_IGNORE_BYTES, IgnoreFiles
from indexer.source.skipping import OWN_FILES, Skipped, SkipReason, name_problem, printable_path, vendored_folder
from indexer.source.snapshot import Entry, Listing, Snapshot, calendar_second, find_own
from indexer.source.tree_reader import Stamp, stamp_of

MAX_RULES_BYTES = 1 << 20


class FolderSnapshot(Snapshot):
    """The files of a folder as they are now."""

    kind = "folder"
    prunes_folders = True

    def __init__(
        self, root: Path, subdir: str | None = None, *, states_path: Path | None = None, data_dir: Path | None = None
    ) -> None:
        """Stand on `root`, an absolute resolved path. Raises SourceError for a sub-folder that is missing or a link.

        What files hold is remembered in `states_path`; codesearch's own `data_dir` is left out.
        """
        self.commit = None
        self.committed_at = None
        self._root = root
        self.subdir = subdir
        self._listing: Listing | None = None
        self._modified_at: dict[str, int] = {}
        self._own = find_own(data_dir, root)
        self._states = FileStates(states_path, root, "sha1")
        if subdir and not (root / subdir).is_dir():
            raise SourceError(f"There is no folder '{subdir}' in {root}; check the sub-folder.")
        if subdir and (root / subdir).resolve() != root / subdir:
            raise SourceError(f"'{subdir}' in {root} goes through a symbolic link; give the folder that it points to.")

    def listing(self) -> Listing:
        """List the folder's files; ignored and vendored folders are one skipped entry each, with a trailing slash."""
        if self._listing is None:
            files: list[Entry] = []
            skipped: list[Skipped] = []
            with IgnoreFiles(str(self._root)) as ignore_files:
                # A level of the tree at a time: git is asked once for each.
                level = [self._start(ignore_files)]
                while level:
                    level = self._list_level(level, ignore_files, files, skipped)
            files.sort(key=lambda entry: entry.path)
            skipped.sort(key=lambda item: item.path)
            self._listing = Listing(tuple(files), tuple(skipped), tuple(ignore_files.notes))
        return self._listing

    def read(self, entries: Iterable[Entry]) -> Iterator[tuple[Entry, bytes | Skipped]]:
        """Yield each entry with its bytes; a file that vanished, changed into a link or cannot be opened is skipped."""
        # Plain texts: a Path for each file takes as long as to open it.
        root = os.path.join(self._root, "")  # noqa: PTH118
        for entry in entries:
            read_at = now_ns()
            try:
                content, before, after = _read_stamped(f"{root}{entry.path}")
            except OSError as error:
                yield entry, Skipped(entry.path, SkipReason.UNREADABLE, error.strerror or "cannot be opened")
                continue
            content_id = self.identify(content)
            if before.identity == after.identity:
                self._states.keep(entry.path, FileState(after.identity, content_id), read_at)
            yield entry._replace(size=len(content), content_id=content_id), content

    def read_file(self, path: str) -> bytes | None:
        """Return the bytes of one regular file."""
        try:
            return _read_regular_file(self._root / path, MAX_RULES_BYTES)
        except OSError:
            return None

    def modified_times(self, paths: Collection[str] | None = None) -> dict[str, int]:
        """Return the files' own modification times, those that a calendar has."""
        self.listing()
        known = self._modified_at
        return dict(known) if paths is None else {path: known[path] for path in paths if path in known}

    def close(self) -> None:
        """Remember what the files hold."""
        if self._listing is not None:
            self._states.save()

    def _start(self, ignore_files: IgnoreFiles) -> str:
        """Follow the .gitignore files of the folders above the sub-folder; return its prefix."""
        prefix = ""
        for part in self.subdir.split("/") if self.subdir else ():
            self._follow(prefix, ignore_files)
            prefix += f"{part}/"
        return prefix

    def _follow(self, prefix: str, ignore_files: IgnoreFiles) -> None:
        try:
            ignore_files.add(prefix, _read_regular_file(self._root / prefix / IGNORE_FILE, MAX_IGNORE_BYTES + 1))
        except OSError:
            return

    def _list_level(
        self, prefixes: list[str], ignore_files: IgnoreFiles, files: list[Entry], skipped: list[Skipped]
    ) -> list[str]:
        """List folders into `files` and `skipped`; return the folders below them that are to be listed."""
        found: list[tuple[str, os.DirEntry[str]]] = []
        names: set[str] = set()
        for prefix in prefixes:
            for item in self._scan(prefix, skipped):
                path = prefix + item.name
                names.add(path)
                if item.name == IGNORE_FILE and item.is_file(follow_symlinks=False):
                    self._follow(prefix, ignore_files)
                if problem := name_problem(path):
                    skipped.append(Skipped(printable_path(path), SkipReason.UNREADABLE, problem))
                elif item.is_symlink():
                    skipped.append(Skipped(path, SkipReason.LINK, "symbolic link"))
                elif item.is_dir(follow_symlinks=False):
                    if f"{path}/" == self._own:
                        skipped.append(Skipped(f"{path}/", SkipReason.IGNORED, OWN_FILES))
                    else:
                        found.append((f"{path}/", item))
                elif not item.is_file(follow_symlinks=False):
                    skipped.append(Skipped(path, SkipReason.SPECIAL, "not a regular file"))
                else:
                    found.append((path, item))
        ignored = ignore_files.find_ignored([path for path, _ in found])
        below: list[str] = []
        for path, item in found:
            if path in ignored:
                skipped.append(Skipped(path, SkipReason.IGNORED, IGNORE_FILE))
            elif not path.endswith("/"):
                self._add_file(item, path, files, skipped)
            elif not self._is_wanted(path[:-1]) and (
                detail := vendored_folder(path[: -len(item.name) - 1], item.name, names.__contains__)
            ):
                skipped.append(Skipped(path, SkipReason.VENDORED, detail))
            else:
                below.append(path)
        return below

    def _scan(self, prefix: str, skipped: list[Skipped]) -> list[os.DirEntry[str]]:
        """Return what is in one folder, by name, without git's own folder."""
        try:
            with os.scandir(self._root / prefix) as scan:
                return sorted((item for item in scan if item.name != ".git"), key=lambda item: item.name)
        except OSError as error:
            if not prefix:
                raise SourceError(f"The folder {self._root} cannot be read: {error.strerror}.") from error
            skipped.append(Skipped(printable_path(prefix), SkipReason.UNREADABLE, error.strerror or "cannot be listed"))
            return []

    def _is_wanted(self, folder: str) -> bool:
        return bool(self.wanted) and (
            self.wanted.may_hold(folder) or self.wanted.find(folder, is_folder=True) is not None
        )

    def _add_file(self, item: os.DirEntry[str], path: str, files: list[Entry], skipped: list[Skipped]) -> None:
        try:
            status = item.stat(follow_symlinks=False)
        except OSError as error:
            skipped.append(Skipped(path, SkipReason.UNREADABLE, error.strerror or "cannot be read"))
            return
        if (modified_at := calendar_second(int(status.st_mtime))) is not None:
            self._modified_at[path] = modified_at
        state = self._states.find(path, stamp_of(status))
        files.append(Entry(path, status.st_size, state.content_id if state else None, status.st_mode))


def _read_regular_file(path: Path | str, max_bytes: int) -> bytes:
    return _read_stamped(path, max_bytes)[0]


def _read_stamped(path: Path | str, max_bytes: int | None = None) -> tuple[bytes, Stamp, Stamp]:
    """Return a regular file's bytes, and its stamps before and after they were read. Raises OSError."""
    # O_NONBLOCK: opening a named pipe that took the file's place must not hang.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(0, "not a regular file")
        if max_bytes is not None:
            content = file.read(max_bytes) or b""
        else:
            # One byte more than there are says, without asking again, that nothing was added meanwhile.
            content = file.read(status.st_size + 1) or b""
            content = content if len(content) == status.st_size else content + file.readall()
        return content, stamp_of(status), stamp_of(os.fstat(descriptor))
