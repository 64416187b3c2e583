"""Addresses on whose way nobody can read or change anything: https, and what stays on this machine."""

from __future__ import annotations

from typing import Final
from urllib.parse import SplitResult

LOOPBACK_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def is_private(parts: SplitResult) -> bool:
    """Say so of an address of the web; any other is none. Raises ValueError for a host that is none."""
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS)
