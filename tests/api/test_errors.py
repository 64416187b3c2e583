"""Every failure is {"error_code", "error_msg"}, with the code of the contract, checked in its order."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Iterator

import pytest

from codesearch.api.errors import HTTP_STATUS, status_of
from codesearch.core import errors
from codesearch.core.errors import CodesearchError, ErrorCode
from tests.api.api_client import ASK, ApiClient, OneKey, ScriptedRetriever, bearer, build_app, read_error

SECRET_DETAIL = "/srv/secret/place"


def all_error_classes(root: type[CodesearchError] = CodesearchError) -> Iterator[type[CodesearchError]]:
    yield root
    for child in root.__subclasses__():
        yield from all_error_classes(child)


def test_every_code_and_every_class_has_a_status() -> None:
    assert set(HTTP_STATUS) == set(ErrorCode)
    statuses = {kind.__name__: status_of(kind.__new__(kind)) for kind in all_error_classes()}
    assert {
        "CodesearchError": 500,
        "AuthenticationError": 401,
        "InvalidRequestError": 400,
        "RequestTooLargeError": 413,
        "RequestTimeoutError": 408,
        "SearchTooLongError": 400,
        "SearchAbandonedError": 499,
        "TooManyRequestsError": 429,
        "AccessDeniedError": 403,
        "NotFoundError": 404,
        "NotIndexedError": 404,
        "ConfigurationError": 500,
        "SourceError": 500,
        "IndexMismatchError": 500,
        "StoreError": 500,
        "CatalogError": 500,
    }.items() <= statuses.items()


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.NotFoundError("There is no repository x."), 404, 1003),
        (errors.NotIndexedError("my-repo is being indexed: 40 of 100 files."), 404, 1003),
        (errors.AccessDeniedError("This key may not read my-repo."), 403, 1002),
        (errors.InvalidRequestError("Too deep."), 400, 1001),
    ],
)
def test_errors_of_the_search_are_said(
    client: ApiClient, retriever: ScriptedRetriever, error: CodesearchError, status: int, code: int
) -> None:
    retriever.error = error
    assert read_error(client.ask()) == (status, code, error.message)


@pytest.mark.parametrize(
    "error",
    [
        errors.StoreError(SECRET_DETAIL),
        errors.IndexMismatchError(SECRET_DETAIL),
        errors.ConfigurationError(SECRET_DETAIL),
        errors.CatalogError(SECRET_DETAIL),
        errors.SourceError(SECRET_DETAIL),
        RuntimeError(SECRET_DETAIL),
        MemoryError(SECRET_DETAIL),
    ],
)
@pytest.mark.parametrize("fails_in", ["search", "authentication"])
def test_internal_errors_show_an_id_and_nothing_else(
    error: Exception, fails_in: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A service that was configured in this process leaves traces out that it has just written.
    monkeypatch.setattr(logging.getLogger("codesearch.api.errors"), "filters", [])
    is_search = fails_in == "search"
    retriever = ScriptedRetriever(error=error if is_search else None)
    retriever.may_warm_up.set()
    with ApiClient(build_app(retriever, OneKey(error=None if is_search else error))) as client:
        response = client.request("POST", "/retrieval", json=ASK, headers={**bearer(), "X-Request-ID": "trace-7"})
    expected = "Internal error, request id trace-7. The service's log says more."
    assert read_error(response) == (500, 2001, expected)
    assert response.headers["x-request-id"] == "trace-7"
    logged = [record for record in caplog.records if record.levelname == "ERROR"]
    assert len(logged) == 1
    assert logged[0].exc_info is not None
    assert logged[0].exc_info[1] is error


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "cs_good",
        "Basic Y3NfZ29vZA==",
        "Bearer cs_good cs_good",
        "Bearercs_good",
        "Bearer: cs_good",
        "Bearer cs_wrong",
        "Bearer \xe9\xff",
    ],
)
def test_no_valid_key(client: ApiClient, retriever: ScriptedRetriever, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header.encode("latin-1")}
    response = client.request("POST", "/retrieval", json=ASK, headers=headers)
    assert read_error(response)[:2] == (401, 1004)
    assert response.headers["www-authenticate"] == "Bearer"
    assert retriever.asked == []


def test_two_authorization_headers_are_malformed(client: ApiClient) -> None:
    headers = [("Authorization", "Bearer cs_good"), ("Authorization", "Bearer cs_good")]
    assert read_error(client.request("POST", "/retrieval", json=ASK, headers=headers))[:2] == (401, 1004)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer  "])
def test_the_scheme_may_be_in_any_case(client: ApiClient, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} cs_good"}
    assert client.request("POST", "/retrieval", json=ASK, headers=headers).status_code == 200


class TestOrder:
    """401 before 400 before 404 before 403 before 500."""

    @pytest.mark.parametrize("content", [b"", b"{", json.dumps(ASK).encode(), b"x" * 2_000_000])
    def test_the_key_comes_before_the_body(self, client: ApiClient, content: bytes) -> None:
        response = client.request("POST", "/retrieval", content=content, headers=bearer("cs_wrong"))
        assert read_error(response)[:2] == (401, 1004)

    @pytest.mark.parametrize(
        "error", [errors.NotFoundError("no"), errors.AccessDeniedError("no"), errors.StoreError("no")]
    )
    @pytest.mark.parametrize("content", [b"", b"{}", b'{"knowledge_id": "a", "query": ""}'])
    def test_the_body_comes_before_the_search(
        self, client: ApiClient, retriever: ScriptedRetriever, error: CodesearchError, content: bytes
    ) -> None:
        retriever.error = error
        assert read_error(client.post_bytes(content))[:2] == (400, 1001)


class TestBodySize:
    """A body over 1 MiB is 413/1001, whether its size is announced or not."""

    LIMIT = 1_048_576

    def padded(self, size: int) -> bytes:
        body = json.dumps(ASK).encode()
        return body + b" " * (size - len(body))

    def test_a_body_of_the_limit_is_read(self, client: ApiClient) -> None:
        assert client.post_bytes(self.padded(self.LIMIT)).status_code == 200

    def test_a_body_over_the_limit_is_refused(self, client: ApiClient) -> None:
        assert read_error(client.post_bytes(self.padded(self.LIMIT + 1)))[:2] == (413, 1001)

    @pytest.mark.parametrize("announced", ["1048577", "9" * 30])
    def test_an_announced_size_is_enough(self, client: ApiClient, announced: str) -> None:
        headers = {**bearer(), "Content-Length": announced}
        response = client.request("POST", "/retrieval", content=json.dumps(ASK).encode(), headers=headers)
        assert read_error(response)[:2] == (413, 1001)

    def test_a_stream_is_cut_off(self, client: ApiClient) -> None:
        sent = 0

        async def stream() -> AsyncIterator[bytes]:
            nonlocal sent
            for _ in range(100):
                sent += 1
                yield b" " * 100_000

        response = client.request("POST", "/retrieval", content=stream(), headers=bearer())
        assert read_error(response)[:2] == (413, 1001)
        assert sent <= 11
