"""The secrets that webhooks are signed with: of a setting, and of a file that is read again when it is another one."""

from __future__ import annotations

import logging
from pathlib import Path
from threading import Lock

from codesearch.core.config import MIN_SECRET_LENGTH, Settings
from codesearch.core.errors import ConfigurationError

logger = logging.getLogger(__name__)

_MAX_FILE_BYTES = 1 << 20


class SecretList:
    """The secrets as they are now. Safe to use from many threads."""

    def __init__(self, settings: Settings) -> None:
        """Read the file once. Raises ConfigurationError when it cannot be read, or holds no secret."""
        self._given = tuple(secret.get_secret_value() for secret in settings.webhook_secrets)
        self._path = settings.webhook_secrets_file
        self._lock = Lock()
        self._signature: tuple[int, ...] | None = None
        self._read: tuple[str, ...] = ()
        if self._path is not None:
            self._refresh(self._path)

    @property
    def has_file(self) -> bool:
        """Whether `find` looks at a file, which may be far away."""
        return self._path is not None

    def find(self) -> tuple[str, ...]:
        """Return the secrets. While the file cannot be read, or is wrong, those that it held last count."""
        if self._path is not None:
            with self._lock:
                try:
                    self._refresh(self._path)
                except ConfigurationError as error:
                    logger.warning("%s What it held before counts on.", error.message)
        return (*self._given, *self._read)

    def _refresh(self, path: Path) -> None:
        try:
            status = path.stat()
            signature = (status.st_ino, status.st_size, status.st_mtime_ns)
            if signature == self._signature:
                return
            if status.st_size > _MAX_FILE_BYTES:
                raise ConfigurationError(f"CODESEARCH_WEBHOOK_SECRETS_FILE: {path} is no list of secrets: too large.")
            lines = path.read_text("utf-8").splitlines()
        except OSError as error:
            raise ConfigurationError(
                f"CODESEARCH_WEBHOOK_SECRETS_FILE: {path} cannot be read: {error.strerror or error}."
            ) from error
        except ValueError as error:
            raise ConfigurationError(f"CODESEARCH_WEBHOOK_SECRETS_FILE: {path} is no text in UTF-8.") from error
        secrets = tuple(text for line in lines if (text := line.strip()) and not text.startswith("#"))
        if not secrets or any(len(secret) < MIN_SECRET_LENGTH for secret in secrets):
            raise ConfigurationError(
                f"CODESEARCH_WEBHOOK_SECRETS_FILE: {path} is to hold one secret a line, of {MIN_SECRET_LENGTH} "
                "characters or more."
            )
        self._read, self._signature = secrets, signature
