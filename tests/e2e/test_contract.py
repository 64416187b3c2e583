"""POST /retrieval of a real service over the indexed fixtures: every line of the contract's first section."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from codesearch.core.types import MAX_LINE_CHARACTERS
from tests.e2e.service import (
    COMMITTED_AT,
    FIXTURES,
    GIT_NAME,
    NAMES,
    Service,
    condition,
    copy_index,
    create_key,
    index_fixtures,
    names_of,
    read_error,
    run_cli,
    source_ids,
)

Record = dict[str, Any]
ADDRESSES = ["/retrieval", "/api/knowledge-retrieval/dify/retrieval", "/dify/retrieval"]
ALWAYS = {
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
OF_PIECES = {"symbol_start_line", "symbol_end_line", "signature"}
SOMETIMES = {
    "file_extension",
    "language",
    "symbol",
    "symbol_kind",
    "commit",
    "last_modified",
    "url",
    "duplicates",
    *OF_PIECES,
}
BODY_LIMIT = 1_048_576


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fixtures, and the workspaces `everything` and `pair`."""
    copied = copy_index(index_fixtures(tmp_path_factory), tmp_path_factory.mktemp("contract") / "data")
    assert run_cli(copied, "workspace", "create", "everything", *NAMES).status == 0
    assert run_cli(copied, "workspace", "create", "pair", "ledger-go", "orders-service").status == 0
    return copied


@pytest.fixture(scope="module")
def service(data_dir: Path) -> Iterator[Service]:
    with Service(data_dir, create_key(data_dir, "reader")) as running:
        yield running


@pytest.fixture(scope="module")
def ids(data_dir: Path) -> dict[str, str]:
    return source_ids(data_dir)


@pytest.fixture(scope="module")
def all_records(service: Service) -> list[Record]:
    """Every record of the git fixture: few enough for two answers."""
    parts = [
        service.records(GIT_NAME, metadata_condition={"conditions": [condition("file_extension", operator, "go")]})
        for operator in ("is", "is not")
    ]
    assert all(20 < len(records) < 100 for records in parts)
    return [record for records in parts for record in records]


def fixture_lines(name: str, path: str) -> list[str]:
    """Decode a fixture's file on our own, and split it where its lines end."""
    raw = (FIXTURES / name / path).read_bytes()
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16").split("\n")
    try:
        return raw.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError:
        return raw.decode("latin-1").split("\n")


def document_ids(records: list[Record]) -> list[str]:
    return sorted(record["metadata"]["document_id"] for record in records)


# Addresses


@pytest.mark.parametrize("path", ADDRESSES)
@pytest.mark.parametrize("form", ["{}", "/{}", "{}/", "{}/retrieval", "{}//retrieval", "{}/retrieval/"])
def test_every_address_answers_however_the_base_url_was_pasted(service: Service, path: str, form: str) -> None:
    response = service.ask("ledger-go", path=form.format(path))
    assert response.status_code == 200
    assert len(response.json()["records"]) == 5
    plain = service.ask("ledger-go", path=path)
    assert response.content == plain.content


@pytest.mark.parametrize("path", ["/dify", "/dify/", "/dify/retrieval/x", "/retrievals", "/api/retrieval"])
def test_other_addresses_say_where_to_search(service: Service, path: str) -> None:
    status, code, message = read_error(service.ask("ledger-go", path=path))
    assert (status, code) == (404, 1003)
    assert "/retrieval" in message


def test_only_the_dify_address_puts_a_location_line_first(service: Service) -> None:
    plain, codealive, dify = (service.records("orders-service", "retry", path=path) for path in ADDRESSES)
    assert plain == codealive
    assert [record["metadata"] for record in plain] == [record["metadata"] for record in dify]
    for bare, located in zip(plain, dify, strict=True):
        data = bare["metadata"]
        symbol = f" ({data['symbol']})" if "symbol" in data else ""
        line = f"{data['path']}:{data['start_line']}-{data['end_line']}{symbol}"
        assert located["content"] == f"{line}\n\n{bare['content']}"


