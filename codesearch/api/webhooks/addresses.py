"""One repository has many addresses: what is the same in all of them. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

_SCP_LIKE = re.compile(r"(?:[^@/:\[\]]+@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^@/:\[\]]+):(?!//)(?P<path>.+)", re.DOTALL)
# Where ssh is answered on the port of https.
_ALTERNATIVES = {
    "ssh.github.com": "github.com",
    "altssh.gitlab.com": "gitlab.com",
    "altssh.bitbucket.org": "bitbucket.org",
}
# How Bitbucket Data Center writes its addresses: of a page, and of a clone over http.
_PROJECT_PAGE = re.compile(r"(?P<before>.*?)projects/(?P<project>[^/]+)/repos/(?P<name>[^/]+)(?:/browse)?")


@dataclass(frozen=True, slots=True)
class Place:
    """A repository's host, "" for none, and its path there: no login, port, `.git`, slash at an end or capital."""

    host: str
    path: str


def find_place(address: str) -> Place | None:
    """Return where an address leads to; None for what is none.

    Ports are passed over: those of ssh and https differ. So is case, which code hosts pass over, too. What two
    repositories have in common that way makes one of them be looked at once more than needed.
    """
    if "://" in address:
        try:
            parts = urlsplit(address)
            host, path = parts.hostname or "", parts.path
        except ValueError:
            return None
    elif scp := _SCP_LIKE.fullmatch(address):
        host, path = scp["host"].strip("[]"), scp["path"]
    else:
        host, path = "", address
    host = host.lower().removeprefix("www.")
    path = unquote(path).strip("/").removesuffix(".git").rstrip("/").casefold()
    return Place(_ALTERNATIVES.get(host, host), _shorten(path)) if path else None


def _shorten(path: str) -> str:
    """Return a path as ssh has it: Bitbucket Data Center puts `scm/` before it, or makes a page's address of it."""
    if page := _PROJECT_PAGE.fullmatch(path):
        return f"{page['before']}{page['project']}/{page['name']}"
    before, _, rest = path.rpartition("scm/")
    if rest.count("/") == 1 and (not before or before.endswith("/")):
        return f"{before}{rest}"
    return path
