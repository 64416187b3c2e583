"""The tools over MCP with the SDK's own client: on a service of two processes, on stdio, in both protocol eras."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from codesearch.tools.toolbox import TOOLS
from tests.e2e.mcp_clients import MODES, RawServer, ask, ask_patiently, count_processes, service_client, stdio_session
from tests.e2e.service import (
    FIXTURES,
    PATIENCE_SECONDS,
    Service,
    copy_index,
    create_key,
    index_fixtures,
    read_error,
    run_cli,
    source_ids,
)
from tests.unit.indexer.conftest import Repository

NAME, OTHER = "orders-service", "ledger-go"
NAMES = [tool.name for tool in TOOLS]
# What each tool is asked through each of its doors.
ASKED: dict[str, dict[str, Any]] = {
    "get_data_sources": {"query": NAME},
    "semantic_search": {"question": "how is the waiting time computed", "data_sources": NAME, "max_results": 3},
    "grep_search": {"query": "rng.uniform", "data_sources": NAME, "context_lines": 1},
    "get_file_tree": {"data_source": NAME, "path": "orders"},
    "read_file": {"data_source": NAME, "path": "orders/retry.py", "start_line": 18, "end_line": 27},
    "outline": {"data_source": NAME, "path": "orders/retry.py"},
    "fetch_artifacts": {"identifiers": [f"{NAME}::orders/retry.py::Backoff"]},
    "get_artifact_relationships": {"identifier": f"{NAME}::orders/retry.py::Backoff"},
}
# The same at a shell; with --json the object of the tool is what is printed.
COMMANDS: dict[str, tuple[str, ...]] = {
    "get_data_sources": ("list",),
    "semantic_search": ("search", NAME, "how is the waiting time computed", "--top-k", "3"),
    "grep_search": ("grep", "rng.uniform", NAME, "-C", "1"),
    "get_file_tree": ("tree", "orders", "--in", NAME),
    "read_file": ("show", "orders/retry.py:18-27", "--in", NAME),
    "outline": ("outline", "orders/retry.py", "--in", NAME),
    "fetch_artifacts": ("show", f"{NAME}::orders/retry.py::Backoff"),
    "get_artifact_relationships": ("related", f"{NAME}::orders/retry.py::Backoff"),
}


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_index(index_fixtures(tmp_path_factory), tmp_path_factory.mktemp("mcp") / "data")


@pytest.fixture(scope="module")
def service(data_dir: Path) -> Iterator[Service]:
    key = create_key(data_dir, "agents")
    with Service(data_dir, key, "--workers", "2", mcp_allowed_hosts="host.docker.internal") as running:
        yield running


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


# --- The service ---


@pytest.mark.parametrize("mode", MODES)
def test_the_client_of_the_sdk_asks_a_service_of_two_processes(service: Service, mode: str) -> None:
    async def run() -> None:
        async with service_client(service.url, service.key, mode) as client:
            if mode != MODES[1]:  # which asks nobody who it is
                assert client.server_info is not None
                assert client.server_info.name == "codesearch"
                assert "semantic_search" in (client.instructions or "")
            for _ in range(4):
                assert [tool.name for tool in (await client.list_tools()).tools] == NAMES
                assert "orders/retry.py:18-27" in await ask(client, "semantic_search", ASKED["semantic_search"])
            assert "question is missing" in await ask(client, "semantic_search", is_error=True)

    anyio.run(run)


def test_a_key_reads_over_mcp_what_it_reads_elsewhere(service: Service, data_dir: Path) -> None:
    key = create_key(data_dir, "narrow", "--source", source_ids(data_dir)[OTHER])

    async def run(mode: str) -> None:
        async with service_client(service.url, key, mode) as client:
            listed = await ask(client, "get_data_sources")
            assert OTHER in listed
            assert NAME not in listed
            assert f"{OTHER}: " in await ask(client, "semantic_search", {"question": "balance"})
            refused = await ask(client, "semantic_search", {"question": "a", "data_sources": NAME}, is_error=True)
            assert "may not read" in refused
            assert "orders/retry.py" not in refused

    for mode in MODES[:2]:
        anyio.run(run, mode)


def test_every_tool_answers_the_same_through_every_door(service: Service, data_dir: Path) -> None:
    by_rest, by_mcp = {}, {mode: dict[str, str]() for mode in (*MODES[:2], "stdio")}
    objects = {}
    headers = {"Authorization": f"Bearer {service.key}", "Content-Type": "application/json"}
    for name in NAMES:
        response = service.post(f"/api/tools/{name}", content=json.dumps(ASKED[name]).encode(), headers=headers)
        assert response.status_code == 200, response.text
        by_rest[name], objects[name] = response.json()["rendered"], response.json()["obj"]

    async def run() -> None:
        for mode in MODES[:2]:
            async with service_client(service.url, service.key, mode) as client:
                for name in NAMES:
                    by_mcp[mode][name] = await ask(client, name, ASKED[name])
        async with stdio_session(data_dir, "auto", cwd=data_dir.parent) as client:
            for name in NAMES:
                by_mcp["stdio"][name] = await ask(client, name, ASKED[name])

    anyio.run(run)
    for door, answers in by_mcp.items():
        assert answers == by_rest, door
    assert all(answer.strip() for answer in by_rest.values())
    for name in NAMES:
        printed = run_cli(data_dir, *COMMANDS[name], "--json").json
        if name == "semantic_search":
            # The command prints records as the API has them.
            records = [
                {key: value for key, value in item.items() if key != "identifier"} for item in objects[name]["records"]
            ]
            assert printed["records"] == records
        elif name == "get_data_sources":
            # It lists all that there are, and more of each.
            (listed,) = objects[name]["data_sources"]
            (shown,) = [item for item in printed["sources"] if item["id"] == listed["id"]]
            assert all(shown[key] == listed[key] for key in ("name", "type", "state", "commit", "files", "chunks"))
        else:
            assert printed == objects[name], name


# --- What Dify sends, as its own client does ---


class DifyClient:
    """Speaks the handshake era over streamable HTTP; a session of the server's is optional to it."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._client = httpx.Client(
            headers={
                "Accept": "application/json, text/event-stream",
                "Content-Type": "application/json",
                "Authorization": f"Bearer {key}",
            },
            timeout=PATIENCE_SECONDS,
        )
        self._last_id = -1

    def __enter__(self) -> DifyClient:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def try_sse(self) -> httpx.Response:
        """What it tries first at an address that ends neither in /mcp nor in /sse."""
        return self._client.get(self._url, headers={"Accept": "text/event-stream", "Cache-Control": "no-store"})

    def request(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send a request; the answer must be one that it understands."""
        self._last_id += 1
        message = {"method": method, "jsonrpc": "2.0", "id": self._last_id, **({"params": params} if params else {})}
        response = self._client.post(self._url, json=message)
        assert response.status_code == 200, response.text
        assert response.headers["content-type"].startswith("application/json")
        assert "mcp-session-id" not in response.headers
        body = response.json()
        assert body["id"] == self._last_id
        result: dict[str, Any] = body["result"]
        return result

    def initialize(self) -> dict[str, Any]:
        """Open as it does, and say that it is done."""
        capabilities = {"sampling": {}, "roots": {"listChanged": True}}
        info = {"name": "Dify", "version": "1.10.0"}
        params = {"protocolVersion": "2025-06-18", "capabilities": capabilities, "clientInfo": info}
        result = self.request("initialize", params)
        noted = self._client.post(self._url, json={"method": "notifications/initialized", "jsonrpc": "2.0"})
        assert noted.status_code == 202
        return result

    def invoke(self, name: str, parameters: dict[str, Any]) -> list[str]:
        """Call a tool with what a form has; blank fields are left out. Return the messages that a model gets."""
        given = {
            key: value
            for key, value in parameters.items()
            if value is not None and not (isinstance(value, str) and not value.strip())
        }
        result = self.request("tools/call", {"name": name, "arguments": given})
        assert all(item["type"] == "text" for item in result["content"])
        return [item["text"] for item in result["content"]]


def test_what_dify_sends_is_answered(service: Service, data_dir: Path) -> None:
    for path in ("/mcp", "/mcp/"):
        with DifyClient(f"{service.url}{path}", service.key) as dify:
            assert dify.initialize()["protocolVersion"] == "2025-06-18"
            tools = dify.request("tools/list")["tools"]
            assert [tool["name"] for tool in tools] == NAMES
            # Its forms take one type a field.
            for tool in tools:
                assert all(isinstance(field["type"], str) for field in tool["inputSchema"]["properties"].values())
            blank = {"data_sources": NAME, "paths": "", "extensions": None, "languages": "  ", "max_results": 2}
            (text,) = dify.invoke("semantic_search", {"question": "how is the waiting time computed", **blank})
            assert text.startswith("orders/retry.py:18-27")
            (text,) = dify.invoke("semantic_search", {"question": " "})
            assert "question is missing" in text
            # A text that looks like JSON would become something else there.
            assert text[0] not in "{["
            assert read_error(dify.try_sse())[0] == 405
    with DifyClient(f"{service.url}/mcp", "cs_wrong") as dify:
        response = httpx.post(f"{service.url}/mcp", json={}, headers={"Authorization": "Bearer cs_wrong"})
        assert read_error(response)[:2] == (401, 1004)
    # It looks for a login there after a 401, and goes on where there is none.
    for place in ("oauth-protected-resource/mcp", "oauth-protected-resource", "oauth-authorization-server"):
        assert service.get(f"/.well-known/{place}").status_code == 404


def test_a_container_gets_in_by_the_name_that_a_setting_lets_in(service: Service) -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {service.key}"}
    for host, status in (("host.docker.internal:8000", 200), ("other.docker.internal:8000", 421)):
        assert service.post("/mcp", content=body, headers={**headers, "Host": host}).status_code == status


# --- stdio ---


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A checkout of orders-service with a file that nobody has committed."""
    repository = Repository(tmp_path / "shop")
    shutil.copytree(FIXTURES / NAME, repository.path, dirs_exist_ok=True)
    repository.commit({})
    (repository.path / "pelican.py").write_text("def feed_pelican(fish):\n    return fish * 2\n")
    return repository


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_a_checkout_is_indexed_when_it_is_used_first(tmp_path: Path, repository: Repository, mode: str) -> None:
    data_dir = tmp_path / "data"
    seen: list[tuple[float, float | None, str | None]] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        seen.append((progress, total, message))

    async def run() -> None:
        async with stdio_session(data_dir, mode, cwd=repository.path / "orders") as client:
            assert [tool.name for tool in (await client.list_tools()).tools] == NAMES
            # Whether it is being indexed or is by now: it is not kept quiet.
            assert "shop" in await ask(client, "get_data_sources")
            await client.call_tool("semantic_search", {"question": "feed pelican"}, progress_callback=note)
            assert "pelican.py:1-2" in await ask_patiently(client, "semantic_search", {"question": "feed pelican"})
            assert "shop (" in await ask(client, "get_data_sources")

    anyio.run(run)
    assert seen
    assert all(message for _, _, message in seen)
    assert list(source_ids(data_dir)) == ["shop"]
    wait_until(lambda: count_processes(data_dir) == 0)


def test_a_file_that_changes_is_found_after_the_next_look(tmp_path: Path, repository: Repository) -> None:
    data_dir = tmp_path / "data"
    assert run_cli(data_dir, "index", str(repository.path), index_workers="1").status == 0
    (repository.path / "heron.py").write_text("def feed_heron(frogs):\n    return frogs + 1\n")

    async def run() -> None:
        async with stdio_session(data_dir, "auto", cwd=repository.path) as client:
            # The old index answers at once.
            assert "pelican.py:1-2" in await ask(client, "semantic_search", {"question": "feed_pelican"})
            with anyio.fail_after(PATIENCE_SECONDS):
                while "heron.py:1-2" not in await ask(client, "semantic_search", {"question": "feed_heron"}):
                    await anyio.sleep(0.2)

    anyio.run(run)


def test_what_is_saved_while_a_client_runs_is_found_without_another_call(
    tmp_path: Path, repository: Repository
) -> None:
    data_dir = tmp_path / "data"
    assert run_cli(data_dir, "index", str(repository.path), index_workers="1").status == 0

    async def run() -> None:
        async with stdio_session(data_dir, "auto", cwd=repository.path) as client:
            assert "pelican.py:1-2" in await ask(client, "semantic_search", {"question": "feed_pelican"})
            with anyio.fail_after(PATIENCE_SECONDS):
                # Two, one after the other: no look after a call, which comes every 30 seconds, finds both.
                for name in ("heron", "stork"):
                    (repository.path / f"{name}.py").write_text(f"def feed_{name}(frogs):\n    return frogs\n")
                    while f'"{name}.py"' not in run_cli(data_dir, "grep", f"feed_{name}", "--json").out:
                        await anyio.sleep(1.0)

    anyio.run(run)


def test_a_work_tree_of_its_own_is_read_and_not_the_one_around_it(tmp_path: Path, repository: Repository) -> None:
    data_dir = tmp_path / "data"
    assert run_cli(data_dir, "index", str(repository.path), index_workers="1").status == 0
    inner = repository.path / ".trees" / "feature"
    repository.git("worktree", "add", "-q", "-b", "feature", str(inner))
    (inner / "heron.py").write_text("def feed_heron(frogs):\n    return frogs + 1\n")

    async def run() -> None:
        async with stdio_session(data_dir, "auto", cwd=inner) as client:
            found = await ask_patiently(client, "semantic_search", {"question": "feed heron"})
            assert "heron.py:1-2" in found
            assert "[feature: commit" in found

    anyio.run(run)


def test_nothing_but_the_protocol_is_on_stdout_and_closing_stdin_ends_all(
    tmp_path: Path, repository: Repository
) -> None:
    data_dir = tmp_path / "data"
    server = RawServer(data_dir, cwd=repository.path)
    assert server.process.stdin is not None
    for message in (
        {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "initialize",
            "params": {
                "protocolVersion": "2025-06-18",
                "capabilities": {},
                "clientInfo": {"name": "t", "version": "1"},
            },
        },
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
        {
            "jsonrpc": "2.0",
            "id": 3,
            "method": "tools/call",
            "params": {"name": "semantic_search", "arguments": {"question": "retry"}, "_meta": {"progressToken": "p"}},
        },
    ):
        server.process.stdin.write(json.dumps(message).encode() + b"\n")
    server.process.stdin.flush()
    assert server.process.stdout is not None
    lines: list[bytes] = []
    while not lines or json.loads(lines[-1]).get("id") != 3:
        lines.append(server.process.stdout.readline())
    rest, _ = server.close()
    assert rest == b""
    messages = [json.loads(line) for line in lines]
    assert [message["id"] for message in messages if "id" in message] == [1, 2, 3]
    assert {message["method"] for message in messages if "id" not in message} <= {"notifications/progress"}
    assert server.process.returncode == 0
    wait_until(lambda: count_processes(data_dir) == 0)


def test_a_wrong_folder_is_said_in_every_answer(tmp_path: Path) -> None:
    data_dir, errors = tmp_path / "data", tmp_path / "errors"
    said = "The client passed '${workspaceFolder}' on as it is written"

    async def run() -> None:
        async with stdio_session(data_dir, "auto", "${workspaceFolder}", cwd=tmp_path, errors=errors) as client:
            assert [tool.name for tool in (await client.list_tools()).tools] == NAMES
            for name in NAMES:
                assert (await ask(client, name, is_error=True)).startswith(said)

    anyio.run(run)
    assert errors.read_text().count(said) == 1
    assert not data_dir.exists()


def test_a_folder_that_nobody_named_is_not_indexed(tmp_path: Path, data_dir: Path) -> None:
    async def run() -> None:
        async with stdio_session(data_dir, "auto", cwd=tmp_path) as client:
            assert NAME in await ask(client, "get_data_sources")
            assert "Say which repository" in await ask(client, "semantic_search", {"question": "a"}, is_error=True)

    before = source_ids(data_dir)
    anyio.run(run)
    assert source_ids(data_dir) == before


def test_a_plain_folder_is_indexed_where_it_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "pelican.md").write_text("# Pelicans\n\nThey eat fish.\n")

    async def run() -> None:
        async with stdio_session(tmp_path / "data", "auto", str(folder), cwd=tmp_path) as client:
            question = {"question": "what do pelicans eat"}
            assert "pelican.md:1-3" in await ask_patiently(client, "semantic_search", question)

    anyio.run(run)