def test_in_a_workspace_that_line_begins_with_the_repositorys_name(service: Service) -> None:
    located = service.records("everything", "retry", path="/dify/retrieval")
    names = {record["metadata"]["data_source_name"] for record in located}
    assert len(names) > 1
    for record in located:
        data = record["metadata"]
        assert record["content"].startswith(f"{data['data_source_name']} {data['path']}:{data['start_line']}-")


# Records


@pytest.mark.parametrize("name", NAMES)
def test_content_is_the_files_own_lines(service: Service, name: str) -> None:
    """CRLF, UTF-16, latin-1 and byte order marks included: the decoded lines, line ends as they are, giant ones cut."""
    records = service.records(name)
    assert records
    for record in records:
        data = record["metadata"]
        lines = [line[:MAX_LINE_CHARACTERS] for line in fixture_lines(name, data["path"])]
        assert record["content"] == "\n".join(lines[data["start_line"] - 1 : data["end_line"]]), data


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("php/legacy_functions.php", "\r\n"),
        ("csharp/DocumentStore.cs", "\r\n"),
        ("php/Kundenbrief.php", "ß"),
        ("csharp/Throttle.cs", "Throttle"),
    ],
)
def test_odd_encodings_are_decoded(service: Service, path: str, expected: str) -> None:
    content = "".join(record["content"] for record in service.filtered("legacy-portal", condition("path", "is", path)))
    assert expected in content
    assert "\x00" not in content
    assert "\ufeff" not in content


def test_records_have_the_contracts_shape(service: Service, ids: dict[str, str], all_records: list[Record]) -> None:
    everything = [*all_records, *service.records("everything", "invoice"), *service.records("legacy-portal")]
    for record in everything:
        assert set(record) == {"content", "score", "title", "metadata"}
        assert isinstance(record["content"], str)
        assert 0 <= record["score"] <= 1
        data = record["metadata"]
        assert ALWAYS <= set(data) <= ALWAYS | SOMETIMES
        assert None not in data.values()
        assert "" not in data.values()
        assert record["title"] == data["path"].rsplit("/", 1)[-1]
        assert data["data_source_id"] == ids[data["data_source_name"]]
        assert data["data_source_type"] == "repository"
        assert data["artifact_kind"] in {"symbol", "chunk", "file"}
        assert 1 <= data["start_line"] <= data["end_line"]
        assert "\n" not in data["description"]
        assert record["title"] in data["description"]
        assert data["description"].endswith(f" from {data['data_source_name']}")
        assert ("symbol" in data) == ("symbol_kind" in data)
        assert isinstance(data.get("last_modified", 0), int)


def test_file_extensions_are_lower_case_with_their_dot(service: Service) -> None:
    records = service.filtered("orders-service", condition("title", "in", ["Makefile", "Dockerfile", "tax.py"]))
    found = {record["title"]: record["metadata"].get("file_extension") for record in records}
    assert found == {"Makefile": None, "Dockerfile": None, "tax.py": ".py"}


def test_commit_and_moment_come_from_git(all_records: list[Record]) -> None:
    commits = set(names_of(all_records, "commit"))
    assert len(commits) == 1
    assert all(len(commit) == 40 for commit in commits)
    assert set(names_of(all_records, "last_modified")) == {COMMITTED_AT}


def test_document_ids_are_unique_and_stable(service: Service, all_records: list[Record]) -> None:
    found = document_ids(all_records)
    assert len(set(found)) == len(found)
    again = service.records(GIT_NAME, "quite another question about ledgers")
    assert set(document_ids(again)) <= set(found)


def test_a_definition_is_described_by_kind_name_and_lines(service: Service) -> None:
    (record,) = service.filtered("orders-service", condition("symbol", "is", "add_value_added_tax"))
    data = record["metadata"]
    assert data["description"] == "function add_value_added_tax in tax.py from orders-service"
    assert (data["artifact_kind"], data["symbol_kind"], data["language"]) == ("symbol", "function", "python")


# Which, how many, in which order


@pytest.mark.parametrize("top_k", [1, 2, 5, 20, 50, 100])
def test_top_k_records_come_back_when_that_many_match(service: Service, top_k: int) -> None:
    assert len(service.records("everything", "money", top_k=top_k)) == top_k
    assert len(service.records("orders-service", "retry", top_k=top_k)) == top_k


