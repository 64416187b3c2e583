"""Postings against a dictionary that does the same slowly, also past the rows of one block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from codesearch.core.index.narrowing import narrow
from codesearch.core.index.postings import (
    FILE_COMMENTS_ON_IT,
    FILE_NAMES_IT,
    Entries,
    SortedEntries,
    pack_entries,
    sort_entries,
    sum_by_file,
)
from codesearch.core.text.terms import IN_COMMENT, IN_FOLDER, IN_NAME, IN_QUALIFIER, IN_SIGNATURE, IN_STEM, MAX_COUNT

BLOCK = 65_536
# (row, term) -> payload: no row has a term twice.
Given = Mapping[tuple[int, int], int]
TERMS = st.sampled_from([0, 1, 2, 3, 2**31, 2**32 - 1]) | st.integers(0, 2**32 - 1)
PAYLOADS = st.integers(0, 2**16 - 1)


def sort_given(entries: Given, row_count: int) -> SortedEntries:
    rows = np.array([row for row, _ in entries], np.int32)
    terms = np.array([term for _, term in entries], np.uint32)
    return sort_entries([rows, terms, np.array(list(entries.values()), np.uint16)], row_count)


def pack_given(entries: Given, row_count: int, kind: str = "row") -> Entries:
    rows = sort_given(entries, row_count)
    return Entries(pack_entries(rows, sum_by_file(rows, np.zeros(row_count, np.int32), [{}] * min(row_count, 1))), kind)


def as_dictionary(entries: SortedEntries) -> dict[int, list[tuple[int, int]]]:
    """Return term -> its ids and payloads in order, and check the form of the arrays."""
    kinds = [array.dtype.name for array in (entries.terms, entries.starts, entries.ids, entries.payloads)]
    assert kinds == ["uint32", "int64", "int32", "uint16"]
    assert len(entries.starts) == len(entries.terms) + 1
    assert (entries.starts[0], entries.starts[-1]) == (0, len(entries.ids))
    assert (np.diff(entries.terms.astype(np.int64)) > 0).all()
    bounds = entries.starts.tolist()
    pairs = list(zip(entries.ids.tolist(), entries.payloads.tolist(), strict=True))
    found = {}
    for position, term in enumerate(entries.terms.tolist()):
        found[term] = pairs[bounds[position] : bounds[position + 1]]
        assert found[term], "no term without ids"
        ids = [row for row, _ in found[term]]
        assert ids == sorted(set(ids)), "ascending, each once"
    return found


def naive(entries: Given) -> dict[int, list[tuple[int, int]]]:
    found: dict[int, list[tuple[int, int]]] = {}
    for (row, term), payload in sorted(entries.items()):
        found.setdefault(term, []).append((row, payload))
    return found


@st.composite
def rows_around_blocks(draw: st.DrawFn) -> tuple[Given, int]:
    """Rows at the ends of the blocks, in any order."""
    edges = [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK - 1, 2 * BLOCK, 3 * BLOCK + 5]
    rows = st.sampled_from(edges) | st.integers(0, 3 * BLOCK + 5)
    entries = draw(st.dictionaries(st.tuples(rows, TERMS), PAYLOADS, max_size=40))
    at_least = max((row for row, _ in entries), default=-1) + 1
    counts = [count for count in (BLOCK, BLOCK + 1, 2 * BLOCK, 4 * BLOCK) if count >= at_least]
    return entries, draw(st.sampled_from([at_least, *counts]))


@settings(max_examples=120)
@example(({}, 0))
@example(({}, BLOCK + 1))
@example(({(BLOCK - 1, 7): 1, (BLOCK, 7): 2, (0, 7): 3}, BLOCK + 1))
@example(({(BLOCK - 1, 7): 65_535}, BLOCK))
@example(({(2 * BLOCK, 2**32 - 1): 65_535, (0, 0): 0}, 2 * BLOCK + 1))
@given(rows_around_blocks())
def test_entries_are_sorted_by_term_and_row(given_rows: tuple[Given, int]) -> None:
    entries, row_count = given_rows
    assert as_dictionary(sort_given(entries, row_count)) == naive(entries)


def test_very_many_rows_in_three_blocks() -> None:
    draw = np.random.default_rng(5)
    keys = np.unique(draw.integers(0, 150_000 * 50, 400_000))
    draw.shuffle(keys)
    rows, terms = (keys // 50).astype(np.int32), (keys % 50).astype(np.uint32)
    payloads = draw.integers(0, 2**16, len(keys)).astype(np.uint16)
    entries = sort_entries([rows, terms, payloads], 150_000)
    order = np.lexsort((rows, terms))
    assert entries.ids.tolist() == rows[order].tolist()
    assert entries.payloads.tolist() == payloads[order].tolist()
    assert np.repeat(entries.terms, np.diff(entries.starts)).tolist() == terms[order].tolist()


@given(st.dictionaries(st.tuples(st.integers(0, 20), TERMS), PAYLOADS, max_size=20), st.lists(TERMS, max_size=8))
def test_terms_are_looked_up_in_the_order_they_are_asked(entries: Given, more: list[int]) -> None:
    postings, expected = pack_given(entries, 21), naive(entries)
    asked = [*more, *expected, *more]
    found = postings.find(np.array(asked, np.uint32))
    assert [list(zip(ids.tolist(), payloads.tolist(), strict=True)) for ids, payloads in found] == [
        expected.get(term, []) for term in asked
    ]
    assert postings.frequencies(np.array(asked, np.uint32)).tolist() == [len(expected.get(term, [])) for term in asked]


def sum_naively(
    entries: Given, file_of_row: Sequence[int], paths: Sequence[Mapping[int, int]]
) -> dict[int, list[tuple[int, int]]]:
    counts: dict[tuple[int, int], int] = {}
    marks: dict[tuple[int, int], int] = {}
    for (row, term), payload in entries.items():
        key = (term, file_of_row[row])
        counts[key] = counts.get(key, 0) + (payload >> 8)
        mark = (FILE_NAMES_IT if payload & IN_NAME else 0) | (FILE_COMMENTS_ON_IT if payload & IN_COMMENT else 0)
        marks[key] = marks.get(key, 0) | mark
    for file, fields in enumerate(paths):
        for term, field in fields.items():
            marks[term, file] = marks.get((term, file), 0) | field
    found: dict[int, list[tuple[int, int]]] = {}
    for term, file in sorted(marks):
        payload = min(counts.get((term, file), 0), MAX_COUNT) << 8 | marks[term, file]
        found.setdefault(term, []).append((file, payload))
    return found


FIELDS = st.integers(0, IN_NAME | IN_QUALIFIER | IN_SIGNATURE | IN_COMMENT)
SMALL_TERMS = st.sampled_from([0, 5, 2**31, 2**32 - 1])


@st.composite
def files(draw: st.DrawFn) -> tuple[Given, list[int], list[dict[int, int]]]:
    row_counts = draw(st.lists(st.integers(1, 4), max_size=5))
    file_of_row = [file for file, count in enumerate(row_counts) for _ in range(count)]
    payloads = st.builds(lambda count, fields: count << 8 | fields, st.integers(0, MAX_COUNT), FIELDS)
    rows = st.sampled_from(range(len(file_of_row))) if file_of_row else st.nothing()
    entries = draw(st.dictionaries(st.tuples(rows, SMALL_TERMS | TERMS), payloads, max_size=20)) if file_of_row else {}
    fields = st.dictionaries(SMALL_TERMS, st.sampled_from([IN_STEM, IN_FOLDER, IN_STEM | IN_FOLDER]), max_size=3)
    return entries, file_of_row, [draw(fields) for _ in row_counts]


@settings(max_examples=120)
@example(({}, [], []))
@example(({}, [0], [{2**32 - 1: IN_STEM}]))
@example(({(0, 5): 255 << 8, (1, 5): 255 << 8 | IN_NAME}, [0, 0], [{5: IN_FOLDER}]))
@example(({(0, 5): 0, (1, 5): 1 << 8}, [0, 1], [{}, {}]))
@given(files())
def test_the_rows_of_a_file_add_up(given_files: tuple[Given, list[int], list[dict[int, int]]]) -> None:
    entries, file_of_row, paths = given_files
    summed = sum_by_file(sort_given(entries, len(file_of_row)), np.array(file_of_row, np.int32), paths)
    assert as_dictionary(summed) == sum_naively(entries, file_of_row, paths)


@pytest.mark.parametrize("asked", [[], [1], [2**32 - 1, 0]])
def test_nothing_is_in_no_postings(asked: list[int]) -> None:
    nothing = pack_given({}, 0)
    assert [len(ids) + len(payloads) for ids, payloads in nothing.find(np.array(asked, np.uint32))] == [0] * len(asked)
    assert nothing.frequencies(np.array(asked, np.uint32)).tolist() == [0] * len(asked)


@pytest.mark.parametrize("kind", ["row", "file"])
def test_packed_entries_are_those_that_were_packed(kind: str) -> None:
    """Also those with one of the payloads that are too many for a byte, and terms that only paths have."""
    draw = np.random.default_rng(3)
    keys = np.unique(draw.integers(0, 2_000 * 40, 20_000))
    rows, terms = (keys // 40).astype(np.int32), (keys % 40).astype(np.uint32)
    payloads = np.where(draw.random(len(keys)) < 0.5, 256, draw.integers(0, 2**16, len(keys))).astype(np.uint16)
    by_row = sort_entries([rows, terms, payloads], 2_000)
    paths = [dict.fromkeys((7, 41, 2**32 - 1), IN_STEM) for _ in range(200)]
    by_file = sum_by_file(by_row, np.repeat(np.arange(200, dtype=np.int32), 10), paths)
    packed, expected = Entries(pack_entries(by_row, by_file), kind), by_row if kind == "row" else by_file
    assert (packed.ids.tolist(), packed.payloads.tolist()) == (expected.ids.tolist(), expected.payloads.tolist())
    asked = np.array([41, 3, 39, 2**32 - 1, 5, 3, 50], np.uint32)
    bounds = expected.starts.tolist()
    places = {term: slice(*bounds[number : number + 2]) for number, term in enumerate(expected.terms.tolist())}
    for term, (ids, found) in zip(asked.tolist(), packed.find(asked), strict=True):
        place = places.get(term, slice(0))
        assert (ids.dtype.name, found.dtype.name) == ("int32", "uint16")
        assert (ids.tolist(), found.tolist()) == (expected.ids[place].tolist(), expected.payloads[place].tolist())
    assert packed.frequencies(asked).tolist() == expected.frequencies(asked).tolist()


def test_very_many_rows_need_more_than_four_bytes_an_entry() -> None:
    rows = sort_entries([np.array([1], np.int32), np.array([5], np.uint32), np.array([256], np.uint16)], 2)
    wide = SortedEntries(rows.terms, rows.starts, np.array([2**31 - 1], np.int32), rows.payloads)
    ((ids, payloads),) = Entries(pack_entries(wide, wide), "row").find(np.array([5], np.uint32))
    assert (ids.tolist(), payloads.tolist()) == ([2**31 - 1], [256])


@pytest.mark.parametrize(
    ("values", "width"),
    [([], 1), ([0, 255], 1), ([256], 2), ([65_535], 2), ([65_536], 4), ([2**32 - 1], 4), ([2**32], 8)],
)
def test_numbers_take_as_few_bytes_as_they_fit_in(values: list[int], width: int) -> None:
    narrowed = narrow(np.array(values, np.int64))
    assert (narrowed.itemsize, narrowed.tolist()) == (width, values)
