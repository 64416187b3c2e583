"""The request's fields: what is taken, what is refused with 400/1001, and what reaches the search."""

from __future__ import annotations

import json

import pytest

from codesearch.core.predicates import EVERYTHING, Comparison, Operator
from codesearch.core.types import SearchQuery
from tests.api.api_client import ASK, ApiClient, ScriptedRetriever, bearer, read_error


def asked(client: ApiClient, retriever: ScriptedRetriever, **fields: object) -> SearchQuery:
    response = client.ask({**ASK, **fields})
    assert response.status_code == 200, response.text
    return retriever.asked[-1]


def assert_refused(client: ApiClient, retriever: ScriptedRetriever, content: bytes, said: str) -> None:
    status, code, message = read_error(client.post_bytes(content))
    assert (status, code) == (400, 1001)
    assert said in message
    assert retriever.asked == []


@pytest.mark.parametrize(
    ("setting", "top_k", "score_threshold"),
    [
        (None, 5, 0.0),
        ({}, 5, 0.0),
        ({"top_k": None, "score_threshold": None}, 5, 0.0),
        ({"top_k": 1}, 1, 0.0),
        ({"top_k": 100, "score_threshold": 1}, 100, 1.0),
        ({"top_k": 7.0, "score_threshold": 0.25}, 7, 0.25),
        ({"score_threshold": 0, "reranking": True}, 5, 0.0),
    ],
)
def test_retrieval_setting(
    client: ApiClient, retriever: ScriptedRetriever, setting: object, top_k: int, score_threshold: float
) -> None:
    query = asked(client, retriever, retrieval_setting=setting)
    assert (query.top_k, query.score_threshold) == (top_k, score_threshold)
    assert isinstance(query.top_k, int)


def test_defaults_when_only_the_required_fields_are_sent(client: ApiClient, retriever: ScriptedRetriever) -> None:
    query = asked(client, retriever)
    assert query == SearchQuery(ASK["knowledge_id"], "retry", 5, 0.0, EVERYTHING)


@pytest.mark.parametrize("value", [0, -1, 101, 2.5, "5", True, [], {}, 10**30])
def test_top_k_out_of_its_range(client: ApiClient, retriever: ScriptedRetriever, value: object) -> None:
    content = json.dumps({**ASK, "retrieval_setting": {"top_k": value}}).encode()
    assert_refused(client, retriever, content, "top_k must be a whole number from 1 to 100")


@pytest.mark.parametrize(("value", "seconds"), [(None, 0.0), (0, 0.0), (2.5, 2.5), (30, 30.0)])
def test_fresh_seconds(client: ApiClient, retriever: ScriptedRetriever, value: object, seconds: float) -> None:
    assert asked(client, retriever, retrieval_setting={"fresh_seconds": value}).fresh_seconds == seconds
    answer = client.ask(retrieval_setting={"fresh_seconds": value}).json()
    assert ("freshness" in answer) is bool(seconds)


@pytest.mark.parametrize("value", [-1, 30.5, "5", True, [5]])
def test_fresh_seconds_out_of_its_range(client: ApiClient, retriever: ScriptedRetriever, value: object) -> None:
    content = json.dumps({**ASK, "retrieval_setting": {"fresh_seconds": value}}).encode()
    assert_refused(client, retriever, content, "fresh_seconds must be a number from 0 to 30")
    assert_refused(
        client, retriever, json.dumps({**ASK, "fresh_seconds": 5}).encode(), "belongs into retrieval_setting"
    )


@pytest.mark.parametrize(("value", "max_tokens"), [(None, None), (1, 1), (4000.0, 4000)])
def test_max_tokens(client: ApiClient, retriever: ScriptedRetriever, value: object, max_tokens: int | None) -> None:
    assert asked(client, retriever, retrieval_setting={"max_tokens": value}).max_tokens == max_tokens


