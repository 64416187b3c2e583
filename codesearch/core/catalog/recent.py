"""Recent: what was read from an SQLite catalog, for as long as nobody has written to it since."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar

T = TypeVar("T")
# Who asks for more different things than these in turn reads them anew.
MAX_ENTRIES = 1_024


class Recent:
    """Answers of earlier reads. Asking whether they still hold takes microseconds, reading some hundred.

    Safe to share between threads, not across a fork.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Watch the file of this connection, which nothing else uses and any thread may."""
        self._connection = connection
        self._lock = Lock()
        self._version: int | None = None
        self._answers: dict[Hashable, Any] = {}

    def get(self, key: Hashable, read: Callable[[], T]) -> T:
        """Return what `read` gives, or gave for this key when the database was as it is now.

        Raises sqlite3.Error, and what `read` raises, which is not kept.
        """
        with self._lock:
            version = self._version_now()
            if version != self._version:
                self._answers.clear()
                self._version = version
            elif key in self._answers:
                answer: T = self._answers[key]
                return answer
        answer = read()
        with self._lock:
            # What others wrote meanwhile has a newer version: then this answer may be older than it.
            if self._version == version == self._version_now():
                if len(self._answers) >= MAX_ENTRIES:
                    self._answers.clear()
                self._answers[key] = answer
        return answer

    def recall(self, key: Hashable) -> tuple[Any] | None:
        """Return in a tuple what `get` would give without reading, None where it would read. Waits for nobody.

        Raises sqlite3.Error.
        """
        if not self._lock.acquire(blocking=False):
            return None
        try:
            if key not in self._answers or self._version_now() != self._version:
                return None
            return (self._answers[key],)
        finally:
            self._lock.release()

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._connection.close()

    def _version_now(self) -> int:
        """Return a number that changes with every commit of any other connection, of this process or another one."""
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        return int(version)
