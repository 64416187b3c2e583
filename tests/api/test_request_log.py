"""Request ids and access lines."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from codesearch.core.config import load_settings
from codesearch.logs import configure_logging
from tests.api.api_client import KEY, ApiClient, ScriptedRetriever, bearer

QUERY = "a very private question"


@pytest.fixture
def logging_restored() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in (None, "codesearch", "indexer", "uvicorn", "uvicorn.access")]
    kept = [(logger, logger.handlers[:], logger.level) for logger in loggers]
    yield
    for logger, handlers, level in kept:
        logger.handlers[:] = handlers
        logger.setLevel(level)


@pytest.mark.parametrize("offered", ["abc-123", "A.b_c", "x" * 64])
def test_a_sane_request_id_is_kept(client: ApiClient, offered: str) -> None:
    assert client.request("GET", "/healthz", headers={"X-Request-ID": offered}).headers["x-request-id"] == offered


@pytest.mark.parametrize("offered", ["", " ", "a b", "x" * 65, "-x", "é", "a\tb", "<script>"])
def test_any_other_is_replaced(client: ApiClient, offered: str) -> None:
    headers = {"X-Request-ID": offered.encode("latin-1")}
    first, second = (client.request("GET", "/x", headers=headers).headers["x-request-id"] for _ in range(2))
    assert first != second
    assert len(first) == 32


def test_one_json_line_per_request(
    client: ApiClient, capsys: pytest.CaptureFixture[str], logging_restored: None
) -> None:
    configure_logging(load_settings(log_format="json"))
    client.request(
        "POST", "//retrieval", json={"knowledge_id": "a", "query": QUERY}, headers={**bearer(), "X-Request-ID": "r1"}
    )
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    entry = json.loads(line)
    assert entry.pop("ms") >= 0
    assert entry.pop("time").endswith("+00:00")
    assert entry == {
        "level": "info",
        "logger": "codesearch.api.access",
        "message": "request",
        "method": "POST",
        "path": "//retrieval",
        "status": 200,
        "key": "Dify key",
        "request_id": "r1",
    }


def test_one_text_line_per_request(
    client: ApiClient, capsys: pytest.CaptureFixture[str], logging_restored: None
) -> None:
    configure_logging(load_settings(log_format="text"))
    client.ask(query=QUERY)
    client.request("POST", "/retrieval%0aforged line", json={}, headers=bearer())
    answered, forged = capsys.readouterr().err.splitlines()
    assert " INFO codesearch.api.access: request method=POST path=/retrieval status=200 ms=" in answered
    assert 'key="Dify key" request_id=' in answered
    assert "path=/retrieval%0Aforged%20line status=404" in forged
    assert "key=" not in forged


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_neither_key_nor_query_is_logged(
    client: ApiClient, capsys: pytest.CaptureFixture[str], logging_restored: None, log_format: str
) -> None:
    configure_logging(load_settings(log_format=log_format))
    for secret in (KEY, "cs_wrong"):
        client.request("POST", "/retrieval", json={"knowledge_id": "a", "query": QUERY}, headers=bearer(secret))
    printed = capsys.readouterr().err
    assert len(printed.splitlines()) == 2
    assert KEY not in printed
    assert "cs_wrong" not in printed
    assert QUERY not in printed


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_an_internal_error_is_logged_with_its_trace_and_request_id(
    client: ApiClient,
    retriever: ScriptedRetriever,
    capsys: pytest.CaptureFixture[str],
    logging_restored: None,
    log_format: str,
) -> None:
    configure_logging(load_settings(log_format=log_format))
    retriever.error = RuntimeError("the disk is gone")
    request_id = client.ask().headers["x-request-id"]
    printed = capsys.readouterr().err
    assert printed.count("the disk is gone") == 1
    assert "Traceback" in printed
    assert printed.count(request_id) == 2
    if log_format == "json":
        trace, access = (json.loads(line) for line in printed.splitlines())
        assert "the disk is gone" in trace["exception"]
        assert access["status"] == 500


@pytest.mark.usefixtures("own_data_folder")
def test_levels(client: ApiClient, capsys: pytest.CaptureFixture[str], logging_restored: None) -> None:
    configure_logging(load_settings(log_level="warning"))
    client.ask()
    assert capsys.readouterr().err == ""
    configure_logging(load_settings(log_level="debug"))
    logging.getLogger("somelibrary").info("chatter")
    logging.getLogger("indexer.walk").debug("of ours")
    logging.getLogger("uvicorn.access").info("a second access line")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("DEBUG indexer.walk: of ours")


def test_control_characters_in_messages_are_escaped(capsys: pytest.CaptureFixture[str], logging_restored: None) -> None:
    configure_logging(load_settings())
    logging.getLogger("codesearch.x").warning("a\nb\x1b[31m")
    assert capsys.readouterr().err.endswith("WARNING codesearch.x: a\\x0ab\\x1b[31m\n")
