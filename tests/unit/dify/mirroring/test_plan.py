"""What is there and what is to be there -> what is done, and what is never touched."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.dify.mirroring.documents import STATE_FIELD, WantedDocument, build_state, name_document
from codesearch.dify.mirroring.plan import Plan, plan_push
from codesearch.dify.values import RemoteDocument, read_document

SOURCE, OTHER = "0" * 24, "1" * 24


def wanted(*names: str, content: str = "new") -> dict[str, WantedDocument]:
    return {name: WantedDocument(name, name, content) for name in names}


def there(name: str, content: str | None = "new", *, source: str = SOURCE, **values: Any) -> RemoteDocument:
    metadata = [] if content is None else [{"id": "f", "name": STATE_FIELD, "value": build_state(source, content)}]
    given = {"id": name, "name": name, "indexing_status": "completed", "display_status": "available"}
    return read_document({**given, "created_from": "api", "doc_metadata": metadata, **values})


def plan_of(names: dict[str, WantedDocument], *documents: RemoteDocument, begun: frozenset[str] = frozenset()) -> Plan:
    return plan_push(SOURCE, names, documents, begun)


def test_nothing_to_do() -> None:
    plan = plan_of(wanted("a", "b"), there("a"), there("b"))
    assert (plan.write_count, plan.unchanged) == (0, ["a", "b"])


def test_new_changed_and_gone() -> None:
    plan = plan_of(wanted("a", "b"), there("b", "old"), there("c"))
    assert [item.name for item in plan.create] == ["a"]
    assert [(document.name, item.name) for document, item in plan.update] == [("b", "b")]
    assert [document.name for document in plan.delete] == ["c"]


@pytest.mark.parametrize("content", ["", "old", None])
def test_what_is_of_unknown_content_is_sent_again(content: str | None) -> None:
    assert [document.name for document, _ in plan_of(wanted("a"), there("a", content)).update] == ["a"]


def test_what_others_made_is_left_alone() -> None:
    documents = [
        there("minutes.md", None),
        there("a", source=OTHER),
        there("b", None, created_from="web"),
        there("gone.py", None),
    ]
    plan = plan_of(wanted("a", "b"), *documents)
    assert [item.name for item in plan.create] == ["a", "b"]
    assert plan.foreign == documents
    assert plan.delete == []
    # But for what the journal has: it was this machine that was going to make it.
    assert [item.name for item in plan_of({}, *documents, begun=frozenset({"gone.py"})).delete] == ["gone.py"]


def test_of_several_the_current_one_stays() -> None:
    old, current, unmarked = there("a", "old", id="1"), there("a", id="2"), there("a", None, id="3")
    plan = plan_of(wanted("a"), old, current, unmarked)
    assert {document.id for document in plan.delete} == {"1", "3"}
    assert plan.unchanged == ["a"]


@pytest.mark.parametrize("status", ["waiting", "parsing", "cleaning", "splitting", "indexing"])
def test_what_dify_works_on_is_waited_for(status: str) -> None:
    busy = there("a", "old", indexing_status=status, display_status="indexing")
    assert plan_of(wanted("a"), busy).unfinished == [busy]
    assert plan_of({}, busy).unfinished == [busy]
    assert plan_of(wanted("a"), busy).write_count == 0


def test_failed_paused_disabled_and_archived_ones() -> None:
    failed = there("a", indexing_status="error", display_status="error")
    assert [document for document, _ in plan_of(wanted("a"), failed).replace] == [failed]
    assert plan_of({}, failed).delete == [failed]
    pauses: list[dict[str, Any]] = [
        {"indexing_status": "paused"},
        {"indexing_status": "indexing", "display_status": "paused"},
    ]
    for values in pauses:
        for names in (wanted("a"), {}):
            plan = plan_of(names, there("a", **values))
            assert (plan.write_count, plan.unfinished) == (0, [])
            assert "paused" in plan.blocked[0][1]
    states: list[tuple[dict[str, Any], str]] = [({"enabled": False}, "disabled"), ({"archived": True}, "archived")]
    for values, word in states:
        assert plan_of(wanted("a"), there("a", **values)).unchanged == ["a"]
        plan = plan_of(wanted("a"), there("a", "old", **values))
        assert (plan.write_count, word in plan.blocked[0][1]) == (0, True)
    assert plan_of({}, there("a", archived=True)).write_count == 0
    assert plan_of({}, there("a", enabled=False)).write_count == 1


@given(
    st.lists(st.sampled_from("abcd"), unique=True),
    st.lists(
        st.builds(
            there,
            st.sampled_from("abcdef"),
            st.sampled_from(["new", "old", "", None]),
            source=st.sampled_from([SOURCE, OTHER]),
            indexing_status=st.sampled_from(["completed", "error", "paused", "indexing"]),
            created_from=st.sampled_from(["api", "web"]),
            archived=st.booleans(),
        ),
        max_size=8,
    ),
)
def test_a_plan_touches_no_document_of_others_and_each_at_most_once(
    names: list[str], documents: list[RemoteDocument]
) -> None:
    documents = [replace(document, id=str(number)) for number, document in enumerate(documents)]
    plan = plan_of(wanted(*names), *documents)
    touched = [document.id for document in plan.delete]
    touched += [document.id for document, _ in (*plan.update, *plan.replace)]
    assert len(touched) == len(set(touched))
    assert set(touched).isdisjoint(document.id for document in plan.foreign)
    for document in documents:
        marks = (document.metadata or {}).get(STATE_FIELD)
        if (marks and marks.startswith(OTHER)) or (not marks and document.created_from == "web"):
            assert document in plan.foreign
    assert len({item.name for item in plan.create}) == len(plan.create)


def test_names_of_documents_fit_and_stay_different() -> None:
    assert name_document("src/a.py") == "src/a.py"
    paths = ["d/" * 150 + "a.py", "d/" * 150 + "b.py", "x\ny.py", "x\ty.py", " x y.py", "x y.py"]
    names = [name_document(path) for path in paths]
    assert len(set(names)) == len(paths)
    assert all(len(name) <= 200 and name.isprintable() for name in names)
