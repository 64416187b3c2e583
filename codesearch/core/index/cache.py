"""SegmentCache: keeps what was fetched of search indexes within a bound; the least recently used go first.

Whoever has the search index of a data source open shares a lock on a file of its folder, the lease. It is let go of
when the index is no longer held anywhere in the process, or when the process ends. What is leased is never deleted.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event, Lock, Thread

from filelock import Timeout

from codesearch.core.counts import say_bytes
from codesearch.core.errors import CodesearchError
from codesearch.core.index.publication import SUFFIX
from codesearch.core.index.segment_files import LEASE_NAME, SegmentFiles
from codesearch.core.locks import delete_path

if sys.platform != "win32":
    import fcntl

logger = logging.getLogger(__name__)

# Other processes of the machine fill the folder, too: each looks so often, and lets go of what it used least recently.
TEND_SECONDS = 5.0
# When a data source was asked last is noted so often.
NOTE_SECONDS = 10.0


class Lease:
    """The right to find the files of a data source in their place for as long as this object lives."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if sys.platform != "win32":
            fcntl.flock(self._file, fcntl.LOCK_SH)

    def __del__(self) -> None:
        with suppress(AttributeError, OSError):
            os.close(self._file)


class SegmentCache:
    """The folder of search indexes as a cache of what object storage has. Safe to use from many threads and processes.

    `let_go` is asked to close the index of a data source, where this process has it open and nobody is asking it.
    """

    def __init__(self, folder: Path, files: SegmentFiles, max_bytes: int, let_go: Callable[[str], None]) -> None:
        """Keep the folder under so many bytes; 0 for any number."""
        self._folder = folder
        self._files = files
        self._max_bytes = max_bytes
        self._let_go = let_go
        self._noted_at: dict[str, float] = {}
        self._tending = Lock()
        self._is_closed = Event()
        self._thread: Thread | None = None

    def hold(self, source_id: str) -> Lease:
        """Return a lease of a data source's files. Raises OSError."""
        if self._max_bytes and self._thread is None:
            with self._tending:
                if self._thread is None:
                    self._thread = Thread(target=self._tend_until_closed, name="segment-cache", daemon=True)
                    self._thread.start()
        lease = Lease(self._folder / source_id / LEASE_NAME)
        self.note_use(source_id)
        return lease

    def note_use(self, source_id: str) -> None:
        """Note that a data source is asked now."""
        now = time.monotonic()
        if now - self._noted_at.get(source_id, -NOTE_SECONDS) >= NOTE_SECONDS:
            self._noted_at[source_id] = now
            with suppress(OSError):
                os.utime(self._folder / source_id / LEASE_NAME)

    def make_room(self, source_id: str, size_bytes: int) -> None:
        """Delete what was used least recently, until so many bytes of a data source fit; what is in use stays."""
        if not self._max_bytes:
            return
        with self._tending:
            kept = self._shrink(self._max_bytes - size_bytes, source_id)
        if kept + size_bytes > self._max_bytes:
            logger.warning(
                "the search indexes in use take %s, %s more than CODESEARCH_CACHE_BYTES allows",
                say_bytes(kept + size_bytes),
                say_bytes(kept + size_bytes - self._max_bytes),
            )

    def close(self) -> None:
        """Stop looking after the folder."""
        self._is_closed.set()

    def _tend_until_closed(self) -> None:
        while not self._is_closed.wait(TEND_SECONDS):
            with self._tending:
                self._shrink(self._max_bytes, "")

    def _shrink(self, wanted_bytes: int, kept_id: str) -> int:
        """Delete indexes until at most so many bytes are left, or nothing that may go; return how many are."""
        sizes = {path.name: _size_of(path) for path in _folders_in(self._folder)}
        total = sum(sizes.values())
        for source_id in sorted(sizes, key=lambda name: (self._used_at(name), name)):
            if total <= wanted_bytes:
                break
            if source_id != kept_id and sizes[source_id]:
                self._let_go(source_id)
                total -= self._evict(source_id)
        return total

    def _used_at(self, source_id: str) -> float:
        try:
            return (self._folder / source_id / LEASE_NAME).stat().st_mtime
        except OSError:
            return 0.0

    def _evict(self, source_id: str) -> int:
        """Delete the index of a data source that is not in use and can be fetched again; return how many bytes went."""
        folder = self._folder / source_id
        if not any(folder.glob(f"*{SUFFIX}")):
            return 0
        try:
            with self._files.lock(source_id).acquire(timeout=0):
                file = os.open(folder / LEASE_NAME, os.O_RDWR | os.O_CREAT, 0o600)
                try:
                    if sys.platform != "win32":
                        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return self._delete(folder)
                finally:
                    os.close(file)
        except (OSError, CodesearchError, Timeout):
            return 0

    def _delete(self, folder: Path) -> int:
        before = _size_of(folder)
        for pattern in ("*.manifest", f"*{SUFFIX}", "*.segment", ".*.part"):
            for path in folder.glob(pattern):
                delete_path(path)
        logger.info("the search index of %s, %s, made room for others", folder.name, say_bytes(before))
        return before - _size_of(folder)


def _folders_in(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.is_dir()]
    except OSError:
        return []


def _size_of(folder: Path) -> int:
    total = 0
    for pattern in ("*.segment", ".*.part"):
        for path in folder.glob(pattern):
            with suppress(OSError):
                # What is on its way has its size before it has its bytes.
                total += path.stat().st_size
    return total
