"""From where /mcp may be asked: the Host that a request names, and the Origin of a web page that sends it. Pure.

A page whose name was made to point at this machine sends requests with its own name as Host, and every page sends its
Origin: neither is let in unless a setting names it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from codesearch.core.errors import AccessDeniedError, MisdirectedRequestError
from codesearch.core.private_addresses import LOOPBACK_HOSTS

_EVERYTHING = "*"
_PORTS = {"http": 80, "https": 443}
_LONGEST_SHOWN = 100


def require_known_host(values: Sequence[str], allowed: Sequence[str]) -> None:
    """Raise MisdirectedRequestError unless the Host header names an address, this machine, or a host of the setting.

    `allowed` holds `name`, `name:port`, `*.domain` or `*`. An address cannot be made to point somewhere else.
    """
    host = values[0].strip().lower() if len(values) == 1 else ""
    if _EVERYTHING in allowed or _is_known(host, allowed):
        return
    raise MisdirectedRequestError(
        f"The Host {host[:_LONGEST_SHOWN]!r} is not let in here. If clients are to use it, name it in "
        "CODESEARCH_MCP_ALLOWED_HOSTS."
    )


def require_known_origin(values: Sequence[str], host: str, allowed: Sequence[str]) -> None:
    """Raise AccessDeniedError when a request has an Origin that is neither this machine, the Host, nor in the setting.

    `allowed` holds `scheme://host`, `scheme://host:port`, or `*`.
    """
    if not values or _EVERYTHING in allowed:
        return
    origin = values[0].strip().lower() if len(values) == 1 else ""
    parts = _split(origin)
    if parts is not None:
        scheme, name, port = parts
        if name in LOOPBACK_HOSTS or _authority(name, port) == _authority(*_split_host(host.lower(), _PORTS[scheme])):
            return
        if any(_split(item.strip().lower().rstrip("/")) == parts for item in allowed):
            return
    raise AccessDeniedError(
        f"The Origin {origin[:_LONGEST_SHOWN]!r} is not let in here. If a page from there is to ask, name it in "
        "CODESEARCH_MCP_ALLOWED_ORIGINS."
    )


def _is_known(host: str, allowed: Sequence[str]) -> bool:
    name, port = _split_host(host, None)
    if not name or name in LOOPBACK_HOSTS or _is_address(name):
        return bool(name)
    for item in allowed:
        wanted, wanted_port = _split_host(item.strip().lower(), None)
        is_named = name.endswith(wanted[1:]) if wanted.startswith("*.") else name == wanted
        if is_named and wanted_port in (None, port):
            return True
    return False


def _split(origin: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port of an origin, None for what is none: `null`, a path, another scheme."""
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return None
    is_origin = parts.scheme in _PORTS and parts.hostname and origin == f"{parts.scheme}://{parts.netloc}"
    if not is_origin or parts.username is not None or parts.hostname is None:
        return None
    return parts.scheme, parts.hostname, _PORTS[parts.scheme] if port is None else port


def _split_host(value: str, default_port: int | None) -> tuple[str, int | None]:
    """Return name and port of `name`, `name:port`, `[address]:port`; no name for what is none of them."""
    try:
        parts = urlsplit(f"//{value}")
        port = parts.port
    except ValueError:
        return "", None
    if parts.netloc != value or parts.username is not None or not parts.hostname:
        return "", None
    return parts.hostname, default_port if port is None else port


def _authority(name: str, port: int | None) -> str:
    return f"{name} {port}"


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
