"""Under which address clients reach the service: what the OpenAPI document names as its server. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

# What a name, an IPv4 address or an IPv6 address in brackets may hold, with or without a port.
_HOST = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_.])?|\[[0-9a-f:.]{2,45}\])(?::[0-9]{1,5})?", re.IGNORECASE
)
_SCHEMES = ("http", "https")
_HIGHEST_PORT = 65535


def choose_public_url(setting: str | None, scheme: str, hosts: Sequence[str], listening: tuple[str, int | None]) -> str:
    """Return the address without a slash at its end: the setting, else scheme and Host of the request.

    `hosts` are the values of its Host header, `listening` is where the server listens, for a request whose Host is
    none.
    """
    if setting is not None:
        return setting
    host = hosts[0].strip() if len(hosts) == 1 else ""
    if not _is_host(host):
        name, port = listening
        host = f"[{name}]" if ":" in name else name
        host += "" if port is None else f":{port}"
    return f"{scheme if scheme in _SCHEMES else _SCHEMES[0]}://{host}"


def _is_host(value: str) -> bool:
    if not _HOST.fullmatch(value):
        return False
    try:
        port = urlsplit(f"//{value}").port
    except ValueError:
        return False
    return port is None or 0 < port <= _HIGHEST_PORT
