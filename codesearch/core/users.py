"""People, as code hosts and identity providers have them: what can be a name, and what a token said of its bearer."""

from __future__ import annotations

from dataclasses import dataclass

from codesearch.core.errors import InvalidRequestError

MAX_USER_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whom a token is of: a user, and the names of groups as the issuer has them; None where none are read.

    `expires_at` is in Unix seconds.
    """

    user: str
    groups: frozenset[str] | None
    issuer: str = ""
    expires_at: float = 0.0


def is_user(text: str) -> bool:
    """Say whether somebody can be called that: printable, no blank at either end, no option of a command."""
    return 0 < len(text) <= MAX_USER_LENGTH and text.isprintable() and text == text.strip() and text[0] not in "-*"


def validate_user(text: str) -> str:
    """Return the name without blanks around it, or raise InvalidRequestError that says what a name may be."""
    user = text.strip()
    if not is_user(user):
        raise InvalidRequestError(
            f"{text[:MAX_USER_LENGTH]!a} cannot be a user: give up to {MAX_USER_LENGTH} printable characters, "
            "without - or * in front."
        )
    return user
