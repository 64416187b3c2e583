"""The rules for names in the catalog: what a name may be, when two are the same, which one a new repository gets."""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Callable, Iterable
from itertools import chain, count

from codesearch.core.errors import InvalidRequestError

MAX_NAME_LENGTH = 100
_FALLBACK_NAME = "repository"
_ID = re.compile(r"[0-9a-f]{24}")
# The first character keeps names from looking like options or paths, the last one from ending in a blank.
_NAME = re.compile(r"[\w.](?:[\w .,+#@&:/()-]*[\w.+#)])?")
_WRONG_CHARACTERS = re.compile(r"[^\w .,+#@&:/()-]+")


def create_id() -> str:
    """Return a new random id of 24 hex digits."""
    return secrets.token_hex(12)


def is_id(text: str) -> bool:
    """Say whether the text has the form of an id: 24 lower-case hex digits."""
    return _ID.fullmatch(text) is not None


def fold_name(name: str) -> str:
    """Return the form in which equal names are equal: `My-Repo` and `my-repo` are one name."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def lookup_key(id_or_name: str) -> str | None:
    """Return what to look up for an id or name from outside, or None when nothing can be called that."""
    text = id_or_name.strip()
    return fold_name(text) if _is_well_formed(text) else None


def validate_name(name: str, owner: str = "repository") -> str:
    """Return the name without blanks around it, or raise InvalidRequestError that says what is wrong with it."""
    name = unicodedata.normalize("NFC", name.strip())
    if not name:
        raise InvalidRequestError(f"A {owner} needs a name.")
    if len(name) > MAX_NAME_LENGTH:
        raise InvalidRequestError(f"A name has at most {MAX_NAME_LENGTH} characters; this one has {len(name)}.")
    if not _is_well_formed(name):
        raise InvalidRequestError(
            f"{name!a} cannot be a name: use letters, digits and . , - _ / + # @ & : ( ) or spaces, "
            "with a letter, a digit, _ or . first."
        )
    if is_id(fold_name(name)):
        raise InvalidRequestError(f"{name!r} cannot be a name: it looks like an id.")
    return name


def choose_name(suggestions: Iterable[str], is_free: Callable[[str], bool]) -> str:
    """Return the first suggestion that is free; when none is, the first one with -2, -3, ... behind it.

    Suggestions are made valid first; without any, the name is `repository`.
    """
    names = [name for suggestion in suggestions if (name := _to_valid_name(suggestion))] or [_FALLBACK_NAME]
    numbered = (f"{names[0][: MAX_NAME_LENGTH - 8].rstrip(' ,@&:/(-')}-{number}" for number in count(2))
    return next(name for name in chain(names, numbered) if is_free(name))


def _is_well_formed(text: str) -> bool:
    return (
        len(text) <= MAX_NAME_LENGTH
        and _NAME.fullmatch(text) is not None
        and any(character.isalnum() for character in text)
    )


def _to_valid_name(text: str) -> str | None:
    name = _WRONG_CHARACTERS.sub("-", unicodedata.normalize("NFC", text))[:MAX_NAME_LENGTH]
    name = name.lstrip(" ,+#@&:/()-").rstrip(" ,@&:/(-")
    return name if _is_well_formed(name) and not is_id(fold_name(name)) else None
