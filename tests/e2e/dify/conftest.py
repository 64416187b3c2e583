"""A Dify and an index for the tests of `codesearch dify`, and waits that are short."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from codesearch.dify import waiting
from codesearch.dify.mirroring import indexing
from tests.e2e.dify.server import APP_KEY, KEY, DifyServer
from tests.e2e.service import Outcome, run_cli

RunDify = Callable[..., Outcome]


@pytest.fixture
def dify() -> Iterator[DifyServer]:
    with DifyServer() as server:
        yield server


@pytest.fixture
def no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what is tried again be tried at once."""
    monkeypatch.setattr(waiting, "FIRST_WAIT_SECONDS", 0.001)
    monkeypatch.setattr(indexing, "FIRST_PAUSE_SECONDS", 0.001)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


def settings_of(dify: DifyServer) -> dict[str, str]:
    return {"dify_url": dify.url, "dify_key": KEY, "dify_app_key": APP_KEY}


@pytest.fixture
def run_dify(dify: DifyServer, no_long_waits: None) -> RunDify:
    """Return a function that runs `codesearch dify` in this process, on a data folder; keywords are settings."""

    def run(data_dir: Path, *arguments: str, **settings: str) -> Outcome:
        return run_cli(data_dir, "dify", *arguments, **{**settings_of(dify), **settings})

    return run
