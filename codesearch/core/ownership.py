"""Whether a file or folder can be relied on: whose it is, who else may write it, whether it is no link.

Everything is asked of an open descriptor, so that what was looked at is what is read.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from codesearch.core.errors import UnreliableFileError

MAX_FILE_BYTES = 1 << 20
OTHERS_MAY_WRITE = 0o022
OTHERS_MAY_READ = 0o044
OTHERS_MAY_ANYTHING = 0o077


def read_owned_file(path: Path, *, refuse_writable: bool) -> bytes | None:
    """Return the bytes of a file that belongs to this user or root; None when there is none.

    Raises UnreliableFileError for a link, anything but a regular file, another owner, a file over MAX_FILE_BYTES and,
    with `refuse_writable`, one that group or others may write.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        return None
    except OSError as error:
        reason = "it is a symbolic link" if path.is_symlink() else error.strerror or str(error)
        raise UnreliableFileError(f"{path} cannot be relied on: {reason}.") from error
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UnreliableFileError(f"{path} cannot be relied on: it is no regular file.")
        _check_owner(path, status, refuse_writable)
        content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise UnreliableFileError(f"{path} cannot be relied on: it is larger than {MAX_FILE_BYTES} bytes.")
    return content


def check_owned_folder(path: Path, *, refuse_writable: bool) -> bool:
    """Say whether the folder is there; raise UnreliableFileError for a link, another owner, or, if asked, a mode."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise UnreliableFileError(f"{path} cannot be relied on: {error.strerror or error}.") from error
    if stat.S_ISLNK(status.st_mode):
        raise UnreliableFileError(f"{path} cannot be relied on: it is a symbolic link.")
    if not stat.S_ISDIR(status.st_mode):
        raise UnreliableFileError(f"{path} cannot be relied on: it is no folder.")
    _check_owner(path, status, refuse_writable)
    return True


def _check_owner(path: Path, status: os.stat_result, refuse_writable: bool) -> None:
    if not hasattr(os, "geteuid"):
        return
    if status.st_uid not in (0, os.geteuid()):
        raise UnreliableFileError(f"{path} cannot be relied on: it belongs to another user.")
    if refuse_writable and status.st_mode & OTHERS_MAY_WRITE:
        raise UnreliableFileError(f"{path} cannot be relied on: others may write it; run: chmod go-w {path}")
