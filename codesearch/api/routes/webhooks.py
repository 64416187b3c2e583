"""POST /webhooks/HOST: what code hosts tell of pushes; there where secrets are set, and open to who signs with one."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial

import anyio
from fastapi import APIRouter, Request
from starlette.requests import ClientDisconnect

from codesearch.api.deps import settings_of
from codesearch.api.responses import ApiResponse, encode_json
from codesearch.api.webhooks.desk import MAX_BODY_BYTES, BodySize, Desk
from codesearch.api.webhooks.push import Host
from codesearch.api.webhooks.receiver import NOTHING, Told, read_told
from codesearch.api.webhooks.signatures import is_genuine, is_signed, name_signature_headers
from codesearch.core.errors import (
    AuthenticationError,
    NotFoundError,
    RequestTimeoutError,
    RequestTooLargeError,
    SearchAbandonedError,
)

router = APIRouter(prefix="/webhooks", include_in_schema=False)


@router.post("/{name}")
async def post_webhook(request: Request, name: str) -> ApiResponse:
    """Have refreshed what follows a push: 202 once that is noted, 200 where there is nothing to be done.

    Raises AuthenticationError before anything of the body is read as more than bytes, and of whatever repository it is.
    """
    desk: Desk | None = request.state.webhooks
    try:
        host = Host(name)
    except ValueError:
        host = None
    if desk is None or host is None:
        raise NotFoundError(
            f"There are no webhooks here; those that are taken: {', '.join(item.value for item in Host)}."
        )
    # Whoever is refused is named in the audit log.
    request.state.is_asking = True
    headers = {key.lower(): value for key, value in request.headers.items()}
    if not is_signed(host, headers):
        named = " or ".join(name_signature_headers(host))
        raise AuthenticationError(f"The webhook is not signed: {named} is missing. Give it a secret.")
    with desk.holding() as size:
        body = await _read_body(request, desk, size)
        told = await desk.examine(body, partial(_examine, desk, host, headers, body))
        outcome = NOTHING if told is None else await desk.inbox.take(told)
    request.state.key_name = f"webhook of {host.value}"
    answer = {"data_sources": outcome.sources, "message": outcome.message}
    return ApiResponse(encode_json(answer), status_code=202 if outcome.sources else 200)


def _examine(desk: Desk, host: Host, headers: Mapping[str, str], body: bytes) -> Told | None:
    if not is_genuine(host, headers, body, desk.secrets.find(), time.time()):
        raise AuthenticationError("The webhook's signature is wrong: it is to be made with a secret of this service.")
    return read_told(host, headers, body)


async def _read_body(request: Request, desk: Desk, size: BodySize) -> bytes:
    """Return the whole body. Raises RequestTooLargeError as soon as it is known to be, RequestTimeoutError."""
    declared = request.headers.get("Content-Length", "")
    if declared.isdecimal() and (len(declared) > 18 or int(declared) > MAX_BODY_BYTES):
        raise _too_large()
    body = bytearray()
    seconds = settings_of(request).request_seconds
    try:
        with anyio.fail_after(seconds):
            async for chunk in request.stream():
                desk.hold(size, len(chunk))
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise _too_large()
    except ClientDisconnect as error:
        raise SearchAbandonedError("The connection was closed before the body was complete.") from error
    except TimeoutError as error:
        raise RequestTimeoutError(f"The webhook's body did not come in {seconds:g} s.") from error
    return bytes(body)


def _too_large() -> RequestTooLargeError:
    return RequestTooLargeError(f"The body is too large; at most {MAX_BODY_BYTES >> 20} MiB of a webhook are read.")
