"""Exact search through several segments with dead files finds what it finds in the same live files in one index."""

from __future__ import annotations

import random

import pytest

from codesearch.core.errors import SearchTooLongError
from codesearch.core.predicates import EVERYTHING, Comparison, Not, Operator, Predicate
from codesearch.retrieval.exact import source_scan
from codesearch.retrieval.exact.lines import find_lines
from codesearch.retrieval.exact.needle import ExactQuery, compile_query
from tests.unit.retrieval.divided_sources import divide, draw_files

GO = Comparison("language", Operator.IN, ("go",))
QUERIES = (
    ExactQuery("retry"),
    ExactQuery("RETRY", ignores_case=True),
    ExactQuery("s[a-z]+ [a-d]", is_regex=True),
    ExactQuery("e"),
    ExactQuery("alpha", whole_word=True),
    ExactQuery("alpha\nbeta"),
    ExactQuery("nowhere"),
    ExactQuery("src/"),
)


@pytest.mark.parametrize("block_bytes", [1, 500, 1 << 20])
@pytest.mark.parametrize("seed", range(3))
def test_lines_and_names_are_those_of_one_index(seed: int, block_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_scan, "_BLOCK_BYTES", block_bytes)
    chance = random.Random(seed)
    whole, apart = divide(chance, draw_files(chance, 50), chance.randint(2, 5))
    other, other_apart = divide(chance, draw_files(chance, 10), 2)
    for query in QUERIES:
        needle = compile_query(query)
        predicates: tuple[Predicate, ...] = (EVERYTHING, GO, Not(GO))
        for predicate in predicates:
            for max_lines, context in ((5, 0), (1_000, 2)):
                expected = find_lines([(whole, predicate), (other, EVERYTHING)], needle, max_lines, context, 7)
                found = find_lines([(apart, predicate), (other_apart, EVERYTHING)], needle, max_lines, context, 7)
                assert found == expected
                paths = [(line.position, line.path) for line in found.lines]
                assert paths == sorted(paths)


@pytest.mark.parametrize("block_bytes", [1, 2_000, 1 << 20])
def test_who_has_to_stop_has_searched_all_files_before_one(block_bytes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_scan, "_BLOCK_BYTES", block_bytes)
    chance = random.Random(9)
    whole, apart = divide(chance, draw_files(chance, 60), 4)
    paths = [path for path, _, _ in apart.files_below("")]
    for query in (ExactQuery("alpha\nbeta"), ExactQuery("[a-d][a-z]+ [s-z]", is_regex=True)):
        needle = compile_query(query)
        everything = find_lines([(whole, EVERYTHING)], needle, 10_000, max_names=0).lines
        stops = 0
        for patience in (0, 1, 3, 10, 30, 100):
            left = [patience]

            def check(left: list[int] = left) -> None:
                left[0] -= 1
                if left[0] < 0:
                    raise SearchTooLongError("It took too long.")

            try:
                found = find_lines([(apart, EVERYTHING)], needle, 10_000, max_names=0, check=check)
            except SearchTooLongError:
                continue
            if found.not_searched is None:
                assert found.lines == everything
                continue
            stops += 1
            stopped_at = paths.index(found.not_searched.path)
            assert found.not_searched.files == len(paths) - stopped_at
            assert not found.is_whole
            assert [line for line in found.lines if line.path < found.not_searched.path] == [
                line for line in everything if line.path < found.not_searched.path
            ]
            assert set(found.lines) <= set(everything)
        assert stops or block_bytes > 1
