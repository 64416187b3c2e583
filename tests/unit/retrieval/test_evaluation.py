"""The figures of `codesearch evaluate`, on answers made by hand."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.retrieval.evaluation import Passage, judge, summarise, worst_first


@dataclass(frozen=True)
class Symbol:
    path: str
    name: str
    ranges: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Question:
    files: tuple[str, ...]
    symbols: tuple[Symbol, ...] = ()
    text: str = "how is it done"
    commit: str = "c0ffee"


def passages(*paths: str) -> list[Passage]:
    return [Passage(path, 1, 10) for path in paths]


def test_files_are_counted_once_however_many_records_they_have() -> None:
    judged = judge(Question(("b", "d", "z")), passages("a", "a", "b", "a", "c", "d"), top_k=3)
    assert judged.ranks == (2, 4, None)
    assert judged.file_recall == pytest.approx(1 / 3)
    assert judged.shown_file_recall == pytest.approx(1 / 3)
    assert judged.reciprocal_rank == 0.5
    assert judged.first_files == ("a", "b", "c")
    assert judge(Question(("c",)), passages("a", "a", "b", "a", "c"), top_k=3).file_recall == 1
    assert judge(Question(("c",)), passages("a", "a", "b", "a", "c"), top_k=3).shown_file_recall == 0


def test_a_symbol_is_found_when_a_shown_record_has_a_line_of_its_own() -> None:
    symbols = (Symbol("a", "f", ((3, 4), (9, 9))), Symbol("a", "g", ((20, 30),)), Symbol("b", "f", ((1, 1),)))
    records = [Passage("a", 5, 9), Passage("a", 1, 2), Passage("b", 1, 1)]
    judged = judge(Question(("a", "b"), symbols), records, top_k=2)
    assert judged.found_symbols == (True, False, False)
    assert judged.symbol_recall == pytest.approx(1 / 3)
    assert judge(Question(("a",), symbols[:1]), [Passage("a", 5, 8)]).found_symbols == (False,)
    assert judge(Question(("a",)), records).symbol_recall is None


def test_nothing_found_is_zero() -> None:
    judged = judge(Question(("a",), (Symbol("a", "f", ((1, 2),)),)), [])
    assert (judged.file_recall, judged.shown_file_recall, judged.symbol_recall, judged.reciprocal_rank) == (0, 0, 0, 0)


def test_means_and_the_worst() -> None:
    good = judge(Question(("a",), (Symbol("a", "f", ((1, 2),)),)), passages("a"))
    late = judge(Question(("a",)), passages("x", "y", "z", "a"))
    never = judge(Question(("a", "b")), passages("x"))
    figures = summarise([good, late, never])
    assert (figures.questions, figures.symbol_questions) == (3, 1)
    assert figures.file_recall == pytest.approx(2 / 3)
    assert figures.symbol_recall == 1
    assert figures.mrr == pytest.approx((1 + 0.25) / 3)
    assert figures.first_right == pytest.approx(1 / 3)
    assert figures.any_right == pytest.approx(2 / 3)
    assert worst_first([good, late, never]) == [never, late, good]
    assert summarise([late]).symbol_recall is None


paths = st.sampled_from("abcdefgh")


@given(st.sets(paths, min_size=1), st.lists(paths), st.integers(1, 12))
def test_every_figure_is_a_share(expected: set[str], found: list[str], top_k: int) -> None:
    judged = judge(Question(tuple(sorted(expected))), passages(*found), top_k)
    figures = summarise([judged])
    # Distinct files reach at least as far as the records that are shown.
    assert 0 <= figures.shown_file_recall <= figures.file_recall <= 1
    assert 0 <= figures.mrr <= 1
    assert (figures.first_right == 1) is bool(found and found[0] in expected)
