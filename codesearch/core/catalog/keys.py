"""The catalog's API keys: created, listed, revoked, and looked up on every request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Connection, RowMapping, bindparam, or_, select, union_all

from codesearch.core.catalog.groups import (
    MEMBER_SOURCE_ID,
    MEMBERS_WITH_SOURCES,
    bind_key,
    find_group_ids,
    name_groups_of_keys,
)
from codesearch.core.catalog.names import create_id, fold_name, lookup_key, validate_name
from codesearch.core.catalog.schema import api_key_scopes, api_keys, group_keys, group_members
from codesearch.core.catalog.sources import CatalogPart, find_source_ids
from codesearch.core.errors import AuthenticationError, InvalidRequestError, NameTakenError, NotFoundError
from codesearch.core.keys import PREFIX_LENGTH, SECRET_START, ApiKey, create_secret, hash_secret
from codesearch.core.types import Principal
from codesearch.core.users import validate_user

_COLUMNS = (
    api_keys.c.id,
    api_keys.c.name,
    api_keys.c.prefix,
    api_keys.c.is_admin,
    api_keys.c.is_scoped,
    api_keys.c.created_at,
    api_keys.c.expires_at,
    api_keys.c.revoked_at,
    api_keys.c.user_name,
    api_keys.c.requests_per_minute,
)
# A row per scope, one with a null for a key without scopes.
_SELECT_KEYS = select(*_COLUMNS, api_key_scopes.c.source_id).select_from(
    api_keys.outerjoin(api_key_scopes, api_key_scopes.c.key_id == api_keys.c.id)
)
_SELECT_GROUPS_OF_KEYS = select(*_COLUMNS, MEMBER_SOURCE_ID.label("source_id")).select_from(
    api_keys.join(group_keys, group_keys.c.key_id == api_keys.c.id).join(
        MEMBERS_WITH_SOURCES, group_members.c.group_id == group_keys.c.group_id
    )
)


def _select_with_groups(condition: ColumnElement[bool]) -> CompoundSelect[Any]:
    """Return the one statement that reads a key with all that it was given, of one moment."""
    return union_all(_SELECT_KEYS.where(condition), _SELECT_GROUPS_OF_KEYS.where(condition))


# Built once, for every request runs one of these.
_SELECT_BY_HASH = _select_with_groups(api_keys.c.secret_hash == bindparam("secret_hash"))
_SELECT_BY_ID = _select_with_groups(api_keys.c.id == bindparam("key_id"))
MAX_RATE = 1_000_000
_INVALID = "The API key is not valid."


class KeyCatalog(CatalogPart):
    """API keys. Only the hash of a secret is kept; the secret is returned once, by create_key."""

    def authenticate(self, secret: str) -> Principal:
        """Return whose secret it is, as the catalog says now: revoking works at once. Accepts any string.

        Who has a key of a user may read nothing yet: what the code host permits is not known here. Raises
        AuthenticationError for an unknown, expired or revoked key.
        """
        secret_hash = hash_secret(secret)
        if secret_hash is None:
            raise AuthenticationError(_INVALID)
        key = self._database.read_once(("key", secret_hash), partial(_find_by_hash, secret_hash=secret_hash))
        return self._admit(key)

    def recall(self, secret: str) -> Principal | None:
        """Return what `authenticate` does where nothing has to be read for it, else None. Waits for nobody.

        Raises AuthenticationError.
        """
        secret_hash = hash_secret(secret)
        known = None if secret_hash is None else self._database.recall(("key", secret_hash))
        return None if known is None else self._admit(known[0])

    def find_principal(self, key_id: str) -> Principal:
        """Return whom a key that was shown earlier stands for, as the catalog says now. Accepts any string.

        Raises AuthenticationError for an unknown, expired or revoked key.
        """
        return self._admit(self._database.read_once(("key id", key_id), partial(_find_by_id, key_id=key_id)))

    def _admit(self, key: ApiKey | None) -> Principal:
        if key is None:
            raise AuthenticationError(_INVALID)
        if not key.is_usable(self._clock()):
            raise AuthenticationError(_INVALID if key.revoked_at else "The API key has expired.")
        return Principal(
            key_id=key.id,
            name=key.name,
            is_admin=key.is_admin,
            source_ids=key.source_ids,
            user=key.user,
            permitted_ids=None if key.user is None else frozenset(),
            requests_per_minute=key.requests_per_minute,
        )

    def create_key(
        self,
        name: str,
        *,
        source_ids: frozenset[str] | None = None,
        groups: Sequence[str] = (),
        user: str | None = None,
        is_admin: bool = False,
        expires_at: datetime | None = None,
        requests_per_minute: int | None = None,
    ) -> tuple[ApiKey, str]:
        """Create a key and return it with its secret, which nobody can show again.

        `source_ids` holds ids or names of data sources, None for all of them, or, with `groups`, for what those read.
        A key of a `user` reads no more than the code host lets that person read. An admin key reads everything and
        takes none of these. `requests_per_minute` counts in the place of the service's limit, 0 for none. Raises
        InvalidRequestError for a wrong or taken name, a past expiry, a rate out of range or an admin key with any of
        the first three, NotFoundError that names unknown data sources or groups.
        """
        name = validate_name(name, "key")
        now = self._clock()
        if fold_name(name).startswith(SECRET_START):
            raise InvalidRequestError(f"A key's name does not start with {SECRET_START}: that is how secrets start.")
        if is_admin and (source_ids is not None or groups or user is not None):
            raise InvalidRequestError(
                "An admin key reads every repository: make it admin, or give it sources, groups or a user, not both."
            )
        user = None if user is None else validate_user(user)
        if expires_at is not None and (expires_at.tzinfo is None or expires_at <= now):
            raise InvalidRequestError("A key expires at a moment to come, given with its time zone.")
        if requests_per_minute is not None and not 0 <= requests_per_minute <= MAX_RATE:
            raise InvalidRequestError(f"A key sends 0 to {MAX_RATE:,} requests a minute, 0 for any number.")
        secret = create_secret()
        with self._database.writing() as connection:
            if any(key.is_usable(now) for key in _find_keys(connection, api_keys.c.name_key == fold_name(name))):
                raise NameTakenError(f"There is a key {name!r} already: revoke it first, or choose another name.")
            scopes = find_source_ids(connection, sorted(source_ids or ()))
            group_ids = find_group_ids(connection, groups)
            key = ApiKey(
                id=create_id(),
                name=name,
                prefix=secret[:PREFIX_LENGTH],
                is_admin=is_admin,
                source_ids=None if source_ids is None and not group_ids else frozenset(scopes),
                created_at=now,
                expires_at=expires_at,
                user=user,
                requests_per_minute=requests_per_minute,
            )
            _insert(connection, key, secret)
            bind_key(connection, key.id, group_ids)
            return _find_keys(connection, api_keys.c.id == key.id)[0], secret

    def list_keys(self) -> list[ApiKey]:
        """Return every key, also expired and revoked ones, in name order, the oldest of a name first."""
        with self._database.reading() as connection:
            keys = _find_keys(connection)
        return sorted(keys, key=lambda key: (fold_name(key.name), key.created_at, key.id))

    def has_keys(self) -> bool:
        """Say whether any key opens anything now."""
        now = self._clock()
        return any(key.is_usable(now) for key in self.list_keys())

    def find_key(self, given: str) -> ApiKey:
        """Return a key, given by id, name, prefix or secret. Raises what revoke_key does."""
        with self._database.reading() as connection:
            return _choose_key(connection, given, self._clock())

    def revoke_key(self, given: str) -> ApiKey:
        """Revoke a key, given by id, name, prefix or secret, for good and at once; return what it is now.

        Revoking by id or prefix twice is no error. Raises NotFoundError, and InvalidRequestError for a prefix that
        several keys have.
        """
        with self._database.writing() as connection:
            key = _choose_key(connection, given, self._clock())
            if key.revoked_at is None:
                statement = api_keys.update().where(api_keys.c.id == key.id)
                connection.execute(statement.values(revoked_at=self._clock()))
            return _find_keys(connection, api_keys.c.id == key.id)[0]


def _find_by_hash(connection: Connection, secret_hash: str) -> ApiKey | None:
    rows = connection.execute(_SELECT_BY_HASH, {"secret_hash": secret_hash}).mappings().all()
    return _to_key(rows) if rows else None


def _find_by_id(connection: Connection, key_id: str) -> ApiKey | None:
    rows = connection.execute(_SELECT_BY_ID, {"key_id": key_id}).mappings().all()
    return _to_key(rows) if rows else None


def _choose_key(connection: Connection, given: str, now: datetime) -> ApiKey:
    given = given.strip()
    folded, secret_hash = lookup_key(given), hash_secret(given)
    conditions = [] if secret_hash is None else [api_keys.c.secret_hash == secret_hash]
    if folded is not None:
        conditions += [api_keys.c.id == folded, api_keys.c.name_key == folded]
    # A prefix may end in a character that no name ends in.
    if given.isascii() and given.isprintable():
        conditions.append(api_keys.c.prefix == given)
    keys = _find_keys(connection, or_(*conditions)) if conditions else []
    # An id, a name, a prefix and a secret never look alike. A name may have been used again: the living key counts.
    keys = [key for key in keys if fold_name(key.name) != folded or key.revoked_at is None]
    keys = [key for key in keys if key.is_usable(now)] or keys
    if len({fold_name(key.name) for key in keys}) > 1:
        raise InvalidRequestError(f"Several keys start with {given}: name one by its id, {_list_ids(keys)}.")
    if not keys:
        # Not quoted: it may be a secret.
        raise NotFoundError("No such key, or it is revoked already; `codesearch key list` shows them.")
    return max(keys, key=lambda key: (key.created_at, key.id))


def _list_ids(keys: Sequence[ApiKey]) -> str:
    return " or ".join(sorted(key.id for key in keys))


def _find_keys(connection: Connection, *conditions: Any) -> list[ApiKey]:
    rows = connection.execute(_SELECT_KEYS.where(*conditions).order_by(api_keys.c.id)).mappings().all()
    keys = [_to_key(list(group)) for _, group in groupby(rows, key=lambda row: row["id"])]
    names = name_groups_of_keys(connection) if keys else {}
    return [replace(key, group_names=names.get(key.id, ())) for key in keys]


def _to_key(rows: Sequence[RowMapping]) -> ApiKey:
    """Return the key of all rows of it, without the names of its groups."""
    first, scopes = rows[0], frozenset(row["source_id"] for row in rows if row["source_id"] is not None)
    return ApiKey(
        id=first["id"],
        name=first["name"],
        prefix=first["prefix"],
        is_admin=first["is_admin"],
        source_ids=scopes if first["is_scoped"] else None,
        created_at=first["created_at"],
        expires_at=first["expires_at"],
        revoked_at=first["revoked_at"],
        user=first["user_name"],
        requests_per_minute=first["requests_per_minute"],
    )


def _insert(connection: Connection, key: ApiKey, secret: str) -> None:
    statement = api_keys.insert().values(
        id=key.id,
        name=key.name,
        name_key=fold_name(key.name),
        prefix=key.prefix,
        secret_hash=hash_secret(secret),
        is_admin=key.is_admin,
        is_scoped=key.source_ids is not None,
        created_at=key.created_at,
        expires_at=key.expires_at,
        user_name=key.user,
        requests_per_minute=key.requests_per_minute,
    )
    connection.execute(statement)
    if key.source_ids:
        rows = [{"key_id": key.id, "source_id": source_id} for source_id in sorted(key.source_ids)]
        connection.execute(api_key_scopes.insert(), rows)
