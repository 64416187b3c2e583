"""The address of an organisation's page, read to a host, whose API that speaks, and a path. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from codesearch.core.errors import InvalidRequestError
from codesearch.core.redaction import holds_token
from codesearch.core.types import HostKind

# Whose hosts are named after them, also a company's: gitlab.example.org.
_NAMES: Final = {
    "github": HostKind.GITHUB,
    "gitlab": HostKind.GITLAB,
    "gitea": HostKind.GITEA,
    "forgejo": HostKind.FORGEJO,
    "codeberg": HostKind.FORGEJO,
}
_PATH: Final = re.compile(r"(?!\.)[\w.-]{1,255}(?:/(?!\.)[\w.-]{1,255}){0,20}", re.ASCII)
_HINT: Final = (
    "Give the address of its page, such as https://github.com/pallets or https://gitlab.example.org/team/shop."
)


@dataclass(frozen=True, slots=True)
class OrganisationAddress:
    """Where an organisation is: `host_url` is scheme and host, without a slash at the end."""

    kind: HostKind
    host_url: str
    path: str

    @property
    def suggested_name(self) -> str:
        """What it may be called: host and path."""
        return f"{urlsplit(self.host_url).netloc}/{self.path}"


def read_address(text: str, kind: str | None = None) -> OrganisationAddress:
    """Return what an address leads to; contacts nobody. `kind` is needed where the host's name does not say it.

    Raises InvalidRequestError.
    """
    text = text.strip()
    if "://" not in text:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise InvalidRequestError(f"The address cannot be read. {_HINT}") from None
    host = (parts.hostname or "").lower()
    if parts.scheme not in ("https", "http") or not re.fullmatch(r"[a-z0-9.-]+|[0-9a-f:.]*:[0-9a-f:.]*", host):
        raise InvalidRequestError(f"An organisation is at an http or https address. {_HINT}")
    if parts.username is not None or parts.password is not None or holds_token(text):
        raise InvalidRequestError(
            "An address with a login in it is not taken. Leave the login out; whoever runs the service sets "
            "CODESEARCH_GIT_TOKEN."
        )
    path = parts.path.strip("/")
    if not path:
        raise InvalidRequestError(f"{host} alone names no group or user. {_HINT}")
    if parts.query or parts.fragment or not _PATH.fullmatch(path):
        raise InvalidRequestError(f"{path[:100]!a} is no path of a group or user. {_HINT}")
    chosen = _read_kind(kind, host)
    if "/" in path and chosen is not HostKind.GITLAB:
        raise InvalidRequestError(
            f"{path[:100]!a} is a repository, or a folder of it: only GitLab has groups in groups. One repository is "
            "added as a source."
        )
    netloc = f"[{host}]" if ":" in host else host
    if port is not None and port != {"https": 443, "http": 80}[parts.scheme]:
        netloc += f":{port}"
    return OrganisationAddress(chosen, f"{parts.scheme}://{netloc}", path)


def _read_kind(kind: str | None, host: str) -> HostKind:
    kinds = ", ".join(item.value for item in HostKind)
    if kind:
        try:
            return HostKind(kind.strip().lower())
        except ValueError:
            raise InvalidRequestError(f"The kind of a code host is one of {kinds}.") from None
    words = re.split(r"[.-]", host)
    found = next((known for name, known in _NAMES.items() if name in words), None)
    if found is None:
        raise InvalidRequestError(f"The name {host} does not say whose code host it is: give its kind, one of {kinds}.")
    return found
