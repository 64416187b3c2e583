"""The tools as MCP lists them."""

from __future__ import annotations

from collections.abc import Sequence

from codesearch.mcp.reply import ToolListing
from codesearch.retrieval.budgets import CHARACTERS_PER_TOKEN
from codesearch.tools.arguments import describe_parameters
from codesearch.tools.tool import Tool


def list_tools(tools: Sequence[Tool], max_tokens: int) -> list[ToolListing]:
    """Return the tools in their order, for answers of at most so many tokens."""
    return [
        ToolListing(
            tool.name, tool.title, tool.description, describe_parameters(tool), max_tokens * CHARACTERS_PER_TOKEN
        )
        for tool in tools
    ]
