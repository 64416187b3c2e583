"""The response's records, key by key."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from codesearch.core.types import ArtifactKind, Chunk, Hit
from tests.api.api_client import ApiClient, ScriptedRetriever

REQUIRED_KEYS = {
    "path",
    "data_source_id",
    "data_source_name",
    "data_source_type",
    "artifact_kind",
    "start_line",
    "end_line",
    "document_id",
    "description",
}


def records_of(client: ApiClient, path: str = "/retrieval") -> list[dict[str, Any]]:
    response = client.ask(path=path)
    assert response.status_code == 200
    body = response.json()
    assert list(body) == ["records"]
    records: list[dict[str, Any]] = body["records"]
    return records


def test_a_record_with_everything(client: ApiClient, symbol_hit: Hit) -> None:
    record = records_of(client)[0]
    metadata = record.pop("metadata")
    assert record == {"content": symbol_hit.chunk.content, "score": 0.75, "title": "Client.CS"}
    assert metadata.pop("url").startswith(f"https://github.com/someone/my-repo/blob/{'c' * 40}/src/net/Client.CS#L41")
    assert metadata == {
        "path": "src/net/Client.CS",
        "file_extension": ".cs",
        "language": "csharp",
        "data_source_id": "65f1a2b3c4d5e6f708192a3b",
        "data_source_name": "my-repo",
        "data_source_type": "repository",
        "artifact_kind": "symbol",
        "symbol": "Client.Retry",
        "symbol_kind": "method",
        "start_line": 41,
        "end_line": 43,
        "document_id": "d1",
        "description": "method Retry in Client.CS from my-repo",
        "commit": "c" * 40,
        "last_modified": 1_769_862_600,
    }


def test_a_key_without_a_value_is_absent(client: ApiClient, retriever: ScriptedRetriever, section_hit: Hit) -> None:
    empty = replace(section_hit, chunk=replace(section_hit.chunk, language="", symbol=""), commit="")
    retriever.hits.append(empty)
    assert set(records_of(client)[2]["metadata"]) == REQUIRED_KEYS
    record = records_of(client)[1]
    assert set(record["metadata"]) == REQUIRED_KEYS
    assert None not in record["metadata"].values()
    assert record["title"] == "README"
    assert record["content"] == "# Ünïcode\n\n"


@pytest.mark.parametrize("key", ["score", "title", "dataset_id", "dataset_name"])
def test_keys_that_dify_overwrites_are_not_in_metadata(client: ApiClient, key: str) -> None:
    assert all(key not in record["metadata"] for record in records_of(client))


@pytest.mark.parametrize(
    ("kind", "symbol", "symbol_kind", "expected"),
    [
        (ArtifactKind.SYMBOL, "Client.retry", "method", "method retry in client.py from my-repo"),
        (ArtifactKind.SYMBOL, "main", None, "definition main in client.py from my-repo"),
        (ArtifactKind.SYMBOL, "operator...", "function", "function operator... in client.py from my-repo"),
        (ArtifactKind.CHUNK, None, None, "section of client.py from my-repo"),
        (ArtifactKind.FILE, None, None, "file client.py from my-repo"),
    ],
)
def test_description_is_one_line(
    client: ApiClient,
    retriever: ScriptedRetriever,
    symbol_hit: Hit,
    kind: ArtifactKind,
    symbol: str | None,
    symbol_kind: str | None,
    expected: str,
) -> None:
    chunk = Chunk("a/client.py", 1, 1, "x", kind, symbol=symbol, symbol_kind=symbol_kind)
    retriever.hits = [replace(symbol_hit, chunk=chunk)]
    assert records_of(client)[0]["metadata"]["description"] == expected


def test_location_line_only_for_dify(client: ApiClient, symbol_hit: Hit) -> None:
    with_symbol, without_symbol = (record["content"] for record in records_of(client, "/dify/retrieval"))
    assert with_symbol == f"src/net/Client.CS:41-43 (Client.Retry)\n\n{symbol_hit.chunk.content}"
    assert without_symbol == "README:1-2\n\n# Ünïcode\n\n"
    for path in ("/retrieval", "/api/knowledge-retrieval/dify/retrieval"):
        assert records_of(client, path)[0]["content"] == symbol_hit.chunk.content


PIECE = {"symbol_lines": (10, 240), "holds_head": False, "signature": "int Retry(int times)"}


@pytest.mark.parametrize(
    ("changes", "location", "metadata"),
    [
        (
            PIECE,
            "Client.Retry, part of lines 10-240: int Retry(int times)",
            {"symbol_start_line": 10, "symbol_end_line": 240, "signature": "int Retry(int times)"},
        ),
        (
            {**PIECE, "signature": None},
            "Client.Retry, part of lines 10-240",
            {"symbol_start_line": 10, "symbol_end_line": 240},
        ),
        # A signature that is the symbol says nothing more.
        (
            {**PIECE, "signature": "Client.Retry"},
            "Client.Retry, part of lines 10-240",
            {"symbol_start_line": 10, "symbol_end_line": 240},
        ),
        # Whoever holds the head shows the signature.
        (
            {**PIECE, "holds_head": True, "signature": None},
            "Client.Retry",
            {"symbol_start_line": 10, "symbol_end_line": 240},
        ),
        ({}, "Client.Retry", {}),
    ],
)
def test_a_piece_says_where_it_belongs(
    client: ApiClient,
    retriever: ScriptedRetriever,
    symbol_hit: Hit,
    changes: dict[str, Any],
    location: str,
    metadata: dict[str, Any],
) -> None:
    retriever.hits = [replace(symbol_hit, chunk=replace(symbol_hit.chunk, **changes))]
    (record,) = records_of(client)
    assert record["content"] == symbol_hit.chunk.content
    of_piece = {"symbol_start_line", "symbol_end_line", "signature"}
    assert {key: value for key, value in record["metadata"].items() if key in of_piece} == metadata
    (record,) = records_of(client, "/dify/retrieval")
    assert record["content"] == f"src/net/Client.CS:41-43 ({location})\n\n{symbol_hit.chunk.content}"


def test_in_a_workspace_the_location_begins_with_the_repository(
    client: ApiClient, retriever: ScriptedRetriever, symbol_hit: Hit
) -> None:
    retriever.hits = [replace(symbol_hit, workspace="everything")]
    (record,) = records_of(client, "/dify/retrieval")
    assert record["content"].startswith(f"{symbol_hit.source.name} src/net/Client.CS:41-43 (Client.Retry)\n\n")


@pytest.mark.parametrize("line_end", ["\n", "\r", "\r\n", "\v", "\x85", "\u2028"])
def test_the_location_is_one_line_whatever_the_names_hold(
    client: ApiClient, retriever: ScriptedRetriever, symbol_hit: Hit, line_end: str
) -> None:
    named = replace(symbol_hit.chunk, path=f"src/a{line_end}b.cs", symbol=f"A{line_end}b", content="first\n\nlast")
    retriever.hits = [replace(symbol_hit, chunk=named)]
    (record,) = records_of(client, "/dify/retrieval")
    assert record["content"] == "src/a b.cs:41-43 (A b)\n\nfirst\n\nlast"


def test_nothing_found_is_an_empty_list(client: ApiClient, retriever: ScriptedRetriever) -> None:
    retriever.hits = []
    assert client.ask().json() == {"records": []}


def test_half_a_surrogate_pair_does_not_fail(client: ApiClient, retriever: ScriptedRetriever, symbol_hit: Hit) -> None:
    retriever.hits = [replace(symbol_hit, chunk=replace(symbol_hit.chunk, content="a\udcffb"))]
    assert records_of(client)[0]["content"] == "a?b"
