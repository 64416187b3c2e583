"""Rows that hold a quotation come before all others, whatever they define, however short it is."""

from __future__ import annotations

import numpy as np
import pytest

from codesearch.core.errors import SearchTooLongError
from codesearch.core.index.search_index import SearchIndex
from codesearch.retrieval.query.quotations import Quotation, find_quotation
from codesearch.retrieval.query.terms import parse_query
from codesearch.retrieval.quoted_rows import MAX_LEADING, find_quoted_rows
from codesearch.retrieval.ranking import rank
from codesearch.retrieval.row_order import RowOrder
from tests.unit.retrieval.index_rows import candidates_of, index_of, make_row

ROWS = [
    make_row("a.py", "def max_retries():\n    return 3", symbol="max_retries"),
    make_row("b.py", "# the MAX RETRIES of a call\nx = 1"),
    make_row("c.py", "if a && b {\r\n\treturn\r\n}"),
    make_row("d.py", "class Retry:\n    def send(self):\n        self._send(1)\n", symbol="Retry"),
    make_row("d.py", "        self._send(1)", start=3, symbol="Retry.send"),
    make_row("e.py", "self.send(self)"),
    make_row("f.py", "raise Error('max retries')"),
    *(make_row(f"g{number:03}.py", "def send(): ...", symbol="send") for number in range(3)),
]


def quote(text: str) -> Quotation:
    quotation = find_quotation(f'"{text}"')
    assert quotation is not None
    return quotation


@pytest.fixture(scope="module")
def index() -> SearchIndex:
    return index_of(ROWS)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("max retries", [1, 6]),
        ("Max Retries", [1, 6]),
        ("self._send(", [3, 4]),
        ("&&", [2]),
        ("b {\n\treturn", [2]),
        # A part of a word.
        ("x_retr", [0]),
        ("no such text", []),
        ("?!", []),
    ],
)
def test_rows_are_found_by_their_text(index: SearchIndex, text: str, rows: list[int]) -> None:
    assert find_quoted_rows(RowOrder([index]), [None], quote(text)) == [rows]
    mask = np.ones(index.row_count, np.bool_)
    mask[rows[:1]] = False
    assert find_quoted_rows(RowOrder([index]), [mask], quote(text)) == [rows[1:]]


def test_of_many_rows_some_are_brought_up() -> None:
    index = index_of([make_row(f"{number:04}.py", "x = some_name") for number in range(MAX_LEADING + 50)])
    (rows,) = find_quoted_rows(RowOrder([index]), [None], quote("some_name"))
    assert rows == list(range(MAX_LEADING))


def test_the_work_can_be_ended(index: SearchIndex) -> None:
    def check() -> None:
        raise SearchTooLongError("enough")

    for text in ("max retries", "&&"):
        with pytest.raises(SearchTooLongError):
            find_quoted_rows(RowOrder([index]), [None], quote(text), check)


@pytest.mark.parametrize(
    ("query", "holders"),
    [
        ('"max retries"', {"b.py", "f.py"}),
        ('"self._send("', {"d.py"}),
        ('"&&"', {"c.py"}),
        ('"class Retry:"', {"d.py"}),
    ],
)
def test_records_that_hold_it_come_first(index: SearchIndex, query: str, holders: set[str]) -> None:
    terms = parse_query(query)
    ranked = rank(terms, [candidates_of(index, query)], limit=10)
    paths = [index.path_of(int(index.file_of_row[item.row])) for item in ranked]
    assert set(paths[: len(holders)]) == holders
