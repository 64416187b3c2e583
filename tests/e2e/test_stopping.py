"""`codesearch serve` that is told to stop while it answers: not ready first, then nobody is let in, then an end."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.e2e.service import PATIENCE_SECONDS, Service, begin_to_ask, copy_index, create_key, index_fixtures

DRAIN_SECONDS = 5.0
BODY = json.dumps({"knowledge_id": "ledger-go", "query": "balance"}).encode()


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_index(index_fixtures(tmp_path_factory), tmp_path_factory.mktemp("stopping") / "data")


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def read_answer(connection: socket.socket) -> bytes:
    answer = b""
    while part := connection.recv(65_536):
        answer += part
    return answer


def ask_anew(service: Service, path: str) -> int:
    """Return the status of an answer on a connection of its own, 0 where there is none."""
    try:
        return httpx.get(f"{service.url}{path}", trust_env=False).status_code
    except httpx.TransportError:
        return 0


def test_it_is_not_ready_then_takes_nobody_and_answers_what_it_has(data_dir: Path, tmp_path: Path) -> None:
    key = create_key(data_dir, "asks")
    with Service(
        data_dir,
        key,
        "--workers",
        "2",
        log=tmp_path / "serve.log",
        drain_seconds=str(DRAIN_SECONDS),
        request_seconds=str(PATIENCE_SECONDS),
        stop_seconds=str(PATIENCE_SECONDS),
    ) as service:
        with begin_to_ask(service, BODY) as held:
            service.process.send_signal(signal.SIGTERM)
            wait_until(lambda: {ask_anew(service, "/readyz") for _ in range(8)} == {503})
            assert service.ask("ledger-go").status_code == 200
            assert ask_anew(service, "/healthz") == 200
            # Again, as from whoever ends every process of a group: it makes no difference.
            service.process.send_signal(signal.SIGTERM)
            wait_until(lambda: ask_anew(service, "/healthz") == 0)
            assert service.process.poll() is None
            held.sendall(BODY[-1:])
            assert read_answer(held).startswith(b"HTTP/1.1 200 ")
        assert service.process.wait(PATIENCE_SECONDS) == 0
        assert "Traceback" not in service.logged
        assert "ERROR" not in service.logged


def test_it_waits_no_longer_than_it_may(data_dir: Path, tmp_path: Path) -> None:
    key = create_key(data_dir, "asks-slowly")
    with (
        Service(
            data_dir,
            key,
            log=tmp_path / "serve.log",
            request_seconds=str(PATIENCE_SECONDS),
            stop_seconds="0.3",
        ) as service,
        begin_to_ask(service, BODY) as held,
    ):
        assert service.stop() == 0
        answer = read_answer(held)
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b'"error_code":1005' in answer
        assert "Traceback" not in service.logged
