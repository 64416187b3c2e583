"""Permissions from a file, JSON or TOML: for each user a list of patterns, for `*` what every user may read."""

from __future__ import annotations

import json
import os
import stat
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock

from codesearch.access.patterns import Patterns, require_patterns
from codesearch.core.errors import ConfigurationError, InvalidRequestError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MAX_FILE_BYTES = 64 << 20
# Whom every user's list is added to.
EVERYBODY = "*"
_OTHERS_MAY_WRITE = 0o002


class PermissionFile:
    """Reads the file again whenever it is another one; what it held last counts for a while when it cannot be read."""

    def __init__(self, path: Path, max_age_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Read nothing yet."""
        self.path = path
        self._max_age_seconds = max_age_seconds
        self._clock = clock
        self._lock = Lock()
        self._signature: tuple[int, ...] | None = None
        self._seen_at = float("-inf")
        self._written: Mapping[str, list[str]] = {}
        self._read: dict[str, Patterns] = {}

    def find_patterns(self, user: str) -> Patterns:
        """Return what a user may read; for one who is not in the file, what everybody may.

        Raises ConfigurationError when the file cannot be read, and could not be for the longest time that is allowed.
        """
        with self._lock:
            try:
                self._refresh()
            except ConfigurationError:
                if self._clock() - self._seen_at > self._max_age_seconds:
                    raise
            known = user if user in self._written else EVERYBODY
            if known not in self._read:
                own = self._written.get(user, ())
                self._read[known] = Patterns([*own, *self._written.get(EVERYBODY, ())])
            return self._read[known]

    def examine(self) -> str:
        """Say in one clause what is in the file now. Raises ConfigurationError."""
        with self._lock:
            self._refresh()
            users = len(self._written) - (EVERYBODY in self._written)
            minutes = (time.time() - self.path.stat().st_mtime) / 60
        return f"{self.path}, {users} users, written {minutes:,.0f} minutes ago"

    def close(self) -> None:
        """Do nothing: no file stays open."""

    def _refresh(self) -> None:
        try:
            signature = _sign(self.path.stat())
            if signature != self._signature:
                self._load(signature)
        except OSError as error:
            raise ConfigurationError(
                f"CODESEARCH_PERMISSIONS_FILE: {self.path} cannot be read: {error.strerror or error}."
            ) from error
        self._seen_at = self._clock()

    def _load(self, signature: tuple[int, ...]) -> None:
        with open(self.path, "rb", opener=_open_at_once) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_mode & _OTHERS_MAY_WRITE:
                raise ConfigurationError(
                    f"CODESEARCH_PERMISSIONS_FILE: {self.path} is no file, or one that everybody may write: whoever "
                    "writes it says who may read what."
                )
            content = file.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise ConfigurationError(f"CODESEARCH_PERMISSIONS_FILE: {self.path} has over {MAX_FILE_BYTES} bytes.")
        self._written = parse_permissions(content, self.path)
        self._read = {}
        # Of the file that was read, should another have taken its place meanwhile.
        self._signature = signature if signature == _sign(status) else None


def parse_permissions(content: bytes, path: Path) -> dict[str, list[str]]:
    """Return each user's patterns of a file's content. Raises ConfigurationError that says what is wrong with it."""
    try:
        text = content.decode("utf-8-sig")
        table = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"CODESEARCH_PERMISSIONS_FILE: {path} is not as it should be: {error}.") from error
    if not isinstance(table, dict):
        raise ConfigurationError(f"CODESEARCH_PERMISSIONS_FILE: {path} is to map users to lists of repositories.")
    users = {}
    for user, given in table.items():
        patterns = [given] if isinstance(given, str) else given
        if not isinstance(patterns, list) or not all(isinstance(pattern, str) for pattern in patterns):
            raise ConfigurationError(
                f"CODESEARCH_PERMISSIONS_FILE: {path}: {user!a} is to have a list of repositories."
            )
        try:
            require_patterns(patterns)
        except InvalidRequestError as error:
            raise ConfigurationError(f"CODESEARCH_PERMISSIONS_FILE: {path}: {user!a}: {error.message}") from error
        users[user] = patterns
    return users


def _open_at_once(path: str, flags: int) -> int:
    """Open a file; a pipe, which is refused then, is not waited for."""
    return os.open(path, flags | os.O_NONBLOCK)


def _sign(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
