"""Postings against a dictionary that does the same slowly, also past the rows of one block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from codesearch.core.index.postings import FILE_COMMENTS_ON_IT, FILE_NAMES_IT, Entries, sort_entries, sum_by_file
from codesearch.core.text.terms import IN_COMMENT, IN_FOLDER, IN_NAME, IN_QUALIFIER, IN_SIGNATURE, IN_STEM, MAX_COUNT

BLOCK = 65_536
# (row, term) -> payload: no row has a term twice.
Given = Mapping[tuple[int, int], int]
TERMS = st.sampled_from([0, 1, 2, 3, 2**31, 2**32 - 1]) | st.integers(0, 2**32 - 1)
PAYLOADS = st.integers(0, 2**16 - 1)


def sort_given(entries: Given, row_count: int) -> Entries:
    rows = np.array([row for row, _ in entries], np.int32)
    terms = np.array([term for _, term in entries], np.uint32)
    return sort_entries([rows, terms, np.array(list(entries.values()), np.uint16)], row_count)


def as_dictionary(entries: Entries) -> dict[int, list[tuple[int, int]]]:
    """Return term -> its ids and payloads in order, and check the form of the arrays."""
    kinds = [array.dtype.name for array in entries.arrays().values()]
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


@settings(max_examples=300)
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
    postings, expected = sort_given(entries, 21), naive(entries)
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


@settings(max_examples=300)
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
    nothing = sort_given({}, 0)
    assert [len(ids) + len(payloads) for ids, payloads in nothing.find(np.array(asked, np.uint32))] == [0] * len(asked)
    assert nothing.frequencies(np.array(asked, np.uint32)).tolist() == [0] * len(asked)
