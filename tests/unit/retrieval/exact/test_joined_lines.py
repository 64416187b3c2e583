"""Lines of parts of the data sources, joined, are those of all of them together, and what was not searched is named."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from codesearch.core.errors import SearchTooLongError
from codesearch.core.index.source_index import SourceIndex
from codesearch.core.predicates import EVERYTHING
from codesearch.retrieval.exact import joined_lines, lines
from codesearch.retrieval.exact.joined_lines import join_lines
from codesearch.retrieval.exact.lines import FoundLines, NotSearched, find_lines, find_nothing
from codesearch.retrieval.exact.needle import ExactQuery, compile_query
from tests.unit.retrieval.divided_sources import divide, draw_files

GROUPS = (((0, 3, 4), (1, 5), (2,)), ((5,), (0, 1, 2, 3, 4)), ((0, 1, 2, 3, 4, 5),))


def draw_sources() -> list[SourceIndex]:
    chance = random.Random(5)
    return [divide(chance, draw_files(chance, 12), 1 + number % 2)[1] for number in range(6)]


def find(sources: Sequence[SourceIndex], text: str, max_lines: int) -> FoundLines:
    return find_lines([(one, EVERYTHING) for one in sources], compile_query(ExactQuery(text)), max_lines, 1)


@pytest.mark.parametrize(("beyond", "characters"), [(1_000, 400_000), (7, 400_000), (1_000, 300)])
def test_joined_as_found_at_once(beyond: int, characters: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where lines, characters, those that are counted or names are over what is told."""
    sources = draw_sources()
    for module in (lines, joined_lines):
        monkeypatch.setattr(module, "COUNTED_BEYOND", beyond)
        monkeypatch.setattr(module, "MAX_CHARACTERS", characters)
    told = set[tuple[bool, bool, bool]]()
    for text in ("alpha", "py", "gamma delta", "nothing of this"):
        for max_lines in (1, 4, 40, 1_000):
            expected = find(sources, text, max_lines)
            told.add((expected.is_whole, expected.more > 0, expected.more_names > 0))
            for groups in GROUPS:
                parts = [(group, find([sources[position] for position in group], text, max_lines)) for group in groups]
                assert join_lines(parts, max_lines) == expected, (text, max_lines, groups)
    assert len(told) > 2


def find_for(sources: Sequence[SourceIndex], checks: int) -> FoundLines:
    """Return what is found until so many checks have been passed."""
    left = [checks]

    def check() -> None:
        left[0] -= 1
        if left[0] < 0:
            raise SearchTooLongError("It took too long.")

    needle = compile_query(ExactQuery("alpha"))
    return find_lines([(one, EVERYTHING) for one in sources], needle, 100, check=check)


def test_what_each_part_left_is_told_of_each_data_source() -> None:
    sources = draw_sources()
    slow = find_for([sources[position] for position in (1, 2, 5)], checks=7)
    whole = find([sources[position] for position in (0, 3, 4)], "alpha", 100)
    assert slow.left
    assert slow.lines
    joined = join_lines([((1, 2, 5), slow), ((0, 3, 4), whole)], 100)
    assert not joined.is_whole
    assert [one.position for one in joined.left] == [(1, 2, 5)[one.position] for one in slow.left]
    assert joined.left[-1] == NotSearched(5, next(sources[5].paths()), sources[5].file_count)
    assert joined.not_searched == NotSearched(
        joined.left[0].position, joined.left[0].path, sum(one.files for one in joined.left)
    )
    assert {line.position for line in joined.lines} >= {(0, 3, 4)[line.position] for line in whole.lines}


def test_only_where_nothing_was_searched_at_all_nothing_has_begun() -> None:
    sources = draw_sources()
    nothing = find_nothing(sources[:2])
    assert [one.files for one in nothing.left] == [one.file_count for one in sources[:2]]
    assert not join_lines([((0, 1), nothing)], 10).has_begun
    joined = join_lines([((0, 2), nothing), ((1,), find(sources[1:2], "alpha", 10))], 10)
    assert joined.has_begun
    assert [one.position for one in joined.left] == [0, 2]
