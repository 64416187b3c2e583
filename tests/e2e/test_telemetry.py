"""Metrics and traces of a real service with several processes, one of which is killed, and a real collector."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.service import PATIENCE_SECONDS, Service, begin_to_ask, copy_index, create_key, index_fixtures

TOKEN = "a-token-that-opens-metrics"
QUERY = "pelicans' balance of an account"
BODY = json.dumps({"knowledge_id": "ledger-go", "query": QUERY}).encode()
ASKED, HELD = 12, 8


class Collector(ThreadingHTTPServer):
    """Takes traces over HTTP and keeps what was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), CollectorRequest)
        self.bodies: list[bytes] = []

    @property
    def spans(self) -> list[str]:
        """The names of all spans."""
        names = []
        for body in self.bodies:
            request = ExportTraceServiceRequest()
            request.ParseFromString(body)
            for resource in request.resource_spans:
                names += [span.name for scope in resource.scope_spans for span in scope.spans]
        return names


class CollectorRequest(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Collector)
        assert self.path == "/v1/traces"
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        pass


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        thread = Thread(target=collector.serve_forever)
        thread.start()
        yield collector
        collector.shutdown()
        thread.join(10)


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def read_metrics(service: Service) -> dict[str, float]:
    """Read the metrics on a new connection, which either process may take."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Connection": "close"}
    response = httpx.get(f"{service.url}/metrics", headers=headers, timeout=PATIENCE_SECONDS, trust_env=False)
    assert response.status_code == 200, response.text
    return {
        f"{sample.name}{sample.labels or ''}": sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def answered(service: Service) -> float:
    labels = {"route": "/retrieval", "status": "200"}
    return read_metrics(service).get(f"codesearch_requests_total{labels}", 0)


def test_all_processes_are_counted_also_those_that_are_gone(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_dir = copy_index(index_fixtures(tmp_path_factory), tmp_path / "data")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server_address[1]}")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with Service(
        data_dir,
        create_key(data_dir, "asks"),
        "--workers",
        "2",
        log=tmp_path / "serve.log",
        metrics="true",
        metrics_token=TOKEN,
        traces="true",
        request_seconds=str(PATIENCE_SECONDS),
    ) as service:
        headers = {"Authorization": f"Bearer {service.key}", "Connection": "close"}
        for _ in range(ASKED):
            assert service.post("/retrieval", content=BODY, headers=headers).status_code == 200
        assert {answered(service) for _ in range(8)} == {ASKED}
        in_progress = "codesearch_requests_in_progress"
        with ExitStack() as held:
            for _ in range(HELD):
                held.enter_context(begin_to_ask(service, BODY))
            # And the one that asks.
            assert read_metrics(service)[in_progress] == HELD + 1
            victim = int(re.findall(r"Started server process \[(\d+)\]", service.logged)[0])
            os.kill(victim, signal.SIGKILL)
            wait_until(lambda: service.logged.count("Started server process") == 3)
        # Those that it held are none any more, and what it has answered is not forgotten.
        wait_until(lambda: read_metrics(service)[in_progress] == 1)
        assert {answered(service) for _ in range(8)} == {ASKED}
        # Whoever answers this one stops in time to send what it knows.
        assert service.post("/retrieval", content=BODY, headers=headers).status_code == 200
        assert service.stop() == 0
        assert "Traceback" not in service.logged
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("codesearch-metrics")] == []
    # A process that is killed loses what it has not sent yet; of the others all came when they stopped.
    spans = collector.spans
    assert "POST /retrieval" in spans
    assert {"authenticate", "read", "open", "understand", "embed", "candidates", "rank", "respond"} <= set(spans)
    assert all(b"pelican" not in body for body in collector.bodies)
    assert all(service.key.encode() not in body for body in collector.bodies)


def test_a_collector_that_is_away_keeps_nobody(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    data_dir = copy_index(index_fixtures(tmp_path_factory), tmp_path / "data")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        # It takes connections and never answers.
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with Service(data_dir, create_key(data_dir, "asks"), log=tmp_path / "serve.log", traces="true") as service:
            assert service.ask("ledger-go").status_code == 200
            assert service.get("/metrics").status_code == 404
            assert service.stop() == 0
