"""Lets a request find its route however a person pasted the base URL: doubled slashes, a doubled /retrieval."""

from __future__ import annotations

import re

from starlette.types import ASGIApp, Receive, Scope, Send

_SLASHES = re.compile(r"/{2,}")
_SUFFIX = "/retrieval"


def normalize_path(path: str) -> str:
    """Return the path with single slashes, none at its end, and one `/retrieval` where it ends in several."""
    single = _SLASHES.sub("/", path).rstrip("/") or "/"
    end = len(single)
    while single.endswith(_SUFFIX, 0, end):
        end -= len(_SUFFIX)
    return single if end == len(single) else single[:end] + _SUFFIX


class NormalizedPaths:
    """ASGI middleware that routes by the normalised path; the layers outside still see the client's."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http":
            scope = {**scope, "path": normalize_path(scope["path"])}
        await self.app(scope, receive, send)