@pytest.mark.parametrize("value", [0, -1, 2.5, "5", True, [], {}, 10**30])
def test_max_tokens_out_of_its_range(client: ApiClient, retriever: ScriptedRetriever, value: object) -> None:
    content = json.dumps({**ASK, "retrieval_setting": {"max_tokens": value}}).encode()
    assert_refused(client, retriever, content, "max_tokens must be a whole number from 1 on")


@pytest.mark.parametrize("value", [-0.1, 1.1, "0.5", False, [], {}])
def test_score_threshold_out_of_its_range(client: ApiClient, retriever: ScriptedRetriever, value: object) -> None:
    content = json.dumps({**ASK, "retrieval_setting": {"score_threshold": value}}).encode()
    assert_refused(client, retriever, content, "score_threshold must be a number from 0 to 1")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"knowledge_id": None}, "knowledge_id is missing"),
        ({"knowledge_id": ""}, "knowledge_id is empty"),
        ({"knowledge_id": " \t"}, "knowledge_id is empty"),
        ({"knowledge_id": 5}, "knowledge_id must be a string, not 5"),
        ({"knowledge_id": ["a"]}, "knowledge_id must be a string"),
        ({"knowledge_id": "a\u0000"}, "is no id or name"),
        ({"knowledge_id": "\ud800"}, "is no id or name"),
        ({"knowledge_id": "x" * 513}, "is no id or name"),
        ({"query": None}, "query is missing"),
        ({"query": ""}, "query is blank"),
        ({"query": " \n\t\u3000"}, "query is blank"),
        ({"query": "\u0000"}, "query is blank"),
        ({"query": {"text": "x"}}, "query must be a string"),
        ({"query": "x" * 32_769}, "at most 32768"),
        ({"query": "é" * 16_385}, "query has 32770 bytes"),
        ({"retrieval_setting": []}, "retrieval_setting must be an object or null"),
        ({"retrieval_setting": 5}, "retrieval_setting must be an object or null"),
        ({"metadata_condition": []}, "metadata_condition must be an object or null"),
        ({"explain": "yes"}, "explain must be true or false"),
        ({"explain": 1}, "explain must be true or false"),
        ({"metadata_conditions": {}}, "Filters go into metadata_condition"),
        ({"Filter": "x"}, "Filters go into metadata_condition"),
        ({"top_k": 3}, "top_k belongs into retrieval_setting"),
        ({"score_threshold": 0.5}, "score_threshold belongs into retrieval_setting"),
        (
            {"metadata_condition": {"conditions": [{"name": "size", "comparison_operator": "is", "value": 1}]}},
            "unknown metadata field 'size'. Valid fields: path, title, file_extension",
        ),
        (
            {"metadata_condition": {"conditions": [{"name": "path", "comparison_operator": "like", "value": 1}]}},
            "Valid operators: contains, not contains, start with",
        ),
    ],
)
def test_wrong_field(client: ApiClient, retriever: ScriptedRetriever, changes: dict[str, object], said: str) -> None:
    assert_refused(client, retriever, json.dumps({**ASK, **changes}).encode(), said)


@pytest.mark.parametrize("missing", ["knowledge_id", "query"])
def test_missing_field(client: ApiClient, retriever: ScriptedRetriever, missing: str) -> None:
    content = json.dumps({name: value for name, value in ASK.items() if name != missing}).encode()
    assert_refused(client, retriever, content, f"{missing} is missing")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The body is empty"),
        (b" \r\n", "The body is empty"),
        (b"{", "not JSON"),
        (b"knowledge_id=a&query=b", "not JSON"),
        (b"\xff\xfe\xfa", "not JSON"),
        (b'{"query": "\xff"}', "not JSON"),
        (b"[]", "must be a JSON object"),
        (b"null", "must be a JSON object"),
        (b'"text"', "must be a JSON object"),
        (b"[" * 100_000, "not JSON"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "not JSON"),
        (b'{"knowledge_id": "a", "query": "b", "x": NaN}', "NaN is not a JSON value"),
        (b'{"knowledge_id": "a", "query": "b", "retrieval_setting": {"score_threshold": Infinity}}', "Infinity"),
        (b'{"knowledge_id": "a", "query": "b", "retrieval_setting": {"score_threshold": 1e999}}', "from 0 to 1"),
        (b'{"knowledge_id": "a", "query": "b", "retrieval_setting": {"top_k": 1e999}}', "from 1 to 100"),
    ],
)
def test_what_is_no_json_object(client: ApiClient, retriever: ScriptedRetriever, content: bytes, said: str) -> None:
    assert_refused(client, retriever, content, said)


