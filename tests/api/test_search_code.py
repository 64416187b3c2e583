"""POST /api/search_code: the retrieval with four plain parameters."""

from __future__ import annotations

import pytest

from codesearch.api.routes.search_code import PATH
from codesearch.core.predicates import EVERYTHING
from codesearch.core.types import SearchQuery
from tests.api.api_client import ASK, ApiClient, ScriptedRetriever, bearer, read_error

ID, QUERY = ASK["knowledge_id"], ASK["query"]


def test_the_records_are_those_of_the_retrieval(client: ApiClient, retriever: ScriptedRetriever) -> None:
    flat = client.ask(path=PATH, top_k=2, score_threshold=0.25)
    nested = client.ask(retrieval_setting={"top_k": 2, "score_threshold": 0.25})
    assert flat.status_code == 200
    assert flat.json() == nested.json()
    assert retriever.asked == [SearchQuery(ID, QUERY, 2, 0.25, EVERYTHING)] * 2


@pytest.mark.parametrize(
    "left_out", [{}, {"top_k": None, "score_threshold": None}, {"top_k": "", "score_threshold": ""}]
)
def test_what_is_left_out_has_its_default(
    client: ApiClient, retriever: ScriptedRetriever, left_out: dict[str, object]
) -> None:
    assert client.ask(path=PATH, **left_out).status_code == 200
    assert retriever.asked == [SearchQuery(ID, QUERY, 5, 0.0, EVERYTHING)]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"knowledge_id": ""}, "knowledge_id is empty"),
        ({"knowledge_id": None}, "knowledge_id is missing"),
        ({"query": " "}, "query is blank"),
        ({"query": 3}, "query must be a string"),
        ({"top_k": 0}, "top_k must be a whole number from 1 to 100, not 0."),
        ({"top_k": "5"}, "top_k must be a whole number"),
        ({"top_k": True}, "top_k must be a whole number"),
        ({"score_threshold": 1.5}, "score_threshold must be a number from 0 to 1, not 1.5."),
        ({"retrieval_setting": {"top_k": 3}}, "Unknown field 'retrieval_setting'; there are knowledge_id, query"),
        ({"metadata_condition": {}}, "For more, POST /retrieval."),
    ],
)
def test_what_cannot_be_understood_is_said(
    client: ApiClient, retriever: ScriptedRetriever, fields: dict[str, object], message: str
) -> None:
    status, code, text = read_error(client.ask(path=PATH, **fields))
    assert (status, code) == (400, 1001)
    assert message in text
    assert "retrieval_setting." not in text
    assert not retriever.asked


def test_a_body_that_is_no_object_is_refused(client: ApiClient) -> None:
    for body in (b"", b"[]", b"{", b'"x"'):
        assert read_error(client.post_bytes(body, PATH))[:2] == (400, 1001)
    assert read_error(client.post_bytes(b" " * 20_000 + b"[]", PATH))[:2] == (400, 1001)


def test_a_wrong_key_is_refused_before_the_body(client: ApiClient) -> None:
    response = client.request("POST", PATH, content=b"{", headers=bearer("cs_wrong"))
    assert read_error(response)[:2] == (401, 1004)
