"""Real services on loopback that answer together: as one alone, also when one of them is killed."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from codesearch.retrieval.scatter.placement import place_sources
from codesearch.tools.toolbox import TOOLS
from tests.e2e.service import NAMES, Service, copy_index, create_key, free_port, index_fixtures, run_cli, source_ids

SECRET = "what-services-share"
QUESTIONS = ("how is an invoice total computed", "LedgerEntry", '"return"', "wie wird eine Rechnung storniert")
STEPS = ("count", "measure", "gather", "look")
ALL = {"data_sources": ["everything"]}
CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("get_data_sources", {}),
    ("get_data_sources", {"query": "ledger", "ready_only": False}),
    *(("semantic_search", {"question": question, **ALL}) for question in QUESTIONS),
    (
        "semantic_search",
        {"question": QUESTIONS[0], **ALL, "paths": ["docs", "README.md"], "exclude_tests": True, "max_tokens": 900},
    ),
    ("semantic_search", {"question": QUESTIONS[0], "data_sources": [NAMES[0], NAMES[3]], "max_results": 60}),
    ("grep_search", {"query": "return", **ALL}),
    ("grep_search", {"query": "return", **ALL, "max_results": 1_000, "context_lines": 2}),
    ("grep_search", {"query": "total", **ALL, "paths": ["README.md", "docs/"], "extensions": ["md"], "max_results": 7}),
    ("grep_search", {"query": r"\w+_total\b|README", "regex": True, "case_sensitive": False, **ALL}),
    ("grep_search", {"query": "not in any file of these", **ALL}),
    ("grep_search", {"query": "(", "regex": True, **ALL}),
    ("grep_search", {"query": "README", "data_sources": [NAMES[3]], "whole_word": True}),
    *(
        call
        for name in NAMES
        for call in (
            ("get_file_tree", {"data_source": name}),
            ("read_file", {"data_source": name, "path": "README.md", "start_line": 3, "end_line": 9}),
            ("outline", {"data_source": name, "path": "./README.md"}),
        )
    ),
    ("get_file_tree", {"data_source": "ledger-go", "path": "internal", "max_depth": 1, "max_nodes": 2}),
    ("get_file_tree", {"data_source": "ledger-go", "path": "go.mod"}),
    ("get_file_tree", {"data_source": "ledger-go", "path": "internals"}),
    ("read_file", {"data_source": "ledger-go", "path": "readme.md"}),
    ("read_file", {"data_source": "ledger-go", "path": "internal"}),
    ("read_file", {"data_source": "ledger-go", "path": "README.md", "start_line": 1_000}),
    ("outline", {"data_source": "orders-service", "path": "orders/pricing.py"}),
    ("outline", {"data_source": "orders-service", "path": "orders/prices.py"}),
    (
        "fetch_artifacts",
        {
            "identifiers": [
                *(f"{name}::README.md" for name in NAMES),
                "ledger-go::README.md::2-4",
                "ledger-go::README.md::nothing",
                "ledger-go::READ.md",
                "unknown::README.md",
                "everything::README.md",
                "nonsense",
            ]
        },
    ),
    ("get_artifact_relationships", {"identifier": "Server", "data_source": "ledger-go", "profile": "all_relevant"}),
    ("get_artifact_relationships", {"identifier": "nowhere", "data_source": "ledger-go"}),
    ("get_artifact_relationships", {"identifier": "ledger-go::README.md"}),
)
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


def tool_answers(service: Service) -> dict[str, bytes]:
    """Return the bytes of every tool's answers; of grep_search and semantic_search also those with all parameters."""
    answers = {}
    for name, arguments in CALLS:
        body = json.dumps(arguments).encode()
        headers = {"Authorization": f"Bearer {service.key}", "Content-Type": "application/json"}
        response = service.post(f"/api/tools/{name}", content=body, headers=headers)
        answers[f"{name} {body.decode()}"] = f"{response.status_code} ".encode() + response.content
    return answers


def choose_ports(ids: Sequence[str], count: int) -> list[int]:
    """Return ports of services that all have sources placed on them."""
    while True:
        ports = [free_port() for _ in range(count)]
        if len(place_sources(ids, [f"http://127.0.0.1:{port}" for port in ports])) == len(set(ports)) == count:
            return ports


