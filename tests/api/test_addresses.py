"""Which paths and methods answer."""

from __future__ import annotations

import re

import pytest
from fastapi.routing import APIRoute
from hypothesis import given
from hypothesis import strategies as st

from codesearch.api.request_paths import normalize_path
from codesearch.api.routes import description, health
from codesearch.web.routers import PAGES
from tests.api.api_client import ApiClient, ScriptedRetriever, bearer, read_error

ENDPOINTS = ["/retrieval", "/dify/retrieval", "/api/knowledge-retrieval/dify/retrieval"]
PASTED = [
    *ENDPOINTS,
    *(f"/{path}" for path in ENDPOINTS),
    *(path.replace("/retrieval", "//retrieval") for path in ENDPOINTS),
    *(f"{path}/retrieval" for path in ENDPOINTS),
    *(f"{path}//retrieval" for path in ENDPOINTS),
    *(f"{path}/" for path in ENDPOINTS),
    "/api//knowledge-retrieval///dify//retrieval",
]


@pytest.mark.parametrize("path", PASTED)
def test_pasted_addresses_answer(client: ApiClient, path: str) -> None:
    response = client.ask(path=path)
    assert response.status_code == 200
    has_location_line = response.json()["records"][0]["content"].startswith("src/net/Client.CS:41-43")
    assert has_location_line is path.lstrip("/").startswith("dify")


@pytest.mark.parametrize("path", ["/x", "/retrieval/x", "/retrievals", "/dify", "/doc", "/redoc", "/retrieval%2f%2fx"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_unknown_path(client: ApiClient, path: str, method: str) -> None:
    status, code, message = read_error(client.request(method, path))
    assert (status, code) == (404, 1003)
    assert "POST /retrieval" in message


@pytest.mark.parametrize("path", [*ENDPOINTS, "//retrieval"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
def test_wrong_method(client: ApiClient, path: str, method: str) -> None:
    response = client.request(method, path, headers=bearer())
    assert response.headers["allow"] == "POST"
    status, code, message = read_error(response)
    assert (status, code) == (405, 1001)
    assert "POST" in message


@pytest.mark.parametrize("path", ["/about", "/healthz", "/readyz"])
def test_wrong_method_elsewhere_names_all_that_work(client: ApiClient, path: str) -> None:
    response = client.request("POST", path)
    assert response.headers["allow"] == "GET, HEAD"
    assert read_error(response)[:2] == (405, 1001)


def test_what_answers_get_answers_head(client: ApiClient) -> None:
    routes = [route for router in (health.router, description.router, *PAGES) for route in router.routes]
    paths = [route.path for route in routes if isinstance(route, APIRoute) and "GET" in (route.methods or ())]
    assert {"/", "/login", "/docs", "/manage", "/manage/state", "/about", "/openapi.json"} <= set(paths)
    for path in paths:
        asked = re.sub(r"\{\w+\}", "x", path)
        assert client.request("HEAD", asked).status_code == client.get(asked).status_code != 405, path


def test_the_key_reaches_the_search(client: ApiClient, retriever: ScriptedRetriever) -> None:
    client.ask()
    assert [principal.name for principal in retriever.principals] == ["Dify key"]


@given(st.lists(st.sampled_from(["/retrieval", "/", "/dify", "/retrieva", "x"]), max_size=8).map("".join))
def test_a_suffix_is_taken_once_however_often_it_comes(path: str) -> None:
    single = re.sub("/+", "/", path).rstrip("/") or "/"
    assert normalize_path(path) == re.sub("(?:/retrieval){2,}$", "/retrieval", single)
