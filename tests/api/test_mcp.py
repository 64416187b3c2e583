"""/mcp at the HTTP edge: who is let in, what is refused and how, and what the protocol's two eras are answered."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import uvicorn

from codesearch.core.errors import (
    AccessDeniedError,
    ConfigurationError,
    InvalidRequestError,
    NotFoundError,
    TooManyRequestsError,
)
from codesearch.core.types import Principal
from codesearch.mcp.budget import HINTS
from codesearch.retrieval.turns import Work
from codesearch.tools.tool import Answer
from codesearch.tools.toolbox import TOOLS
from tests.api.api_client import PRINCIPAL, ApiClient, ScriptedRetriever, ScriptedToolbox, bearer, build_app, read_error
from tests.api.mcp_requests import ERAS, MODERN, build_headers, build_message, call, read_result, read_text, send
from tests.api.waiting import Waiting, wait_until
from tests.patience import PATIENCE_SECONDS

every_era = pytest.mark.parametrize("era", ERAS)
NAMES = [tool.name for tool in TOOLS]
HOSTS = "search.example.com, host.docker.internal:8000, *.team.example"
ORIGINS = "https://app.example.com, http://pages.example.com:3000"


ANSWER = Answer({"found": 1}, "src/a.py:1-2\ndef a():\n    pass\n")


@pytest.fixture(scope="module")
def shared_toolbox() -> ScriptedToolbox:
    return ScriptedToolbox()


@pytest.fixture
def toolbox(shared_toolbox: ScriptedToolbox) -> ScriptedToolbox:
    shared_toolbox.answer, shared_toolbox.error = ANSWER, None
    shared_toolbox.calls.clear()
    return shared_toolbox


@pytest.fixture(scope="module")
def shared_client(shared_toolbox: ScriptedToolbox) -> Iterator[ApiClient]:
    with client_with(shared_toolbox) as client:
        yield client


@pytest.fixture
def client(shared_client: ApiClient, toolbox: ScriptedToolbox) -> ApiClient:
    """An application without any setting; making one takes longer than most tests."""
    return shared_client


@pytest.fixture(scope="module")
def named(shared_toolbox: ScriptedToolbox) -> Iterator[ApiClient]:
    """An application with hosts and origins of its own."""
    with client_with(shared_toolbox, mcp_allowed_hosts=HOSTS, mcp_allowed_origins=ORIGINS) as client:
        yield client


@pytest.fixture(scope="module")
def open_to_all(shared_toolbox: ScriptedToolbox) -> Iterator[ApiClient]:
    with client_with(shared_toolbox, mcp_allowed_hosts="*", mcp_allowed_origins="*") as client:
        yield client


def client_with(toolbox: ScriptedToolbox, **settings: object) -> ApiClient:
    retriever = ScriptedRetriever()
    retriever.may_warm_up.set()
    return ApiClient(build_app(retriever, None, toolbox, **settings))


# --- The protocol ---


@pytest.mark.parametrize("era", ERAS[:-1])
def test_a_handshake_names_the_client_s_own_era(client: ApiClient, era: str) -> None:
    params = {"protocolVersion": era, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    result = read_result(send(client, "initialize", params, era=era))
    assert result["protocolVersion"] == era
    assert result["serverInfo"]["name"] == "codesearch"
    assert "semantic_search" in result["instructions"]
    assert sorted(result["capabilities"]) == ["tools"]
    headers = {**build_headers("x", era=era), **bearer()}
    noted = client.request(
        "POST", "/mcp", json={"jsonrpc": "2.0", "method": "notifications/initialized"}, headers=headers
    )
    assert (noted.status_code, noted.content) == (202, b"")


def test_the_newest_era_discovers_the_server(client: ApiClient) -> None:
    result = read_result(send(client, "server/discover", era=MODERN))
    assert result["supportedVersions"] == [MODERN]
    assert "semantic_search" in result["instructions"]
    assert result["cacheScope"] == "public"
    assert result["ttlMs"] > 0


@every_era
def test_tools_are_listed_in_their_order_as_reading_alone(client: ApiClient, era: str) -> None:
    listed = read_result(send(client, "tools/list", era=era))["tools"]
    assert [tool["name"] for tool in listed] == NAMES
    for tool in listed:
        assert tool["title"]
        assert len(tool["description"]) > 40
        assert tool["inputSchema"]["type"] == "object"
        assert "outputSchema" not in tool
        hints = {name: value for name, value in tool["annotations"].items() if name != "title"}
        assert hints == {
            "readOnlyHint": True,
            "destructiveHint": False,
            "idempotentHint": True,
            "openWorldHint": False,
        }
        assert tool["_meta"] == {"anthropic/maxResultSizeChars": 40_000}
    again = send(client, "tools/list", era=era)
    assert again.content == send(client, "tools/list", era=era).content


@every_era
def test_a_call_is_answered_by_one_text(client: ApiClient, toolbox: ScriptedToolbox, era: str) -> None:
    text = read_text(call(client, "semantic_search", {"question": "retry"}, era=era))
    assert text == toolbox.answer.rendered
    assert toolbox.calls == [("semantic_search", PRINCIPAL, {"question": "retry"})]


def test_arguments_may_be_left_out(client: ApiClient, toolbox: ScriptedToolbox) -> None:
    for params in ({"name": NAMES[0]}, {"name": NAMES[0], "arguments": None}):
        assert read_text(send(client, "tools/call", params))
    assert [arguments for _, _, arguments in toolbox.calls] == [{}, {}]


def test_the_address_may_end_in_a_slash_or_have_two(client: ApiClient) -> None:
    for path in ("/mcp/", "//mcp", "/mcp//"):
        assert read_result(send(client, "tools/list", path=path))["tools"]


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/json, text/event-stream"])
@pytest.mark.parametrize("era", [ERAS[2], MODERN])
def test_what_takes_json_is_answered(client: ApiClient, accept: str, era: str) -> None:
    assert read_result(send(client, "tools/list", era=era, Accept=accept))["tools"]


def test_a_header_that_says_otherwise_than_the_message_is_refused(client: ApiClient) -> None:
    params = {"name": "semantic_search", "arguments": {"question": "a"}}
    headers = {"Mcp-Name": "read_file"}
    response = send(client, "tools/call", params, era=MODERN, key=None, path="/mcp", **headers)
    assert response.status_code == 400
    assert response.json()["error"]["code"] == -32020


# --- Errors that a model can mend come inside the result ---


@every_era
@pytest.mark.parametrize(
    "error",
    [
        InvalidRequestError("question is missing: what is looked for, in words."),
        NotFoundError("There is no 'x'."),
        AccessDeniedError("This key may not read x."),
        TooManyRequestsError("The search waited for its turn for 4.0 s: too many requests at once. Try again.", "turn"),
    ],
)
def test_errors_of_a_call_are_texts(client: ApiClient, toolbox: ScriptedToolbox, error: Exception, era: str) -> None:
    toolbox.error = error
    assert read_text(call(client, NAMES[0], era=era), is_error=True) == str(error)


@pytest.mark.parametrize("error", [ConfigurationError("/srv/secret/path is wrong"), ZeroDivisionError("/srv/secret")])
def test_what_is_wrong_inside_is_only_logged(
    client: ApiClient, toolbox: ScriptedToolbox, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    toolbox.error = error
    headers = {"X-Request-ID": "abc-1"}
    response = send(client, "tools/call", {"name": NAMES[0]}, era=ERAS[2], key=None, path="/mcp", **headers)
    text = read_text(response, is_error=True)
    assert text == "Internal error, request id abc-1. The service's log says more."
    assert "/srv/secret" in caplog.text


@every_era
@pytest.mark.parametrize("arguments", [[], "a", 3, True])
def test_arguments_that_are_no_object_are_explained(client: ApiClient, arguments: object, era: str) -> None:
    response = send(client, "tools/call", {"name": NAMES[0], "arguments": arguments}, era=era)
    assert "object with the tool's parameters" in read_text(response, is_error=True)


def test_an_unknown_tool_is_an_error_that_names_those_there_are(client: ApiClient) -> None:
    error = call(client, "codebase_search").json()["error"]
    assert error["code"] == -32602
    assert all(name in error["message"] for name in ("codebase_search", *NAMES))


@pytest.mark.parametrize("era", [ERAS[0], ERAS[2], MODERN])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "batches"),
        (b'"a"', "JSON-RPC message"),
        (b"{}", "JSON-RPC message"),
        (b'{"jsonrpc": "1.0", "id": 1, "method": "ping"}', "JSON-RPC message"),
        (b'{"jsonrpc": "2.0", "id": 1}', "method is missing"),
        (b'{"jsonrpc": "2.0", "id": 1, "method": 3}', "method is missing"),
        (b'{"jsonrpc": "2.0", "id": null, "method": "ping"}', "id is to be"),
        (b'{"jsonrpc": "2.0", "id": true, "method": "ping"}', "id is to be"),
        (b'{"jsonrpc": "2.0", "id": {}, "method": "ping"}', "id is to be"),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": []}', "params is to be"),
    ],
)
def test_what_is_no_message_is_told_so_in_one_line(client: ApiClient, content: bytes, said: str, era: str) -> None:
    headers = {**build_headers("ping", era=era), **bearer()}
    response = client.request("POST", "/mcp", content=content, headers=headers)
    assert response.status_code == 400
    error = response.json()["error"]
    assert said in error["message"]
    assert error["code"] in (-32700, -32600)


@pytest.mark.parametrize(
    "message",
    [
        {"jsonrpc": "2.0", "id": 1, "result": {}},
        {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {}},
        {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": 3}},
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}},
        {"jsonrpc": "2.0", "id": 1, "method": "no/such"},
        {"jsonrpc": "2.0", "method": "no/such"},
        {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": 3}},
        {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"cursor": {}}},
    ],
)
@pytest.mark.parametrize("era", [ERAS[0], ERAS[2], MODERN])
def test_no_answer_speaks_of_the_library_behind_it(client: ApiClient, message: Mapping[str, Any], era: str) -> None:
    response = client.request("POST", "/mcp", json=message, headers={**build_headers("x", era=era), **bearer()})
    assert response.status_code < 500
    assert "pydantic" not in response.text
    assert "Traceback" not in response.text


# --- Who is let in ---


def test_keys_are_those_of_all_other_addresses(client: ApiClient, toolbox: ScriptedToolbox) -> None:
    content = json.dumps(build_message("tools/list")).encode()
    for headers in ({}, bearer("cs_wrong"), {"Authorization": "Basic eA=="}):
        response = client.request("POST", "/mcp", content=content, headers={**build_headers("tools/list"), **headers})
        assert read_error(response)[:2] == (401, 1004)
        assert response.headers["www-authenticate"] == "Bearer"
    assert toolbox.calls == []


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "OPTIONS"])
def test_only_post_is_taken(client: ApiClient, method: str) -> None:
    response = client.request(method, "/mcp", headers=bearer())
    assert read_error(response)[:2] == (405, 1001)
    assert response.headers["allow"] == "POST"


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "text/json"])
def test_what_is_no_json_is_refused(client: ApiClient, kind: str | None) -> None:
    headers = {**build_headers("tools/list"), **bearer()}
    del headers["Content-Type"]
    if kind is not None:
        headers["Content-Type"] = kind
    response = client.request("POST", "/mcp", content=b"{}", headers=headers)
    assert read_error(response)[:2] == (400, 1001)


def test_a_body_over_the_limit_is_413(client: ApiClient) -> None:
    response = call(client, NAMES[0], {"query": "a" * (1 << 20)})
    assert read_error(response)[:2] == (413, 1001)


KNOWN = [
    "localhost",
    "LOCALHOST:8000",
    "127.0.0.1:8000",
    "[::1]:8000",
    "192.168.1.20:8000",
    "search.example.com",
    "search.example.com:8443",
    "host.docker.internal:8000",
    "a.team.example",
]
UNKNOWN = [
    "evil.example",
    "localhost.evil.example",
    "search.example.com.evil.example",
    "other.example.com:1",
    "host.docker.internal:8001",
    "team.example",
    "evilteam.example",
    "localhost@evil.example",
    "local host",
    "127.0.0.1.evil.example",
    "localhost:port",
    "",
]


@pytest.mark.parametrize("host", KNOWN)
def test_hosts_that_are_named_are_let_in(named: ApiClient, host: str) -> None:
    assert read_result(send(named, "tools/list", Host=host))["tools"]


@pytest.mark.parametrize("host", UNKNOWN)
def test_other_hosts_are_told_which_setting_names_them(named: ApiClient, open_to_all: ApiClient, host: str) -> None:
    status, code, message = read_error(send(named, "tools/list", Host=host))
    assert (status, code) == (421, 1001)
    assert "CODESEARCH_MCP_ALLOWED_HOSTS" in message
    assert read_result(send(open_to_all, "tools/list", Host=host))["tools"]


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:6274",
        "http://127.0.0.1",
        "https://[::1]:1",
        "https://app.example.com",
        "https://app.example.com:443",
        "http://pages.example.com:3000",
        "http://10.0.0.5:8000",
    ],
)
def test_pages_that_are_named_may_ask(named: ApiClient, origin: str) -> None:
    assert read_result(send(named, "tools/list", Origin=origin, Host="10.0.0.5:8000"))["tools"]


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://app.example.com",
        "https://app.example.com:444",
        "https://app.example.com.evil.example",
        "http://localhost.evil.example",
        "http://localhost@evil.example",
        "file://",
        "https://app.example.com/path",
        "chrome-extension://abc",
        "http://10.0.0.5:8001",
        "",
    ],
)
def test_other_pages_get_403(named: ApiClient, open_to_all: ApiClient, toolbox: ScriptedToolbox, origin: str) -> None:
    response = call(named, NAMES[0], Origin=origin, Host="10.0.0.5:8000")
    assert read_error(response)[:2] == (403, 1002)
    assert "CODESEARCH_MCP_ALLOWED_ORIGINS" in response.text
    assert "access-control-allow-origin" not in response.headers
    assert toolbox.calls == []
    assert read_text(call(open_to_all, NAMES[0], Origin=origin))


# --- How much is answered ---


def test_a_long_answer_is_cut_at_a_line_and_says_how_to_ask_for_the_rest(toolbox: ScriptedToolbox) -> None:
    lines = [f"line {number} of a long answer" for number in range(2_000)]
    toolbox.answer = Answer({}, "\n".join(["```python", *lines, "```", "", "[a: commit 1]", "[a: WARNING: old]"]))
    with client_with(toolbox, mcp_max_tokens=1_000) as client:
        for name in NAMES:
            text = read_text(call(client, name))
            assert len(text) <= 4_000
            assert len(text) > 3_700
            *shown, fence, note, commit, warning = text.split("\n")
            assert shown == ["```python", *lines[: len(shown) - 1]]
            assert (fence, commit, warning) == ("```", "[a: commit 1]", "[a: WARNING: old]")
            assert note == f"[Cut at 1000 tokens: {2_003 - len(shown):,} of 2,003 lines are left out. {HINTS[name]}]"


def test_a_line_that_is_too_long_is_cut_as_well(toolbox: ScriptedToolbox) -> None:
    toolbox.answer = Answer({}, "x" * 100_000)
    with client_with(toolbox, mcp_max_tokens=500) as client:
        text = read_text(call(client, NAMES[0]))
        assert text.startswith("xxx")
        assert "Cut at 500 tokens" in text
        assert len(text) <= 2_000


def test_every_tool_says_how_to_ask_for_less() -> None:
    assert set(NAMES) <= set(HINTS)


def test_half_a_character_in_an_answer_breaks_nothing(client: ApiClient, toolbox: ScriptedToolbox) -> None:
    toolbox.answer = Answer({}, "a\ud800b")
    assert read_text(call(client, NAMES[0])) == "a?b"


# --- Many at once ---


@dataclass
class WaitingToolbox(Waiting, ScriptedToolbox):
    """Answers when it is let go on, or ends when the work is cancelled."""

    def call(self, name: str, principal: Principal, arguments: Mapping[str, Any], work: Work | None = None) -> Answer:
        self.wait(work)
        return super().call(name, principal, arguments, work)


@dataclass
class Served:
    url: str
    toolbox: WaitingToolbox

    def call(self, era: str, timeout: float = PATIENCE_SECONDS) -> httpx.Response:
        params = {"name": NAMES[0], "arguments": {}}
        headers = {**build_headers("tools/call", params, era), **bearer(), "Host": "localhost"}
        message = build_message("tools/call", params, era)
        return httpx.post(f"{self.url}/mcp", json=message, headers=headers, timeout=timeout)


@pytest.fixture
def served() -> Iterator[Served]:
    toolbox = WaitingToolbox()
    retriever = ScriptedRetriever()
    retriever.may_warm_up.set()
    app = build_app(retriever, toolbox=toolbox, max_requests_per_key=2)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, access_log=False, ws="none", lifespan="on"))
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_until(lambda: server.started)
    yield Served(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", toolbox)
    toolbox.may_answer.set()
    server.should_exit = True
    thread.join(PATIENCE_SECONDS)


@pytest.mark.parametrize("era", [ERAS[2], MODERN])
def test_who_says_nothing_of_what_it_takes_gets_json(served: Served, era: str) -> None:
    connection = http.client.HTTPConnection(served.url.removeprefix("http://"), timeout=PATIENCE_SECONDS)
    headers = {**build_headers("tools/list", era=era), **bearer()}
    del headers["Accept"]
    connection.request("POST", "/mcp", json.dumps(build_message("tools/list", era=era)), headers)
    response = connection.getresponse()
    assert response.status == 200
    assert [tool["name"] for tool in json.load(response)["result"]["tools"]] == NAMES
    connection.close()


@pytest.mark.parametrize("era", [ERAS[2], MODERN])
def test_a_key_has_no_more_calls_at_once_than_other_requests(served: Served, era: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(served.call, era) for _ in range(2)]
        wait_until(lambda: len(served.toolbox.works) == 2)
        response = served.call(era)
        assert read_error(response)[:2] == (429, 1005)
        assert response.headers["retry-after"] == "1"
        served.toolbox.may_answer.set()
        assert [read_text(each.result()) for each in waiting] == ["Nothing found."] * 2
    assert read_text(served.call(era)) == "Nothing found."


@pytest.mark.parametrize("era", [ERAS[2], MODERN])
def test_a_call_ends_when_its_client_has_gone(served: Served, era: str) -> None:
    with pytest.raises(httpx.ReadTimeout):
        served.call(era, timeout=0.3)
    wait_until(lambda: served.toolbox.ended == served.toolbox.works != [])
    served.toolbox.may_answer.set()
    assert read_text(served.call(era)) == "Nothing found."