def test_a_narrow_filter_is_filled_up_to_top_k(service: Service, all_records: list[Record]) -> None:
    """A file whose chunks no query term meets still gives all that match: conditions come before the search."""
    paths = names_of(all_records, "path")
    path = max(sorted(set(paths)), key=paths.count)
    assert paths.count(path) >= 5
    for question in ("zebra xylophone", "größe 你好", "x"):
        records = service.records(
            GIT_NAME, question, top_k=5, metadata_condition={"conditions": [condition("path", "is", path)]}
        )
        assert names_of(records, "path") == [path] * 5
    alone = service.filtered(GIT_NAME, condition("path", "is", path))
    assert len(alone) == paths.count(path)


def test_the_default_is_five_records(service: Service) -> None:
    for setting in (None, {}, {"top_k": None}, {"score_threshold": None}, {"top_k": 5.0}):
        assert len(service.ask("ledger-go", retrieval_setting=setting).json()["records"]) == 5


def test_scores_fall_and_stay_over_the_threshold(service: Service) -> None:
    records = service.records("everything", "retry with exponential backoff", top_k=50)
    scores = [record["score"] for record in records]
    assert scores == sorted(scores, reverse=True)
    threshold = scores[10]
    setting = {"top_k": 50, "score_threshold": threshold}
    body = service.ask("everything", "retry with exponential backoff", retrieval_setting=setting).json()
    assert body["records"] == [record for record in records if record["score"] >= threshold]
    assert 11 <= len(body["records"]) < 50
    assert service.ask("everything", "zebra", retrieval_setting={"top_k": 5, "score_threshold": 1}).json() == {
        "records": []
    }


def test_the_same_request_has_always_the_same_answer(service: Service) -> None:
    setting = {"top_k": 60}
    answers = {service.ask("everything", "parse a file", retrieval_setting=setting).content for _ in range(5)}
    assert len(answers) == 1


def test_nothing_found_is_an_empty_list(service: Service) -> None:
    nothing = {"conditions": [condition("path", "is", "no/such/file.py")]}
    response = service.ask("ledger-go", metadata_condition=nothing)
    assert (response.status_code, response.json()) == (200, {"records": []})


@pytest.mark.parametrize(
    ("knowledge_id", "question", "path"),
    [
        ("orders-service", "where is value added tax computed", "orders/tax.py"),
        ("webshop-frontend", "reconnect the websocket", "src/"),
        ("ledger-go", "write-ahead log", ""),
        ("everything", "add_value_added_tax", "orders/tax.py"),
    ],
)
def test_a_question_finds_its_file(service: Service, knowledge_id: str, question: str, path: str) -> None:
    assert any(found.startswith(path) for found in names_of(service.records(knowledge_id, question, top_k=3), "path"))


def test_a_workspace_is_searched_in_one_go(service: Service, ids: dict[str, str]) -> None:
    records = service.records("everything", "how is money rounded", top_k=100)
    found = {(record["metadata"]["data_source_name"], record["metadata"]["data_source_id"]) for record in records}
    assert found <= set(ids.items())
    assert len(found) >= 4
    pair = service.records("pair", "money", top_k=100)
    assert set(names_of(pair, "data_source_name")) == {"ledger-go", "orders-service"}


def test_id_and_name_mean_the_same(service: Service, ids: dict[str, str]) -> None:
    for name in NAMES:
        assert service.ask(ids[name], "x").content == service.ask(name, "x").content
        assert service.ask(f" {name.upper()} ", "x").content == service.ask(name, "x").content


@pytest.mark.parametrize("query", ["retry tax " * 3_276, "retry\n\nbackoff\ttax", "'; DROP TABLE retry; --", "RETRY?"])
def test_any_text_up_to_the_limit_is_a_query(service: Service, query: str) -> None:
    assert len(query.encode()) <= 32_768
    assert len(service.records("orders-service", query, top_k=3)) == 3


@pytest.mark.parametrize("query", ["x" * 32_768, "ü" * 16_384, "\\ \" ' % _ ?", "🙂", "\x00a", "((((", "AND OR NOT"])
def test_a_query_without_words_is_no_error(service: Service, query: str) -> None:
    assert service.ask("orders-service", query).status_code == 200


# Conditions. What each must give is computed from all records in Python.

Test = Callable[[Mapping[str, Any]], bool]


