"""Probes, the front page, and what the lifespan opens and closes."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from codesearch.api.app import create_app
from codesearch.api.deps import Services
from codesearch.core.config import Settings, load_settings
from codesearch.core.errors import ConfigurationError
from tests.api.api_client import ApiClient, OneKey, ScriptedRetriever, ScriptedToolbox, build_app
from tests.patience import PATIENCE_SECONDS


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_alive_at_once_and_ready_once_warm() -> None:
    retriever = ScriptedRetriever()
    with ApiClient(build_app(retriever)) as client:
        assert (client.get("/healthz").status_code, client.get("/healthz").json()) == (200, {"status": "ok"})
        assert (client.get("/readyz").status_code, client.get("/readyz").json()) == (503, {"status": "starting"})
        retriever.may_warm_up.set()
        wait_until(lambda: client.get("/readyz").status_code == 200)
        assert client.get("/readyz").json() == {"status": "ok"}


def test_a_failed_warm_up_is_logged_and_never_ready(caplog: pytest.LogCaptureFixture) -> None:
    retriever = ScriptedRetriever(warm_up_error=ConfigurationError("There is no model x."))
    retriever.may_warm_up.set()
    with ApiClient(build_app(retriever)) as client:
        wait_until(lambda: "Warm-up failed" in caplog.text)
        assert client.get("/readyz").status_code == 503
        assert client.get("/healthz").status_code == 200
    assert "There is no model x." in caplog.text


@pytest.mark.parametrize("path", ["/about", "/healthz", "/readyz", "/openapi.json"])
def test_head(client: ApiClient, path: str) -> None:
    assert client.request("HEAD", path).status_code in (200, 503)


def test_front_page(client: ApiClient) -> None:
    about = client.get("/about").json()
    assert about["name"] == "codesearch"
    assert client.get(about["openapi"]).json()["info"]["version"] == about["version"]


def test_services_are_opened_once_with_the_settings_and_closed() -> None:
    events: list[str] = []
    settings = load_settings(port=4321)

    def open_services(given: Settings) -> Services:
        events.append(f"open for port {given.port}")
        retriever = ScriptedRetriever()
        retriever.may_warm_up.set()
        return Services(retriever, OneKey(), lambda: events.append("close"), ScriptedToolbox())

    app = create_app(settings, open_services)
    assert events == []
    with ApiClient(app) as client:
        assert client.ask().json() == {"records": []}
        assert events == ["open for port 4321"]
    assert events == ["open for port 4321", "close"]
