"""The only ErrorCode -> HTTP map, and the handlers that turn every failure into {"error_code", "error_msg"}."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match

from codesearch.api.responses import ApiResponse
from codesearch.api.wording import say_over_http, say_problem
from codesearch.core.errors import (
    CodesearchError,
    ErrorCode,
    InvalidRequestError,
    JobsUnavailableError,
    MisdirectedRequestError,
    NameTakenError,
    RequestTimeoutError,
    RequestTooLargeError,
    SearchAbandonedError,
    StoppingError,
    TooManyRequestsError,
    UnwritableError,
)
from codesearch.logs import current_request_id

logger = logging.getLogger(__name__)

HTTP_STATUS: Mapping[ErrorCode, int] = {
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.INVALID_REQUEST: 400,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.ACCESS_DENIED: 403,
    ErrorCode.TOO_MANY_REQUESTS: 429,
    ErrorCode.INTERNAL: 500,
}
# Errors that HTTP tells from others with their code. 499 is seen in the log alone.
STATUS_OF_CLASS: Mapping[type[CodesearchError], int] = {
    RequestTooLargeError: 413,
    RequestTimeoutError: 408,
    MisdirectedRequestError: 421,
    NameTakenError: 409,
    SearchAbandonedError: 499,
    StoppingError: 503,
    UnwritableError: 503,
    JobsUnavailableError: 503,
}
# Who asks over HTTP need not be who runs the service: the log has the path, the host and the reason.
_UNWRITABLE = (
    "This could not be done: the service cannot write to its data folder, which is read-only or on a full disk, or "
    "cannot reach the database of its jobs. Searching goes on. Whoever runs the service sees what is wrong with "
    "`codesearch doctor`, mends it and starts the service again."
)
# A database that begins again is away for about so long.
_JOBS_AWAY_SECONDS = 10
_ENDPOINTS = "POST /retrieval, /dify/retrieval or /api/knowledge-retrieval/dify/retrieval"


def status_of(error: CodesearchError) -> int:
    """Return the HTTP status of an error."""
    return STATUS_OF_CLASS.get(type(error), HTTP_STATUS[error.code])


def error_response(status: int, code: ErrorCode, message: str, headers: Mapping[str, str] | None = None) -> ApiResponse:
    """Return an error as clients see it."""
    return ApiResponse({"error_code": int(code), "error_msg": message}, status_code=status, headers=headers)


def internal_error_response() -> ApiResponse:
    """Return the one answer to everything unforeseen: what went wrong is in the log, under the same request id."""
    message = f"Internal error, request id {current_request_id.get() or 'unknown'}. The service's log says more."
    return error_response(HTTP_STATUS[ErrorCode.INTERNAL], ErrorCode.INTERNAL, message)


def respond_to(error: CodesearchError, path: str | None = None) -> ApiResponse:
    """Return the answer to an error of ours; the message of an internal one goes to the log only.

    What it says to do is for a client that asked at `path`; without one it stays as it is.
    """
    if isinstance(error, UnwritableError):
        logger.warning("nothing can be changed: %s", error.message)
        return error_response(status_of(error), error.code, _UNWRITABLE, _headers_of(error))
    if error.code is ErrorCode.INTERNAL:
        logger.error("%s: %s", type(error).__name__, error.message, exc_info=error)
        return internal_error_response()
    message = error.message if path is None else say_over_http(error.message, path)
    return error_response(status_of(error), error.code, message, _headers_of(error))


def _headers_of(error: CodesearchError) -> Mapping[str, str] | None:
    if error.code is ErrorCode.UNAUTHENTICATED:
        return {"WWW-Authenticate": "Bearer"}
    if isinstance(error, TooManyRequestsError):
        return {"Retry-After": str(math.ceil(error.retry_seconds))}
    if isinstance(error, JobsUnavailableError):
        return {"Retry-After": str(_JOBS_AWAY_SECONDS)}
    # What comes of the body after all is no new request.
    return {"Connection": "close"} if isinstance(error, RequestTimeoutError) else None


def install_error_handlers(app: FastAPI, routes: Sequence[BaseRoute]) -> None:
    """Give the application the handlers of this module. What they don't catch, RequestLog does.

    `routes` are all of the application's, flat: a wrong method is answered with those that the path has.
    """

    async def handle_http(request: Request, error: Exception) -> ApiResponse:
        if not isinstance(error, HTTPException):
            raise error
        return _respond_to_http(error, request, routes)

    app.add_exception_handler(CodesearchError, _handle_own)
    app.add_exception_handler(HTTPException, handle_http)
    app.add_exception_handler(RequestValidationError, _handle_validation)


def note_error(request: Request, error: CodesearchError) -> None:
    """Note what a request is answered with, for the audit log and whoever observes requests: once for each failure."""
    request.state.error_code = int(error.code)
    request.state.error = error


async def _handle_own(request: Request, error: Exception) -> ApiResponse:
    if not isinstance(error, CodesearchError):
        raise error
    note_error(request, error)
    return respond_to(error, request.url.path)


async def _handle_validation(request: Request, error: Exception) -> ApiResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    request.state.error_code = int(ErrorCode.INVALID_REQUEST)
    problems = "; ".join(
        say_problem(".".join(str(part) for part in item["loc"]), item["type"], item["msg"]) for item in error.errors()
    )
    return respond_to(InvalidRequestError(f"Wrong request: {problems}."))


def _respond_to_http(error: HTTPException, request: Request, routes: Sequence[BaseRoute]) -> ApiResponse:
    """Answer what the framework refuses: an unknown path, a wrong method."""
    if error.status_code == 404:
        return error_response(404, ErrorCode.NOT_FOUND, f"There is no such path. To search: {_ENDPOINTS}.")
    if error.status_code == 405:
        allowed = _allowed_methods(request, routes)
        message = f"This path takes {' or '.join(allowed)} only. To search: {_ENDPOINTS}."
        return error_response(405, ErrorCode.INVALID_REQUEST, message, {"Allow": ", ".join(allowed)})
    if error.status_code >= 500:
        logger.error("HTTP %d: %s", error.status_code, error.detail, exc_info=error)
        return internal_error_response()
    return error_response(error.status_code, ErrorCode.INVALID_REQUEST, str(error.detail), error.headers)


def _allowed_methods(request: Request, routes: Sequence[BaseRoute]) -> list[str]:
    """Return the methods of every route with this path; the framework's own answer knows the first one's only."""
    methods: set[str] = set()
    for route in routes:
        if route.matches(request.scope)[0] is not Match.NONE:
            methods |= getattr(route, "methods", None) or set()
    return sorted(methods)