def low(record: Mapping[str, Any], name: str) -> str:
    value = record["title"] if name == "title" else record["metadata"].get(name, "")
    return str(value).lower()


def number(record: Mapping[str, Any], name: str) -> int:
    return int(record["metadata"][name])


CONDITIONS: list[tuple[str, object, object, Test]] = [
    ("path", "contains", "INTERNAL", lambda r: "internal" in low(r, "path")),
    ("path", "contains", ".go", lambda r: ".go" in low(r, "path")),
    ("path", "not contains", "go", lambda r: "go" not in low(r, "path")),
    ("path", "not_contains", "_test", lambda r: "_test" not in low(r, "path")),
    ("path", "start with", "internal/", lambda r: low(r, "path").startswith("internal/")),
    ("path", "starts with", "Internal", lambda r: low(r, "path").startswith("internal")),
    ("path", "start_with", "%", lambda r: False),
    ("path", "end with", "_test.go", lambda r: low(r, "path").endswith("_test.go")),
    ("path", "Ends With", ".GO", lambda r: low(r, "path").endswith(".go")),
    ("path", "contains", "%", lambda r: False),
    ("path", "contains", "'", lambda r: False),
    ("path", "contains", "\\", lambda r: False),
    ("path", "contains", "a_b", lambda r: False),
    ("path", "is not", "README.md", lambda r: low(r, "path") != "readme.md"),
    ("title", "is", "readme.MD", lambda r: low(r, "title") == "readme.md"),
    ("title", "in", "README.md, Makefile", lambda r: low(r, "title") in {"readme.md", "makefile"}),
    ("title", "not in", ["README.md", "Makefile"], lambda r: low(r, "title") not in {"readme.md", "makefile"}),
    ("title", "=", "Makefile", lambda r: low(r, "title") == "makefile"),
    ("title", "≠", "Makefile", lambda r: low(r, "title") != "makefile"),
    ("title", "==", "Makefile", lambda r: low(r, "title") == "makefile"),
    ("title", "!=", "Makefile", lambda r: low(r, "title") != "makefile"),
    ("title", "<>", "Makefile", lambda r: low(r, "title") != "makefile"),
    ("file_extension", "is", ".go", lambda r: low(r, "file_extension") == ".go"),
    ("file_extension", "is", "go", lambda r: low(r, "file_extension") == ".go"),
    ("file_extension", "IS", "GO", lambda r: low(r, "file_extension") == ".go"),
    ("file_extension", "in", "go,md", lambda r: low(r, "file_extension") in {".go", ".md"}),
    ("file_extension", "in", [".go", "proto"], lambda r: low(r, "file_extension") in {".go", ".proto"}),
    ("file_extension", "not in", "go", lambda r: low(r, "file_extension") != ".go"),
    ("file_extension", "empty", None, lambda r: not low(r, "file_extension")),
    ("file_extension", "not empty", "", lambda r: bool(low(r, "file_extension"))),
    ("language", "is", "Go", lambda r: low(r, "language") == "go"),
    ("language", "not in", ["go", "markdown"], lambda r: low(r, "language") not in {"go", "markdown"}),
    ("language", "contains", "o", lambda r: "o" in low(r, "language")),
    ("data_source_name", "is", GIT_NAME, lambda r: True),
    ("data_source_name", "is", "ledger-go", lambda r: False),
    ("data_source_name", "start with", "LEDGER", lambda r: True),
    ("data_source_type", "is", "repository", lambda r: True),
    ("data_source_type", "is not", "repository", lambda r: False),
    ("data_source_id", "empty", None, lambda r: False),
    ("artifact_kind", "is", "symbol", lambda r: low(r, "artifact_kind") == "symbol"),
    ("artifact_kind", "in", ["chunk", "file"], lambda r: low(r, "artifact_kind") in {"chunk", "file"}),
    ("artifact_kind", "is not", "Symbol", lambda r: low(r, "artifact_kind") != "symbol"),
    ("symbol", "empty", None, lambda r: not low(r, "symbol")),
    ("symbol", "not empty", None, lambda r: bool(low(r, "symbol"))),
    ("symbol", "contains", "append", lambda r: "append" in low(r, "symbol")),
    ("symbol", "not contains", "append", lambda r: "append" not in low(r, "symbol")),
    ("symbol", "start with", "ledger", lambda r: low(r, "symbol").startswith("ledger")),
    ("content", "contains", "RETURN", lambda r: "return" in r["content"].lower()),
    ("content", "not contains", "return", lambda r: "return" not in r["content"].lower()),
    ("symbol_kind", "in", "method,function", lambda r: low(r, "symbol_kind") in {"method", "function"}),
    ("symbol_kind", "not in", "method", lambda r: low(r, "symbol_kind") != "method"),
    ("start_line", ">", 20, lambda r: number(r, "start_line") > 20),
    ("start_line", "<", "20", lambda r: number(r, "start_line") < 20),
    ("start_line", "≥", 20.0, lambda r: number(r, "start_line") >= 20),
    ("start_line", "≤", " 20 ", lambda r: number(r, "start_line") <= 20),
    ("start_line", ">=", "20.5", lambda r: number(r, "start_line") >= 20.5),
    ("start_line", "<=", 20, lambda r: number(r, "start_line") <= 20),
    ("start_line", "‹", 20, lambda r: number(r, "start_line") < 20),
    ("start_line", "›", 20, lambda r: number(r, "start_line") > 20),
    ("start_line", "=", "1", lambda r: number(r, "start_line") == 1),
    ("start_line", "≠", 1, lambda r: number(r, "start_line") != 1),
    ("start_line", "is", 1, lambda r: number(r, "start_line") == 1),
    ("start_line", "is not", "1", lambda r: number(r, "start_line") != 1),
    ("start_line", "in", "1, 2,3", lambda r: number(r, "start_line") in {1, 2, 3}),
    ("start_line", "not in", [1, "2"], lambda r: number(r, "start_line") not in {1, 2}),
    ("start_line", "empty", None, lambda r: False),
    ("end_line", ">", -5, lambda r: True),
    ("end_line", "≤", 30, lambda r: number(r, "end_line") <= 30),
    ("last_modified", "is", "2023-11-14", lambda r: True),
    ("last_modified", "is not", "2023-11-14", lambda r: False),
    ("last_modified", "is", "2023-11-15", lambda r: False),
    ("last_modified", "is", COMMITTED_AT, lambda r: True),
    ("last_modified", "=", str(COMMITTED_AT), lambda r: True),
    ("last_modified", "before", "2023-11-14T22:13:21Z", lambda r: True),
    ("last_modified", "before", COMMITTED_AT, lambda r: False),
    ("last_modified", "after", "2023-11-14T22:13:19+00:00", lambda r: True),
    ("last_modified", "after", "2023-11-14", lambda r: False),
    ("last_modified", ">", "2023-11-13", lambda r: True),
    ("last_modified", "≥", "2023-11-14", lambda r: True),
    ("last_modified", "≤", "2023-11-14", lambda r: True),
    ("last_modified", "<", "2023-11-14", lambda r: False),
    ("last_modified", "in", [str(COMMITTED_AT), 5], lambda r: True),
    ("last_modified", "not in", ["2023-11-14"], lambda r: False),
    ("last_modified", "<", -1, lambda r: False),
    ("commit", "not empty", None, lambda r: True),
    ("commit", "is", "0" * 40, lambda r: False),
    # A null value stands for an unset variable of Dify's: no condition.
    ("path", "is", None, lambda r: True),
    ("start_line", ">", None, lambda r: True),
]


