"""POST /api/tools/NAME over the indexed fixtures: what each tool answers, to whom, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from codesearch.api.schemas import RecordMetadata
from codesearch.assembly import open_indexer
from codesearch.core.errors import SearchAbandonedError, TooManyRequestsError
from codesearch.core.text.path_roles import is_test_path
from codesearch.retrieval.turns import Work
from codesearch.tools.get_artifact_relationships import PROFILES
from codesearch.tools.toolbox import TOOLS
from indexer.pipeline import SilentProgress
from tests.api import mcp_requests
from tests.api.api_client import bearer, read_error
from tests.api.served_fixtures import NARROW, ServedFixtures, serve_fixtures
from tests.e2e.service import FIXTURES, NAMES, copy_index, index_fixtures

NEEDED: dict[str, dict[str, Any]] = {
    "get_data_sources": {},
    "semantic_search": {"question": "where is the balance of an account kept", "data_sources": NARROW},
    "grep_search": {"query": "balance", "data_sources": NARROW},
    "get_file_tree": {"data_source": NARROW},
    "read_file": {"data_source": NARROW, "path": "go.mod"},
    "outline": {"data_source": NARROW, "path": "go.mod"},
    "fetch_artifacts": {"identifiers": [f"{NARROW}::go.mod"]},
    "get_artifact_relationships": {"identifier": "Balance", "data_source": NARROW},
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedFixtures]:
    data_dir = copy_index(index_fixtures(tmp_path_factory), tmp_path_factory.mktemp("tools") / "data")
    with serve_fixtures(data_dir) as served:
        served.assembly.catalog.create_workspace("mixed", [NARROW, "orders-service"])
        served.assembly.catalog.add_source(id="f" * 24, location="/srv/never", name="never-indexed")
        yield served


@pytest.fixture(scope="module")
def openapi_schema(served: ServedFixtures) -> Any:
    return schemathesis.openapi.from_asgi("/openapi.json", served.app)


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


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("semantic_search", {"question": "a", "data_sources": "nothing"}, "nothing"),
        ("grep_search", {"query": "a", "data_sources": "nothing"}, "nothing"),
        ("get_file_tree", {"data_source": NARROW, "path": "nothing"}, "nothing"),
        ("read_file", {"data_source": NARROW, "path": "nothing.go"}, "is not indexed"),
        ("read_file", {"data_source": NARROW, "path": "go.mod", "start_line": 900}, "there is none from 900 on"),
        ("outline", {"data_source": NARROW, "path": "nothing.go"}, "is not indexed"),
        ("fetch_artifacts", {"identifiers": [f"{NARROW}::nothing.go", "nothing"]}, "Not found: nothing"),
        ("get_artifact_relationships", {"identifier": f"{NARROW}::nothing.go"}, "nothing.go"),
        ("get_artifact_relationships", {"identifier": "Nothing", "data_source": NARROW}, "defines no symbol"),
    ],
)
def test_over_mcp_what_is_not_there_is_an_error(
    served: ServedFixtures, name: str, arguments: dict[str, Any], said: str
) -> None:
    called = mcp_requests.call(served.client, name, arguments, key=served.keys["all"])
    assert said in mcp_requests.read_text(called, is_error=True)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        *NEEDED.items(),
        ("get_data_sources", {"query": "nothing"}),
        ("semantic_search", {**NEEDED["semantic_search"], "paths": "nothing/"}),
        ("grep_search", {"query": "no such words", "data_sources": NARROW}),
        ("fetch_artifacts", {"identifiers": [f"{NARROW}::nothing.go", f"{NARROW}::go.mod"]}),
    ],
)
def test_over_mcp_what_finds_something_or_finds_nothing_is_none(
    served: ServedFixtures, name: str, arguments: dict[str, Any]
) -> None:
    called = mcp_requests.call(served.client, name, arguments, key=served.keys["all"])
    assert mcp_requests.read_text(called)


def test_an_unknown_data_source_names_what_its_client_has(served: ServedFixtures) -> None:
    """Who asks for retrieval has addresses, who calls a tool has the other tools."""
    headers = bearer(served.keys["all"])
    for path, lists in (("/retrieval", "GET /api/datasources/all"), ("/api/search_code", "get_data_sources")):
        body = {"knowledge_id": "nope", "query": "a"}
        response = served.client.request("POST", path, json=body, headers=headers)
        message = f"No repository or workspace has the id or name 'nope'. {lists} lists them."
        assert read_error(response) == (404, 1003, message)
    assert served.client.request("GET", "/api/datasources/all", headers=headers).status_code == 200


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
def test_requests_made_from_the_document(
    served: ServedFixtures, openapi_schema: Any, name: str, mode: GenerationMode
) -> None:
    operation = openapi_schema[f"/api/tools/{name}"]["post"]

    @settings(max_examples=12, suppress_health_check=list(HealthCheck))
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
    assert nothing["rendered"].startswith("Nothing found.\n\npaths no/such/folder: no path here begins so; there are ")
    one = search(served, "ledger", paths=[folder, f"{folder}x"])
    assert one["obj"]["records"]
    assert f"\n\npaths {folder}x: no path here begins so; like it: {folder}/.\n\n" in one["rendered"]
    none = search(served, "ledger", extensions=["goo"], languages=["Cobol"])["rendered"]
    assert "\n\nextensions .goo: no file here ends so; there are .go, " in none
    assert "\n\nlanguages cobol: no file here is in this language; there are " in none


def test_limits_say_what_was_left_out_and_how_to_ask_for_it(served: ServedFixtures) -> None:
    few = search(served, "ledger", max_results=3)
    assert len(few["obj"]["records"]) == 3
    assert "These are the first 3; for more, raise max_results, at most 500." in few["rendered"]
    cut = search(served, "ledger", max_results=20, max_tokens=300)
    contents = [item["content"] for item in cut["obj"]["records"]]
    assert sum(map(len, contents)) <= 1200
    assert cut["obj"]["left_out"] == 20 - len(contents) > 0
    assert f"{20 - len(contents)} records are left out and " in cut["rendered"]
    assert " are cut to the lines that say most, as max_tokens is 300; all of these 20 have " in cut["rendered"]
    few = search(served, "ledger", max_results=20, max_tokens=1_000_000)
    assert few["obj"]["left_out"] == 0
    assert "max_tokens" not in few["rendered"]
    assert "left out" not in search(served, "ledger", max_results=500)["rendered"]


# --- read_file ---


def lines_on_disk(path: Path) -> list[str]:
    """Return the lines of a file, blank ones empty, up to the last one that is not."""
    lines = [line if line.strip() else "" for line in path.read_bytes().decode("utf-8-sig").split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def test_each_file_is_read_as_it_is(served: ServedFixtures) -> None:
    tree = served.call("get_file_tree", data_source=NARROW, max_depth=50, max_nodes=5000)
    paths = [node["path"] for node in tree["obj"]["nodes"] if node["type"] == "file"]
    assert len(paths) > 10
    for path in paths:
        obj = served.call("read_file", data_source=NARROW, path=path)["obj"]
        shown = [line if line.strip() else "" for line in obj["content"].split("\n")]
        assert shown == lines_on_disk(FIXTURES / NARROW / path)[: obj["end_line"]]
        assert obj["is_indexed"]


def test_lines_are_numbered_and_cut_at_a_thousand(served: ServedFixtures, tmp_path: Path) -> None:
    text = "".join(f"value_{number} = {number}\n" for number in range(1, 1501))
    (tmp_path / "long").mkdir()
    (tmp_path / "long" / "values.py").write_text(text)
    open_indexer(served.assembly).index(
        str(tmp_path / "long"), name="long", branch=None, subdir=None, progress=SilentProgress()
    )
    first = served.call("read_file", data_source="long", path="./values.py")
    assert first["rendered"].startswith("values.py:1-1000 of 1,500 lines, python\n   1\tvalue_1 = 1\n")
    assert "Lines 1001-1500 are left out; to read on, start_line 1001." in first["rendered"]
    rest = served.call("read_file", data_source="long", path="values.py", start_line=1001)
    assert rest["obj"]["content"] == "\n".join(text.split("\n")[1000:1500])
    assert "left out" not in rest["rendered"]
    few = served.call("read_file", data_source="long", path="values.py", start_line=3, end_line=4)
    assert few["obj"]["content"] == "value_3 = 3\nvalue_4 = 4"
    assert few["obj"]["identifier"] == "long::values.py::3-4"
    assert (
        "values.py has 1,500 lines; there is none from 2000 on."
        in served.call("read_file", data_source="long", path="values.py", start_line=2000)["rendered"]
    )
    wrong = served.post("read_file", {"data_source": "long", "path": "values.py", "start_line": 5, "end_line": 4})
    assert read_error(wrong)[:2] == (400, 1001)


def test_a_file_that_is_not_indexed_says_why_and_what_is_like_it(served: ServedFixtures) -> None:
    known = next(path for path in sorted((FIXTURES / NARROW).rglob("*.go")) if path.parent.name)
    name = known.name
    answer = served.call("read_file", data_source=NARROW, path=f"no/such/{name}")
    assert answer["obj"]["is_indexed"] is False
    assert known.relative_to(FIXTURES / NARROW).as_posix() in answer["rendered"]
    assert f"no/such/{name} of {NARROW} is not indexed" in answer["obj"]["reason"]
    assert "on disk" not in answer["rendered"]
    of_admin = served.call("read_file", "admin", data_source=NARROW, path=f"no/such/{name}")
    assert "there is no such file on disk either" in of_admin["rendered"]
    folder = known.relative_to(FIXTURES / NARROW).parts[0]
    assert "is a folder: get_file_tree" in served.call("read_file", data_source=NARROW, path=folder)["rendered"]


# --- get_file_tree ---


def test_a_path_that_is_not_there_is_an_error_with_what_is_like_it(served: ServedFixtures) -> None:
    for path, like in (("no/such", ""), ("Internals", " Like it: internal.")):
        response = served.post("get_file_tree", {"data_source": NARROW, "path": path})
        said = f"{path} is not in {NARROW}: it has no such folder or file.{like}"
        assert read_error(response) == (404, 1003, said)


def test_what_is_unknown_names_the_tool_that_lists(served: ServedFixtures) -> None:
    for name, arguments in (
        ("outline", {"data_source": "nope", "path": "a"}),
        ("grep_search", {"query": "a", "data_sources": ["nope"]}),
    ):
        status, code, said = read_error(served.post(name, arguments))
        assert (status, code) == (404, 1003)
        assert said.endswith("'nope'. get_data_sources lists them.")


def test_the_tree_has_every_file_once_with_its_lines(served: ServedFixtures) -> None:
    nodes = served.call("get_file_tree", data_source=NARROW, max_depth=50, max_nodes=5000)["obj"]["nodes"]
    files = {node["path"]: node for node in nodes if node["type"] == "file"}
    assert len(files) == served.assembly.catalog.get_source(NARROW).file_count
    for path, node in files.items():
        assert node["lines"] == len(lines_on_disk(FIXTURES / NARROW / path))
    for node in (node for node in nodes if node["type"] == "folder"):
        below = [item for path, item in files.items() if path.startswith(f"{node['path']}/")]
        assert (node["files"], node["lines"]) == (len(below), sum(item["lines"] for item in below))


def test_a_tree_is_cut_by_level_and_says_so(served: ServedFixtures) -> None:
    whole = served.call("get_file_tree", data_source=NARROW, max_depth=50, max_nodes=5000)
    cut = served.call("get_file_tree", data_source=NARROW, max_depth=1)
    top = [node for node in whole["obj"]["nodes"] if "/" not in node["path"]]
    assert cut["obj"]["nodes"] == top
    assert cut["obj"]["left_out"] == len(whole["obj"]["nodes"]) - len(top) > 0
    assert f"{cut['obj']['left_out']} files and folders are left out" in cut["rendered"]
    assert len(served.call("get_file_tree", data_source=NARROW, max_nodes=2)["obj"]["nodes"]) == 2
    folder = next(node for node in top if node["type"] == "folder")
    for path in (folder["path"], f"./{folder['path']}/"):
        below = served.call("get_file_tree", data_source=NARROW, path=path)["obj"]["nodes"]
        assert below
        assert all(node["path"].startswith(f"{folder['path']}/") for node in below)
    file = next(node for node in top if node["type"] == "file")
    assert served.call("get_file_tree", data_source=NARROW, path=file["path"])["obj"]["nodes"] == [file]


# --- outline, fetch_artifacts, get_artifact_relationships ---


def first_method(served: ServedFixtures) -> tuple[str, dict[str, Any]]:
    """Return a path and its first method."""
    for path in sorted((FIXTURES / NARROW).rglob("*.go")):
        relative = path.relative_to(FIXTURES / NARROW).as_posix()
        symbols = served.call("outline", data_source=NARROW, path=relative)["obj"]["symbols"]
        for symbol in symbols:
            if symbol["kind"] == "method" and not is_test_path(relative):
                return relative, symbol
    raise AssertionError("there is no method")


def test_an_outline_has_the_symbols_with_lines_and_signatures(served: ServedFixtures) -> None:
    path, method = first_method(served)
    answer = served.call("outline", data_source=NARROW, path=path)
    lines = lines_on_disk(FIXTURES / NARROW / path)
    starts = [(symbol["start_line"], -symbol["end_line"]) for symbol in answer["obj"]["symbols"]]
    assert starts == sorted(starts)
    inside = "\n".join(lines[method["start_line"] - 1 : method["end_line"]])
    assert method["signature"].startswith("func (")
    assert method["signature"] in inside
    line = f"{method['start_line']}-{method['end_line']} method {method['symbol']}: {method['signature']}"
    assert line in answer["rendered"]
    missing = served.call("outline", data_source=NARROW, path="nothing.go")
    assert missing["obj"]["is_indexed"] is False


def test_what_search_names_can_be_fetched(served: ServedFixtures) -> None:
    records = search(served, "account", max_results=30)["obj"]["records"]
    identifiers = [record["identifier"] for record in records]
    answer = served.call("fetch_artifacts", identifiers=identifiers)
    assert answer["obj"]["missing"] == []
    artifacts = {artifact["identifier"]: artifact for artifact in answer["obj"]["artifacts"]}
    for record in records:
        artifact, metadata = artifacts[record["identifier"]], record["metadata"]
        assert artifact["start_line"] <= metadata["start_line"]
        assert artifact["end_line"] >= metadata["end_line"]
        assert record["content"] in artifact["content"]
        assert "note" not in artifact


def test_each_form_of_identifier_and_what_is_missing(served: ServedFixtures) -> None:
    path, method = first_method(served)
    lines = lines_on_disk(FIXTURES / NARROW / path)
    wanted = [f"{NARROW}::{path}", f"{NARROW}::{path}::{method['symbol']}", f"{NARROW}::{path}::2-3"]
    wrong = [f"{NARROW}::{path}::no_such", f"{NARROW}::no/such.go", "never-existed::a.go", "no identifier"]
    answer = served.call("fetch_artifacts", identifiers=[*wanted, *wrong, wanted[0]])
    whole, one, few = answer["obj"]["artifacts"]
    assert [line if line.strip() else "" for line in whole["content"].split("\n")] == lines
    assert (one["start_line"], one["end_line"]) == (method["start_line"], method["end_line"])
    assert (one["symbol"], one["symbol_kind"]) == (method["symbol"], "method")
    assert (few["start_line"], few["end_line"]) == (2, 3)
    missing = {item["identifier"]: item["reason"] for item in answer["obj"]["missing"]}
    assert list(missing) == wrong
    assert method["symbol"] in missing[wrong[0]]
    assert "is not indexed" in missing[wrong[1]]
    assert "is no identifier" in missing[wrong[3]]
    assert all(identifier in answer["rendered"] for identifier in wrong)


def test_what_a_key_may_not_read_is_missing_to_it(served: ServedFixtures) -> None:
    (path, *_) = [
        item["metadata"]["path"] for item in search(served, "x", data_sources="orders-service")["obj"]["records"]
    ]
    answer = served.call("fetch_artifacts", "narrow", identifiers=[f"orders-service::{path}", "never-indexed::a.py"])
    assert answer["obj"]["artifacts"] == []
    reasons = [item["reason"] for item in answer["obj"]["missing"]]
    assert "may not read" in reasons[0]
    unknown = served.call("fetch_artifacts", "narrow", identifiers=["never-existed::a.py"])["obj"]["missing"][0]
    assert reasons[1] == unknown["reason"].replace("never-existed", "never-indexed")


def test_of_several_definitions_the_first_comes_and_the_others_are_named(
    served: ServedFixtures, tmp_path: Path
) -> None:
    folder = tmp_path / "twice"
    folder.mkdir()
    text = "if x:\n    def f():\n        return 1\nelse:\n    def f():\n        return 2\n"
    (folder / "a.py").write_text(text)
    open_indexer(served.assembly).index(str(folder), name="twice", branch=None, subdir=None, progress=SilentProgress())
    (artifact,) = served.call("fetch_artifacts", identifiers=["twice::a.py::f"])["obj"]["artifacts"]
    assert "return 1" in artifact["content"]
    assert artifact["note"] == "f is ambiguous: it is also defined at twice::a.py::5-6."
    records = search(served, "f return", data_sources="twice")["obj"]["records"]
    assert all(not record["identifier"].endswith("::f") for record in records)


def test_relationships_say_that_they_are_by_name(served: ServedFixtures) -> None:
    path, method = first_method(served)
    identifier = f"{NARROW}::{path}::{method['symbol']}"
    for profile, kinds in PROFILES.items():
        answer = served.call("get_artifact_relationships", identifier=identifier, profile=profile)
        assert tuple(answer["obj"]["relationships"]) == kinds
        assert answer["obj"]["matched_by"] == "name"
        assert "Found by name" in answer["rendered"]
    (own,) = [
        item
        for item in answer["obj"]["relationships"]["definitions"]
        if (item["path"], item["start_line"]) == (path, method["start_line"])
    ]
    assert own["symbol"] == method["symbol"]
    same = [
        {"identifier": f"{NARROW}::{path}::{method['start_line'] + 1}"},
        {"identifier": f"{path}::{method['symbol']}", "data_source": NARROW},
        {"identifier": method["symbol"], "data_source": NARROW},
    ]
    for arguments in same:
        assert served.call("get_artifact_relationships", **arguments)["obj"]["identifier"] == identifier
    for wrong, status in (({"identifier": f"{NARROW}::{path}"}, 400), ({"identifier": f"{NARROW}::no::no"}, 404)):
        assert read_error(served.post("get_artifact_relationships", wrong))[0] == status
    nothing = served.post("get_artifact_relationships", {"identifier": "no_such_name", "data_source": NARROW})
    assert read_error(nothing)[:2] == (404, 1003)


@pytest.mark.parametrize("name", sorted(set(NEEDED) - {"get_data_sources"}))
def test_work_ends_when_nobody_waits_for_it_or_its_time_is_over(served: ServedFixtures, name: str) -> None:
    reader = served.assembly.catalog.authenticate(served.keys["all"])
    toolbox = served.assembly.toolbox
    cancelled = Work("k")
    cancelled.cancel()
    with pytest.raises(SearchAbandonedError):
        toolbox.call(name, reader, NEEDED[name], cancelled)
    with served.assembly.retriever.turns.take(Work("another")), pytest.raises(TooManyRequestsError):
        toolbox.call(name, reader, NEEDED[name], Work("k", 0.001))
    # The turn was given back.
    assert toolbox.call(name, reader, NEEDED[name], Work("k", 60)).rendered
