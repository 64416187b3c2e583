"""Reads the regular files of a folder, and follows no link on the way to them: work_tree.py asks here."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_FOLDER_FLAGS = os.O_RDONLY | _NO_FOLLOW | getattr(os, "O_DIRECTORY", 0)
# O_NONBLOCK: opening a named pipe that took the file's place must not hang.
_FILE_FLAGS = os.O_RDONLY | _NO_FOLLOW | getattr(os, "O_NONBLOCK", 0)
_HAS_DESCRIPTORS = os.open in os.supports_dir_fd and os.stat in os.supports_dir_fd
# A file that is written to all the time has to be taken at some point.
TRIES = 3


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells a file from what it was: bytes, times in nanoseconds, inode. `mode` says what it is."""

    size: int
    modified_ns: int
    changed_ns: int
    inode: int
    mode: int

    @property
    def identity(self) -> tuple[int, int, int, int]:
        """All of it that changes when the content does."""
        return self.size, self.modified_ns, self.changed_ns, self.inode


def stamp_of(status: os.stat_result) -> Stamp:
    """Return the stamp of a file's status."""
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_mode)


class TreeReader:
    """The files below one folder; a context manager. Asked in path order, it opens each folder once.

    Every folder on the way is opened from the one above it, so that none can be changed for a link meanwhile. Where
    the system cannot do that (Windows) the way is looked at before a file is opened.
    """

    def __init__(self, root: Path) -> None:
        """Stand on a resolved folder."""
        self._root = root
        # The folders that are open: names and descriptors, from the root downwards.
        self._open: list[tuple[str, int]] = []

    def stamp(self, path: str) -> Stamp | None:
        """Return the stamp of what lies at a path; None where nothing does, or where a link is on the way."""
        try:
            folder, name = self._enter(path)
            if folder is None:
                return stamp_of((self._root / path).lstat())
            return stamp_of(os.stat(name, dir_fd=folder, follow_symlinks=False))
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            if _is_link(error):
                return None
            raise

    def read(self, path: str, max_bytes: int | None = None) -> tuple[bytes, Stamp, bool]:
        """Return a regular file's bytes, its stamp, and whether it stayed the same while it was read.

        One that changes is read again, TRIES times in all. Raises OSError.
        """
        for left in reversed(range(TRIES)):
            content, before, after = self._read_once(path, max_bytes)
            is_settled = before.identity == after.identity
            if is_settled or not left:
                break
        return content, after, is_settled

    def _read_once(self, path: str, max_bytes: int | None) -> tuple[bytes, Stamp, Stamp]:
        folder, name = self._enter(path)
        descriptor = os.open(self._root / path if folder is None else name, _FILE_FLAGS, dir_fd=folder)
        try:
            before = stamp_of(os.fstat(descriptor))
            if not stat.S_ISREG(before.mode):
                raise OSError(0, "not a regular file")
            content = _read_all(descriptor, before.size, max_bytes)
            return content, before, stamp_of(os.fstat(descriptor))
        finally:
            os.close(descriptor)

    def _enter(self, path: str) -> tuple[int | None, str]:
        """Open the folders that a path goes through; return the last one's descriptor and the name in it."""
        *folders, name = path.split("/")
        if not _HAS_DESCRIPTORS:
            for depth in range(1, len(folders) + 1):
                if not stat.S_ISDIR((self._root / "/".join(folders[:depth])).lstat().st_mode):
                    raise NotADirectoryError(path)
            return None, name
        if not self._open:
            self._open.append(("", os.open(self._root, _FOLDER_FLAGS)))
        shared = 0
        while shared < min(len(folders), len(self._open) - 1) and self._open[shared + 1][0] == folders[shared]:
            shared += 1
        self._leave(shared + 1)
        for folder in folders[shared:]:
            self._open.append((folder, os.open(folder, _FOLDER_FLAGS, dir_fd=self._open[-1][1])))
        return self._open[-1][1], name

    def _leave(self, depth: int) -> None:
        while len(self._open) > depth:
            os.close(self._open.pop()[1])

    def close(self) -> None:
        """Close the folders that are open."""
        self._leave(0)

    def __enter__(self) -> TreeReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _read_all(descriptor: int, size: int, max_bytes: int | None) -> bytes:
    """Return what is left of a file that had `size` bytes a moment ago, or its first `max_bytes`."""
    parts: list[bytes] = []
    # One byte more than there should be: where nothing more comes, the end was seen in one call.
    wanted = size + 1 if max_bytes is None else max_bytes
    while part := os.read(descriptor, wanted):
        parts.append(part)
        if max_bytes is not None:
            wanted -= len(part)
        elif len(parts) == 1 and len(part) == size:
            break
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _is_link(error: OSError) -> bool:
    return error.errno in {errno.ELOOP, getattr(errno, "EMLINK", None)}
