"""The issuer's keys where its own description says that they are: `/.well-known/openid-configuration`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from threading import Lock
from typing import Final, Generic, TypeVar

from codesearch.access.key_document import KeyDocument, is_safe_address
from codesearch.core.errors import ConfigurationError

Keys = TypeVar("Keys")

SETTING: Final = "CODESEARCH_OIDC_ISSUER"
_PATH: Final = "/.well-known/openid-configuration"


class DiscoveredKeys(Generic[Keys]):
    """What KeyDocument is, of an address that the issuer names: the description is read as often as the keys are.

    Safe to share between threads.
    """

    def __init__(
        self, issuer: str, parse: Callable[[bytes], Keys], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Read nothing yet. Raises ConfigurationError for an issuer that is no address, https or on this machine."""
        if not is_safe_address(issuer):
            raise ConfigurationError(
                f"{SETTING}: {issuer!a} is no https address without a login, where it could be asked for its keys. "
                "Set CODESEARCH_OIDC_JWKS to them."
            )
        self._parse = parse
        self._clock = clock
        self._description = KeyDocument(
            f"{issuer.rstrip('/')}{_PATH}", partial(read_keys_address, issuer=issuer), clock, SETTING
        )
        self._lock = Lock()
        self._document: KeyDocument[Keys] | None = None

    @property
    def place(self) -> str:
        """The address of the description."""
        return self._description.place

    def read(self) -> Keys:
        """Return the keys as KeyDocument does. Raises ConfigurationError, also without a description."""
        return self._document_at(self._description.read()).read()

    def read_again(self) -> Keys:
        """Return the keys after another look at both, unless somebody looked within the last minute."""
        return self._document_at(self._description.read_again()).read_again()

    def fetch(self) -> Keys:
        """Return what there is now, whatever was read before. Raises ConfigurationError that says why it cannot be."""
        return KeyDocument(self._description.fetch(), self._parse, self._clock, SETTING).fetch()

    def _document_at(self, address: str) -> KeyDocument[Keys]:
        with self._lock:
            if self._document is None or self._document.place != address:
                self._document = KeyDocument(address, self._parse, self._clock, SETTING)
            return self._document


def read_keys_address(content: bytes, issuer: str) -> str:
    """Return the address of the keys (`jwks_uri`) that the description of an issuer names.

    Raises ConfigurationError for what is no such description, or that of another issuer (OpenID Connect Discovery 1.0,
    section 4.3): its keys would open this service to whoever may have tokens there.
    """
    try:
        description = json.loads(content)
        named, address = description["issuer"], description["jwks_uri"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ConfigurationError(
            f"{SETTING}: {issuer}{_PATH} is no description of an issuer: no JSON object with `issuer` and `jwks_uri`."
        ) from error
    if named != issuer:
        raise ConfigurationError(
            f"{SETTING}: who answers there calls itself {str(named)[:200]!a}, not {issuer!a}. Write it as tokens have "
            "it, or set CODESEARCH_OIDC_JWKS."
        )
    if not isinstance(address, str) or not is_safe_address(address):
        raise ConfigurationError(f"{SETTING}: the issuer says that its keys are at no https address.")
    return address
