"""The innermost layer of the API, where requests are observed: times each, and tells what became of it."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from codesearch.core.errors import StoppingError
from codesearch.core.stages import StageClock
from codesearch.logs import current_request_id
from codesearch.telemetry.observing import ObservedRequest
from codesearch.telemetry.opening import Telemetry

# For requests to an address that there is not: what clients make up is no label.
OTHER_ROUTE = "other"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})


class Observation:
    """ASGI middleware. The request's state gets a `clock` of its stages; who answers a failure leaves it as `error`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; raises what the application raises."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state: dict[str, Any] = scope["state"]
        telemetry: Telemetry = state["services"].telemetry
        clock = state["clock"] = StageClock()
        status = 0

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
            await send(message)

        telemetry.begin()
        began = time.perf_counter()
        try:
            await self.app(scope, receive, send_and_note)
        except asyncio.CancelledError:
            status, state["error"] = status or 503, StoppingError()
            raise
        except Exception as error:
            status, state["error"] = status or 500, error
            raise
        finally:
            clock.begin(None)
            telemetry.end(
                ObservedRequest(
                    method=scope["method"] if scope["method"] in _METHODS else "OTHER",
                    route=_route_of(scope),
                    status=status,
                    began=began,
                    ended=time.perf_counter(),
                    stages=clock,
                    error=state.get("error"),
                    request_id=current_request_id.get() or "",
                    traceparent=Headers(scope=scope).get("traceparent", ""),
                )
            )


def _route_of(scope: Scope) -> str:
    """Return the template of the address that was asked, which holds nothing of the request's own."""
    # A plain route of the framework leaves its endpoint alone.
    paths = (getattr(scope.get(name), "path", None) for name in ("route", "endpoint"))
    return next((path for path in paths if isinstance(path, str)), OTHER_ROUTE)
