"""Patterns of repositories, as a code host's permissions name them: an id, a name, an address, with * and **."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from codesearch.core.catalog.names import fold_name
from codesearch.core.errors import InvalidRequestError
from codesearch.core.text.matching import Matcher, MatcherError, quote

MAX_PATTERN_LENGTH = 2_000
MAX_PATTERNS = 100_000
_COMPILED_AT_ONCE = 100
_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*)://(?:[^/@]*@)?([^/]+)/(.+)", re.IGNORECASE)
_SCP_LIKE = re.compile(r"[^/@:]+@([^/@:]+):(?!//)(.+)")
_WILDCARDS = re.compile(r"\*\*|\*|\?")
_BY_WILDCARD = {"**": ".*", "*": "[^/]*", "?": "[^/]"}


class Patterns:
    """What somebody may read, as it was written down. Two of the same patterns are not equal."""

    def __init__(self, patterns: Iterable[str]) -> None:
        """Read the patterns; raises InvalidRequestError for one that is too long, or for too many."""
        self.written = tuple(dict.fromkeys(text for text in (pattern.strip() for pattern in patterns) if text))
        require_patterns(self.written)
        # A * alone is meant for all of them, also those with slashes.
        forms = ["**" if text == "*" else place_of(text) for text in self.written]
        plain = [form for form in forms if not _WILDCARDS.search(form)]
        wild = [form for form in forms if _WILDCARDS.search(form)]
        self._places = frozenset(plain)
        self._names = frozenset(map(fold_name, plain))
        self._wild_places = _Wildcards(wild)
        self._wild_names = _Wildcards(list(map(fold_name, wild)))

    def match(self, source_id: str, name: str, location: str) -> bool:
        """Say whether a data source is among what may be read: by its id, its name, or where it comes from."""
        place, folded = place_of(location), fold_name(name)
        if source_id in self._places or place in self._places or folded in self._names:
            return True
        return self._wild_places.match(place) or self._wild_names.match(folded)


def require_patterns(patterns: Sequence[str]) -> None:
    """Raise InvalidRequestError where there are too many patterns, or one is too long."""
    if len(patterns) > MAX_PATTERNS:
        raise InvalidRequestError(f"{len(patterns)} patterns are over the limit of {MAX_PATTERNS}.")
    if any(len(pattern) > MAX_PATTERN_LENGTH for pattern in patterns):
        raise InvalidRequestError(f"A pattern has over {MAX_PATTERN_LENGTH} characters.")


def place_of(address: str) -> str:
    """Return `host/path` of an address, without scheme, login, `.git` and a slash at the end; any other text as it is.

    ssh and https lead to the same repository of a host, ssh on a port of its own.
    """
    text = address.strip()
    if (found := _ADDRESS.fullmatch(text)) is not None:
        scheme, host, path = found.groups()
        host = host.partition(":")[0] if scheme.lower() == "ssh" else host
    elif (found := _SCP_LIKE.fullmatch(text)) is not None:
        host, path = found.groups()
    else:
        host, path = "", text
    path = (path.rstrip("/") or path).removesuffix(".git")
    return f"{host.lower()}/{path.lstrip('/')}" if host else path


class _Wildcards:
    """Patterns with wildcards. However many there are in one, a text takes time linear in its length."""

    def __init__(self, patterns: Sequence[str]) -> None:
        parts = [patterns[start : start + _COMPILED_AT_ONCE] for start in range(0, len(patterns), _COMPILED_AT_ONCE)]
        try:
            self._matchers = [Matcher(rf"(?s)\A(?:{'|'.join(map(_translate, part))})\z") for part in parts]
        except MatcherError as error:
            raise InvalidRequestError(f"A pattern cannot be read: {error}.") from error

    def match(self, text: str) -> bool:
        """Say whether one of the patterns means all of a text."""
        if not self._matchers:
            return False
        content = text.encode("utf-8", "replace")
        return any(matcher.find(content, 0, len(content)) is not None for matcher in self._matchers)


def _translate(pattern: str) -> str:
    parts, end = [], 0
    for found in _WILDCARDS.finditer(pattern):
        parts += [quote(pattern[end : found.start()]), _BY_WILDCARD[found.group()]]
        end = found.end()
    return "".join([*parts, quote(pattern[end:])])