def test_services_answer_together_and_for_one_that_is_killed(data_dir: Path) -> None:
    """Three of them, as one does alone: questions, and every tool, byte for byte."""
    key = create_key(data_dir, "everything")
    bound = create_key(data_dir, "one", "--source", NAMES[0])
    assert {name for name, _ in CALLS} == {tool.name for tool in TOOLS}
    with Service(data_dir, key) as alone:
        expected, told = answers_of(alone), tool_answers(alone)
        assert all(expected)
        # Who has no peers has no such address.
        for step in STEPS:
            headers = {"Authorization": f"Bearer {SECRET}"}
            assert alone.post(f"/internal/peers/{step}", content=b"", headers=headers).status_code == 404
    assert {answer[:4] for answer in told.values()} == {b"200 ", b"400 ", b"404 "}
    ports = choose_ports(list(source_ids(data_dir).values()), 3)
    first, second, third = (
        Service(data_dir, key, port=port, **settings_of(ports, number)) for number, port in enumerate(ports)
    )
    with first, second, third:
        for service in (first, second):
            assert answers_of(service) == expected
            check_same(tool_answers(service), told)
        for service in (first, second, third):
            assert "/internal/peers/gather" in service.logged
            assert "/internal/peers/look" in service.logged
            assert "its sources are searched here" not in service.logged
        check_the_address(second, key)
        only = first.ask(NAMES[1], key=bound)
        assert only.status_code == 403, only.text
        assert {
            record["metadata"]["data_source_name"] for record in first.ask("everything", key=bound).json()["records"]
        } == {NAMES[0]}
        second.stop(signal.SIGKILL)
        check_same(tool_answers(first), told)
        assert "its sources are searched here" in first.logged
        assert answers_of(first) == expected


SHELL = (
    ("search", "everything", QUESTIONS[0], "--path", "README.md", "--path", "docs", "-C", "2"),
    ("search", *NAMES[:2], QUESTIONS[0], "--no-tests", "--json"),
    ("grep", "total", "--in", "everything", "--ext", "py", "-C", "1"),
    *(("show", "README.md:3-9", "--in", name) for name in NAMES),
    *(("outline", "README.md", "--in", name) for name in NAMES),
    *(("tree", "--in", name) for name in NAMES),
    ("related", "Server", "--in", "ledger-go", "--profile", "all_relevant"),
)


def test_a_command_at_a_shell_asks_where_a_source_is_placed(data_dir: Path, tmp_path: Path) -> None:
    """It fetches, and makes, no index that another service has."""
    catalog = f"sqlite:///{data_dir / 'catalog.sqlite3'}"
    shared = {"database_url": catalog, "store_uri": str(data_dir / "store"), "log_level": "warning"}
    expected = [run_cli(tmp_path / "alone", *arguments, **shared) for arguments in SHELL]
    assert [arguments for arguments, outcome in zip(SHELL, expected, strict=True) if outcome.status] == []
    ids = source_ids(data_dir)
    ports = choose_ports(list(ids.values()), 2)
    with Service(data_dir, create_key(data_dir, "everything"), port=ports[1], **settings_of(ports, 1)) as service:
        together = {**shared, **settings_of(ports, 0)}
        for arguments, alone in zip(SHELL, expected, strict=True):
            outcome = run_cli(tmp_path / "shell", *arguments, **together)
            assert (outcome.status, outcome.out, outcome.err) == (alone.status, alone.out, alone.err), arguments
        urls = [f"http://127.0.0.1:{port}" for port in ports]
        own, elsewhere = (place_sources(list(ids.values()), urls)[url] for url in urls)
        assert own
        assert elsewhere
        opened = {path.name for path in (tmp_path / "shell" / "search").iterdir()}
        assert opened & {*own, *elsewhere} <= set(own)
        assert "/internal/peers/gather" in service.logged


def check_same(answers: dict[str, bytes], expected: dict[str, bytes]) -> None:
    for call, answer in answers.items():
        assert answer == expected[call], call


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
