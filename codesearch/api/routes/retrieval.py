"""POST /retrieval and its two other addresses: who asks, what, then the search in a worker thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from fastapi import APIRouter, Request, Security
from fastapi.security import HTTPBearer

from codesearch.api.deps import authenticate, run_admitted, services_of, settings_of
from codesearch.api.responses import ApiResponse, encode_json
from codesearch.api.retrieval_request import parse_retrieval_request, read_body
from codesearch.api.routes.direct import DirectRoute
from codesearch.api.schemas import RetrievalResponse, describe_error
from codesearch.core.checks import Check, do_not_check
from codesearch.core.errors import ErrorCode
from codesearch.core.types import SearchQuery
from codesearch.retrieval.conditions import ConditionLimits
from codesearch.retrieval.freshening import Freshened
from codesearch.retrieval.records import build_record
from codesearch.retrieval.turns import Work

RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": RetrievalResponse, "description": "The records, best first"},
    400: describe_error("The request cannot be understood", ErrorCode.INVALID_REQUEST, "query is missing."),
    401: describe_error("No key, or none that is valid", ErrorCode.UNAUTHENTICATED, "The API key is not valid."),
    403: describe_error("The key may not read it", ErrorCode.ACCESS_DENIED, "This key may not read my-repo."),
    404: describe_error(
        "No such repository or workspace, or none with an index", ErrorCode.NOT_FOUND, "There is no my-repo."
    ),
    408: describe_error("The body does not come", ErrorCode.INVALID_REQUEST, "Of the body 10 bytes came in 10 s."),
    413: describe_error("The body is over 1 MiB", ErrorCode.INVALID_REQUEST, "The body is too large."),
    429: describe_error(
        "Too many requests at once; `Retry-After` says when to come again",
        ErrorCode.TOO_MANY_REQUESTS,
        "64 requests of this key are being answered already.",
    ),
    500: describe_error("Unforeseen", ErrorCode.INTERNAL, "Internal error, request id 4f1c2a."),
}


def request_body(schema: str) -> dict[str, Any]:
    """Return what an operation says of a JSON body with this component schema."""
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"requestBody": {"required": True, "content": content}}


REQUEST_BODY = request_body("RetrievalRequest")
# Only for the OpenAPI document; deps.authenticate reads the header, before the body.
BEARER = Security(
    HTTPBearer(
        auto_error=False,
        description="An API key of `codesearch key create`, or a token of the issuer that the service takes them from",
    )
)

# Reading a larger one takes milliseconds, which only the key's own turn may take.
SMALL_BODY_BYTES = 16_384

# Reads a body; raises InvalidRequestError.
Parse: TypeAlias = Callable[[bytes, ConditionLimits, Check], SearchQuery]

router = APIRouter(tags=["retrieval"], dependencies=[BEARER], route_class=DirectRoute)


@router.post("/retrieval", summary="Search", responses=RESPONSES, openapi_extra=REQUEST_BODY)
async def post_retrieval(request: Request) -> ApiResponse:
    """Return the lines that answer the query best; content is the file's own lines."""
    return await answer_search(request, with_location=False)


@router.post(
    "/api/knowledge-retrieval/dify/retrieval",
    summary="Search, at CodeAlive's address",
    responses=RESPONSES,
    openapi_extra=REQUEST_BODY,
)
async def post_codealive_retrieval(request: Request) -> ApiResponse:
    """Return the same as /retrieval."""
    return await answer_search(request, with_location=False)


@router.post(
    "/dify/retrieval",
    summary="Search, for Dify",
    responses=RESPONSES,
    openapi_extra=REQUEST_BODY,
)
async def post_dify_retrieval(request: Request) -> ApiResponse:
    """Return the same as /retrieval, with `path:start_line-end_line (symbol)` and an empty line before the content.

    A record without its symbol's head has `(symbol, part of lines 10-240: signature)` there. Dify hands only the
    content to the language model; so an answer can cite its source.
    """
    return await answer_search(request, with_location=True)


async def answer_search(
    request: Request, *, with_location: bool, parse: Parse = parse_retrieval_request
) -> ApiResponse:
    principal = await authenticate(request)
    settings = settings_of(request)
    body = await read_body(request, principal.key_id, request.state.pacing, settings.request_seconds)
    limits = ConditionLimits(settings.max_conditions, settings.max_condition_values)
    query = parse(body, limits, do_not_check) if len(body) <= SMALL_BODY_BYTES else None
    services = services_of(request)

    def search(work: Work) -> bytes:
        """Return the response's body; runs in a worker thread, so that no search holds up the event loop."""
        asked = query
        if asked is None:
            with services.turns.take(work) as turn:
                asked = parse(body, limits, turn.check)
        hits = services.retriever.retrieve(principal, asked, work)
        answer: dict[str, Any] = {"records": [build_record(hit, with_location=with_location) for hit in hits]}
        if asked.fresh_seconds:
            answer["freshness"] = [_describe_freshness(item) for item in work.freshened]
        return encode_json(answer)

    return ApiResponse(await run_admitted(request, principal, search))


def _describe_freshness(item: Freshened) -> dict[str, str]:
    source = item.source
    values = {
        "data_source_id": source.id,
        "data_source_name": source.name,
        "state": item.state.value,
        "message": item.message,
        "commit": source.commit,
        "indexed_at": source.indexed_at.strftime("%Y-%m-%dT%H:%M:%SZ") if source.indexed_at else None,
    }
    return {key: value for key, value in values.items() if value}
