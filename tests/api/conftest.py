"""The application over scripted services, for what happens at the HTTP edge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from fastapi import FastAPI

from codesearch.api.app import create_app
from codesearch.api.deps import Services
from codesearch.core.config import load_settings
from codesearch.core.types import ArtifactKind, Chunk, DataSource, Hit, SourceState
from tests.api.api_client import ApiClient, ScriptedRetriever, build_services

SOURCE = DataSource(
    id="65f1a2b3c4d5e6f708192a3b",
    name="my-repo",
    type="repository",
    location="https://github.com/someone/my-repo.git",
    commit="c" * 40,
    state=SourceState.READY,
)


@pytest.fixture
def symbol_hit() -> Hit:
    chunk = Chunk(
        path="src/net/Client.CS",
        start_line=41,
        end_line=43,
        content="\tint Retry()\r\n\t{ return 1; }\r\n",
        artifact_kind=ArtifactKind.SYMBOL,
        language="csharp",
        symbol="Client.Retry",
        symbol_kind="method",
    )
    return Hit("d1", chunk, 0.75, SOURCE, "c" * 40, 1_769_862_600)


@pytest.fixture
def section_hit() -> Hit:
    chunk = Chunk("README", 1, 2, "# Ünïcode\n\n", ArtifactKind.CHUNK)
    source = DataSource(id="0" * 24, name="folder", type="repository", location="/srv/folder")
    return Hit("d2", chunk, 0.5, source, None, None)


@pytest.fixture
def retriever(symbol_hit: Hit, section_hit: Hit) -> ScriptedRetriever:
    retriever = ScriptedRetriever(hits=[symbol_hit, section_hit])
    retriever.may_warm_up.set()
    return retriever


@dataclass
class ReopenedApp:
    """The application with the standard settings. Its lifespan opens `services`, and keeps nothing after them."""

    services: Services = field(init=False)
    app: FastAPI = field(init=False)

    def __post_init__(self) -> None:
        self.app = create_app(load_settings(), lambda _: self.services)


@pytest.fixture(scope="session")
def reopened_app() -> ReopenedApp:
    """Built once: a new application works out all its routes at the first request that none of the first is for."""
    return ReopenedApp()


@pytest.fixture
def client(retriever: ScriptedRetriever, reopened_app: ReopenedApp) -> Iterator[ApiClient]:
    reopened_app.services = build_services(retriever)
    with ApiClient(reopened_app.app) as client:
        yield client
