"""Lets a request find its route however a person pasted the base URL: doubled slashes, a doubled /retrieval."""

from __future__ import annotations

import re

from starlette.types import ASGIApp, Receive, Scope, Send

_SLASHES = re.compile(r"/{2,}")
_DOUBLED_SUFFIX = re.compile(r"(?:/retrieval){2,}$")


def normalize_path(path: str) -> str:
    """Return the path with single slashes, none at its end, and one `/retrieval` where it ends in several."""
    single = _SLASHES.sub("/", path).rstrip("/") or "/"
    return _DOUBLED_SUFFIX.sub("/retrieval", single)


class NormalizedPaths:
    """ASGI middleware that routes by the normalised path; the layers outside still see the client's."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http":
            scope = {**scope, "path": normalize_path(scope["path"])}
        await self.app(scope, receive, send)