def test_what_keeps_a_folder_from_being_indexed_is_said(tmp_path: Path, repository: Repository) -> None:
    data_dir = tmp_path / "data"
    data_dir.write_text("a file")

    async def run() -> None:
        async with stdio_session(data_dir, "auto", cwd=repository.path) as client:
            assert str(data_dir) in await ask(client, "semantic_search", {"question": "a"}, is_error=True)

    anyio.run(run)


@pytest.mark.skipif(sys.platform != "linux", reason="finds the process by /proc")
def test_a_search_process_that_dies_is_started_again(tmp_path: Path, repository: Repository) -> None:
    data_dir = tmp_path / "data"
    assert run_cli(data_dir, "index", str(repository.path), index_workers="1").status == 0

    async def run() -> None:
        async with stdio_session(data_dir, "auto", cwd=repository.path) as client:
            assert "pelican.py" in await ask(client, "semantic_search", {"question": "feed pelican"})
            engines = [
                int(folder.name)
                for folder in Path("/proc").iterdir()
                if folder.name.isdecimal() and _is_engine_of(folder, data_dir)
            ]
            assert len(engines) == 1
            os.kill(engines[0], signal.SIGKILL)
            assert "pelican.py" in await ask(client, "semantic_search", {"question": "feed pelican"})

    anyio.run(run)


def _is_engine_of(folder: Path, data_dir: Path) -> bool:
    try:
        environment = (folder / "environ").read_bytes()
        return str(data_dir).encode() in environment and b"cli.mcp.engine" in (folder / "cmdline").read_bytes()
    except OSError:
        return False
