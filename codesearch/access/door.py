"""Door: from a secret that came with a request to who asks and what they may read; keys and tokens enter by it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from codesearch.core.catalog.catalog import Catalog
from codesearch.core.errors import AuthenticationError, ConfigurationError
from codesearch.core.keys import SECRET_START
from codesearch.core.types import Principal
from codesearch.core.users import Bearer

logger = logging.getLogger(__name__)

_NOTHING_SET = "The key is of the user {user!r}, and nothing says here what that user may read."
_UNKNOWN = "What the user {user!r} may read cannot be found out now, so it is nothing. Try again later."
# A failure that every request meets is said once in this time.
_SAID_SECONDS = 60.0


class VerifierLike(Protocol):
    """What checks tokens."""

    @property
    def issuer(self) -> str:
        """Whose tokens are taken."""

    def verify(self, token: str) -> Bearer:
        """Return whom a token is of; raises AuthenticationError."""


class PermissionsLike(Protocol):
    """What knows the permissions of users."""

    def find_permitted(self, user: str) -> frozenset[str]:
        """Return the ids of the data sources that a user may read; raises ConfigurationError when that is not known."""

    def close(self) -> None:
        """Let go of what is open."""


class Door:
    """Lets keys and tokens in. Each rule that is set has to allow a data source: together they allow no more than each.

    Safe to share between threads.
    """

    def __init__(
        self,
        catalog: Catalog,
        permissions: PermissionsLike | None = None,
        verifier: VerifierLike | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._catalog = catalog
        self._permissions = permissions
        self._verifier = verifier
        self._clock = clock
        self._said_at = float("-inf")

    def takes_time(self, secret: str) -> bool:
        """Say whether more is to be done for a secret than to look it up: it may have to wait for somebody else."""
        return self._verifier is not None and not secret.startswith(SECRET_START)

    def authenticate(self, secret: str) -> Principal:
        """Return whose key or token it is. Accepts any string. Raises AuthenticationError.

        Where a code host has a say, `bound` says what of it counts; until then nothing does.
        """
        if self._verifier is None or secret.startswith(SECRET_START):
            return self._catalog.authenticate(secret)
        return self._admit(self._verifier.verify(secret))

    def recall(self, secret: str) -> Principal | None:
        """Return what `authenticate` does where nobody has to be waited for, not even a disk; else None.

        Raises AuthenticationError.
        """
        return None if self.takes_time(secret) else self._catalog.recall(secret)

    def read_token(self, secret: str) -> Bearer | None:
        """Return whom a token is of, None where the secret is none, to be kept. Raises AuthenticationError.

        Of its groups, those that nobody knows here are left out: a token may name hundreds.
        """
        if self._verifier is None or secret.startswith(SECRET_START):
            return None
        bearer = self._verifier.verify(secret)
        if not bearer.groups:
            return bearer
        return replace(bearer, groups=bearer.groups & {group.name for group in self._catalog.list_groups()})

    def admit_again(self, bearer: Bearer) -> Principal:
        """Return whom a token that was shown earlier stands for now, as `authenticate` does.

        Raises AuthenticationError where its issuer is trusted no more. That it has not expired, the caller sees to.
        """
        if self._verifier is None or bearer.issuer != self._verifier.issuer:
            raise AuthenticationError("The token is of another issuer.")
        return self._admit(bearer)

    def find_principal(self, key_id: str) -> Principal:
        """Return whom a key that was shown earlier stands for, as `authenticate` does. Raises AuthenticationError."""
        return self._catalog.find_principal(key_id)

    def bound(self, principal: Principal) -> Principal:
        """Return somebody with what the code host lets them read; may wait for it.

        Where that cannot be found out, they may read nothing, and `problem` says so.
        """
        user = principal.user
        if user is None or principal.permitted_ids is None:
            return principal
        if self._permissions is None:
            return replace(principal, permitted_ids=frozenset(), problem=_NOTHING_SET.format(user=user))
        try:
            return replace(principal, permitted_ids=self._permissions.find_permitted(user))
        except ConfigurationError as error:
            self._say(error)
            return replace(principal, permitted_ids=frozenset(), problem=_UNKNOWN.format(user=user))

    def close(self) -> None:
        """Let go of what is open."""
        if self._permissions is not None:
            self._permissions.close()

    def _admit(self, bearer: Bearer) -> Principal:
        given = None if bearer.groups is None else self._catalog.read_groups(bearer.groups)
        has_rule = given is not None or self._permissions is not None
        return Principal(
            # No key has an id with a blank in it.
            key_id=f"user {bearer.user}",
            name=bearer.user,
            is_admin=False,
            source_ids=given if has_rule else frozenset(),
            user=bearer.user,
            permitted_ids=None if self._permissions is None else frozenset(),
        )

    def _say(self, error: ConfigurationError) -> None:
        now = self._clock()
        if now - self._said_at >= _SAID_SECONDS:
            self._said_at = now
            logger.error("permissions of users are not known: %s", error.message)
