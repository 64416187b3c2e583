"""The audit log: a line of JSON a request, written by a thread of its own, so that no request waits for a disk."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections import deque
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from codesearch.core.errors import ConfigurationError
from codesearch.core.redaction import redact

logger = logging.getLogger(__name__)

WRITTEN_EVERY_SECONDS = 0.2
# Lines that wait while the disk takes none; further ones are lost, and counted.
MAX_WAITING = 50_000
_WRITTEN_AT_ONCE = 1_000
_CLOSING_SECONDS = 10.0
# Issuers call people `f:ldap:alice@example.org`, which looks like a login and is none: who asked is to be told apart.
_NO_SECRETS = frozenset({"user"})


class AuditLog:
    """Takes entries from any thread. Several processes may write to one file; one that was moved away is made anew."""

    def __init__(self, path: Path) -> None:
        """Open the file, which only its owner can read when it is made. Raises ConfigurationError when it cannot be."""
        self.path = path
        self._waiting: deque[Mapping[str, Any]] = deque()
        # The first is counted by those who add, the second by the one who writes.
        self._lost_count = 0
        self._told_count = 0
        self._is_failing = False
        self._is_torn = False
        self._writing = threading.Lock()
        self._closing = threading.Event()
        try:
            self._descriptor = _open(path)
        except OSError as error:
            raise ConfigurationError(
                f"CODESEARCH_AUDIT_LOG: {path} cannot be written: {error.strerror or error}."
            ) from error
        self._thread = threading.Thread(target=self._work, name="audit", daemon=True)
        self._thread.start()

    def add(self, entry: Mapping[str, Any]) -> None:
        """Have an entry written soon. Never waits and never fails; what there is no room for is lost and counted."""
        if len(self._waiting) >= MAX_WAITING:
            self._lost_count += 1
        else:
            self._waiting.append(entry)

    def flush(self) -> None:
        """Write what waits, as far as the disk takes it."""
        with self._writing:
            try:
                self._reopen()
                while self._has_news():
                    self._write_some()
            except OSError as error:
                self._say_failure(error)
            else:
                if self._is_failing:
                    self._is_failing = False
                    logger.warning("the audit log %s is written again", self.path)

    def close(self) -> None:
        """Write what waits and close the file."""
        self._closing.set()
        self._thread.join(_CLOSING_SECONDS)
        if self._thread.is_alive():
            logger.error("the audit log %s takes nothing, and lacks the last lines", self.path)
            return
        self.flush()
        if self._waiting:
            logger.error("the audit log %s lacks the last %d lines", self.path, len(self._waiting))
        os.close(self._descriptor)

    def _work(self) -> None:
        while not self._closing.wait(WRITTEN_EVERY_SECONDS):
            if self._has_news():
                self.flush()

    def _has_news(self) -> bool:
        return bool(self._waiting) or self._lost_count > self._told_count

    def _reopen(self) -> None:
        """Go on in a new file where the one that is open was moved away or deleted."""
        try:
            status = self.path.stat()
        except FileNotFoundError:
            is_same = False
        else:
            own = os.fstat(self._descriptor)
            is_same = (status.st_dev, status.st_ino) == (own.st_dev, own.st_ino)
        if not is_same:
            fresh = _open(self.path)
            os.close(self._descriptor)
            self._descriptor, self._is_torn = fresh, False

    def _write_some(self) -> None:
        """Write the next lines; those that were written whole wait no longer. Raises OSError."""
        count = min(len(self._waiting), _WRITTEN_AT_ONCE)
        lines = [encode_entry(self._waiting[number]) for number in range(count)]
        lost_count = self._lost_count
        if lost_count > self._told_count:
            moment = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
            lines.append(encode_entry({"time": moment, "lost": lost_count - self._told_count}))
        # What a full disk cut off is ended first, so that what follows is a line of its own.
        content = (b"\n" if self._is_torn else b"") + b"".join(lines)
        written = 0
        try:
            while written < len(content):
                written += os.write(self._descriptor, content[written:])
        finally:
            self._forget(lines, count, written - self._is_torn)
            if written:
                self._is_torn = content[:written][-1:] != b"\n"
        self._told_count = lost_count

    def _forget(self, lines: list[bytes], count: int, written: int) -> None:
        for line in lines[:count]:
            written -= len(line)
            if written < 0:
                break
            self._waiting.popleft()

    def _say_failure(self, error: OSError) -> None:
        if not self._is_failing:
            self._is_failing = True
            logger.error(
                "the audit log %s cannot be written: %s. Requests are answered all the same; %d lines are kept, and "
                "written when it can be",
                self.path,
                error.strerror or error,
                MAX_WAITING,
            )


def encode_entry(entry: Mapping[str, Any]) -> bytes:
    """Return an entry as one line of ASCII, without what is None and without credentials."""
    value = {name: item if name in _NO_SECRETS else _clean(item) for name, item in entry.items() if item is not None}
    return json.dumps(value, separators=(",", ":"), default=str).encode("ascii") + b"\n"


def count_lost(path: Path, max_bytes: int = 1 << 20) -> int:
    """Return how many lines the end of an audit log says were lost. Raises OSError."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - max_bytes))
        lines = file.read(max_bytes).splitlines()
    lost = 0
    for line in lines:
        if b'"lost":' in line:
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict) and isinstance(entry.get("lost"), int):
                lost += entry["lost"]
    return lost


def _clean(item: Any) -> Any:
    if isinstance(item, str):
        return redact(item)
    return [_clean(part) for part in item] if isinstance(item, (list, tuple)) else item


def _open(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