@pytest.mark.parametrize(("name", "operator", "value", "holds"), CONDITIONS)
def test_each_condition_keeps_exactly_the_records_it_holds_for(
    service: Service, all_records: list[Record], name: str, operator: object, value: object, holds: Test
) -> None:
    kept = service.filtered(GIT_NAME, condition(name, operator, value))
    assert document_ids(kept) == document_ids([record for record in all_records if holds(record)])


def test_the_condition_table_tells_records_apart(all_records: list[Record]) -> None:
    """Most rows of the table must hold for some records and not for others, or they would show nothing."""
    counts = [sum(holds(record) for record in all_records) for _, _, _, holds in CONDITIONS]
    assert sum(0 < count < len(all_records) for count in counts) > len(counts) / 2


def test_every_field_and_every_operator_is_in_the_table() -> None:
    from codesearch.core.predicates import FIELD_TYPES
    from codesearch.retrieval.condition_operators import RULES, parse_operator

    assert {name for name, *_ in CONDITIONS} == set(FIELD_TYPES)
    assert {parse_operator(operator) for _, operator, *_ in CONDITIONS} == set(RULES)


def test_commit_and_id_conditions_take_the_values_of_records(
    service: Service, ids: dict[str, str], all_records: list[Record]
) -> None:
    commit = all_records[0]["metadata"]["commit"]
    for one in (
        condition("commit", "is", commit),
        condition("commit", "start with", commit[:8].upper()),
        condition("data_source_id", "in", [ids[GIT_NAME], "x"]),
    ):
        assert len(service.filtered(GIT_NAME, one)) == len(all_records)
    named = service.filtered("pair", condition("data_source_name", "is", "ledger-go"))
    assert set(names_of(named, "data_source_id")) == {ids["ledger-go"]}
    others = service.filtered("pair", condition("data_source_name", "is not", "ledger-go"))
    assert set(names_of(others, "data_source_name")) == {"orders-service"}
    # It is a folder of this repository's work tree, or a plain one where there is none.
    every = service.filtered("ledger-go", condition("path", "not empty"))
    has_commit = any("commit" in record["metadata"] for record in every)
    assert bool(service.filtered("ledger-go", condition("commit", "not empty"))) == has_commit
    assert bool(service.filtered("ledger-go", condition("commit", "empty"))) == (not has_commit)


