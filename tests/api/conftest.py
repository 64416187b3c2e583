"""The application over scripted services, for what happens at the HTTP edge."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from codesearch.core.types import ArtifactKind, Chunk, DataSource, Hit, SourceState
from tests.api.api_client import ApiClient, ScriptedRetriever, build_app

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


@pytest.fixture
def client(retriever: ScriptedRetriever) -> Iterator[ApiClient]:
    with ApiClient(build_app(retriever)) as client:
        yield client
