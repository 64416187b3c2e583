"""The tools as an MCP server: what it lists and how it answers, in both protocol eras. Knows no transport."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

import mcp_types as types
from mcp.server.caching import CacheHint
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.shared.exceptions import MCPError

from codesearch.mcp.instructions import INSTRUCTIONS
from codesearch.mcp.reply import Reply, ToolListing

RequestContext = ServerRequestContext[Any, Any]
Call = Callable[[RequestContext, str, dict[str, Any]], Awaitable[Reply]]
List = Callable[[], Awaitable[Sequence[ToolListing]]]

# An upgrade of the service is what changes the list.
LIST_TTL_MS = 300_000
# Claude Code moves longer results into a file unless the tool says that it means it.
_MAX_RESULT_SIZE = "anthropic/maxResultSizeChars"


def build_server(list_tools: List, call: Call, instructions: str = INSTRUCTIONS) -> Server[Any]:
    """Return a server that offers these tools and hands each call on."""

    async def on_list_tools(_: RequestContext, __: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[_describe(listing) for listing in await list_tools()])

    async def on_call_tool(context: RequestContext, params: types.CallToolRequestParams) -> types.CallToolResult:
        names = [listing.name for listing in await list_tools()]
        if params.name not in names:
            raise MCPError(types.INVALID_PARAMS, f"There is no tool {params.name!r}; there are {', '.join(names)}.")
        reply = await call(context, params.name, params.arguments or {})
        return types.CallToolResult(content=[types.TextContent(text=reply.text)], is_error=reply.is_error)

    hint = CacheHint(LIST_TTL_MS, "public")
    server: Server[Any] = Server(
        "codesearch",
        version=version("codesearch"),
        title="codesearch",
        instructions=instructions,
        cache_hints={"tools/list": hint, "server/discover": hint},
        on_list_tools=on_list_tools,
        on_call_tool=on_call_tool,
    )
    server.middleware.append(_explain_arguments)
    return server


async def _explain_arguments(ctx: RequestContext, call_next: CallNext) -> HandlerResult:
    """Tell the model what is wrong with arguments that are no object; the SDK would only say that something is."""
    params = ctx.params
    if ctx.method == "tools/call" and params is not None and isinstance(params.get("name"), str):
        arguments = params.get("arguments")
        if arguments is not None and not isinstance(arguments, Mapping):
            text = "arguments is to be an object with the tool's parameters by their names."
            return types.CallToolResult(content=[types.TextContent(text=text)], is_error=True)
    return await call_next(ctx)


def _describe(listing: ToolListing) -> types.Tool:
    return types.Tool(
        name=listing.name,
        title=listing.title,
        description=listing.description,
        input_schema=listing.input_schema,
        annotations=types.ToolAnnotations(
            title=listing.title,
            read_only_hint=True,
            destructive_hint=False,
            idempotent_hint=True,
            open_world_hint=False,
        ),
        _meta={_MAX_RESULT_SIZE: listing.max_characters},
    )
