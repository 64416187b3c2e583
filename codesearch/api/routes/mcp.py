"""/mcp: who asks, from where, and how much, before the MCP server sees anything of a request."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import anyio
import anyio.to_thread
from fastapi import Request
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from codesearch.api.deps import authenticate, open_work, services_of, settings_of
from codesearch.api.jsonrpc import find_fault
from codesearch.api.origins import require_known_host, require_known_origin
from codesearch.api.responses import ApiResponse
from codesearch.api.retrieval_request import read_body
from codesearch.core.errors import InvalidRequestError
from codesearch.core.types import Principal
from codesearch.mcp.replies import reply_to
from codesearch.mcp.reply import Reply
from codesearch.tools.tool import Answer

PATH = "/mcp"
_JSON = "application/json"
# The answer is always JSON: a client that says nothing of what it takes, takes that.
_ANY_ACCEPT = (b"accept", b"application/json, text/event-stream")


class McpEndpoint:
    """The ASGI application at /mcp: one POST, one JSON answer. Whoever is not let in is told in our envelope."""

    path = PATH

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; raises CodesearchError."""
        request = Request(scope, receive)
        settings = settings_of(request)
        principal = await authenticate(request)
        hosts = request.headers.getlist("Host")
        require_known_host(hosts, settings.mcp_allowed_hosts)
        require_known_origin(request.headers.getlist("Origin"), hosts[0] if hosts else "", settings.mcp_allowed_origins)
        _require_json(request)
        body = await read_body(request, principal.key_id, request.state.pacing, settings.request_seconds)
        fault = find_fault(body)
        if fault is not None:
            await ApiResponse(fault, status_code=400)(scope, receive, send)
            return
        with request.state.admission.enter(principal.key_id, principal.requests_per_minute):
            await _Exchange(request, principal, body).answer(send)


class _Exchange:
    """One request whose body was read, and the work that it may cause."""

    def __init__(self, request: Request, principal: Principal, body: bytes) -> None:
        self._request = request
        self._principal = principal
        self._work = open_work(request, principal)
        self._messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
        self._has_gone = asyncio.Event()

    async def answer(self, send: Send) -> None:
        """Let the MCP server answer, as long as the client waits."""
        scope = dict(self._request.scope)
        scope["headers"] = _with_accept(scope["headers"])
        watching = asyncio.create_task(self._watch())
        try:
            await self._request.state.mcp.answer(scope, self._receive, send, self._call)
        except asyncio.CancelledError:
            self._work.cancel()
            raise
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    async def _call(self, name: str, arguments: Mapping[str, Any]) -> Reply:
        services, settings = services_of(self._request), settings_of(self._request)

        def call() -> Answer:
            try:
                return services.toolbox.call(name, self._principal, arguments, self._work)
            except Exception as error:
                # The answer has status 200 all the same.
                self._request.state.error = error
                raise

        def run() -> Reply:
            return reply_to(
                name,
                call,
                settings.mcp_max_tokens,
                is_local=False,
            )

        return await anyio.to_thread.run_sync(run, limiter=self._request.state.threads)

    async def _receive(self) -> Message:
        """Hand the body out once, then wait for the end of the connection."""
        if self._messages:
            return self._messages.pop()
        await self._has_gone.wait()
        return {"type": "http.disconnect"}

    async def _watch(self) -> None:
        """Cancel the work when the connection is closed."""
        while (await self._request.receive())["type"] != "http.disconnect":
            pass
        self._work.cancel()
        self._has_gone.set()


def _require_json(request: Request) -> None:
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != _JSON:
        raise InvalidRequestError(f"Content-Type is to be {_JSON}, not {kind[:100]!r}.")


def _with_accept(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    has_accept = any(name == b"accept" for name, _ in headers)
    return headers if has_accept else [*headers, _ANY_ACCEPT]


route = Route(PATH, endpoint=McpEndpoint(), methods=["POST"], include_in_schema=False)
