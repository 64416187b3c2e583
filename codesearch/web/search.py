"""The first page: a question, what is asked, conditions; and the records that answer, at an address to be shared."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from starlette.responses import Response

from codesearch.api.deps import Services, run_admitted, services_of, settings_of
from codesearch.api.errors import note_error, status_of
from codesearch.api.responses import encode_json
from codesearch.api.retrieval_request import DEFAULT_TOP_K, MAX_TOP_K, parse_retrieval_request
from codesearch.core.errors import CodesearchError, ErrorCode, InvalidRequestError, NotFoundError
from codesearch.core.predicates import FIELD_TYPES
from codesearch.core.types import Principal
from codesearch.retrieval.conditions import ConditionLimits
from codesearch.retrieval.turns import Work
from codesearch.web.access import SignedIn
from codesearch.web.choices import Choice, find_choice, list_choices
from codesearch.web.errors import PageRoute
from codesearch.web.pages import render_page
from codesearch.web.questions import Question, Row, locate, operators, read_question
from codesearch.web.results import Result, build_results, curl_command, dify_request
from codesearch.web.wording import say_on_page

# What any form of an address has at most.
MAX_FIELDS: Final = 400

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@dataclass(slots=True)
class _Found:
    """What a question brought: results, or a message and the field that it is about."""

    choices: list[Choice]
    choice: Choice | None = None
    results: list[Result] = field(default_factory=list)
    request: dict[str, Any] = field(default_factory=dict)
    problem: str = ""
    problem_at: str = ""
    error: CodesearchError | None = None
    status: int = 200
    milliseconds: float = 0.0


@router.get("/")
async def get_search(request: Request, visitor: SignedIn) -> Response:
    """Show the form, and the answer to what the address asks."""
    services, settings = services_of(request), settings_of(request)
    question = read_question(read_fields(request))
    limits = ConditionLimits(settings.max_conditions, settings.max_condition_values)

    def answer(work: Work) -> _Found:
        found = _Found(list_choices(services.catalog, visitor.principal))
        found.choice = find_choice(found.choices, question.source)
        if question.text.strip():
            _search(services, visitor.principal, question, limits, found, work)
        return found

    found = await run_admitted(request, visitor.principal, answer)
    if found.error is not None:
        note_error(request, found.error)
    base_url = f"{request.url.scheme}://{request.url.netloc}"
    page = render_page(
        request,
        "search.html",
        visitor,
        status=found.status,
        question=question,
        rows=(*question.rows, Row()),
        found=found,
        is_asked=bool(question.text.strip()),
        fields=tuple(FIELD_TYPES),
        operators=operators(),
        default_top_k=DEFAULT_TOP_K,
        max_top_k=MAX_TOP_K,
        address=question.address(),
        address_with_why=question.address(why=True),
        curl=curl_command(base_url, found.request) if found.request else "",
        dify=dify_request(found.request) if found.request else "",
        dify_address=f"{base_url}/dify",
    )
    page.headers["Server-Timing"] = f"search;dur={found.milliseconds:.1f}"
    return page


def read_fields(request: Request) -> dict[str, list[str]]:
    """Return the fields of an address, each with all of its values; raises InvalidRequestError for too many."""
    try:
        return parse_qs(request.url.query, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise InvalidRequestError(f"The address has too many fields; at most {MAX_FIELDS} are read.") from error


def _search(
    services: Services,
    principal: Principal,
    question: Question,
    limits: ConditionLimits,
    found: _Found,
    work: Work,
) -> None:
    """Ask the retriever what the API would; what the visitor can mend becomes a message."""
    started = time.perf_counter()
    try:
        if found.choice is None and not question.source:
            raise NotFoundError("There is nothing yet that could be searched.")
        name = found.choice.name if found.choice is not None else question.source
        request = question.request(name, explain=question.why and principal.is_admin)
        query = parse_retrieval_request(encode_json(request), limits)
        found.results = build_results(services.retriever.retrieve(principal, query, work))
        found.request = question.request(found.choice.id if found.choice is not None else name)
    except CodesearchError as error:
        if error.code is ErrorCode.INTERNAL:
            raise
        found.problem_at, problem = locate(error)
        found.problem = say_on_page(problem)
        found.error, found.status = error, status_of(error)
    found.milliseconds = (time.perf_counter() - started) * 1000
