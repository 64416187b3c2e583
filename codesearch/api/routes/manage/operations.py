"""What the addresses for admins have in common: their answers in the OpenAPI document, and how they answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, TypeAlias

from fastapi import Path
from pydantic import BaseModel

from codesearch.api.manage.fields import DEFAULT_LIMIT, MAX_LIMIT
from codesearch.api.responses import ApiResponse
from codesearch.api.schemas import describe_error
from codesearch.core.errors import ErrorCode

_REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    400: describe_error(
        "A parameter or field is wrong", ErrorCode.INVALID_REQUEST, "Unknown field 'nom'; there are name, sources."
    ),
    401: describe_error("No key, or none that is valid", ErrorCode.UNAUTHENTICATED, "The API key is not valid."),
    403: describe_error(
        "The key is no admin's; nothing else was looked at", ErrorCode.ACCESS_DENIED, "This takes an admin key."
    ),
    404: describe_error("There is no such thing", ErrorCode.NOT_FOUND, "No such repository: 'shop'."),
    408: describe_error("The body does not come", ErrorCode.INVALID_REQUEST, "Of the body 10 bytes came in 10 s."),
    409: describe_error(
        "A name is taken; nothing was done", ErrorCode.INVALID_REQUEST, "The name 'shop' is taken by the repository."
    ),
    413: describe_error("The body is over 1 MiB", ErrorCode.INVALID_REQUEST, "The body is too large."),
    429: describe_error(
        "Too many requests at once, or too many jobs that wait; `Retry-After` says when to come again",
        ErrorCode.TOO_MANY_REQUESTS,
        "50 jobs are waiting already.",
    ),
    503: describe_error(
        "The data folder cannot be written, or the database of the jobs cannot be reached; nothing was done",
        ErrorCode.INTERNAL,
        "This could not be done.",
    ),
    500: describe_error("Unforeseen", ErrorCode.INTERNAL, "Internal error, request id 4f1c2a."),
}
# What stands in addresses.
IdOrName: TypeAlias = Annotated[str, Path(description="Its id, or its name where that has no slash")]
Id: TypeAlias = Annotated[str, Path(description="Its id")]
_BODY_STATUSES: Final = (408, 409, 413)
PAGING: Final = (
    {
        "name": "limit",
        "in": "query",
        "description": "At most so many",
        "schema": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
    },
    {
        "name": "offset",
        "in": "query",
        "description": "From this one on, counted from 0",
        "schema": {"type": "integer", "minimum": 0, "default": 0},
    },
)


def answers(
    model: type[BaseModel], description: str, status: int = 200, *, has_body: bool = False
) -> dict[int | str, dict[str, Any]]:
    """Return what an operation may answer: a model with the good status, or an error."""
    said: dict[int | str, dict[str, Any]] = {status: {"model": model, "description": description}}
    said.update({code: refusal for code, refusal in _REFUSALS.items() if has_body or code not in _BODY_STATUSES})
    return said


def parameters(*declared: dict[str, Any]) -> dict[str, Any]:
    """Return what an operation says of its query."""
    return {"parameters": list(declared)}


def choice(name: str, description: str, values: Sequence[str]) -> dict[str, Any]:
    """Return a parameter that is one of a few words."""
    return {"name": name, "in": "query", "description": description, "schema": {"type": "string", "enum": list(values)}}


def text(name: str, description: str) -> dict[str, Any]:
    """Return a parameter that is a text."""
    return {"name": name, "in": "query", "description": description, "schema": {"type": "string"}}


def respond(content: object, status: int = 200, location: str | None = None) -> ApiResponse:
    """Return an answer, which no cache keeps: it is an admin's, and may hold a secret."""
    headers = {"Cache-Control": "no-store", **({"Location": location} if location else {})}
    return ApiResponse(content, status_code=status, headers=headers)
