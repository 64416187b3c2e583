"""A git server on 127.0.0.1 that wants a login: `git http-backend` behind Python's http.server."""

from __future__ import annotations

import base64
import os
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from tests.unit.indexer.conftest import Repository


class GitServer(ThreadingHTTPServer):
    """Serves the repositories under `root`; `login` is (user, password) or None; `redirect_to` sends everybody away."""

    daemon_threads = True

    def __init__(self, root: Path, login: tuple[str, str] | None, redirect_to: str | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.root = root
        self.redirect_to = redirect_to
        self.accepted = None if login is None else "Basic " + base64.b64encode(":".join(login).encode()).decode()
        self.seen: list[str | None] = []

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: GitServer

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self._body())

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's name
        pass

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        return body

    def _answer(self, body: bytes) -> None:
        authorization = self.headers.get("Authorization")
        self.server.seen.append(authorization)
        if self.server.redirect_to is not None:
            self._send(302, {"Location": self.server.redirect_to + self.path})
        elif self.server.accepted is not None and authorization != self.server.accepted:
            self._send(401, {"WWW-Authenticate": 'Basic realm="git"'})
        else:
            self._run_backend(body)

    def _run_backend(self, body: bytes) -> None:
        parts = urlsplit(self.path)
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROJECT_ROOT": str(self.server.root),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "PATH_INFO": parts.path,
            "QUERY_STRING": parts.query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
        }
        done = subprocess.run(["git", "http-backend"], input=body, env=environment, stdout=subprocess.PIPE, check=False)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        self._send(int(headers.pop("Status", "200").split()[0]), headers, content)

    def _send(self, status: int, headers: dict[str, str], content: bytes = b"") -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


def make_certificate(file: Path) -> None:
    """Write the key and the self-signed certificate of 127.0.0.1 into one file."""
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", *subject]
    subprocess.run(
        [*new, "-days", "2", "-keyout", file, "-out", file.with_suffix(".crt")], check=True, capture_output=True
    )
    file.write_bytes(file.read_bytes() + file.with_suffix(".crt").read_bytes())


@contextmanager
def serve(
    root: Path, login: tuple[str, str] | None, redirect_to: str | None = None, certificate: Path | None = None
) -> Iterator[GitServer]:
    """Serve until the context is left; over TLS with the certificate that `make_certificate` wrote."""
    server = GitServer(root, login, redirect_to)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def serve_clones(origin: Repository, root: Path, *names: str) -> Iterator[GitServer]:
    """Serve a bare clone of a repository under each name, which is that of a remote of it from now on."""
    root.mkdir()
    for name in names:
        place = str(root / f"{name}.git")
        origin.git("clone", "--quiet", "--bare", str(origin.path), place)
        origin.git("remote", "add", name, place)
    with serve(root, None) as server:
        yield server
