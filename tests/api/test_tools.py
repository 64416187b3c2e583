"""POST /api/tools/NAME over the indexed fixtures: what each tool answers, to whom, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from codesearch.api.schemas import RecordMetadata
from codesearch.core.text.test_paths import is_test_path
from codesearch.tools.toolbox import TOOLS
from tests.api.api_client import bearer, read_error
from tests.api.served_fixtures import NARROW, ServedFixtures, serve_fixtures
from tests.e2e.service import FIXTURES, NAMES, copy_index, index_fixtures

NEEDED: dict[str, dict[str, Any]] = {
    "get_data_sources": {},
    "semantic_search": {"question": "where is the balance of an account kept", "data_sources": NARROW},
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedFixtures]:
    data_dir = copy_index(index_fixtures(tmp_path_factory), tmp_path_factory.mktemp("tools") / "data")
    with serve_fixtures(data_dir) as served:
        served.assembly.catalog.create_workspace("mixed", [NARROW, "orders-service"])
        served.assembly.catalog.add_source(id="f" * 24, location="/srv/never", name="never-indexed")
        yield served


# --- Every tool ---

every_tool = pytest.mark.parametrize("name", [tool.name for tool in TOOLS])


@every_tool
def test_each_tool_answers_at_its_address(served: ServedFixtures, name: str) -> None:
    answer = served.call(name, **NEEDED[name])
    assert answer["obj"]
    assert answer["rendered"].strip()
    # The same request on the same index gives the same bytes.
    first, second = (served.post(name, NEEDED[name]).content for _ in range(2))
    assert first == second


@every_tool
def test_without_a_key_nothing_is_looked_at(served: ServedFixtures, name: str) -> None:
    for headers in ({}, bearer("cs_wrong")):
        response = served.client.request("POST", f"/api/tools/{name}", content=b"{", headers=headers)
        assert read_error(response)[:2] == (401, 1004)


@every_tool
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'"a"', b'{"no_such_parameter": 1}', b'{"query": 5}'])
def test_what_cannot_be_understood_is_400(served: ServedFixtures, name: str, content: bytes) -> None:
    headers = bearer(served.keys["all"])
    response = served.client.request("POST", f"/api/tools/{name}", content=content, headers=headers)
    assert read_error(response)[:2] == (400, 1001)


def test_a_body_over_the_limit_is_413_and_a_large_one_is_read(served: ServedFixtures) -> None:
    assert read_error(served.post("get_data_sources", {"query": "a" * (1 << 20)}))[:2] == (413, 1001)
    assert read_error(served.post("get_data_sources", {"query": "a" * 20_000}))[:2] == (400, 1001)


def test_only_post_is_taken_and_other_names_are_404(served: ServedFixtures) -> None:
    headers = bearer(served.keys["all"])
    assert read_error(served.client.get("/api/tools/get_data_sources", headers=headers))[0] == 405
    assert read_error(served.post("no_such_tool", {}))[:2] == (404, 1003)


TAKING_SOURCES = [
    (tool.name, parameter.name)
    for tool in TOOLS
    for parameter in tool.parameters
    if parameter.name in ("data_source", "data_sources")
]


@pytest.mark.parametrize(("name", "parameter"), TAKING_SOURCES)
def test_a_key_learns_nothing_of_what_it_may_not_read(served: ServedFixtures, name: str, parameter: str) -> None:
    def ask(source: str, key: str) -> tuple[int, int, str]:
        return read_error(served.post(name, {**NEEDED[name], parameter: source}, key))

    assert ask("orders-service", "narrow")[:2] == (403, 1002)
    hidden, unknown = ask("never-indexed", "narrow"), ask("never-existed", "narrow")
    assert hidden == (*unknown[:2], unknown[2].replace("never-existed", "never-indexed"))
    assert unknown[:2] == (404, 1003)
    status, code, message = ask("never-indexed", "all")
    assert (status, code) == (404, 1003)
    assert "never-indexed" in message
    assert "/srv" not in message
    assert ask(NARROW, "none")[:2] == (403, 1002)


@pytest.mark.parametrize(("name", "parameter"), TAKING_SOURCES)
def test_left_out_the_only_source_is_meant(served: ServedFixtures, name: str, parameter: str) -> None:
    arguments = {key: value for key, value in NEEDED[name].items() if key != parameter}
    assert served.call(name, "narrow", **arguments) == served.call(name, "narrow", **arguments, **{parameter: NARROW})
    status, code, message = read_error(served.post(name, arguments))
    assert (status, code) == (400, 1001)
    assert all(repr(known) in message for known in NAMES)
    assert "never-indexed" not in message
    assert read_error(served.post(name, arguments, "none"))[:2] == (404, 1003)


@every_tool
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_requests_made_from_the_document(served: ServedFixtures, name: str, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_asgi("/openapi.json", served.app)
    operation = schema[f"/api/tools/{name}"]["post"]

    @settings(max_examples=25, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        response = case.call(headers=bearer(served.keys["narrow"]))
        # Which repositories and files there are is more than the document can say.
        case.validate_response(response, excluded_checks=[positive_data_acceptance])

    check()


def test_operation_ids_are_the_names_of_the_tools(served: ServedFixtures) -> None:
    paths = served.client.get("/openapi.json").json()["paths"]
    ids = [operation["operationId"] for path in paths.values() for operation in path.values()]
    assert {tool.name for tool in TOOLS} <= set(ids)
    assert all(len(identifier) <= 64 for identifier in ids)
    assert len(ids) == len(set(ids))


# --- get_data_sources ---


def test_data_sources_are_listed_by_name(served: ServedFixtures) -> None:
    answer = served.call("get_data_sources")
    items = {item["name"]: item for item in answer["obj"]["data_sources"]}
    assert {*NAMES, "ledger-git", "mixed"} == set(items)
    ledger = items["ledger-git"]
    assert (ledger["state"], ledger["type"], ledger["branch"]) == ("ready", "repository", "main")
    assert ledger["languages"][0] == "go"
    assert len(ledger["commit"]) == 40
    assert ledger["files"] > 5
    assert items["mixed"]["members"] == [NARROW, "orders-service"]
    for item in items.values():
        assert f"{item['name']} ({item['id']}): " in answer["rendered"]


def test_data_sources_can_be_asked_by_name_and_before_they_are_ready(served: ServedFixtures) -> None:
    found = served.call("get_data_sources", query="GO ledger")["obj"]["data_sources"]
    assert [item["name"] for item in found] == [NARROW]
    waiting = served.call("get_data_sources", query="never", ready_only=False)
    (item,) = waiting["obj"]["data_sources"]
    assert item["state"] == "pending"
    assert "not indexed yet" in waiting["rendered"]
    assert "/srv" not in waiting["rendered"]
    assert served.call("get_data_sources", query="never")["obj"]["data_sources"] == []


def test_a_narrow_key_sees_its_own_alone(served: ServedFixtures) -> None:
    answer = served.call("get_data_sources", "narrow", ready_only=False)
    assert [item["name"] for item in answer["obj"]["data_sources"]] == [NARROW, "mixed"]
    assert answer["obj"]["data_sources"][1]["members"] == [NARROW]
    assert not any(name in answer["rendered"] for name in (*set(NAMES) - {NARROW}, "never-indexed"))
    assert "no data source that this key may read" in served.call("get_data_sources", "none")["rendered"]


# --- semantic_search ---


def search(served: ServedFixtures, question: str, **arguments: object) -> dict[str, Any]:
    asked: dict[str, Any] = {"question": question, "data_sources": NARROW, **arguments}
    return served.call("semantic_search", **asked)


def test_records_are_those_of_retrieval_with_an_identifier(served: ServedFixtures) -> None:
    question = "where is the balance of an account kept"
    body = {"knowledge_id": NARROW, "query": question, "retrieval_setting": {"top_k": 10}}
    asked = served.client.request("POST", "/retrieval", json=body, headers=bearer(served.keys["all"])).json()
    answer = search(served, question)
    records = answer["obj"]["records"]
    assert [{key: value for key, value in item.items() if key != "identifier"} for item in records] == asked["records"]
    for record in records:
        RecordMetadata.model_validate(record["metadata"])
        metadata = record["metadata"]
        assert record["identifier"].startswith(f"{NARROW}::{metadata['path']}")
        assert f"{metadata['path']}:{metadata['start_line']}-{metadata['end_line']}" in answer["rendered"]
        assert record["content"] in answer["rendered"]
    assert f"[{NARROW}: commit " in answer["rendered"]


def test_several_sources_and_workspaces_are_one_ranking(served: ServedFixtures) -> None:
    answer = search(served, "retry", data_sources=["mixed", "webshop-frontend"], max_results=60)
    records = answer["obj"]["records"]
    assert {item["metadata"]["data_source_name"] for item in records} == {NARROW, "orders-service", "webshop-frontend"}
    scores = [item["score"] for item in records]
    assert scores == sorted(scores, reverse=True)
    assert [item["data_source"] for item in answer["obj"]["freshness"]] == [
        NARROW,
        "orders-service",
        "webshop-frontend",
    ]
    first = records[0]["metadata"]
    assert answer["rendered"].startswith(f"{first['data_source_name']} {first['path']}:{first['start_line']}-")


def paths_found(answer: dict[str, Any]) -> set[str]:
    return {item["metadata"]["path"] for item in answer["obj"]["records"]}


def test_files_are_left_out_by_what_is_asked(served: ServedFixtures) -> None:
    everything = paths_found(search(served, "ledger", max_results=500))
    tests = {path for path in everything if is_test_path(path)}
    documents = {path for path in everything if path.lower().endswith(".md")}
    assert tests
    assert documents
    files = {
        path.relative_to(FIXTURES / NARROW).as_posix() for path in (FIXTURES / NARROW).rglob("*") if path.is_file()
    }
    assert everything <= files
    assert paths_found(search(served, "ledger", max_results=500, exclude_tests=True)) == everything - tests
    assert paths_found(search(served, "ledger", max_results=500, exclude_markdown=True)) == everything - documents
    folder = next(path for path in sorted(everything) if "/" in path).split("/")[0]
    for prefix in (f"{folder}/", f"./{folder}/", f"/{folder.upper()}/"):
        assert paths_found(search(served, "ledger", max_results=500, paths=[prefix])) == {
            path for path in everything if path.startswith(f"{folder}/")
        }
    for extension in ("go", ".GO", "*.go"):
        assert paths_found(search(served, "ledger", max_results=500, extensions=extension)) == {
            path for path in everything if path.endswith(".go")
        }
    assert paths_found(search(served, "ledger", max_results=500, languages=["Markdown"])) <= documents
    nothing = search(served, "ledger", paths=["no/such/folder"])
    assert nothing["obj"]["records"] == []
    assert nothing["rendered"].startswith("Nothing found.")


def test_limits_say_what_was_left_out_and_how_to_ask_for_it(served: ServedFixtures) -> None:
    few = search(served, "ledger", max_results=3)
    assert len(few["obj"]["records"]) == 3
    assert "These are the first 3; for more, raise max_results, at most 500." in few["rendered"]
    cut = search(served, "ledger", max_results=20, max_tokens=300)
    contents = [item["content"] for item in cut["obj"]["records"]]
    assert sum(map(len, contents[1:])) <= 1200
    assert cut["obj"]["left_out"] == 20 - len(contents) > 0
    assert f"{20 - len(contents)} records are left out, as max_tokens is 300" in cut["rendered"]
    assert "left out" not in search(served, "ledger", max_results=500)["rendered"]
