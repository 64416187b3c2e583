"""POST /retrieval and its two other addresses: who asks, what, then the search in a worker thread."""

from __future__ import annotations

from typing import Any

import anyio.to_thread
from fastapi import APIRouter, Request, Security
from fastapi.security import HTTPBearer

from codesearch.api.deps import RetrieverLike, authenticate, retriever_slots_of, services_of
from codesearch.api.records import build_record
from codesearch.api.responses import ApiResponse, encode_json
from codesearch.api.retrieval_request import parse_retrieval_request, read_body
from codesearch.api.schemas import RetrievalResponse, describe_error
from codesearch.core.errors import ErrorCode
from codesearch.core.types import Principal, SearchQuery

RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": RetrievalResponse, "description": "The records, best first"},
    400: describe_error("The request cannot be understood", ErrorCode.INVALID_REQUEST, "query is missing."),
    401: describe_error("No key, or none that is valid", ErrorCode.UNAUTHENTICATED, "The API key is not valid."),
    403: describe_error("The key may not read it", ErrorCode.ACCESS_DENIED, "This key may not read my-repo."),
    404: describe_error(
        "No such repository or workspace, or none with an index", ErrorCode.NOT_FOUND, "There is no my-repo."
    ),
    413: describe_error("The body is over 1 MiB", ErrorCode.INVALID_REQUEST, "The body is too large."),
    500: describe_error("Unforeseen", ErrorCode.INTERNAL, "Internal error, request id 4f1c2a."),
}
REQUEST_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/RetrievalRequest"}}},
    }
}
# Only for the OpenAPI document; deps.authenticate reads the header, before the body.
BEARER = Security(HTTPBearer(auto_error=False, description="An API key of `codesearch key create`"))

router = APIRouter(tags=["retrieval"], dependencies=[BEARER])


@router.post("/retrieval", summary="Search", responses=RESPONSES, openapi_extra=REQUEST_BODY)
async def post_retrieval(request: Request) -> ApiResponse:
    """Return the lines that answer the query best; content is the file's own lines."""
    return await _answer(request, with_location=False)


@router.post(
    "/api/knowledge-retrieval/dify/retrieval",
    summary="Search, at CodeAlive's address",
    responses=RESPONSES,
    openapi_extra=REQUEST_BODY,
)
async def post_codealive_retrieval(request: Request) -> ApiResponse:
    """Return the same as /retrieval."""
    return await _answer(request, with_location=False)


@router.post(
    "/dify/retrieval",
    summary="Search, for Dify",
    responses=RESPONSES,
    openapi_extra=REQUEST_BODY,
)
async def post_dify_retrieval(request: Request) -> ApiResponse:
    """Return the same as /retrieval, with `path:start_line-end_line (symbol)` and an empty line before the content.

    Dify hands only the content to the language model; so an answer can cite its source.
    """
    return await _answer(request, with_location=True)


async def _answer(request: Request, *, with_location: bool) -> ApiResponse:
    principal = await authenticate(request)
    query = parse_retrieval_request(await read_body(request))
    body = await anyio.to_thread.run_sync(
        _search,
        services_of(request).retriever,
        principal,
        query,
        with_location,
        limiter=retriever_slots_of(request),
    )
    return ApiResponse(body)


def _search(retriever: RetrieverLike, principal: Principal, query: SearchQuery, with_location: bool) -> bytes:
    """Return the response's body; runs in a worker thread, so that no search holds up the event loop."""
    hits = retriever.retrieve(principal, query)
    return encode_json({"records": [build_record(hit, with_location=with_location) for hit in hits]})
