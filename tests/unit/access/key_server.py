"""A server of keys on loopback, as an issuer has one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class KeyServer(ThreadingHTTPServer):
    """Answers with `content` and `status`, and counts how often it was asked."""

    daemon_threads = True
    content = b"first"
    status = 200
    asked = 0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/keys"


class _Handler(BaseHTTPRequestHandler):
    server: KeyServer

    def do_GET(self) -> None:
        self.server.asked += 1
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(self.server.content)))
        self.end_headers()
        self.wfile.write(self.server.content)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serve_keys() -> Iterator[KeyServer]:
    """Serve until the context ends."""
    with KeyServer(("127.0.0.1", 0), _Handler) as running:
        Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield running
        running.shutdown()
