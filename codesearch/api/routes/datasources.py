"""GET /api/datasources/all and /ready: what a key may ask, in the form that scripts for CodeAlive read."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, RootModel

from codesearch.api.deps import Services, authenticate, run_admitted, services_of
from codesearch.api.responses import ApiResponse
from codesearch.api.routes.retrieval import BEARER, RESPONSES
from codesearch.core.counts import count_contents
from codesearch.core.redaction import redact
from codesearch.core.types import DataSource, Principal, Workspace
from codesearch.retrieval.links import repository_url
from codesearch.retrieval.turns import Work

PATH: Final = "/api/datasources"
TOTAL_HEADER: Final = "X-CodeAlive-Total-Data-Sources"
_TOOL: Final = "get_data_sources"
_READY: Final = "Ready"
# What our tool says of a source, in words of theirs; what is outdated has to be indexed again before it answers.
_STATES: Final = {"ready": _READY, "indexing": "Processing", "outdated": "Failed", "failed": "Failed"}
_NEW: Final = "New"
_EXAMPLE: Final[list[Any]] = [
    {
        "id": "65f1a2b3c4d5e6f708192a3b",
        "name": "orders-service",
        "type": "Repository",
        "state": _READY,
        "description": "412 files, 3,120 chunks, python, yaml",
        "url": "https://github.com/acme/orders-service",
    },
    {
        "id": "0f1e2d3c4b5a697887960f1e",
        "name": "shop",
        "type": "Workspace",
        "state": _READY,
        "repositoryIds": ["65f1a2b3c4d5e6f708192a3b"],
    },
]


class DatasourceAnswer(BaseModel):
    """A repository or workspace that the key may ask."""

    model_config = ConfigDict(extra="forbid")

    id: str
    name: str
    type: str = Field(description="`Repository` or `Workspace`")
    state: str = Field(description="`New`, `Processing`, `Ready` or `Failed`; of a workspace `Ready` when a member is")
    description: str = ""
    url: str = Field("", description="Its page on the code host, where that is known")
    repositoryIds: list[str] = Field(  # noqa: N815 - CodeAlive's name
        default_factory=list, description="Of a workspace: the members that the key may ask"
    )


class DatasourceListAnswer(RootModel[list[DatasourceAnswer]]):
    """Repositories, then workspaces, each in name order."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})


_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": DatasourceListAnswer, "description": "What the key may ask"},
    **{status: RESPONSES[status] for status in (401, 403, 429, 500)},
}

router = APIRouter(prefix=PATH, tags=["datasources"], dependencies=[BEARER])


@router.get("/all", operation_id="get_all_datasources", summary="List data sources", responses=_RESPONSES)
async def get_all(request: Request) -> ApiResponse:
    """Return every repository and workspace that the key may ask, also those without an index."""
    return await _answer(request, ready_only=False)


@router.get("/ready", operation_id="get_ready_datasources", summary="List ready data sources", responses=_RESPONSES)
async def get_ready(request: Request) -> ApiResponse:
    """Return the repositories that have an index, and the workspaces with one of them."""
    return await _answer(request, ready_only=True)


async def _answer(request: Request, *, ready_only: bool) -> ApiResponse:
    principal = await authenticate(request)
    services = services_of(request)
    listed = await run_admitted(request, principal, lambda work: _list(services, principal, work))
    shown = [item for item in listed if not ready_only or item["state"] == _READY]
    return ApiResponse(shown, headers={TOTAL_HEADER: str(len(shown))})


def _list(services: Services, principal: Principal, work: Work) -> list[dict[str, Any]]:
    answer = services.toolbox.call(_TOOL, principal, {"ready_only": False}, work)
    told = {item["id"]: item for item in answer.obj.get("data_sources", ())}
    sources = [source for source in services.catalog.list_sources() if source.id in told]
    states = {source.id: _STATES.get(told[source.id].get("state"), _NEW) for source in sources}
    workspaces = [item for item in services.catalog.list_workspaces() if item.id in told]
    return [
        *(_describe_source(source, states[source.id], told[source.id].get("languages", ())) for source in sources),
        *(_describe_workspace(item, states) for item in workspaces),
    ]


def _describe_source(source: DataSource, state: str, languages: list[str]) -> dict[str, Any]:
    values: dict[str, Any] = {"id": source.id, "name": source.name, "type": "Repository", "state": state}
    if state == _READY:
        values["description"] = ", ".join([count_contents(source), *languages[:5]])
    url = repository_url(redact(source.location))
    return {**values, "url": url} if url else values


def _describe_workspace(workspace: Workspace, states: dict[str, str]) -> dict[str, Any]:
    members = [member.id for member in workspace.members if member.id in states]
    state = _READY if any(states[member] == _READY for member in members) else "Processing" if members else _NEW
    return {"id": workspace.id, "name": workspace.name, "type": "Workspace", "state": state, "repositoryIds": members}
