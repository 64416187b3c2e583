"""The page of repositories and workspaces: what can be searched, of which commit, how old and how large."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from codesearch.api.deps import run_admitted, services_of
from codesearch.web.access import SignedIn
from codesearch.web.errors import PageRoute
from codesearch.web.pages import render_page

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.head("/sources")
@router.get("/sources")
async def get_sources(request: Request, visitor: SignedIn) -> Response:
    """Show what the visitor's key may read."""
    toolbox = services_of(request).toolbox
    answer = await run_admitted(
        request,
        visitor.principal,
        lambda work: toolbox.call("get_data_sources", visitor.principal, {"ready_only": False}, work),
    )
    return render_page(request, "sources.html", visitor, items=answer.obj["data_sources"])
