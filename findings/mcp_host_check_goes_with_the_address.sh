#!/bin/sh
# mcp 2.3.0 (the Python SDK), streamable HTTP.
#
# Expected: whether the Host and the Origin of a request are looked at does not depend on the address that a server listens
# on; a page of another origin is refused, as the protocol demands ("MUST respond with 403"), and listening for other machines needs
# that no less.
# Really: the two are looked at only where `host` is a loopback name, the default. There only loopback names pass, and a container
# that asks for host.docker.internal gets 421. With host="0.0.0.0" neither is looked at any more, without a word: the container gets
# in, and so does every web page. TransportSecuritySettings made by hand are the way out.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
"${PYTHON:-python3}" -m venv "$folder/environment"
cd "$folder"
environment/bin/python -m pip install --quiet --disable-pip-version-check mcp==2.3.0

environment/bin/python - <<'EOF'
import asyncio
import platform
from importlib.metadata import version

import httpx2
import mcp_types as types
from mcp.server.lowlevel.server import Server

PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


async def ask(host, **headers):
    async def list_tools(context, params):
        return types.ListToolsResult(tools=[])

    server = Server("any", on_list_tools=list_tools)
    app = server.streamable_http_app(json_response=True, stateless_http=True, **({"host": host} if host else {}))
    async with server.session_manager.run():
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://localhost:8000") as client:
            return int((await client.post("/mcp", json=PING, headers=headers)).status_code)


async def main():
    container, page = {"Host": "host.docker.internal:8000"}, {"Host": "localhost:8000", "Origin": "https://page.example"}
    seen = {
        host or "default": (await ask(host, **container), await ask(host, **page)) for host in (None, "0.0.0.0")
    }
    print(
        f"mcp {version('mcp')}, Python {platform.python_version()}: statuses for a container by its host's name and for "
        f"a page of another origin: {seen}"
    )
    assert seen == {"default": (421, 403), "0.0.0.0": (200, 200)}


asyncio.run(main())
EOF
