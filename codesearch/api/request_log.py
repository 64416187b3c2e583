"""The outermost layer of the API: a request id, an access line, and the last resort for what nothing else caught."""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from codesearch.api.auditing import describe_request
from codesearch.api.errors import internal_error_response, respond_to
from codesearch.core.errors import ErrorCode, StoppingError
from codesearch.logs import current_request_id

REQUEST_ID_HEADER = "X-Request-ID"
_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

access_logger = logging.getLogger("codesearch.api.access")
logger = logging.getLogger(__name__)


class RequestLog:
    """ASGI middleware. Authentication leaves the key's name under `key_name` in the request's state.

    What the audit log says is there, too: `is_asking`, `principal`, `works`, `error_code`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; never raises for what the application raises."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _choose_request_id(Headers(scope=scope).get(REQUEST_ID_HEADER))
        state = scope.setdefault("state", {})
        status: int | None = None

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID_HEADER] = request_id
            await send(message)

        token = current_request_id.set(request_id)
        started = time.perf_counter()
        try:
            await self.app(scope, receive, send_with_id)
        except asyncio.CancelledError:
            # The server has waited for as long as it may, and ends.
            error = StoppingError()
            state["error_code"] = int(error.code)
            if status is None:
                await respond_to(error)(scope, receive, send_with_id)
        except Exception:
            logger.exception("Unforeseen error")
            state["error_code"] = int(ErrorCode.INTERNAL)
            if status is None:
                await internal_error_response()(scope, receive, send_with_id)
        finally:
            path = quote(scope["path"], safe="/", errors="replace")
            milliseconds = round((time.perf_counter() - started) * 1000, 1)
            fields = {
                "method": scope["method"],
                "path": path,
                "status": status,
                "ms": milliseconds,
                "key": state.get("key_name"),
            }
            access_logger.info("request", extra={"fields": fields})
            # Who looks at a page that is for everybody leaves no line there.
            is_asking = state.get("is_asking") and (status is None or "principal" in state or "error_code" in state)
            if is_asking and (audit := state.get("audit")) is not None:
                audit.add(describe_request(state, scope["method"], path, status, milliseconds, request_id))
            current_request_id.reset(token)


def _choose_request_id(offered: str | None) -> str:
    """Return the client's id where it is short and plain, else a new one."""
    if offered is not None and _SANE_REQUEST_ID.fullmatch(offered):
        return offered
    return uuid.uuid4().hex
