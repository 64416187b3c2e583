#!/bin/sh
# uvicorn 0.54.0 on CPython's asyncio, with --workers, where the socket is bound before the processes are started.
#
# Expected: connections have TCP_NODELAY, as asyncio sets it on all of its TCP connections.
# Really: asyncio sets it only where the socket's protocol number is IPPROTO_TCP, and uvicorn binds its shared socket without
# naming one (0). So with one process there is TCP_NODELAY, and with several there is not: an answer whose body is sent
# apart from its head waits for the client's delayed acknowledgement, 40 ms on Linux. Setting TCP_NODELAY on the listening
# socket mends it; accepted ones inherit it.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
"${PYTHON:-python3}" -m venv "$folder/environment"
cd "$folder"
environment/bin/python -m pip install --quiet --disable-pip-version-check uvicorn==0.54.0

environment/bin/python - <<'EOF'
import asyncio
import platform
import socket

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

seen = []


class WatchedProtocol(H11Protocol):
    def connection_made(self, transport):
        connection = transport.get_extra_info("socket")
        seen.append(bool(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)))
        super().connection_made(transport)


async def answer(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


def ask(port):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return connection.recv(1000)


async def serve_once(binds_beforehand):
    config = uvicorn.Config(
        answer, host="127.0.0.1", port=0, http=WatchedProtocol, loop="asyncio", lifespan="off", log_level="error"
    )
    server = uvicorn.Server(config)
    sockets = [config.bind_socket()] if binds_beforehand else None
    serving = asyncio.create_task(server.serve(sockets=sockets))
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    assert (await asyncio.to_thread(ask, port)).startswith(b"HTTP/1.1 200")
    server.should_exit = True
    await serving


asyncio.run(asyncio.wait_for(serve_once(False), 60))
asyncio.run(asyncio.wait_for(serve_once(True), 60))
print(
    f"uvicorn {uvicorn.__version__}, Python {platform.python_version()}: "
    f"TCP_NODELAY {seen[0]} with one process, {seen[1]} on a socket bound as for several"
)
assert seen == [True, False]
EOF
