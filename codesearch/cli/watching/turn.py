"""One watcher for each folder: a lock that its process holds, which goes with it, however it ends."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from filelock import FileLock, Timeout

from codesearch.core.errors import SourceError
from codesearch.core.locks import file_lock


def watch_lock(data_dir: Path, root: Path) -> FileLock:
    """Return the lock of who watches a folder into a data folder; nobody holds it yet."""
    name = hashlib.sha256(os.fsencode(root)).hexdigest()[:24]
    return file_lock(data_dir / "locks" / f"watch-{name}.lock", timeout_seconds=0)


def take_watch_lock(data_dir: Path, root: Path) -> FileLock:
    """Return the lock, held. Raises SourceError when another process holds it."""
    lock = watch_lock(data_dir, root)
    try:
        lock.acquire()
    except Timeout as error:
        raise SourceError(
            f"{root} is watched already, by another `codesearch watch` or a client of `codesearch mcp`: its index is "
            "kept up to date by that."
        ) from error
    return lock
