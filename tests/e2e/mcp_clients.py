"""The SDK's own client, on a service or on a process of its own, in either protocol era."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, TextContent

from tests.e2e.service import PATIENCE_SECONDS, clean_environment, command_of

# The handshake of 2025 and before, the newest revision without asking, and what a client does that knows both.
MODES = ("legacy", "2026-07-28", "auto")


@asynccontextmanager
async def service_client(url: str, key: str, mode: str) -> AsyncIterator[Client]:
    """Connect to /mcp of a service."""
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=PATIENCE_SECONDS) as http_client,
        Client(streamable_http_client(f"{url}/mcp", http_client=http_client), mode=mode) as client,
    ):
        yield client


@asynccontextmanager
async def stdio_session(
    data_dir: Path, mode: str, *arguments: str, cwd: Path | None = None, errors: Path | None = None
) -> AsyncIterator[Client]:
    """Start `codesearch mcp` and connect to it; what it says beside the protocol goes to a file."""
    command, *rest = command_of("mcp", *arguments)
    environment = clean_environment(data_dir, index_workers="1")
    parameters = StdioServerParameters(command=command, args=rest, env=environment, cwd=cwd)
    path = errors or data_dir.parent / f"mcp-{time.monotonic_ns()}.log"
    with path.open("w") as log:
        async with Client(
            stdio_client(parameters, errlog=log), mode=mode, read_timeout_seconds=PATIENCE_SECONDS
        ) as client:
            yield client


def text_of(result: CallToolResult, *, is_error: bool = False) -> str:
    """Return the one text of a result, after a look at its form."""
    assert result.structured_content is None
    assert result.is_error is is_error, result
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


async def ask(client: Client, name: str, arguments: Mapping[str, Any] | None = None, *, is_error: bool = False) -> str:
    """Call a tool and return its text."""
    return text_of(await client.call_tool(name, dict(arguments or {})), is_error=is_error)


async def ask_patiently(client: Client, name: str, arguments: Mapping[str, Any]) -> str:
    """Ask until the first index is there: on a busy machine that takes longer than one call waits."""
    with anyio.fail_after(PATIENCE_SECONDS):
        while (text := await ask(client, name, arguments)).startswith("codesearch is indexing"):
            assert "for the first time" in text
    return text


class RawServer:
    """`codesearch mcp` with bare pipes."""

    def __init__(self, data_dir: Path, *arguments: str, cwd: Path) -> None:
        self.process = subprocess.Popen(
            command_of("mcp", *arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=clean_environment(data_dir, index_workers="1"),
            cwd=cwd,
        )

    def close(self) -> tuple[bytes, bytes]:
        """Close its input and return what it wrote to stdout and stderr until it ended."""
        try:
            return self.process.communicate(timeout=PATIENCE_SECONDS)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()


def count_processes(data_dir: Path) -> int:
    """Return how many living processes have this data folder in their environment."""
    wanted = f"CODESEARCH_DATA_DIR={data_dir}".encode()
    found = 0
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and sys.platform == "linux":
            try:
                found += wanted in (folder / "environ").read_bytes().split(b"\0")
            except OSError:  # it has ended meanwhile, or is somebody else's
                continue
    return found
