"""Real services on loopback that answer together: as one alone, also when one of them is killed."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from codesearch.retrieval.scatter.placement import place_sources
from tests.e2e.service import NAMES, Service, copy_index, create_key, free_port, index_fixtures, run_cli, source_ids

SECRET = "what-services-share"
QUESTIONS = ("how is an invoice total computed", "LedgerEntry", '"return"', "wie wird eine Rechnung storniert")
STEPS = ("count", "measure", "gather")
GO = {"logical_operator": "and", "conditions": [{"name": ["path"], "comparison_operator": "contains", "value": "go"}]}


@pytest.fixture
def data_dir(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fixtures, and a workspace with all of them."""
    folder = copy_index(index_fixtures(tmp_path_factory), tmp_path / "data")
    assert run_cli(folder, "workspace", "create", "everything", *NAMES).status == 0
    return folder


def settings_of(ports: list[int], own: int, **settings: str) -> dict[str, Any]:
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    return {"peers": ",".join(urls), "peer_url": urls[own], "peer_secret": SECRET, **settings}


def answers_of(service: Service) -> list[list[dict[str, Any]]]:
    found = [service.records("everything", question, top_k=10) for question in QUESTIONS]
    return [*found, service.records("everything", QUESTIONS[0], top_k=10, metadata_condition=GO)]


@contextlib.contextmanager
def listen_and_say_nothing() -> Iterator[int]:
    """Return a port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken: list[socket.socket] = []

        def take() -> None:
            with contextlib.suppress(OSError):
                while True:
                    taken.append(server.accept()[0])

        threading.Thread(target=take, daemon=True).start()
        yield server.getsockname()[1]
        for connection in taken:
            connection.close()


def test_services_answer_together_and_for_one_that_is_killed(data_dir: Path) -> None:
    key = create_key(data_dir, "everything")
    bound = create_key(data_dir, "one", "--source", NAMES[0])
    with Service(data_dir, key) as alone:
        expected = answers_of(alone)
        assert all(expected)
        # Who has no peers has no such address.
        for step in STEPS:
            headers = {"Authorization": f"Bearer {SECRET}"}
            assert alone.post(f"/internal/peers/{step}", content=b"", headers=headers).status_code == 404
    # The second one has a place of sources; the port is chosen by whom something is placed on.
    ids = list(source_ids(data_dir).values())
    ports = [free_port(), free_port()]
    while len(place_sources(ids, [f"http://127.0.0.1:{port}" for port in ports])) < 2:
        ports[1] = free_port()
    first = Service(data_dir, key, port=ports[0], **settings_of(ports, 0))
    second = Service(data_dir, key, port=ports[1], **settings_of(ports, 1))
    with first, second:
        assert answers_of(first) == expected
        assert answers_of(second) == expected
        assert "/internal/peers/gather" in first.logged
        assert "/internal/peers/gather" in second.logged
        check_the_address(second, key)
        only = first.ask(NAMES[1], key=bound)
        assert only.status_code == 403, only.text
        assert {
            record["metadata"]["data_source_name"] for record in first.ask("everything", key=bound).json()["records"]
        } == {NAMES[0]}
        second.stop(signal.SIGKILL)
        assert answers_of(first) == expected
        assert "its sources are searched here" in first.logged


def check_the_address(service: Service, key: str) -> None:
    """Only the secret opens it, no key does, and what is no message is refused."""
    for step in STEPS:
        path = f"/internal/peers/{step}"
        for headers in ({}, {"Authorization": f"Bearer {key}"}, {"Authorization": f"Bearer {SECRET[:-1]}"}):
            assert service.post(path, content=b"", headers=headers).status_code == 401
        assert service.post(path, content=b"nonsense", headers={"Authorization": f"Bearer {SECRET}"}).status_code == 400
    assert (
        service.post("/internal/peers/drop", content=b"", headers={"Authorization": f"Bearer {SECRET}"}).status_code
        == 404
    )
    assert httpx.get(f"{service.url}/openapi.json").text.count("/internal") == 0
    assert service.ask("everything", key=SECRET).status_code == 401


def test_one_that_does_not_answer_in_time_is_not_waited_for(data_dir: Path) -> None:
    key = create_key(data_dir, "everything")
    with Service(data_dir, key) as alone:
        expected = answers_of(alone)
    ids = list(source_ids(data_dir).values())
    with listen_and_say_nothing() as silent:
        port = free_port()
        while len(place_sources(ids, [f"http://127.0.0.1:{port}", f"http://127.0.0.1:{silent}"])) < 2:
            port = free_port()
        settings = settings_of([port, silent], 0, peer_seconds="0.2")
        with Service(data_dir, key, port=port, **settings) as service:
            assert answers_of(service) == expected
            assert "its sources are searched here" in service.logged
