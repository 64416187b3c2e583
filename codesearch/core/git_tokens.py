"""Which code host is offered which token: the one answer for clones and for lists of repositories."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from codesearch.core.private_addresses import is_private

if TYPE_CHECKING:
    from codesearch.core.config import Settings

_HOST: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::\d{1,5})?", re.ASCII)


def find_token(address: str, settings: Settings) -> str | None:
    """Return the token for the host of an address, None where there is none.

    It goes to its own host alone, by https or by http on this machine; it never crosses a network in the clear. One for
    a host with a port wins over one for the host; that of `git_tokens` over `git_token`.
    """
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return None
    if not host or not is_private(parts):
        return None
    names = parts.netloc.rpartition("@")[2].lower(), f"[{host}]" if ":" in host else host, host
    by_host = {name: token.get_secret_value() for name, token in settings.git_tokens}
    by_host.setdefault(settings.git_token_host.strip().lower(), (settings.git_token or "").strip())
    return next((by_host[name] for name in names if by_host.get(name)), None)


def parse_tokens(given: str | Mapping[object, object] | Iterable[object]) -> tuple[tuple[str, str], ...]:
    """Return hosts, in lower case, with their tokens, from a table or from texts HOST=TOKEN.

    In one text there are commas or line breaks between them. Raises ValueError, which repeats no token.
    """
    if isinstance(given, str):
        given = given.replace("\n", ",").split(",")
    if isinstance(given, Mapping):
        pairs = [(str(host), str(token)) for host, token in given.items()]
    else:
        parts = (text.partition("=") for text in map(str, given) if text.strip())
        pairs = [(host, token) for host, _, token in parts]
    found: dict[str, str] = {}
    for number, (host, token) in enumerate(pairs, start=1):
        name, secret = host.strip().lower(), token.strip()
        # What is no host may be a token without one.
        if not _HOST.fullmatch(name) or not re.fullmatch(r"[!-~]+", secret):
            raise ValueError(f"number {number} is not HOST=TOKEN or HOST:PORT=TOKEN, such as gitlab.example.com=TOKEN")
        if name in found:
            raise ValueError(f"number {number} is for a host that has a token already")
        found[name] = secret
    return tuple(found.items())
