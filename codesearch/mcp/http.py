"""The server over streamable HTTP, stateless: any process of the service answers any request, in either era."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.types import Receive, Scope, Send

from codesearch.mcp.reply import Reply, ToolListing
from codesearch.mcp.server import RequestContext, build_server

CallAsCaller = Callable[[str, dict[str, Any]], Awaitable[Reply]]

# Where in a request's scope the server finds how to call a tool for whoever sent it.
_CALL = "codesearch.mcp.call"


class HttpServer:
    """Answers requests whose sender, size and place were checked before. Enter `run` before the first one."""

    def __init__(self, listings: Sequence[ToolListing], max_body_bytes: int) -> None:
        async def list_tools() -> Sequence[ToolListing]:
            return listings

        self._manager = StreamableHTTPSessionManager(
            app=build_server(list_tools, _call),
            # One request, one answer: nothing here takes long enough for a stream.
            json_response=True,
            stateless=True,
            max_request_body_size=max_body_bytes,
        )

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Run what requests need, once, for as long as the service runs."""
        async with self._manager.run():
            yield

    async def answer(self, scope: Scope, receive: Receive, send: Send, call: CallAsCaller) -> None:
        """Answer one request; tools are called through `call`."""
        await self._manager.handle_request({**scope, _CALL: call}, receive, send)


async def _call(context: RequestContext, name: str, arguments: dict[str, Any]) -> Reply:
    # The SDK hands the request on whose scope `answer` made.
    request: Any = context.request
    call: CallAsCaller = request.scope[_CALL]
    return await call(name, arguments)
