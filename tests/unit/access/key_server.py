"""A server of keys on loopback, as an issuer has one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


class KeyServer(ThreadingHTTPServer):
    """Answers with `content`, or what `contents` has for the path, and `status`; counts how often it was asked."""

    daemon_threads = True
    content = b"first"
    status = 200
    asked = 0
    sent_count = 0
    # Between one byte and the next.
    pause_seconds = 0.0

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.contents: dict[str, bytes] = {}

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/keys"


class _Handler(BaseHTTPRequestHandler):
    server: KeyServer

    def do_GET(self) -> None:
        self.server.asked += 1
        content = self.server.contents.get(self.path, self.server.content)
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if not self.server.pause_seconds:
            self.wfile.write(content)
            return
        with suppress(OSError):
            for byte in content:
                self.wfile.write(bytes((byte,)))
                self.server.sent_count += 1
                time.sleep(self.server.pause_seconds)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serve_keys() -> Iterator[KeyServer]:
    """Serve until the context ends."""
    with KeyServer(("127.0.0.1", 0), _Handler) as running:
        Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield running
        running.shutdown()
