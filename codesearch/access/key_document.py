"""The issuer's keys as a document: a file, or an address that is asked now and then; the last good one counts."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar
from urllib.parse import urlsplit

import httpx2

from codesearch.core.errors import ConfigurationError
from codesearch.core.private_addresses import is_private

logger = logging.getLogger(__name__)
Keys = TypeVar("Keys")

MAX_BYTES = 1 << 20
FETCH_SECONDS = 5.0
# A key that is not in the document makes it be read again, though not more often than this, whoever asks.
LEAST_SECONDS_BETWEEN = 60.0
# A key that the issuer withdrew counts for no longer than this, and no longer than the next while it is out of reach.
REFRESH_SECONDS = 900.0
MAX_AGE_SECONDS = 86_400.0


class KeyDocument(Generic[Keys]):
    """Reads the document when it is needed. Safe to share between threads."""

    def __init__(
        self,
        place: str,
        parse: Callable[[bytes], Keys],
        clock: Callable[[], float] = time.monotonic,
        setting: str = "CODESEARCH_OIDC_JWKS",
    ) -> None:
        """Read nothing yet. What `parse` raises ConfigurationError for does not take the place of what was read before.

        Messages name the setting. Raises ConfigurationError for an address that is neither https nor on this machine.
        """
        self._setting = setting
        self.place = place
        self._path = None if "://" in place else Path(place)
        if self._path is None and not is_safe_address(place):
            raise ConfigurationError(
                f"{setting}: give a file or an https address without a login. Whoever can change the keys on their way "
                "can be anybody."
            )
        self._parse = parse
        self._clock = clock
        self._lock = Lock()
        self._keys: Keys | None = None
        self._read_at = float("-inf")
        self._tried_at = float("-inf")

    def read(self) -> Keys:
        """Return what was read last, or now where that is too long ago.

        Raises ConfigurationError when there is none, or it is too old.
        """
        age = self._clock() - self._read_at
        if self._keys is None or age > MAX_AGE_SECONDS:
            with self._lock:
                self._try()
        elif age > (1.0 if self._path is not None else REFRESH_SECONDS) and self._lock.acquire(blocking=False):
            # One asks, the others go on with what there is.
            try:
                self._try()
            finally:
                self._lock.release()
        return self._known()

    def read_again(self) -> Keys:
        """Return what there is after another look at it, unless somebody looked within the last minute."""
        with self._lock:
            self._try()
        return self._known()

    def fetch(self) -> Keys:
        """Return what is there now, whatever was read before. Raises ConfigurationError that says why it cannot be."""
        try:
            content = self._fetch() if self._path is None else _read_file(self._path)
        except OSError as error:
            raise ConfigurationError(
                f"{self._setting}: {self.place} cannot be read: {error.strerror or error}."
            ) from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise ConfigurationError(f"{self._setting}: {self.place} cannot be asked: {error}.") from error
        if len(content) > MAX_BYTES:
            raise ConfigurationError(f"{self._setting}: {self.place} has over {MAX_BYTES} bytes.")
        return self._parse(content)

    def _known(self) -> Keys:
        if self._keys is None or self._clock() - self._read_at > MAX_AGE_SECONDS:
            raise ConfigurationError(f"{self._setting}: there are no keys of {self.place} that still count.")
        return self._keys

    def _try(self) -> None:
        """Read the document, unless that was tried a moment ago; a failure is logged. To be called with the lock."""
        pause = 1.0 if self._path is not None else LEAST_SECONDS_BETWEEN
        if self._clock() - self._tried_at < pause:
            return
        self._tried_at = self._clock()
        try:
            self._keys = self.fetch()
            self._read_at = self._clock()
        except ConfigurationError as error:
            logger.warning("%s", error.message)

    def _fetch(self) -> bytes:
        """Ask the address. Redirects are not followed: the address is the one that the operator named."""
        deadline, content = time.monotonic() + FETCH_SECONDS, bytearray()
        headers = {"User-Agent": "codesearch", "Accept": "application/json"}
        with (
            httpx2.Client(timeout=FETCH_SECONDS, follow_redirects=False, headers=headers) as client,
            client.stream("GET", self.place) as response,
        ):
            if response.status_code != 200:
                raise OSError(f"it answers with HTTP {response.status_code}")
            # As it comes: blocks of one size would be waited for, however slowly they fill.
            for block in response.iter_bytes():
                content += block
                if len(content) > MAX_BYTES:
                    break
                if time.monotonic() > deadline:
                    raise OSError(f"it did not come within {FETCH_SECONDS:g} s")
        return bytes(content)


def _read_file(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def is_safe_address(address: str) -> bool:
    """Say whether nobody on the way can change what comes from an address: https, or this machine; without a login."""
    try:
        parts = urlsplit(address)
        return is_private(parts) and bool(parts.hostname) and parts.username is None
    except ValueError:
        return False
