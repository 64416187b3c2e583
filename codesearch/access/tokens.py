"""Bearer tokens of an OpenID Connect issuer, checked against its keys: the only import of jwt."""

from __future__ import annotations

import json
import logging
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import jwt

from codesearch.access.discovery import DiscoveredKeys
from codesearch.access.key_document import KeyDocument
from codesearch.core.errors import AuthenticationError, ConfigurationError
from codesearch.core.users import Bearer, is_user

logger = logging.getLogger(__name__)

MAX_TOKEN_LENGTH = 16_384
MAX_GROUPS = 1_000
_LEAST_RSA_BITS = 2_048
# Asymmetric ones alone, by the kind of key: with none, or with HS256 and a public key as the secret, anybody could
# make a token. A key of one kind is used with no algorithm of another.
ALGORITHMS: Mapping[tuple[str, str], frozenset[str]] = {
    ("RSA", ""): frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
    ("EC", "P-256"): frozenset({"ES256"}),
    ("EC", "P-384"): frozenset({"ES384"}),
    ("EC", "P-521"): frozenset({"ES512"}),
    ("OKP", "Ed25519"): frozenset({"EdDSA"}),
}
_KNOWN_ALGORITHMS = frozenset().union(*ALGORITHMS.values())
_FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
_INVALID = "The token is not valid."


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What a token has to say: its issuer, one of these audiences, and in which claims it names the user and groups.

    Without `groups_claim` no groups are read. `leeway_seconds` is by how much clocks may differ.
    """

    issuer: str
    audiences: tuple[str, ...]
    user_claim: str
    groups_claim: str | None
    leeway_seconds: float


@dataclass(frozen=True, slots=True)
class _SigningKey:
    key: Any
    algorithms: frozenset[str]


# Those of a JWK Set, by their ids; None for those without one.
SigningKeys: TypeAlias = Mapping[str | None, Sequence[_SigningKey]]


class TokenVerifier:
    """Checks tokens. Safe to share between threads."""

    def __init__(self, rules: TokenRules, document: KeyDocument[SigningKeys] | DiscoveredKeys[SigningKeys]) -> None:
        """Read nothing yet. The document's keys are those that `read_keys` finds."""
        self.rules = rules
        self.document = document

    @property
    def issuer(self) -> str:
        """Whose tokens are taken."""
        return self.rules.issuer

    def verify(self, token: str) -> Bearer:
        """Return whom a token is of. Accepts any string. Raises AuthenticationError that says why it does not count.

        Nothing that a token says is believed, and no address in it asked, before its signature was found right.
        """
        if len(token) > MAX_TOKEN_LENGTH or not _FORM.fullmatch(token):
            raise AuthenticationError(_INVALID)
        try:
            header = jwt.get_unverified_header(token)
            algorithm, key_id = header.get("alg"), header.get("kid")
            # What a token says is critical would have to be understood.
            if algorithm not in _KNOWN_ALGORITHMS or "crit" in header:
                raise AuthenticationError("The token is signed in a way that is not accepted here.")
            key = self._find_key(algorithm, key_id)
            claims = jwt.decode(
                token,
                key=key.key,
                algorithms=[algorithm],
                audience=list(self.rules.audiences),
                issuer=self.rules.issuer,
                leeway=self.rules.leeway_seconds,
                options={"require": ["exp", "iss", "aud"]},
            )
        except jwt.PyJWTError as error:
            raise AuthenticationError(_explain(error)) from error
        except (ValueError, TypeError, RecursionError, OverflowError) as error:
            # What a header or claims of another form end in.
            raise AuthenticationError(_INVALID) from error
        return self._read(claims)

    def examine(self) -> str:
        """Fetch the keys now and say in one clause what there is. Raises ConfigurationError."""
        count = sum(map(len, self.document.fetch().values()))
        if not count:
            raise ConfigurationError(
                f"No token can be checked: {self.document.place} leads to no key that tokens are signed with."
            )
        return f"{count} keys of {self.document.place}, for tokens of {self.rules.issuer}"

    def _find_key(self, algorithm: str, key_id: object) -> _SigningKey:
        """Return the one key that a token names, or, when it names none, the only one there is."""
        if key_id is not None and not isinstance(key_id, str):
            raise AuthenticationError(_INVALID)
        try:
            found = _choose(self.document.read(), algorithm, key_id)
            if found is None:
                found = _choose(self.document.read_again(), algorithm, key_id)
        except ConfigurationError as error:
            logger.warning("no token can be checked: %s", error.message)
            raise AuthenticationError(
                "The token cannot be checked now: the keys of its issuer are not to be had."
            ) from error
        if found is None:
            raise AuthenticationError("The token is signed with a key that its issuer does not have.")
        return found

    def _read(self, claims: Mapping[str, Any]) -> Bearer:
        user = find_claim(claims, self.rules.user_claim)
        if not isinstance(user, str) or not is_user(user):
            raise AuthenticationError(f"The token names no user: it has no usable claim {self.rules.user_claim!r}.")
        if self.rules.user_claim == "email" and claims.get("email_verified") is not True:
            # Whoever can enter any address at the issuer would be anybody.
            raise AuthenticationError("The token's address is not verified (email_verified), so it names no user.")
        return Bearer(user, self._read_groups(claims), self.issuer, float(claims["exp"]))

    def _read_groups(self, claims: Mapping[str, Any]) -> frozenset[str] | None:
        if self.rules.groups_claim is None:
            return None
        given = find_claim(claims, self.rules.groups_claim)
        groups = [given] if isinstance(given, str) else given
        if not isinstance(groups, list):
            return frozenset()
        # Keycloak writes the path of a group, from the root.
        names = (name.removeprefix("/") for name in groups[:MAX_GROUPS] if isinstance(name, str))
        # No group is called what cannot be printed, and no catalog can be asked for some of it.
        return frozenset(name for name in names if name.isprintable() and name)


