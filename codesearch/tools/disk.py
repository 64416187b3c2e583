"""Files of a source on this machine, read for what an answer says of its age: regular ones alone, bounded, no links."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def stat_regular_file(path: Path) -> os.stat_result | None:
    """Return the status of a regular file, None for anything else. Raises FileNotFoundError and other OSErrors."""
    status = path.lstat()
    return status if stat.S_ISREG(status.st_mode) else None


def read_regular_file(path: Path, max_bytes: int) -> bytes | None:
    """Return at most so many bytes of a regular file, None for anything else. Raises OSError.

    What lies there by now is opened without following a link or waiting for a writer, and looked at before it is read.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        return file.read(max_bytes) if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else None
