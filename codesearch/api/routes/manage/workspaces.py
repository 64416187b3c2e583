"""/api/workspaces: sources that are searched together, for admins: listed, created, changed, removed."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from codesearch.api.manage.answers import RemovedAnswer, WorkspaceAnswer, WorkspaceListAnswer
from codesearch.api.manage.descriptions import describe_workspace
from codesearch.api.manage.fields import has_words, parse_fields, read_page
from codesearch.api.manage.requests import WorkspaceChange, WorkspaceRequest
from codesearch.api.manage.running import authenticate_admin, note_deed, read_deed, run_deed
from codesearch.api.management import Management
from codesearch.api.responses import ApiResponse
from codesearch.api.routes.manage.operations import PAGING, IdOrName, answers, parameters, respond, text
from codesearch.api.routes.retrieval import BEARER, request_body

PATH = "/api/workspaces"

router = APIRouter(prefix=PATH, tags=["workspaces"], dependencies=[BEARER])


@router.get(
    "",
    operation_id="list_workspaces",
    summary="List workspaces",
    responses=answers(WorkspaceListAnswer, "The workspaces, in name order"),
    openapi_extra=parameters(text("query", "Only names with all of these words"), *PAGING),
)
async def list_workspaces(request: Request) -> ApiResponse:
    """Return the workspaces with their members."""
    admin = await authenticate_admin(request)
    query = request.query_params
    page = read_page(query)

    def find(management: Management) -> dict[str, Any]:
        found = [item for item in management.catalog.list_workspaces() if has_words(item.name, query)]
        return {"workspaces": [describe_workspace(item) for item in page.cut(found)], **page.describe(len(found))}

    return respond(await run_deed(request, admin, find))


@router.post(
    "",
    operation_id="create_workspace",
    summary="Create a workspace",
    responses=answers(WorkspaceAnswer, "It", 201, has_body=True),
    openapi_extra=request_body("WorkspaceRequest"),
    status_code=201,
)
async def post_workspace(request: Request) -> ApiResponse:
    """Group sources that are searched together."""
    admin = await authenticate_admin(request)
    asked = parse_fields(await read_deed(request, admin), WorkspaceRequest)
    created = await run_deed(
        request, admin, lambda management: management.catalog.create_workspace(asked.name, asked.sources)
    )
    note_deed(request, admin, "a workspace was created", workspace=created.name)
    return respond(describe_workspace(created), 201, f"{PATH}/{created.id}")


@router.get(
    "/{workspace}", operation_id="get_workspace", summary="Show a workspace", responses=answers(WorkspaceAnswer, "It")
)
async def get_workspace(request: Request, workspace: IdOrName) -> ApiResponse:
    """Return a workspace, given by id or name, with its members."""
    admin = await authenticate_admin(request)
    found = await run_deed(request, admin, lambda management: management.catalog.get_workspace(workspace))
    return respond(describe_workspace(found))


@router.patch(
    "/{workspace}",
    operation_id="change_workspace",
    summary="Change a workspace",
    responses=answers(WorkspaceAnswer, "What it is now", has_body=True),
    openapi_extra=request_body("WorkspaceChange"),
)
async def patch_workspace(request: Request, workspace: IdOrName) -> ApiResponse:
    """Give a workspace another name or other members; what is in it already, or is not, makes no difference."""
    admin = await authenticate_admin(request)
    asked = parse_fields(await read_deed(request, admin), WorkspaceChange)
    changed = await run_deed(
        request,
        admin,
        lambda management: management.catalog.change_workspace(
            workspace, name=asked.name, sources=asked.sources, add=asked.add, remove=asked.remove
        ),
    )
    note_deed(request, admin, "a workspace was changed", workspace=changed.name)
    return respond(describe_workspace(changed))


@router.delete(
    "/{workspace}",
    operation_id="remove_workspace",
    summary="Remove a workspace",
    responses=answers(RemovedAnswer, "It is gone"),
)
async def delete_workspace(request: Request, workspace: IdOrName) -> ApiResponse:
    """Remove a workspace; its sources stay."""
    admin = await authenticate_admin(request)
    removed = await run_deed(request, admin, lambda management: management.catalog.remove_workspace(workspace))
    note_deed(request, admin, "a workspace was removed", workspace=removed.name)
    return respond({"removed": {"id": removed.id, "name": removed.name}})
