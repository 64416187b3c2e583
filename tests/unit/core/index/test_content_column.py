"""Conditions on the text of rows, over rows that overlap and repeat each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codesearch.core.errors import SearchTooLongError
from codesearch.core.index.row_filter import select_rows
from codesearch.core.index.search_index import SearchIndex
from codesearch.core.predicates import Comparison, Not, Operator
from tests.unit.retrieval.index_rows import index_of, make_row

LINES = st.lists(st.text("abAB{}ßé%.\\日", max_size=5), min_size=1, max_size=8)
VALUES = st.text("abAB{}ßé%.\\日\n", max_size=5).map(str.lower)
SPANS = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=6)


def rows_where(index: SearchIndex, operator: Operator, *values: str) -> list[bool]:
    comparison = Comparison("content", operator, values)
    mask = select_rows(comparison, index).tolist()
    assert select_rows(Not(comparison), index).tolist() == [not one for one in mask]
    return [bool(one) for one in mask]


@settings(max_examples=100)
@given(LINES, SPANS, VALUES, st.lists(VALUES, max_size=3), st.sampled_from(["\n", "\r\n"]))
def test_contents_compare_as_text_does(
    lines: list[str], spans: list[tuple[int, int]], value: str, others: list[str], line_end: str
) -> None:
    whole = {(min(first, last), min(max(first, last), len(lines) - 1)) for first, last in spans}
    kept = sorted((first, last) for first, last in whole if first <= last)
    if not kept:
        return
    rows = [make_row(f"{path}.py", line_end.join(lines[a : b + 1]), start=a + 1) for path in "xy" for a, b in kept]
    index = index_of(rows)
    texts = [index.content_of(row).decode().replace("\r\n", "\n").lower() for row in range(index.row_count)]
    some = [*others, texts[0]]
    assert rows_where(index, Operator.CONTAINS, value) == [bool(text) and value in text for text in texts]
    assert rows_where(index, Operator.STARTS_WITH, value) == [bool(text) and text.startswith(value) for text in texts]
    assert rows_where(index, Operator.ENDS_WITH, value) == [bool(text) and text.endswith(value) for text in texts]
    assert rows_where(index, Operator.IN, *some) == [bool(text) and text in some for text in texts]
    assert rows_where(index, Operator.EMPTY) == [not text for text in texts]


def test_a_text_belongs_to_every_row_that_holds_it_whole() -> None:
    index = index_of(
        [
            make_row("a.py", content="class A:\n    def f(self):\n        return NEEDLE\n\n    x = 1", symbol="A"),
            make_row("a.py", content="    def f(self):\n        return NEEDLE", start=2, symbol="A.f"),
            make_row("a.py", content="y = needle", start=7),
            make_row("b.py", content="need"),
            make_row("c.py", content="le"),
        ]
    )
    assert rows_where(index, Operator.CONTAINS, "needle") == [True, True, True, False, False]
    assert rows_where(index, Operator.CONTAINS, "needle\n\n    x") == [True, False, False, False, False]
    assert rows_where(index, Operator.CONTAINS, "need\nle") == [False] * 5


def test_a_text_may_stand_anywhere_in_a_large_index() -> None:
    """Also over the border of two pieces that are read at once."""
    filler = "\n".join(["some line of a file that is not looked for"] * 90)
    rows = [make_row(f"{number:04}.py", f"{filler}\nnumber {number:04} é end") for number in range(1_500)]
    index = index_of(rows)
    for number in (0, 517, 1_499):
        mask = select_rows(Comparison("content", Operator.CONTAINS, (f"number {number:04} é",)), index)
        assert np.flatnonzero(mask).tolist() == [number]
    assert select_rows(Comparison("content", Operator.CONTAINS, ("é END".lower(),)), index).all()


@pytest.mark.parametrize("operator", [Operator.CONTAINS, Operator.STARTS_WITH, Operator.ENDS_WITH, Operator.IN])
def test_the_work_can_be_ended(operator: Operator) -> None:
    def check() -> None:
        raise SearchTooLongError("enough")

    with pytest.raises(SearchTooLongError):
        select_rows(Comparison("content", operator, ("x",)), index_of([make_row(content="x")]), check)
