"""What of a ranking is shown within so many tokens: more files rather than more of the first, and never too much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from codesearch.core.types import ArtifactKind, Chunk, DataSource, Hit
from codesearch.retrieval.budgets import CHARACTERS_PER_TOKEN, LEAST_CHARACTERS, Cut, Fitted, fit_hits
from codesearch.retrieval.excerpts import cut_chunk

SOURCE = DataSource(id="a" * 24, name="shop", type="repository", location="/shop")
HEAD = 20


def hit_of(number: int, lines: int, score: float, path: str | None = None) -> Hit:
    content = "\n".join(f"line {line:2} of it" for line in range(lines))
    chunk = Chunk(path or f"{number}.py", 1, lines, content, ArtifactKind.CHUNK, None)
    return Hit(str(number), chunk, score, SOURCE, None, None)


def cutter(hits: Sequence[Hit]) -> Cut:
    return lambda number, most: replace(hits[number], chunk=cut_chunk(hits[number].chunk, [("it", 1.0)], most))


def fit(hits: Sequence[Hit], max_tokens: int) -> Fitted:
    return fit_hits(hits, max_tokens, cutter(hits), lambda _: HEAD)


def size_of(hits: Sequence[Hit]) -> int:
    return sum(len(hit.chunk.content) + HEAD for hit in hits)


def test_what_fits_stays_as_it_is() -> None:
    hits = [hit_of(0, 50, 0.9), hit_of(1, 10, 0.05)]
    assert fit(hits, 1_000) == Fitted(hits)
    assert fit([], 1) == Fitted([])


def test_more_files_come_before_more_of_the_first() -> None:
    hits = [hit_of(number, 100, 0.9 - number / 10) for number in range(5)]
    assert len(hits[0].chunk.content) > 1_000
    found = fit(hits, 400)
    assert [hit.document_id for hit in found.hits] == ["0", "1", "2", "3", "4"]
    assert (found.left_out, found.cut) == (0, 5)
    assert found.whole_tokens == size_of(hits) // CHARACTERS_PER_TOKEN + 1
    assert len(found.hits[0].chunk.content) > 400 > LEAST_CHARACTERS >= len(found.hits[4].chunk.content)


def test_what_is_left_makes_the_best_whole_again() -> None:
    hits = [hit_of(0, 60, 0.9), hit_of(1, 60, 0.5)]
    found = fit(hits, size_of(hits) // CHARACTERS_PER_TOKEN - 50)
    assert found.hits[0] is hits[0]
    assert found.cut == 1


def test_of_files_that_are_there_more_comes_last_where_it_hardly_answers() -> None:
    hits = [hit_of(0, 20, 0.9, "a.py"), hit_of(1, 20, 0.05, "a.py"), hit_of(2, 20, 0.04, "b.py")]
    room = (2 * (LEAST_CHARACTERS + HEAD) + 30) // CHARACTERS_PER_TOKEN
    assert [hit.document_id for hit in fit(hits, room).hits] == ["0", "2"]
    answering = [hits[0], replace(hits[1], score=0.5), hits[2]]
    assert [hit.document_id for hit in fit(answering, room).hits] == ["0", "1"]


def test_records_that_cannot_be_cut_make_room_for_smaller_ones() -> None:
    hits = [hit_of(0, 3, 0.9), hit_of(1, 90, 0.8), hit_of(2, 3, 0.7)]
    found = fit_hits(hits, 60, lambda number, _: hits[number], lambda _: HEAD)
    assert found.hits == [hits[0], hits[2]]
    assert (found.left_out, found.cut) == (1, 0)


SIZES = st.lists(st.tuples(st.integers(1, 60), st.floats(0, 1), st.sampled_from("abc")), max_size=12)


@given(SIZES, st.integers(1, 1_500))
def test_hits_are_kept_within_tokens_the_best_always(sizes: list[tuple[int, float, str]], max_tokens: int) -> None:
    hits = [hit_of(number, lines, score, path) for number, (lines, score, path) in enumerate(sizes)]
    found = fit(hits, max_tokens)
    numbers = [int(hit.document_id) for hit in found.hits]
    assert numbers == sorted(numbers)
    assert numbers[:1] == [0] * bool(hits)
    assert len(numbers) + found.left_out == len(hits)
    # A line is never cut.
    assert size_of(found.hits) <= max_tokens * CHARACTERS_PER_TOKEN or "\n" not in found.hits[0].chunk.content
    for hit in found.hits:
        whole = hits[int(hit.document_id)].chunk.content.split("\n")
        assert hit.chunk.content == "\n".join(whole[hit.chunk.start_line - 1 : hit.chunk.end_line])
