"""Forms that change something: their fields, and that they come from a page of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs, urlsplit

from fastapi import Request

from codesearch.api.deps import settings_of
from codesearch.api.retrieval_request import read_body
from codesearch.core.errors import AccessDeniedError, InvalidRequestError, RequestTooLargeError
from codesearch.web.fields import first_of
from codesearch.web.sessions import Session, Sessions

FORM_TOKEN: Final = "form_token"  # noqa: S105 - the name of a field
MAX_FORM_BYTES: Final = 65_536
_MAX_FIELDS: Final = 200
_KIND: Final = "application/x-www-form-urlencoded"
_FOREIGN: Final = "This form came from another site and was not accepted."


async def read_form(request: Request, sessions: Sessions, session: Session | None) -> Mapping[str, list[str]]:
    """Return the fields of a form that a page of this session sent, each with all of its values.

    Raises AccessDeniedError for a form of another site or session, InvalidRequestError for what is no form,
    RequestTooLargeError, RequestTimeoutError, SearchAbandonedError.
    """
    _require_same_origin(request)
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != _KIND:
        raise InvalidRequestError(f"A form is sent as {_KIND}.")
    if int_or_zero(request.headers.get("Content-Length", "")) > MAX_FORM_BYTES:
        raise RequestTooLargeError(f"The form is too large; at most {MAX_FORM_BYTES} bytes are read.")
    client = request.client.host if request.client else "unknown"
    key = (None if session is None else session.owner) or f"form of {client}"
    body = await read_body(request, key, request.state.pacing, settings_of(request).request_seconds)
    try:
        text = body.decode("utf-8")
        fields = parse_qs(text, keep_blank_values=True, max_num_fields=_MAX_FIELDS, encoding="utf-8", errors="strict")
    except ValueError as error:
        raise InvalidRequestError("The form cannot be read: it has too many fields or is not UTF-8.") from error
    token = value_of(fields, FORM_TOKEN)
    if session is None or not sessions.is_form_token(session, token):
        raise AccessDeniedError(
            "This form belongs to a session that has ended, or the browser sent no cookie. Load the page again."
        )
    return fields


def value_of(fields: Mapping[str, list[str]], name: str) -> str:
    """Return the first value of a field without blanks around it, empty where there is none."""
    return first_of(fields, name).strip()


def int_or_zero(text: str) -> int:
    """Return a number of plain digits, 0 for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else 0


def _require_same_origin(request: Request) -> None:
    """Refuse what another site makes a browser send. Who sends neither header is no browser of today."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise AccessDeniedError(_FOREIGN)
        return
    origin = request.headers.get("Origin")
    if origin is not None and _netloc(origin) != request.headers.get("Host", "").lower():
        raise AccessDeniedError(_FOREIGN)


def _netloc(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None
