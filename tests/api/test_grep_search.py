"""grep_search over the indexed fixtures: the lines of the files themselves, counted, in order, with what to do next."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from codesearch.assembly import LOCAL_PRINCIPAL
from codesearch.core.errors import SearchAbandonedError, SearchTooLongError
from codesearch.retrieval.turns import Work
from codesearch.tools.grep_search import MAX_RESULTS, MAX_SECONDS
from tests.api.api_client import bearer, read_error
from tests.api.served_fixtures import NARROW, ServedFixtures, serve_fixtures
from tests.e2e.service import FIXTURES, copy_index, index_fixtures


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedFixtures]:
    data_dir = copy_index(index_fixtures(tmp_path_factory), tmp_path_factory.mktemp("grep") / "data")
    with serve_fixtures(data_dir) as served:
        served.assembly.catalog.create_workspace("mixed", [NARROW, "orders-service"])
        yield served


def grep(served: ServedFixtures, query: str, **arguments: object) -> dict[str, Any]:
    asked: dict[str, Any] = {"query": query, "data_sources": NARROW, "max_results": MAX_RESULTS, **arguments}
    return served.call("grep_search", **asked)


def indexed_lines(served: ServedFixtures, name: str) -> Iterator[tuple[str, int, str]]:
    """Yield the lines of the files on disk that were indexed, in order."""
    source = served.assembly.catalog.get_source(name)
    index = served.assembly.search_indexes.get(source.id, source.run_id)
    for path in index.paths():
        for number, line in enumerate((FIXTURES / name / path).read_text("utf-8").split("\n"), 1):
            yield path, number, line.rstrip("\r")


def expected(served: ServedFixtures, pattern: str, name: str = NARROW) -> list[tuple[str, int, int, str]]:
    return [
        (path, number, match.start() + 1, line)
        for path, number, line in indexed_lines(served, name)
        if (match := re.search(pattern, line))
    ]


def shown(answer: dict[str, Any]) -> list[tuple[str, int, int, str]]:
    return [(one["path"], one["line"], one["column"], one["text"]) for one in answer["obj"]["matches"]]


@pytest.mark.parametrize(
    ("query", "arguments", "pattern"),
    [
        ("err != nil", {}, r"err != nil"),
        ("LEDGER", {"case_sensitive": False}, r"(?i)ledger"),
        ("Balance", {"whole_word": True}, r"\bBalance\b"),
        (r"func \(\w+ \*?\w+\) \w+\(", {"regex": True}, r"func \(\w+ \*?\w+\) \w+\("),
        (r"^\s*return\b.*$", {"regex": True}, r"^\s*return\b.*$"),
        ("\treturn", {}, r"\treturn"),
        ("{", {"regex": False}, r"\{"),
    ],
)
def test_the_lines_are_those_of_the_files(
    served: ServedFixtures, query: str, arguments: dict[str, Any], pattern: str
) -> None:
    answer = grep(served, query, **arguments)
    wanted = expected(served, pattern)
    assert wanted
    assert shown(answer) == [(path, number, column, line) for path, number, column, line in wanted if len(line) <= 400]
    assert (answer["obj"]["more"], answer["obj"]["more_is_exact"]) == (0, True)
    for path, number, column, line in wanted[:3]:
        assert path in answer["rendered"]
        assert f"\n{number}:{column}: {line}" in answer["rendered"]


def test_several_sources_in_order_of_their_names(served: ServedFixtures) -> None:
    answer = grep(served, "return", data_sources=["mixed"])
    names = [one["data_source"] for one in answer["obj"]["matches"]]
    assert names == sorted(names)
    assert set(names) == {NARROW, "orders-service"}
    assert [one[:3] for one in shown(answer)] == [
        one[:3] for name in (NARROW, "orders-service") for one in expected(served, "return", name)
    ]
    assert f"\n\n{NARROW} " in f"\n\n{answer['rendered']}"
    assert [item["data_source"] for item in answer["obj"]["freshness"]] == [NARROW, "orders-service"]


def test_what_is_left_out_is_counted_and_can_be_asked_for(served: ServedFixtures) -> None:
    wanted = expected(served, "return")
    answer = grep(served, "return", max_results=5)
    assert shown(answer) == wanted[:5]
    assert (answer["obj"]["more"], answer["obj"]["more_is_exact"]) == (len(wanted) - 5, True)
    hint = f"{len(wanted) - 5} more lines match than the 5 shown; max_results={len(wanted)} shows them"
    assert hint in answer["rendered"]
    assert shown(grep(served, "return", max_results=len(wanted))) == wanted


def test_paths_extensions_and_names_of_files(served: ServedFixtures) -> None:
    paths = {one[0] for one in shown(grep(served, "ledger", case_sensitive=False))}
    inside = {path for path in paths if path.startswith("internal/")}
    assert inside
    assert {one[0] for one in shown(grep(served, "ledger", case_sensitive=False, paths=["./internal/"]))} == inside
    documents = {one[0] for one in shown(grep(served, "ledger", case_sensitive=False, extensions=["md"]))}
    assert documents == {path for path in paths if path.endswith(".md")}
    assert not documents & inside
    answer = grep(served, r"\.mod$", regex=True)
    assert answer["obj"]["files"] == [{"data_source": NARROW, "path": "go.mod"}]
    assert answer["rendered"].startswith("Files whose names match:\ngo.mod")


def test_lines_around_a_match(served: ServedFixtures) -> None:
    lines = [line for line in indexed_lines(served, NARROW) if line[0] == "go.mod"]
    answer = grep(served, "module ", paths=["go.mod"], context_lines=2)
    (match,) = answer["obj"]["matches"]
    assert "before" not in match
    after = [{"line": number, "text": line} for _, number, line in lines[match["line"] : match["line"] + 2]]
    assert match["after"] == after
    assert f"\n{after[1]['line']}- {after[1]['text']}" in answer["rendered"]


def test_a_pasted_block_is_found_where_it_stands(served: ServedFixtures) -> None:
    path, number, _, _ = expected(served, r"^func ")[0]
    lines = [line for name, _, line in indexed_lines(served, NARROW) if name == path]
    block = "\r\n".join(lines[number - 1 : number + 3]) + "\r\n"
    (match,) = grep(served, block)["obj"]["matches"]
    assert (match["path"], match["line"], match["column"]) == (path, number, 1)
    assert match["text"].split("\n") == lines[number - 1 : number - 1 + match["text"].count("\n") + 1]


@pytest.mark.parametrize(
    ("query", "arguments", "hint"),
    [
        ("no such text anywhere", {}, "case_sensitive=false"),
        (r"func \w+zzz", {}, "regex=true"),
        ("return", {"paths": ["**/*.go"]}, "paths **/*.go: no path here begins so, * stands for itself"),
        ("no such text", {"extensions": ["goo"]}, "extensions .goo: no file here ends so; there are "),
        ("#~~~#", {}, "Nothing found."),
    ],
)
def test_nothing_found_says_what_may_be_why(
    served: ServedFixtures, query: str, arguments: dict[str, Any], hint: str
) -> None:
    answer = grep(served, query, **arguments)
    assert answer["obj"]["matches"] == []
    assert answer["rendered"].startswith("Nothing found")
    assert hint in answer["rendered"]


@pytest.mark.parametrize(
    ("query", "advice"), [(r"a(?=b)", "looking around"), (r"(a)\1", "earlier group"), ("a(", "put a backslash before")]
)
def test_an_expression_that_cannot_be_searched_is_400(served: ServedFixtures, query: str, advice: str) -> None:
    body = {"query": query, "regex": True, "data_sources": NARROW}
    status, code, message = read_error(served.post("grep_search", body))
    assert (status, code) == (400, 1001)
    assert advice in message
    assert grep(served, query)["obj"]["matches"] == []


@pytest.mark.parametrize("value", [0, MAX_RESULTS + 1, "many"])
def test_limits_are_bounded(served: ServedFixtures, value: object) -> None:
    body = {"query": "x", "max_results": value, "data_sources": NARROW}
    response = served.client.request("POST", "/api/tools/grep_search", json=body, headers=bearer(served.keys["all"]))
    assert read_error(response)[:2] == (400, 1001)


@pytest.mark.parametrize("query", ["return", r"(\w*\d*){20}\s", r"(?s)a.*b"])
def test_a_call_that_nobody_waits_for_or_that_takes_too_long_ends(served: ServedFixtures, query: str) -> None:
    arguments = {"query": query, "regex": True, "data_sources": NARROW}
    work = Work("key", max_seconds=1e-9)
    with pytest.raises(SearchTooLongError, match="Narrow it with paths"):
        served.assembly.toolbox.call("grep_search", LOCAL_PRINCIPAL, arguments, work)
    work = Work("key")
    work.cancel()
    with pytest.raises(SearchAbandonedError):
        served.assembly.toolbox.call("grep_search", LOCAL_PRINCIPAL, arguments, work)


def test_a_call_works_no_longer_than_its_own_limit(served: ServedFixtures) -> None:
    work = Work("key", max_seconds=3_600)
    served.assembly.toolbox.call("grep_search", LOCAL_PRINCIPAL, {"query": "x", "data_sources": NARROW}, work)
    assert work.max_seconds == MAX_SECONDS
