"""The place of a worker in a data folder: a number that is its own as long as it lives, however it ends."""

from __future__ import annotations

import secrets
import socket
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from codesearch.core.errors import ConfigurationError
from codesearch.core.locks import file_lock
from codesearch.core.trust import write_private_file

MOST_WORKERS: Final = 64


class WorkerPlace:
    """A worker's name for the engine, which goes to the next worker of the folder once it is gone.

    The system gives a lock back when the process that holds it dies: who has the lock of a name knows that nobody works
    under it, and may take over what was begun there, at once.
    """

    def __init__(self, data_dir: Path) -> None:
        """Take the first free place. Raises ConfigurationError where there is none, UnwritableError."""
        self._folder = data_dir / "locks"
        with file_lock(self._folder / "worker-id.lock"):
            self._prefix = f"{socket.gethostname()}.{self._read_folder_id()}."
        for number in range(MOST_WORKERS):
            lock = self._lock_of(number)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue
            self._lock, self.name = lock, f"{self._prefix}{number}"
            return
        raise ConfigurationError(f"{MOST_WORKERS} workers are at work on the data folder {data_dir} already.")

    def is_gone(self, name: str) -> bool | None:
        """Say whether the worker of that name is gone; None for one of another folder, which has to be watched."""
        number = name.removeprefix(self._prefix)
        if number == name or not number.isdigit():
            return None
        if name == self.name:
            return False
        lock = self._lock_of(int(number))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return False
        lock.release()
        return True

    def release(self) -> None:
        """Give the place up."""
        self._lock.release()

    def _lock_of(self, number: int) -> FileLock:
        return file_lock(self._folder / f"worker-{number}.lock", timeout_seconds=0)

    def _read_folder_id(self) -> str:
        """Return what tells this data folder from others on machines of the same name."""
        path = self._folder / "worker-id"
        try:
            return path.read_text(encoding="ascii").strip() or self._write_folder_id(path)
        except (OSError, ValueError):
            return self._write_folder_id(path)

    @staticmethod
    def _write_folder_id(path: Path) -> str:
        folder_id = secrets.token_hex(6)
        write_private_file(path, folder_id.encode())
        return folder_id
