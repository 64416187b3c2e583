"""What only shows on a real connection: the bytes of a path, unread bodies, requests beside a slow search."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx
import pytest
import uvicorn

from codesearch.core.types import Hit, Principal, SearchQuery
from codesearch.retrieval.turns import Work
from tests.api.api_client import ASK, ScriptedRetriever, bearer, build_app, read_error
from tests.patience import PATIENCE_SECONDS


@dataclass
class SlowRetriever(ScriptedRetriever):
    """Answers no query before it is let go on."""

    started: threading.Event = field(default_factory=threading.Event)
    may_answer: threading.Event = field(default_factory=threading.Event)

    def retrieve(self, principal: Principal, query: SearchQuery, work: Work | None = None) -> list[Hit]:
        self.started.set()
        assert self.may_answer.wait(PATIENCE_SECONDS)
        return super().retrieve(principal, query, work)


@pytest.fixture(scope="module")
def retriever() -> SlowRetriever:
    retriever = SlowRetriever()
    retriever.may_warm_up.set()
    return retriever


@pytest.fixture(scope="module")
def port(retriever: SlowRetriever) -> Iterator[int]:
    config = uvicorn.Config(build_app(retriever), log_config=None, access_log=False, ws="none", lifespan="on")
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not server.started:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()


@pytest.fixture(autouse=True)
def answering(retriever: SlowRetriever) -> None:
    retriever.may_answer.set()
    retriever.started.clear()


@pytest.fixture
def http(port: int) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=f"http://127.0.0.1:{port}", headers=bearer(), timeout=PATIENCE_SECONDS, trust_env=False
    ) as http:
        yield http


def send_raw(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(request)
        answer = bytearray()
        while part := connection.recv(65_536):
            answer += part
    return bytes(answer)


@pytest.mark.parametrize("path", ["//retrieval", "/dify//retrieval", "///dify/retrieval/retrieval"])
def test_doubled_slashes_on_the_wire(port: int, path: str) -> None:
    body = json.dumps(ASK).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: bearer cs_good\r\nContent-Length: {len(body)}\r\n"
    answer = send_raw(port, f"{head}Connection: close\r\n\r\n".encode() + body)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b'{"records":[]}')


def test_head_has_no_body(http: httpx.Client) -> None:
    response = http.head("/healthz")
    assert (response.status_code, response.content) == (200, b"")


def test_other_requests_go_on_beside_a_slow_search(http: httpx.Client, retriever: SlowRetriever) -> None:
    retriever.may_answer.clear()
    with ThreadPoolExecutor(1) as pool:
        search = pool.submit(http.post, "/retrieval", json=ASK)
        try:
            assert retriever.started.wait(PATIENCE_SECONDS)
            assert http.get("/healthz", timeout=PATIENCE_SECONDS).status_code == 200
            assert read_error(http.post("/retrieval", json={}, timeout=PATIENCE_SECONDS))[:2] == (400, 1001)
            assert not search.done()
        finally:
            retriever.may_answer.set()
        assert search.result(PATIENCE_SECONDS).status_code == 200


def test_a_body_without_an_announced_size_is_cut_off(http: httpx.Client) -> None:
    response = http.post("/retrieval", content=(b" " * 65_536 for _ in range(17)))
    assert read_error(response)[:2] == (413, 1001)


def test_an_announced_size_is_refused_before_the_body_comes(port: int) -> None:
    head = "POST /retrieval HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer cs_good\r\nContent-Length: 999999999\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(head.encode())
        assert connection.recv(12) == b"HTTP/1.1 413"


def test_a_client_that_leaves_is_no_internal_error(port: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    head = "POST /retrieval HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer cs_good\r\nContent-Length: 500\r\n\r\n{"
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(head.encode())
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not any(record.name == "codesearch.api.access" for record in caplog.records):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