def test_several_names_match_any_for_positive_and_all_for_negative_operators(
    service: Service, all_records: list[Record]
) -> None:
    either = service.filtered(GIT_NAME, condition(["path", "symbol"], "contains", "account"))
    expected = [r for r in all_records if "account" in low(r, "path") or "account" in low(r, "symbol")]
    assert 0 < len(expected) < len(all_records)
    assert document_ids(either) == document_ids(expected)
    neither = service.filtered(GIT_NAME, condition(["path", "symbol"], "not contains", "account"))
    assert document_ids(neither) == document_ids([record for record in all_records if record not in expected])


def test_conditions_are_joined_by_and_and_or(service: Service, all_records: list[Record]) -> None:
    go = condition("file_extension", "is", "go")
    top = condition("start_line", "=", 1)
    is_go = {r["metadata"]["document_id"] for r in all_records if low(r, "file_extension") == ".go"}
    is_top = {r["metadata"]["document_id"] for r in all_records if number(r, "start_line") == 1}
    assert is_go & is_top not in ({*()}, is_go, is_top)
    for word in ("and", "AND", None):
        assert document_ids(service.filtered(GIT_NAME, go, top, joined_by=word)) == sorted(is_go & is_top)
    for word in ("or", "Or"):
        assert document_ids(service.filtered(GIT_NAME, go, top, joined_by=word)) == sorted(is_go | is_top)
    dropped = condition("path", "is", None)
    assert document_ids(service.filtered(GIT_NAME, go, dropped, joined_by="or")) == sorted(is_go)


@pytest.mark.parametrize(
    "no_filter",
    [None, {}, {"conditions": None}, {"conditions": []}, {"logical_operator": "or", "conditions": []}],
)
def test_no_conditions_are_no_filter(service: Service, all_records: list[Record], no_filter: object) -> None:
    assert len(service.records(GIT_NAME, metadata_condition=no_filter)) == len(all_records)


# Errors


@pytest.mark.parametrize(
    "header",
    [{}, {"Authorization": "Bearer"}, {"Authorization": "Bearer cs_wrong"}, {"Authorization": "Basic eDp5"}],
)
@pytest.mark.parametrize("body", [b"", b"no json", b'{"knowledge_id": "nope", "query": ""}', b"x" * (BODY_LIMIT + 1)])
def test_the_key_is_checked_first(service: Service, header: dict[str, str], body: bytes) -> None:
    status, code, _ = read_error(service.post("/retrieval", content=body, headers=header))
    assert (status, code) == (401, 1004)


