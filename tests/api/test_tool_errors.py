"""What a tool raises, as a client of POST /api/tools/NAME sees it; over a scripted toolbox."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from codesearch.core.errors import (
    AccessDeniedError,
    CodesearchError,
    InvalidRequestError,
    NotFoundError,
    NotIndexedError,
    SearchTooLongError,
    StoreError,
    TooManyRequestsError,
)
from codesearch.tools.tool import Answer
from codesearch.tools.toolbox import TOOLS
from tests.api.api_client import PRINCIPAL, ApiClient, ScriptedRetriever, ScriptedToolbox, bearer, build_app, read_error


@pytest.fixture
def toolbox() -> ScriptedToolbox:
    return ScriptedToolbox()


@pytest.fixture
def client(retriever: ScriptedRetriever, toolbox: ScriptedToolbox) -> Iterator[ApiClient]:
    with ApiClient(build_app(retriever, toolbox=toolbox)) as client:
        yield client


@pytest.mark.parametrize("name", [tool.name for tool in TOOLS])
def test_each_address_calls_its_tool_with_what_was_sent(client: ApiClient, toolbox: ScriptedToolbox, name: str) -> None:
    toolbox.answer = Answer({"a": ["ü", None]}, "one\ntwo 🙂 \ud800")
    response = client.ask({"question": "x", "n": 1}, path=f"/api/tools/{name}")
    assert response.json() == {"obj": {"a": ["ü", None]}, "rendered": "one\ntwo 🙂 ?"}
    assert toolbox.calls == [(name, PRINCIPAL, {"question": "x", "n": 1})]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (InvalidRequestError("question is missing."), 400, 1001),
        (SearchTooLongError("It took too long."), 400, 1001),
        (NotFoundError("There is none."), 404, 1003),
        (NotIndexedError("Not yet."), 404, 1003),
        (AccessDeniedError("The key may not."), 403, 1002),
        (TooManyRequestsError("Later.", "turn"), 429, 1005),
    ],
)
def test_an_error_has_the_envelope(
    client: ApiClient, toolbox: ScriptedToolbox, error: CodesearchError, status: int, code: int
) -> None:
    toolbox.error = error
    response = client.ask({}, path="/api/tools/read_file")
    assert read_error(response) == (status, code, error.message)


@pytest.mark.parametrize("error", [StoreError("/srv/secret is broken"), RuntimeError("/srv/secret")])
def test_what_is_unforeseen_says_nothing_of_the_service(
    client: ApiClient, toolbox: ScriptedToolbox, error: Exception
) -> None:
    toolbox.error = error
    status, code, message = read_error(client.ask({}, path="/api/tools/read_file"))
    assert (status, code) == (500, 2001)
    assert "secret" not in message


def test_addresses_are_found_however_they_are_pasted(client: ApiClient) -> None:
    for path in ("//api/tools//read_file", "/api/tools/read_file/"):
        assert client.ask({}, path=path).status_code == 200
    response = client.request("PUT", "/api/tools/read_file", headers=bearer())
    assert response.headers["Allow"] == "POST"
