"""The address of the page of the API."""

from __future__ import annotations

import anyio.to_thread
from fastapi import APIRouter, Request
from starlette.responses import Response

from codesearch.core.errors import AuthenticationError
from codesearch.web.access import find_visitor
from codesearch.web.errors import PageRoute
from codesearch.web.pages import render_page
from codesearch.web.reference.document import BASE, read_document

HOME = "/docs"

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get(HOME)
async def get_reference(request: Request) -> Response:
    """Show what the API takes and answers: to everybody, as the document itself."""
    try:
        visitor = await find_visitor(request)
    except AuthenticationError:
        visitor = None
    document = await anyio.to_thread.run_sync(request.app.openapi)
    return render_page(
        request,
        "reference.html",
        visitor,
        title=document["info"]["title"],
        version=document["info"]["version"],
        description=document["info"].get("description", ""),
        groups=read_document(document),
        base=BASE,
        address=str(request.base_url).rstrip("/"),
    )
