"""Pieces that are joined: neighbours of one definition while they fit; each candidate is in one record."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codesearch.core.predicates import NOTHING, Comparison, Operator
from codesearch.core.types import ArtifactKind, Chunk, SourceFile
from codesearch.retrieval import joining
from codesearch.retrieval.joining import MAX_JOINED_BYTES, Place, join_chunks, join_document_ids, join_pieces
from codesearch.retrieval.query.terms import parse_query
from codesearch.retrieval.ranking import Ranked, rank
from indexer.chunking.chunker import Chunker
from tests.unit.core.store.indexed_chunks import IndexedChunk
from tests.unit.indexer.chunking.test_chunker import count_words
from tests.unit.retrieval.index_rows import QUERY_VECTOR, candidates_of, candidates_of_all, index_of, make_row

# definition, -1 for none; start, end, size
Piece = tuple[int, int, int, int]


def joinable_of(places: Sequence[Piece]) -> dict[int, Place]:
    return {
        number: Place((0, definition), *rest) for number, (definition, *rest) in enumerate(places) if definition >= 0
    }


def joined(places: Sequence[Piece], order: Sequence[int]) -> list[tuple[int, ...]]:
    """Return the records in the order of the best of each, after a look at which that is."""
    ranks = np.argsort(np.array(order, np.intp))
    records = join_pieces(ranks, joinable_of(places))
    absorbed: set[int] = set()
    for best, pieces in records.items():
        assert best == min(pieces, key=ranks.__getitem__)
        absorbed |= set(pieces) - {best}
    return [records.get(number, (number,)) for number in order if number not in absorbed]


THIRD = MAX_JOINED_BYTES // 3 - 1


@pytest.mark.parametrize(
    ("places", "order", "expected"),
    [
        ([], [], []),
        ([(-1, 1, 9, 10), (-1, 10, 19, 10)], [1, 0], [(1,), (0,)]),
        ([(0, 1, 9, 10), (0, 10, 19, 10)], [1, 0], [(0, 1)]),
        # Of another definition, of none.
        ([(0, 1, 9, 10), (1, 10, 19, 10)], [1, 0], [(1,), (0,)]),
        ([(0, 1, 9, 10), (-1, 10, 19, 10)], [1, 0], [(1,), (0,)]),
        # A line between.
        ([(0, 1, 9, 10), (0, 11, 19, 10)], [1, 0], [(1,), (0,)]),
        # The piece between, though it comes last.
        ([(0, 1, 9, 10), (0, 10, 19, 10), (0, 20, 29, 10)], [2, 0, 1], [(0, 1, 2)]),
        # The line end between two counts.
        ([(0, 1, 9, MAX_JOINED_BYTES - 11), (0, 10, 19, 10)], [0, 1], [(0, 1)]),
        ([(0, 1, 9, MAX_JOINED_BYTES - 10), (0, 10, 19, 10)], [0, 1], [(0,), (1,)]),
        # The better neighbour first, and one that fits where the better does not.
        ([(0, 1, 9, THIRD), (0, 10, 19, THIRD), (0, 20, 29, THIRD), (0, 30, 39, THIRD)], [1, 0, 2, 3],
         [(0, 1, 2), (3,)]),
        ([(0, 1, 9, THIRD), (0, 10, 19, THIRD), (0, 20, 29, THIRD), (0, 30, 39, THIRD)], [1, 2, 3, 0],
         [(1, 2, 3), (0,)]),
        ([(0, 1, 9, MAX_JOINED_BYTES), (0, 10, 19, THIRD), (0, 20, 29, THIRD)], [1, 0, 2], [(1, 2), (0,)]),
        # What is in a record is not taken again.
        ([(0, 1, 9, THIRD), (0, 10, 19, THIRD), (0, 20, 29, THIRD), (0, 30, 39, THIRD), (0, 40, 49, THIRD)],
         [4, 3, 0, 2, 1], [(2, 3, 4), (0, 1)]),
        # Of several on one line nobody can tell which comes next.
        ([(0, 1, 4, 10), (0, 5, 5, 10), (0, 5, 5, 10)], [0, 1, 2], [(0,), (1,), (2,)]),
    ],
)  # fmt: skip
def test_what_is_joined(places: list[Piece], order: list[int], expected: list[tuple[int, ...]]) -> None:
    assert joined(places, order) == expected


@st.composite
def ranked_places(draw: st.DrawFn) -> tuple[list[Piece], list[int]]:
    places: list[Piece] = []
    for definition in range(-1, draw(st.integers(0, 3))):
        row = 1
        for _ in range(draw(st.integers(0, 6))):
            row += draw(st.sampled_from([0, 0, 0, 1]))
            end = row + draw(st.integers(0, 2))
            places.append((definition, row, end, draw(st.integers(1, MAX_JOINED_BYTES // 2))))
            row = end + 1
    return places, draw(st.permutations(range(len(places))))


@given(ranked_places())
def test_each_candidate_is_in_one_record_of_neighbours_that_fit(ranked: tuple[list[Piece], list[int]]) -> None:
    places, order = ranked
    records = joined(places, order)
    assert sorted(number for record in records for number in record) == list(range(len(places)))
    for record in records:
        of_record = [places[number] for number in record]
        for (definition, _, end, _), (other, start, _, _) in pairwise(of_record):
            assert (definition, end + 1) == (other, start)
            assert definition >= 0
        assert len(of_record) == 1 or sum(size for *_, size in of_record) + len(of_record) - 1 <= MAX_JOINED_BYTES
    assert joined(places, order) == records


def piece_of(start: int, end: int, *, head: bool = False) -> Chunk:
    content = "\n".join(f"line {number}" for number in range(start, end + 1))
    signature = None if head else "def f()"
    return Chunk(
        "a.py", start, end, content, ArtifactKind.SYMBOL, "python", "f", "function", signature, None, (5, 20), head
    )


def test_joined_chunks_are_the_lines_of_all() -> None:
    one, two, three = piece_of(5, 9, head=True), piece_of(10, 14), piece_of(15, 20)
    assert join_chunks([two]) == two
    whole = join_chunks([one, two, three])
    assert (whole.start_line, whole.end_line) == (5, 20)
    assert whole.content.split("\n") == [f"line {number}" for number in range(5, 21)]
    assert (whole.symbol_lines, whole.holds_head, whole.signature) == (None, True, None), "it stands alone"
    beginning, end = join_chunks([one, two]), join_chunks([two, three])
    assert (beginning.symbol_lines, beginning.holds_head, beginning.signature) == ((5, 20), True, None)
    assert (end.symbol_lines, end.holds_head, end.signature) == ((5, 20), False, "def f()")


def test_the_id_of_a_joined_record_is_its_own_and_stays() -> None:
    ids = [f"{number:032x}" for number in range(3)]
    assert join_document_ids(ids[:1]) == ids[0]
    found = {join_document_ids(some) for some in (ids, ids[:2], ids[1:], ids[::2])}
    assert len(found | set(ids)) == 7
    assert all(len(one) == 32 and int(one, 16) for one in found)
    assert join_document_ids(ids) == join_document_ids(list(ids))


def indexed(path: str, text: str, max_tokens: int = 60) -> list[IndexedChunk]:
    chunks = Chunker(count_words, max_tokens).chunk(SourceFile(path, text, "id", None))
    return [IndexedChunk(chunk, "id", None, QUERY_VECTOR) for chunk in chunks]


def ranking(query: str, rows: Sequence[IndexedChunk], *, limit: int = 100, **options: object) -> list[Ranked]:
    found = [candidates_of(index_of(rows), query, wanted=limit, **options)]
    return rank(parse_query(query), found, limit=limit)


def chunk_of(item: Ranked) -> Chunk:
    return join_chunks([item.index.chunk_of(row) for row in item.rows])


STATEMENT = st.sampled_from(
    [
        "    total += rate(",
        "    if total:\n        return rate(",
        "    # why\n    rate(",
        "\n    rate(",
        "  \n    rate(",
    ]
)


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(STATEMENT, st.integers(0, 120), st.sampled_from(["\n", "\r\n", "\n\n", "\n \t\n"])), max_size=40
    ),
    st.sampled_from(["rate of orders", "total_of", "nothing of it"]),
)
def test_records_are_the_files_own_lines_and_each_line_comes_once(
    statements: list[tuple[str, int, str]], query: str
) -> None:
    body = "".join(f"{said}{'x' * length}){end}" for said, length, end in statements)
    text = f"import os\n\n\ndef total_of(orders):\n{body}    return total\n\n\ndef other():\n    pass\n"
    lines = text.split("\n")
    rows: list[int] = []
    for chunk in (chunk_of(item) for item in ranking(query, indexed("a.py", text))):
        assert chunk.content == "\n".join(lines[chunk.start_line - 1 : chunk.end_line])
        rows += range(chunk.start_line, chunk.end_line + 1)
    assert len(rows) == len(set(rows))
    assert {row for row, line in enumerate(lines, 1) if line.strip()} <= set(rows)


def long_function(name: str, statements: int) -> str:
    body = "".join(f"    if a{i}:\n        b{i} = c(d{i})\n\n" for i in range(statements))
    return f"def {name}(a):\n{body}    return a\n"


def test_a_condition_keeps_pieces_out() -> None:
    rows = indexed("a.py", long_function("work", 20))
    assert len(rows) > 2
    (whole,) = ranking("work", rows)
    assert len(whole.rows) == len(rows)
    end = rows[1].chunk.end_line
    (part,) = ranking("work", rows, predicate=Comparison("end_line", Operator.AT_MOST, (end,)))
    assert (chunk_of(part).end_line, len(part.rows)) == (end, 2)


def test_the_score_is_that_of_the_best_and_what_is_joined_takes_one_rank(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [*indexed("a.py", long_function("work", 20)), make_row("b.py", "x = 1"), make_row("c.py", "work = 2")]
    ranked = ranking("work", rows, limit=3)
    assert sorted(len(item.rows) for item in ranked) == [1, 1, len(rows) - 2]
    assert [item.score for item in ranked] == sorted((item.score for item in ranked), reverse=True)
    with monkeypatch.context() as patch:
        patch.setattr(joining, "MAX_JOINED_BYTES", 0)
        alone = ranking("work", rows)
    assert [len(item.rows) for item in alone] == [1] * len(rows)
    best = next(item.score for item in ranked if len(item.rows) > 1)
    assert best == max(item.score for item in alone if chunk_of(item).path == "a.py")
    explained = rank(parse_query("work"), [candidates_of(index_of(rows), "work")], limit=3, explain=True)
    assert [item.rows for item in explained] == [item.rows for item in ranked]
    assert all(item.explanation is not None and item.explanation.factor == 1 for item in explained)


def test_pieces_are_joined_within_their_own_repository() -> None:
    """The same file in two repositories, beside one without pieces and one without candidates."""
    rows = indexed("a.py", long_function("work", 20))
    indexes = [
        index_of(found, source_id=letter * 24)
        for letter, found in zip("abcd", (rows, [make_row("b.py")], rows, [make_row("c.py")]), strict=True)
    ]
    found = candidates_of_all(indexes, "work")
    found[3] = candidates_of(indexes[3], "work", predicate=NOTHING)
    ranked = rank(parse_query("work"), found, limit=10)
    assert sorted((item.position, len(item.rows)) for item in ranked) == [(0, len(rows)), (1, 1), (2, len(rows))]
    assert {chunk_of(item).content for item in ranked if item.position != 1} == {long_function("work", 20).rstrip("\n")}
