"""API keys as values: how a secret is made, recognised and hashed. The catalog keeps the hashes."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

SECRET_START = "cs_"  # noqa: S105 - how every secret starts
PREFIX_LENGTH = 8
_RANDOM_BYTES = 32
# A secret of ours has 46 characters; nothing much longer is worth hashing.
_MAX_SECRET_LENGTH = 128


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key once its secret was shown: `prefix` is the secret's first 8 characters.

    It reads `source_ids` and what its groups read; without groups, None is for every data source, and an empty set
    allows nothing. Of these a key of a `user` reads what the code host lets that person read. Its
    `requests_per_minute`, if any, count in the place of the service's own limit; 0 for no limit. Times are in UTC.
    """

    id: str
    name: str
    prefix: str
    is_admin: bool
    source_ids: frozenset[str] | None
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    group_names: tuple[str, ...] = ()
    user: str | None = None
    requests_per_minute: int | None = None

    def is_usable(self, now: datetime) -> bool:
        """Say whether the key opens anything at that moment: not revoked, not expired."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def create_secret() -> str:
    """Return a new secret: `cs_` and 43 URL-safe characters that carry 256 random bits."""
    return SECRET_START + secrets.token_urlsafe(_RANDOM_BYTES)


def hash_secret(secret: str) -> str | None:
    """Return the SHA-256 of a secret in hex, or None for text that cannot be one of ours.

    A fast hash is right here: salts and slow hashes protect passwords, which can be guessed; 256 random bits cannot.
    Looking the hash up leaks nothing through time either, for nobody can steer a hash towards another one.
    """
    if len(secret) > _MAX_SECRET_LENGTH or not secret.isascii() or not secret.startswith(SECRET_START):
        return None
    return hashlib.sha256(secret.encode("ascii")).hexdigest()
