"""Reads a plain folder: honours nested .gitignore files, follows no link, opens nothing but regular files."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from pathspec import GitIgnoreSpec

from codesearch.core.errors import SourceError
from indexer.source.skipping import Skipped, SkipReason, name_problem, printable_path, vendored_folder
from indexer.source.snapshot import Entry, Listing, Snapshot

IGNORE_FILE = ".gitignore"
MAX_IGNORE_BYTES = 1 << 20

# (path of the folder that holds the .gitignore, with a trailing slash, "" for the root; its patterns)
IgnoreRules = tuple[tuple[str, GitIgnoreSpec], ...]


class FolderSnapshot(Snapshot):
    """The files of a folder as they are now."""

    kind = "folder"
    prunes_folders = True

    def __init__(self, root: Path, subdir: str | None = None) -> None:
        """Stand on `root`, an absolute resolved path. Raises SourceError for a sub-folder that is missing or a link."""
        self.commit = None
        self.committed_at = None
        self._root = root
        self.subdir = subdir
        self._listing: Listing | None = None
        self._modified_at: dict[str, int] = {}
        if subdir and not (root / subdir).is_dir():
            raise SourceError(f"There is no folder '{subdir}' in {root}; check --subdir.")
        if subdir and (root / subdir).resolve() != root / subdir:
            raise SourceError(f"'{subdir}' in {root} goes through a symbolic link; give the folder that it points to.")

    def listing(self) -> Listing:
        """List the folder's files; ignored and vendored folders are one skipped entry each, with a trailing slash."""
        if self._listing is None:
            files: list[Entry] = []
            skipped: list[Skipped] = []
            prefix, rules = self._start()
            pending = [(prefix, rules)]
            while pending:
                pending.extend(self._list_folder(*pending.pop(), files, skipped))
            files.sort(key=lambda entry: entry.path)
            skipped.sort(key=lambda item: item.path)
            self._listing = Listing(tuple(files), tuple(skipped))
        return self._listing

    def read(self, entries: Iterable[Entry]) -> Iterator[tuple[Entry, bytes | Skipped]]:
        """Yield each entry with its bytes; a file that vanished, changed into a link or cannot be opened is skipped."""
        for entry in entries:
            try:
                yield entry, _read_regular_file(self._root / entry.path)
            except OSError as error:
                yield entry, Skipped(entry.path, SkipReason.UNREADABLE, error.strerror or "cannot be opened")

    def read_file(self, path: str) -> bytes | None:
        """Return the bytes of one regular file."""
        try:
            return _read_regular_file(self._root / path, MAX_IGNORE_BYTES)
        except OSError:
            return None

    def modified_times(self, paths: Collection[str] | None = None) -> dict[str, int]:
        """Return the files' own modification times."""
        self.listing()
        return dict(self._modified_at) if paths is None else {path: self._modified_at[path] for path in paths}

    def _start(self) -> tuple[str, IgnoreRules]:
        """Return the prefix of the sub-folder, and the ignore rules of the folders above it."""
        rules: IgnoreRules = ()
        prefix = ""
        for part in self.subdir.split("/") if self.subdir else ():
            rules = self._with_rules_of(prefix, rules)
            prefix += f"{part}/"
        return prefix, rules

    def _with_rules_of(self, prefix: str, rules: IgnoreRules) -> IgnoreRules:
        try:
            content = _read_regular_file(self._root / prefix / IGNORE_FILE, MAX_IGNORE_BYTES)
        except OSError:
            return rules
        patterns = _compile(content.decode("utf-8-sig", "surrogateescape").splitlines())
        return (*rules, (prefix, patterns)) if len(patterns) else rules

    def _list_folder(
        self, prefix: str, rules: IgnoreRules, files: list[Entry], skipped: list[Skipped]
    ) -> list[tuple[str, IgnoreRules]]:
        """List one folder into `files` and `skipped`; return the folders below it that are to be listed."""
        try:
            with os.scandir(self._root / prefix) as scan:
                found = sorted(scan, key=lambda item: item.name)
        except OSError as error:
            if not prefix:
                raise SourceError(f"The folder {self._root} cannot be read: {error.strerror}.") from error
            skipped.append(Skipped(printable_path(prefix), SkipReason.UNREADABLE, error.strerror or "cannot be listed"))
            return []
        names = {item.name for item in found}
        if IGNORE_FILE in names:
            rules = self._with_rules_of(prefix, rules)
        below: list[tuple[str, IgnoreRules]] = []
        for item in found:
            path = prefix + item.name
            if item.name == ".git":
                continue
            if problem := name_problem(path):
                skipped.append(Skipped(printable_path(path), SkipReason.UNREADABLE, problem))
            elif item.is_symlink():
                skipped.append(Skipped(path, SkipReason.LINK, "symbolic link"))
            elif item.is_dir(follow_symlinks=False):
                if _is_ignored(f"{path}/", rules):
                    skipped.append(Skipped(f"{path}/", SkipReason.IGNORED, IGNORE_FILE))
                elif not self._is_wanted(path) and (
                    detail := vendored_folder(prefix, item.name, lambda other: other.removeprefix(prefix) in names)
                ):
                    skipped.append(Skipped(f"{path}/", SkipReason.VENDORED, detail))
                else:
                    below.append((f"{path}/", rules))
            elif not item.is_file(follow_symlinks=False):
                skipped.append(Skipped(path, SkipReason.SPECIAL, "not a regular file"))
            elif _is_ignored(path, rules):
                skipped.append(Skipped(path, SkipReason.IGNORED, IGNORE_FILE))
            else:
                self._add_file(item, path, files, skipped)
        return below

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
        self._modified_at[path] = int(status.st_mtime)
        files.append(Entry(path, status.st_size, None, status.st_mode))


def _compile(lines: Iterable[str]) -> GitIgnoreSpec:
    """Compile .gitignore lines; like git, pass over a pattern that means nothing."""
    kept = []
    for line in lines:
        try:
            GitIgnoreSpec.from_lines([line])
        except ValueError:
            continue
        if line.strip() and not line.startswith("#"):
            kept.append(line)
    return GitIgnoreSpec.from_lines(kept)


def _is_ignored(path: str, rules: IgnoreRules) -> bool:
    """Say whether the nearest .gitignore with an opinion ignores the path (folders end with a slash)."""
    for prefix, patterns in reversed(rules):
        opinion = patterns.check_file(path.removeprefix(prefix)).include
        if opinion is not None:
            return opinion
    return False


def _read_regular_file(path: Path, max_bytes: int | None = None) -> bytes:
    # O_NONBLOCK: opening a named pipe that took the file's place must not hang.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "not a regular file")
        return file.read() if max_bytes is None else file.read(max_bytes)
