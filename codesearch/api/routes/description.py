"""/openapi.json: what the service understands, and under which address. No key needed."""

from __future__ import annotations

import anyio.to_thread
from fastapi import APIRouter, Request

from codesearch.api.deps import settings_of
from codesearch.api.public_address import choose_public_url
from codesearch.api.responses import ApiResponse

OPENAPI_PATH = "/openapi.json"

router = APIRouter()


@router.head(OPENAPI_PATH, include_in_schema=False)
@router.get(OPENAPI_PATH, include_in_schema=False)
async def get_description(request: Request) -> ApiResponse:
    """Return the OpenAPI document with the address that this client reaches the service under.

    Whoever imports it sends requests to the first server, and some take no document without one.
    """
    listening: tuple[str, int | None] = request.scope.get("server") or ("localhost", None)
    url = choose_public_url(
        settings_of(request).public_url, request.scope["scheme"], request.headers.getlist("Host"), listening
    )
    # Others go on while it is made.
    document = await anyio.to_thread.run_sync(request.app.openapi)
    head = {name: document[name] for name in ("openapi", "info")}
    # What one client calls the service is nothing that a cache may tell another.
    headers = {"Cache-Control": "no-store"}
    return ApiResponse({**head, "servers": [{"url": url}], **document}, headers=headers)
