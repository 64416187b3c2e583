"""A service that may open few files, and more clients than that which begin a request and never end it."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.service import Service, copy_index, create_key, index_fixtures
from tests.patience import PATIENCE_SECONDS

# As few as leave room for the least number of connections beside what a service has open and may open of itself.
FILES, CLIENTS = 96, 114


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_index(index_fixtures(tmp_path_factory), tmp_path_factory.mktemp("half-open") / "data")


def test_half_requests_keep_nobody_out_and_fill_no_log(data_dir: Path) -> None:
    resource = pytest.importorskip("resource")
    service = Service(data_dir, create_key(data_dir, "reader"))
    resource.prlimit(service.process.pid, resource.RLIMIT_NOFILE, (FILES, FILES))
    half_header = b"POST /retrieval HTTP/1.1\r\nHost: x\r\n"
    half_body = half_header + f"Authorization: Bearer {service.key}\r\nContent-Length: 500\r\n\r\n{{".encode()
    with service:
        for half in (half_header, half_body):
            before = len(service.logged)
            with ExitStack() as clients:
                for _ in range(CLIENTS):
                    client = clients.enter_context(
                        socket.create_connection(("127.0.0.1", service.port), timeout=PATIENCE_SECONDS)
                    )
                    client.sendall(half)
                for _ in range(3):
                    answer = service.ask("ledger-go", "how is a transaction written")
                    assert answer.status_code == 200, service.logged
            assert len(service.logged) - before < 300 * CLIENTS, service.logged
