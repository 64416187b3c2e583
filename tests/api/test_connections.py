"""Connections that send nothing, too little or too slowly, on a real server: they end, and keep nobody out."""

from __future__ import annotations

import contextlib
import json
import pickle
import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
import uvicorn

from codesearch.cli import connections
from codesearch.cli.connections import ConnectionFactory
from codesearch.core.types import Hit, Principal, SearchQuery
from codesearch.retrieval.turns import Work
from tests.api.api_client import ASK, ScriptedRetriever, bearer, build_app
from tests.patience import PATIENCE_SECONDS

REQUEST_SECONDS = 0.3
MAX_CONNECTIONS = 8
HEAD = b"POST /retrieval HTTP/1.1\r\nHost: x\r\n"
ASKED = json.dumps(ASK).encode()
WHOLE = HEAD + b"Authorization: Bearer cs_good\r\nContent-Length: %d\r\n\r\n%s" % (len(ASKED), ASKED)


class WaitingRetriever(ScriptedRetriever):
    """Answers when it may."""

    may_answer = threading.Event()

    def retrieve(self, principal: Principal, query: SearchQuery, work: Work | None = None) -> list[Hit]:
        assert self.may_answer.wait(PATIENCE_SECONDS)
        return super().retrieve(principal, query, work)


@pytest.fixture(autouse=True)
def may_answer() -> threading.Event:
    WaitingRetriever.may_answer.set()
    return WaitingRetriever.may_answer


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    retriever = WaitingRetriever()
    retriever.may_warm_up.set()
    # As `serve` hands it to processes of its own.
    factory = pickle.loads(pickle.dumps(ConnectionFactory(REQUEST_SECONDS, MAX_CONNECTIONS)))
    app = build_app(retriever, request_seconds=REQUEST_SECONDS)
    config = uvicorn.Config(app, http=factory, log_config=None, access_log=False, ws="none", timeout_keep_alive=1)
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listener],))
    connections.find_connection_limit.cache_clear()
    thread.start()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not server.started:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    yield listener.getsockname()[1]
    WaitingRetriever.may_answer.set()
    server.should_exit = True
    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()
    connections.find_connection_limit.cache_clear()


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)


def read_to_the_end(client: socket.socket) -> bytes:
    """Return all that still comes; fails when the connection is not closed."""
    answer = b""
    with contextlib.suppress(ConnectionResetError):
        while part := client.recv(65_536):
            answer += part
    return answer


def read_answer(client: socket.socket) -> bytes:
    """Return the answer of a search, its body included."""
    answer = b""
    while not answer.endswith(b'{"records":[]}'):
        part = client.recv(65_536)
        assert part, answer
        answer += part
    return answer


def ask(port: int) -> int:
    answer = httpx.post(
        f"http://127.0.0.1:{port}/retrieval", json=ASK, headers=bearer(), timeout=PATIENCE_SECONDS, trust_env=False
    )
    return answer.status_code


@pytest.mark.parametrize("sent", [b"", b"P", HEAD, HEAD + b"Authorization: Bea"], ids=["nothing", "a", "line", "half"])
def test_a_header_that_does_not_come_ends_the_connection(port: int, sent: bytes) -> None:
    with connect(port) as client:
        client.sendall(sent)
        assert read_to_the_end(client) == b""


def test_a_header_that_trickles_in_gets_no_more_time(port: int) -> None:
    with connect(port) as client:
        client.settimeout(0.02)
        client.sendall(HEAD)
        is_open = True
        for number in range(500):
            try:
                client.sendall(b"X-%d: y\r\n" % number)
                is_open = client.recv(1) != b""
            except TimeoutError:
                continue
            except OSError:
                is_open = False
            if not is_open:
                break
    assert not is_open


def test_a_second_header_that_does_not_come_ends_the_connection_too(port: int) -> None:
    with connect(port) as client:
        client.sendall(WHOLE)
        assert read_answer(client).startswith(b"HTTP/1.1 200")
        client.sendall(HEAD)
        assert read_to_the_end(client) == b""


def test_a_connection_without_a_request_is_closed(port: int) -> None:
    with connect(port) as client:
        client.sendall(WHOLE)
        assert read_answer(client).startswith(b"HTTP/1.1 200")
        assert read_to_the_end(client) == b""


def test_a_body_that_nobody_reads_does_not_hold_the_connection(port: int) -> None:
    with connect(port) as client:
        client.sendall(HEAD + b"Content-Length: 900\r\n\r\n{")
        assert read_to_the_end(client).startswith(b"HTTP/1.1 401")


def test_a_search_may_take_longer_than_a_request_may(port: int, may_answer: threading.Event) -> None:
    may_answer.clear()
    with connect(port) as client:
        client.sendall(WHOLE)
        time.sleep(2 * REQUEST_SECONDS)
        may_answer.set()
        assert read_answer(client).startswith(b"HTTP/1.1 200")


def test_connections_that_send_nothing_give_way_to_requests(port: int) -> None:
    with contextlib.ExitStack() as clients:
        silent = [clients.enter_context(connect(port)) for _ in range(3 * MAX_CONNECTIONS)]
        assert ask(port) == 200
        assert all(read_to_the_end(client) == b"" for client in silent)


def test_a_connection_that_had_an_answer_is_not_the_first_to_go(port: int) -> None:
    with contextlib.ExitStack() as clients:
        known = clients.enter_context(connect(port))
        known.sendall(WHOLE)
        read_answer(known)
        for _ in range(3 * MAX_CONNECTIONS):
            clients.enter_context(connect(port))
        assert ask(port) == 200
        known.sendall(WHOLE)
        assert read_answer(known).startswith(b"HTTP/1.1 200")


def test_with_requests_on_all_connections_another_is_refused(port: int, may_answer: threading.Event) -> None:
    may_answer.clear()
    with contextlib.ExitStack() as clients:
        busy = [clients.enter_context(connect(port)) for _ in range(MAX_CONNECTIONS)]
        for client in busy:
            client.sendall(WHOLE)
        time.sleep(0.2)
        with connect(port) as one_more:
            answer = read_to_the_end(one_more)
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"text/plain" in answer
        may_answer.set()
        assert all(read_answer(client).startswith(b"HTTP/1.1 200") for client in busy)


@pytest.mark.parametrize(
    "line", [b"GET\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n", b"\0" * 99]
)
def test_what_is_no_http_is_refused_in_plain_text(port: int, line: bytes) -> None:
    with connect(port) as client:
        client.sendall(line + b"\r\n\r\n")
        answer = read_to_the_end(client)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"text/plain" in answer
    assert ask(port) == 200


def test_the_files_that_a_process_may_open_bound_its_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    resource = pytest.importorskip("resource")
    for files, expected in ((64, connections.LEAST_CONNECTIONS), (resource.RLIM_INFINITY, 5000), (1 << 20, 5000)):
        connections.find_connection_limit.cache_clear()
        monkeypatch.setattr(resource, "getrlimit", lambda _, files=files: (files, files))
        assert connections.find_connection_limit(5000) == expected
    connections.find_connection_limit.cache_clear()
