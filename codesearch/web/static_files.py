"""Static files, from our own package, at addresses that name their content: browsers keep them for good."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_KEPT = "public, max-age=31536000, immutable"
_DIGEST_LENGTH = 12

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file and the address that names its content."""

    content: bytes
    media_type: str
    url: str


@cache
def static_files() -> Mapping[str, StaticFile]:
    """Return every static file by its name."""
    found = {}
    for item in files("codesearch.web").joinpath("static").iterdir():
        name, content = item.name, item.read_bytes()
        media_type = _TYPES.get(name[name.rfind(".") :])
        if media_type is not None:
            digest = hashlib.sha256(content).hexdigest()[:_DIGEST_LENGTH]
            found[name] = StaticFile(content, f"{media_type}; charset=utf-8", f"/static/{digest}/{name}")
    return found


def url_of(name: str) -> str:
    """Return the address of a static file; raises KeyError where there is none of that name."""
    return static_files()[name].url


@router.head("/static/{digest}/{name}")
@router.get("/static/{digest}/{name}")
async def get_static_file(digest: str, name: str) -> Response:
    """Return a static file. One that has changed meanwhile has another address."""
    file = static_files().get(name)
    if file is None or file.url != f"/static/{digest}/{name}":
        raise HTTPException(404)
    headers = {"Cache-Control": _KEPT, "X-Content-Type-Options": "nosniff"}
    return Response(file.content, media_type=file.media_type, headers=headers)