def find_claim(claims: Mapping[str, Any], name: str) -> object:
    """Return a claim of that name, or, with dots in it, one inside of others; None where there is none."""
    if name in claims:
        return claims[name]
    found: object = claims
    for part in name.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(part)
    return found


def read_keys(content: bytes) -> SigningKeys:
    """Return the keys of a JWK Set that tokens may be signed with, by their ids; others are passed over.

    Raises ConfigurationError where it is no such set.
    """
    try:
        entries = json.loads(content)["keys"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ConfigurationError("The keys of the issuer are no JWK Set: no JSON object with a list `keys`.") from error
    keys: dict[str | None, list[_SigningKey]] = {}
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and (key := _read_key(entry)) is not None:
            key_id = entry.get("kid")
            keys.setdefault(key_id if isinstance(key_id, str) else None, []).append(key)
    return keys


def _read_key(entry: dict[str, Any]) -> _SigningKey | None:
    """Return a public key that verifies signatures, and the algorithms that go with it; None for any other."""
    kind = str(entry.get("kty")), str(entry.get("crv", ""))
    algorithms = ALGORITHMS.get(kind, frozenset())
    if "alg" in entry:
        algorithms &= {entry["alg"]} if isinstance(entry["alg"], str) else set()
    operations = entry.get("key_ops")
    is_for_others = isinstance(operations, list) and "verify" not in operations
    if not algorithms or entry.get("use", "sig") != "sig" or is_for_others:
        return None
    # Of a private key, which does not belong there, the public half would do; whoever published it has lost it.
    if "d" in entry:
        logger.warning("the keys of the issuer hold a private key, which is passed over")
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            key = jwt.PyJWK(entry, min(algorithms)).key
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    return (
        None
        if getattr(key, "key_size", _LEAST_RSA_BITS) < _LEAST_RSA_BITS and kind[0] == "RSA"
        else _SigningKey(key, algorithms)
    )


def _choose(keys: SigningKeys, algorithm: str, key_id: str | None) -> _SigningKey | None:
    candidates = keys.get(key_id, ()) if key_id is not None else [key for found in keys.values() for key in found]
    fitting = [key for key in candidates if algorithm in key.algorithms]
    return fitting[0] if len(fitting) == 1 else None


def _explain(error: jwt.PyJWTError) -> str:
    """Say why a token does not count; nothing that it claims is repeated."""
    reasons: Sequence[tuple[type[jwt.PyJWTError], str]] = (
        (jwt.ExpiredSignatureError, "The token has expired."),
        (jwt.ImmatureSignatureError, "The token is not valid yet."),
        (jwt.InvalidAudienceError, "The token is for another audience."),
        (jwt.InvalidIssuerError, "The token is of another issuer."),
        (jwt.MissingRequiredClaimError, "The token lacks one of the claims exp, iss and aud."),
    )
    return next((reason for kind, reason in reasons if isinstance(error, kind)), _INVALID)
