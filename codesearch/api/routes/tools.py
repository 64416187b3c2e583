"""POST /api/tools/NAME: every tool of the toolbox at an address of its own, with the arguments as a JSON object."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from fastapi import APIRouter, Request

from codesearch.api.deps import authenticate, run_admitted, services_of, settings_of
from codesearch.api.responses import ApiResponse, encode_json
from codesearch.api.retrieval_request import parse_json_object, read_body
from codesearch.api.routes.retrieval import BEARER, RESPONSES, SMALL_BODY_BYTES
from codesearch.api.schemas import ToolResponse
from codesearch.retrieval.turns import Work
from codesearch.tools.arguments import describe_parameters
from codesearch.tools.tool import Tool
from codesearch.tools.toolbox import TOOLS

_RESPONSES: Final = {**RESPONSES, 200: {"model": ToolResponse, "description": "The answer"}}

router = APIRouter(prefix="/api/tools", tags=["tools"], dependencies=[BEARER])


def _add_route(tool: Tool) -> None:
    router.add_api_route(
        f"/{tool.name}",
        _handler_of(tool),
        methods=["POST"],
        operation_id=tool.name,
        summary=tool.title,
        description=tool.description,
        responses=_RESPONSES,
        openapi_extra=_request_body(tool),
    )


def _request_body(tool: Tool) -> dict[str, Any]:
    schema = describe_parameters(tool, exact=True)
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _handler_of(tool: Tool) -> Callable[[Request], Awaitable[ApiResponse]]:
    async def call_tool(request: Request) -> ApiResponse:
        principal = await authenticate(request)
        body = await read_body(request, principal.key_id, request.state.pacing, settings_of(request).request_seconds)
        content = "the tool's parameters, {} for none"
        arguments = parse_json_object(body, content) if len(body) <= SMALL_BODY_BYTES else None
        services = services_of(request)

        def call(work: Work) -> bytes:
            """Return the response's body; runs in a worker thread, so that no tool holds up the event loop."""
            given = arguments
            if given is None:
                with services.turns.take(work):
                    given = parse_json_object(body, content)
            answer = services.toolbox.call(tool.name, principal, given, work)
            return encode_json({"obj": answer.obj, "rendered": answer.rendered})

        return ApiResponse(await run_admitted(request, principal, call))

    return call_tool


for _tool in TOOLS:
    _add_route(_tool)