def test_a_number_of_thousands_of_digits_is_no_internal_error(client: ApiClient) -> None:
    # Python refuses to read it from 3.11 on; before, it is an unknown field like any other.
    assert client.post_bytes(b'{"knowledge_id": "a", "query": "b", "x": ' + b"9" * 5000 + b"}").status_code in (
        200,
        400,
    )


def test_dify_probes_of_a_new_endpoint(client: ApiClient) -> None:
    new = {"retrieval_setting": {"top_k": 4, "score_threshold": 0.5}, "query": "", "knowledge_id": ""}
    assert read_error(client.ask(new))[:2] == (400, 1001)
    assert read_error(client.request("POST", "/retrieval", headers=bearer()))[:2] == (400, 1001)


def test_the_body_may_have_a_byte_order_mark_or_be_utf_16(client: ApiClient, retriever: ScriptedRetriever) -> None:
    text = json.dumps({**ASK, "query": "Größe"}, ensure_ascii=False)
    for encoding in ("utf-8-sig", "utf-16"):
        assert client.post_bytes(text.encode(encoding)).status_code == 200
        assert retriever.asked[-1].text == "Größe"


def test_content_type_does_not_matter(client: ApiClient) -> None:
    headers = {**bearer(), "Content-Type": "text/plain"}
    assert client.request("POST", "/retrieval", content=json.dumps(ASK).encode(), headers=headers).status_code == 200


@pytest.mark.parametrize("query", ["x" * 32_768, "é" * 16_384, " padded ", "a\nb", "'; --", "日本語"])
def test_queries_reach_the_search_as_they_are(client: ApiClient, retriever: ScriptedRetriever, query: str) -> None:
    assert asked(client, retriever, query=query).text == query


def test_characters_that_no_store_takes_are_blanked(client: ApiClient, retriever: ScriptedRetriever) -> None:
    assert client.post_bytes(json.dumps({**ASK, "query": "a\u0000b \ud83d c"}).encode()).status_code == 200
    assert retriever.asked[-1].text == "a b   c"


def test_knowledge_id_is_trimmed_and_may_be_a_name(client: ApiClient, retriever: ScriptedRetriever) -> None:
    assert asked(client, retriever, knowledge_id=" My repo\n").knowledge_id == "My repo"


def test_unknown_fields_and_the_last_of_two_equal_ones(client: ApiClient, retriever: ScriptedRetriever) -> None:
    content = b'{"knowledge_id": "a", "query": "first", "query": "second", "user": {"id": 1}, "filter": null}'
    assert client.post_bytes(content).status_code == 200
    assert retriever.asked[-1].text == "second"


@pytest.mark.parametrize("empty", [None, {}, {"conditions": None}, {"conditions": []}])
def test_no_condition(client: ApiClient, retriever: ScriptedRetriever, empty: object) -> None:
    assert asked(client, retriever, metadata_condition=empty).predicate == EVERYTHING


def test_conditions_reach_the_search(client: ApiClient, retriever: ScriptedRetriever) -> None:
    condition = {"name": "file_extension", "comparison_operator": "IN", "value": "py, .Go"}
    query = asked(client, retriever, metadata_condition={"logical_operator": "OR", "conditions": [condition]})
    assert query.predicate == Comparison("file_extension", Operator.IN, (".py", ".go"))


def test_a_null_value_drops_the_condition(client: ApiClient, retriever: ScriptedRetriever) -> None:
    condition = {"name": ["path"], "comparison_operator": "contains", "value": None}
    assert asked(client, retriever, metadata_condition={"conditions": [condition]}).predicate == EVERYTHING
