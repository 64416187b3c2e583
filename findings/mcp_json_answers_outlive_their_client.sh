#!/bin/sh
# mcp 2.3.0 (the Python SDK), streamable HTTP, protocol 2026-07-28, on uvicorn 0.54.0.
#
# Expected: that revision has no other way to cancel a request than closing its response stream, so a handler is cancelled when its
# client hangs up, however the answer would have been written.
# Really: it is cancelled where answers may be streams, and not with json_response=True: there the handler works on to its end for
# nobody. A server that answers in JSON has to watch the connection itself.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
"${PYTHON:-python3}" -m venv "$folder/environment"
cd "$folder"
environment/bin/python -m pip install --quiet --disable-pip-version-check mcp==2.3.0 uvicorn==0.54.0

environment/bin/python - <<'EOF'
import asyncio
import json
import platform
import socket
from importlib.metadata import version

import mcp_types as types
import uvicorn
from mcp.server.lowlevel.server import Server

META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}
BODY = json.dumps(
    {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "slow", "arguments": {}, "_meta": META}}
).encode()
REQUEST = (
    b"POST /mcp HTTP/1.1\r\nHost: localhost:1\r\nContent-Type: application/json\r\n"
    b"Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\n"
    b"Mcp-Method: tools/call\r\nMcp-Name: slow\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
)


async def watch_end(json_response):
    began, ended = asyncio.Event(), asyncio.get_running_loop().create_future()

    async def list_tools(context, params):
        return types.ListToolsResult(tools=[types.Tool(name="slow", input_schema={"type": "object"})])

    async def call_tool(context, params):
        began.set()
        try:
            await asyncio.sleep(2)
        except asyncio.CancelledError:
            ended.set_result("cancelled")
            raise
        ended.set_result("worked to its end")
        return types.CallToolResult(content=[types.TextContent(text="done")])

    app = Server("slow", on_list_tools=list_tools, on_call_tool=call_tool)
    asgi = app.streamable_http_app(json_response=json_response, stateless_http=True)
    server = uvicorn.Server(uvicorn.Config(asgi, log_level="error"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        _, writer = await asyncio.open_connection(*listening.getsockname())
        writer.write(REQUEST)
        await began.wait()
        writer.close()
        seen = await ended
        server.should_exit = True
        await serving
    return seen


async def main():
    streams = await asyncio.wait_for(watch_end(json_response=False), 60)
    plain = await asyncio.wait_for(watch_end(json_response=True), 60)
    print(
        f"mcp {version('mcp')}, Python {platform.python_version()}: the client hung up; where answers may be streams "
        f"the handler was {streams}, where they are JSON it {plain}"
    )
    assert (streams, plain) == ("cancelled", "worked to its end")


asyncio.run(main())
EOF
