"""The server over stdin and stdout, for one client on this machine; the tools are called in the engine's process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anyio
import mcp_types as types
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError

from codesearch.mcp.engine_process import EngineEndedError, EngineProcess
from codesearch.mcp.instructions import INSTRUCTIONS
from codesearch.mcp.reply import Progress, Reply, ToolListing
from codesearch.mcp.server import RequestContext, build_server


def serve_stdio(engine: EngineProcess, about: str) -> None:
    """Serve until stdin ends. `about` says in one line which folder it is about; the engine has been started."""
    anyio.run(_serve, engine, f"{INSTRUCTIONS}\n{about}\n")


async def _serve(engine: EngineProcess, instructions: str) -> None:
    async def list_tools() -> Sequence[ToolListing]:
        try:
            return await engine.list_tools()
        except EngineEndedError as error:
            raise MCPError(types.INTERNAL_ERROR, str(error)) from error

    async def call(context: RequestContext, name: str, arguments: dict[str, Any]) -> Reply:
        async def report(progress: Progress) -> None:
            await context.session.report_progress(progress.done, progress.total, progress.message)

        try:
            return await engine.call(name, arguments, report)
        except EngineEndedError as error:
            return Reply(str(error), is_error=True)

    server = build_server(list_tools, call, instructions)
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())
