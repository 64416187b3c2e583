"""POST /api/search_code: the retrieval with four plain parameters, for programs that make tools of the document."""

from __future__ import annotations

from fastapi import APIRouter, Request

from codesearch.api.responses import ApiResponse
from codesearch.api.retrieval_request import parse_flat_request
from codesearch.api.routes.direct import DirectRoute
from codesearch.api.routes.retrieval import BEARER, RESPONSES, answer_search, request_body
from codesearch.core.checks import Check
from codesearch.core.types import SearchQuery
from codesearch.retrieval.conditions import ConditionLimits

PATH = "/api/search_code"

router = APIRouter(tags=["retrieval"], dependencies=[BEARER], route_class=DirectRoute)


@router.post(
    PATH,
    operation_id="search_code",
    summary="Search, with four plain parameters",
    responses=RESPONSES,
    openapi_extra=request_body("SearchCodeRequest"),
)
async def post_search_code(request: Request) -> ApiResponse:
    """Search the source code of a repository for the lines that answer a question or define a name.

    Each record has the lines as `content`, and in `metadata` their path, start_line and end_line, symbol and language.
    """
    return await answer_search(request, with_location=False, parse=_parse)


def _parse(body: bytes, _: ConditionLimits, __: Check) -> SearchQuery:
    return parse_flat_request(body)