GOOD = {"knowledge_id": "nope", "query": "x"}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "empty"),
        (b"no json", "JSON"),
        (b"[]", "object"),
        ({"knowledge_id": "", "query": ""}, "knowledge_id"),
        ({"query": "x"}, "knowledge_id"),
        ({"knowledge_id": "nope", "query": " \n"}, "query"),
        ({"knowledge_id": "nope", "query": "x" * 32_769}, "query"),
        ({"knowledge_id": 7, "query": "x"}, "knowledge_id"),
        ({**GOOD, "retrieval_setting": {"top_k": 0}}, "top_k"),
        ({**GOOD, "retrieval_setting": {"top_k": 101}}, "top_k"),
        ({**GOOD, "retrieval_setting": {"top_k": "5"}}, "top_k"),
        ({**GOOD, "retrieval_setting": {"top_k": True}}, "top_k"),
        ({**GOOD, "retrieval_setting": {"score_threshold": 1.1}}, "score_threshold"),
        ({**GOOD, "retrieval_setting": []}, "retrieval_setting"),
        ({**GOOD, "metadata_condition": []}, "metadata_condition"),
        ({**GOOD, "metadata_condition": {"conditions": {}}}, "conditions"),
        ({**GOOD, "metadata_condition": {"logical_operator": "xor", "conditions": []}}, "and, or"),
        ({**GOOD, "metadata_condition": {"conditions": [condition("colour", "is", "x")]}}, "file_extension"),
        ({**GOOD, "metadata_condition": {"conditions": [condition("path", "like", "x")]}}, "start with"),
        ({**GOOD, "metadata_condition": {"conditions": [condition("start_line", ">", "x")]}}, "start_line"),
        ({**GOOD, "metadata_condition": {"conditions": [condition("last_modified", "is", "x")]}}, "last_modified"),
    ],
)
def test_a_wrong_request_says_what_is_wrong_before_anything_is_looked_up(
    service: Service, body: object, said: str
) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {service.key}"}
    status, code, message = read_error(service.post("/retrieval", content=content, headers=headers))
    assert (status, code) == (400, 1001)
    assert said in message


@pytest.mark.parametrize("path", ADDRESSES)
def test_a_body_over_the_limit_is_413(service: Service, path: str) -> None:
    body = json.dumps({"knowledge_id": "ledger-go", "query": "x", "padding": "x" * BODY_LIMIT}).encode()
    headers = {"Authorization": f"Bearer {service.key}"}
    status, code, _ = read_error(service.post(path, content=body, headers=headers))
    assert (status, code) == (413, 1001)
    fitting = body.replace(b"x" * 1000, b"", 1)
    assert len(fitting) < BODY_LIMIT
    assert service.post(path, content=fitting, headers=headers).status_code == 200


@pytest.mark.parametrize("path", ADDRESSES)
@pytest.mark.parametrize("body", [b'{"knowledge_id": "", "query": ""}', b"", b"{}"])
def test_difys_probes_get_400(service: Service, path: str, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {service.key}", "Content-Type": "application/json"}
    assert read_error(service.post(path, content=body, headers=headers))[:2] == (400, 1001)


def test_an_unknown_id_is_404_also_for_a_scoped_key(service: Service, data_dir: Path) -> None:
    narrow = create_key(data_dir, "narrow", "--source", "ledger-go")
    for key in (service.key, narrow):
        for unknown in ("nope", "0" * 24, "a/../b", "'"):
            assert read_error(service.ask(unknown, key=key))[:2] == (404, 1003)


def test_a_scoped_key_reads_its_sources_and_nothing_else(service: Service, data_dir: Path) -> None:
    key = create_key(data_dir, "scoped", "--source", "ledger-go", "--source", "ops-scripts")
    assert service.ask("ledger-go", key=key).status_code == 200
    status, code, message = read_error(service.ask("orders-service", key=key))
    assert (status, code) == (403, 1002)
    assert "orders-service" in message
    response = service.ask("everything", "money", key=key, retrieval_setting={"top_k": 100})
    assert set(names_of(response.json()["records"], "data_source_name")) == {"ledger-go", "ops-scripts"}
    widened = {"logical_operator": "or", "conditions": [condition("data_source_name", "not empty")]}
    response = service.ask("everything", key=key, metadata_condition=widened, retrieval_setting={"top_k": 100})
    assert set(names_of(response.json()["records"], "data_source_name")) == {"ledger-go", "ops-scripts"}
