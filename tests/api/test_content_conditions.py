"""Conditions on `content`: which records hold a text, over the indexed fixtures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.api_client import bearer, read_error
from tests.api.served_fixtures import NARROW, ServedFixtures, serve_fixtures
from tests.e2e.service import copy_index, index_fixtures

Condition = dict[str, Any]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedFixtures]:
    data_dir = copy_index(index_fixtures(tmp_path_factory), tmp_path_factory.mktemp("content") / "data")
    with serve_fixtures(data_dir) as served:
        yield served


def ask(served: ServedFixtures, conditions: list[Condition], **more: object) -> Any:
    body = {
        "knowledge_id": NARROW,
        "query": "ledger",
        "retrieval_setting": {"top_k": 100},
        "metadata_condition": {"conditions": conditions, **more},
    }
    return served.client.request("POST", "/retrieval", json=body, headers=bearer(served.keys["narrow"]))


def contents(served: ServedFixtures, *conditions: Condition, **more: object) -> list[str]:
    response = ask(served, list(conditions), **more)
    assert response.status_code == 200, response.text
    return [record["content"] for record in response.json()["records"]]


def on(operator: str, value: object = None, name: object = "content") -> Condition:
    return {"name": name, "comparison_operator": operator, "value": value}


def all_texts(served: ServedFixtures) -> list[str]:
    source = served.assembly.catalog.get_source(NARROW)
    index = served.assembly.search_indexes.get(source.id, source.run_id)
    return [segment.content_of(row).decode() for segment, row in index.rows()]


@pytest.mark.parametrize("value", ["Err != NIL", "func (", "return", "\tif err", "balance"])
def test_records_hold_the_text_or_do_not(served: ServedFixtures, value: str) -> None:
    texts = all_texts(served)
    wanted = [text for text in texts if value.lower() in text.lower()]
    assert 0 < len(wanted) < len(texts)
    found = contents(served, on("contains", value))
    assert all(value.lower() in text.lower() for text in found)
    # Pieces of a definition may be joined, and of records that say the same all are there.
    assert 0 < len(found) <= len(wanted)
    assert (len(found) == len(wanted)) or len(found) >= min(len(wanted), 100) - 5
    without = contents(served, on("not contains", value))
    assert without
    assert not any(value.lower() in text.lower() for text in without)


def test_other_operators_and_fields_beside_it(served: ServedFixtures) -> None:
    assert all(text.lower().startswith("func") for text in contents(served, on("start with", "FUNC")))
    assert all(text.endswith("}") for text in contents(served, on("end with", "}")))
    text = next(text for text in all_texts(served) if "," not in text and len(text) < 400)
    assert contents(served, on("is", text.upper())) == [text]
    assert contents(served, on("in", [text])) == [text]
    assert contents(served, on("empty")) == []
    assert len(contents(served, on("not empty"))) > 50
    both = contents(served, on("contains", "err"), on("is", ".go", "file_extension"))
    assert both
    either = contents(served, on("contains", "no such text"), on("is", ".md", "file_extension"), logical_operator="or")
    assert either
    assert contents(served, on("contains", "go.mod", ["path", "content"]))


def test_a_variable_of_a_template_is_a_text_like_any_other(served: ServedFixtures) -> None:
    assert contents(served, on("contains", "{{name}}")) == []
    assert contents(served, on("contains", "{{name}}", ["content", "path"])) == []
    assert contents(served, on("not contains", "{{#node.name#}}"))
    status, code, message = read_error(ask(served, [on("contains", "{{name}}", ["content", "language"])]))
    assert (status, code) == (400, 1001)
    assert "{{name}}" in message


@pytest.mark.parametrize("operator", [">", "before", "≤"])
def test_text_has_no_order(served: ServedFixtures, operator: str) -> None:
    assert read_error(ask(served, [on(operator, "x")]))[:2] == (400, 1001)
