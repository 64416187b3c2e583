"""The page of workspaces: groups of sources that are searched together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fastapi import APIRouter, Request
from starlette.responses import Response

from codesearch.api.manage.running import note_deed
from codesearch.api.management import Management
from codesearch.core.errors import CodesearchError, InvalidRequestError, NotFoundError
from codesearch.core.types import Workspace
from codesearch.web.access import Admin, SentByAdmin
from codesearch.web.errors import PageRoute
from codesearch.web.fields import first_of
from codesearch.web.manage.parts import manage, render_form
from codesearch.web.pages import redirect_to, render_page
from codesearch.web.sessions import Visitor

HOME = "/manage/workspaces"

router = APIRouter(prefix=HOME, include_in_schema=False, route_class=PageRoute)


@router.get("")
async def get_workspaces(request: Request, visitor: Admin) -> Response:
    """Show the workspaces and the form for a new one."""
    return await _show(request, visitor)


@router.post("")
async def post_workspace(request: Request, form: SentByAdmin) -> Response:
    """Create a workspace."""
    members = form.fields.get("source", [])
    try:
        created = await manage(
            request,
            form.visitor,
            lambda management: management.catalog.create_workspace(form.value("name"), members),
        )
    except (InvalidRequestError, NotFoundError) as error:
        return await _show(request, form.visitor, error, form.fields)
    note_deed(request, form.visitor.principal, "a workspace was created", workspace=created.name)
    return redirect_to(HOME)


@router.get("/{workspace_id}/remove")
async def get_removal(request: Request, visitor: Admin, workspace_id: str) -> Response:
    """Ask whether a workspace is to be removed."""
    found = await manage(request, visitor, lambda management: _find(management, workspace_id))
    return render_page(
        request,
        "manage/confirm.html",
        visitor,
        title=f"Remove the workspace {found.name}?",
        lines=["Who asks it gets an error from then on. Its sources stay."],
        action=f"{HOME}/{found.id}/remove",
        deed="Remove",
        back=HOME,
    )


@router.post("/{workspace_id}/remove")
async def post_removal(request: Request, form: SentByAdmin, workspace_id: str) -> Response:
    """Remove a workspace."""
    removed = await manage(request, form.visitor, lambda management: management.catalog.remove_workspace(workspace_id))
    note_deed(request, form.visitor.principal, "a workspace was removed", workspace=removed.name)
    return redirect_to(HOME)


def _find(management: Management, workspace_id: str) -> Workspace:
    found = management.catalog.resolve(workspace_id)
    if not isinstance(found, Workspace):
        raise NotFoundError("No such workspace.")
    return found


async def _show(
    request: Request,
    visitor: Visitor,
    error: CodesearchError | None = None,
    fields: Mapping[str, Sequence[str]] | None = None,
) -> Response:
    workspaces, sources = await manage(
        request,
        visitor,
        lambda management: (management.catalog.list_workspaces(), management.catalog.list_sources()),
    )
    given = fields or {}
    return render_form(
        request,
        "manage/workspaces.html",
        visitor,
        error,
        workspaces=workspaces,
        sources=sources,
        name=first_of(given, "name"),
        chosen=frozenset(given.get("source", ())),
    )
