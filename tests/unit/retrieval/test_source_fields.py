"""What only the data source decides is decided before its rows are looked at, and never allows more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.core.predicates import (
    EVERYTHING,
    NOTHING,
    SOURCE_FIELDS,
    And,
    Comparison,
    InTest,
    Not,
    Operator,
    Or,
    Predicate,
)
from codesearch.retrieval.source_fields import resolve_source_fields
from tests.unit.retrieval.predicate_evaluation import RecordFields, holds

SOURCE: dict[str, str | None] = {
    "data_source_id": "a" * 24,
    "data_source_name": "Größe 100%",
    "data_source_type": "repository",
    "commit": None,
}
NAMED = Comparison("data_source_name", Operator.CONTAINS, ("größe",))
OTHERWISE_NAMED = Comparison("data_source_name", Operator.IN, ("another",))
IN_PYTHON = Comparison("language", Operator.IN, ("python",))
IN_GO = Comparison("language", Operator.IN, ("go",))

TEXTS = st.sampled_from(["", "größe", "größe 100%", "%", "_", "repo", "repository", "a" * 24, "a", "python", "x"])
COMPARISONS = (
    st.builds(Comparison, st.sampled_from([*sorted(SOURCE_FIELDS), "language", "path"]), st.just(Operator.EMPTY))
    | st.builds(InTest)
    | st.builds(
        Comparison,
        st.sampled_from([*sorted(SOURCE_FIELDS), "language", "path"]),
        st.sampled_from([Operator.IN, Operator.CONTAINS, Operator.STARTS_WITH, Operator.ENDS_WITH]),
        TEXTS.map(lambda text: (text,)),
    )
)


def around(inner: st.SearchStrategy[Predicate]) -> st.SearchStrategy[Predicate]:
    operands = st.lists(inner, max_size=3).map(tuple)
    return st.one_of(st.builds(Not, inner), st.builds(And, operands), st.builds(Or, operands))


PREDICATES: st.SearchStrategy[Predicate] = st.recursive(COMPARISONS, around, max_leaves=8)


def fields_of(predicate: Predicate) -> set[str]:
    if isinstance(predicate, Comparison):
        return {predicate.field}
    if isinstance(predicate, InTest):
        return {"path"}
    operands = (predicate.operand,) if isinstance(predicate, Not) else predicate.operands
    return {field for operand in operands for field in fields_of(operand)}


@given(PREDICATES, st.sampled_from([None, "Python", "x"]), st.sampled_from(["a.py", "x", "Python/b", "tests/a.py"]))
def test_what_is_left_holds_for_the_same_rows(predicate: Predicate, language: str | None, path: str) -> None:
    resolved = resolve_source_fields(predicate, SOURCE)
    record: RecordFields = {**SOURCE, "language": language, "path": path}
    assert holds(resolved, record) == holds(predicate, record)
    assert not fields_of(resolved) & SOURCE_FIELDS


@given(PREDICATES)
def test_what_the_source_alone_decides_is_decided(predicate: Predicate) -> None:
    if fields_of(predicate) <= SOURCE_FIELDS:
        assert resolve_source_fields(predicate, SOURCE) in (EVERYTHING, NOTHING)


@pytest.mark.parametrize(
    ("predicate", "resolved"),
    [
        (IN_PYTHON, IN_PYTHON),
        (NAMED, EVERYTHING),
        (OTHERWISE_NAMED, NOTHING),
        (Not(OTHERWISE_NAMED), EVERYTHING),
        (Not(IN_PYTHON), Not(IN_PYTHON)),
        (And((NAMED, IN_PYTHON)), IN_PYTHON),
        (And((NAMED, IN_PYTHON, IN_GO)), And((IN_PYTHON, IN_GO))),
        (And((OTHERWISE_NAMED, IN_PYTHON)), NOTHING),
        (Or((OTHERWISE_NAMED, IN_PYTHON)), IN_PYTHON),
        (Or((NAMED, IN_PYTHON)), EVERYTHING),
        (Or((OTHERWISE_NAMED, IN_PYTHON, IN_GO)), Or((IN_PYTHON, IN_GO))),
        (Not(And((NAMED, IN_PYTHON))), Not(IN_PYTHON)),
        (Comparison("commit", Operator.EMPTY), EVERYTHING),
        (Comparison("commit", Operator.CONTAINS, ("",)), NOTHING),
        (Comparison("commit", Operator.IN, ("",)), NOTHING),
        (Comparison("data_source_name", Operator.IN, ()), NOTHING),
        (EVERYTHING, EVERYTHING),
        (NOTHING, NOTHING),
    ],
)
def test_what_is_decided_disappears(predicate: Predicate, resolved: Predicate) -> None:
    assert resolve_source_fields(predicate, SOURCE) == resolved


def test_a_source_field_that_is_not_given_is_absent() -> None:
    assert resolve_source_fields(Comparison("commit", Operator.EMPTY), {}) == EVERYTHING
    assert resolve_source_fields(Comparison("commit", Operator.IN, ("none",)), {}) == NOTHING


def test_a_source_field_has_no_order() -> None:
    with pytest.raises(ValueError):
        resolve_source_fields(Comparison("commit", Operator.GREATER, ("a",)), {"commit": "b"})
