"""Exact search finds what Python's re finds on the files' own lines, across chunks, with places, context and counts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codesearch.core.errors import SearchTooLongError
from codesearch.core.index.search_index import SearchIndex
from codesearch.core.index.text_blocks import BLOCK_BYTES, PlainText
from codesearch.core.predicates import EVERYTHING, Comparison, Operator, Predicate
from codesearch.retrieval.exact.lines import (
    COUNTED_BEYOND,
    MAX_CHARACTERS,
    MAX_MATCH_LINES,
    SHOWN_CHARACTERS,
    FoundLines,
    find_lines,
)
from codesearch.retrieval.exact.needle import ExactQuery, compile_query
from tests.unit.core.store.indexed_chunks import IndexedChunk
from tests.unit.retrieval.index_rows import as_source, index_of, make_row


def rows_of(path: str, text: str, cuts: Sequence[int]) -> list[IndexedChunk]:
    """Return rows that have all lines of a text which are not blank, cut before these lines; one row has them all."""
    lines = text.split("\n")
    borders = [0, *sorted({cut for cut in cuts if 0 < cut < len(lines)}), len(lines)]
    spans = [(0, len(lines)), *pairwise(borders)] if len(cuts) % 2 else list(pairwise(borders))
    rows = []
    for first, last in dict.fromkeys(spans):
        while first < last and not lines[first].strip():
            first += 1
        while last > first and not lines[last - 1].strip():
            last -= 1
        if first < last:
            rows.append(make_row(path, "\n".join(lines[first:last]), start=first + 1))
    return rows


def search(
    index: SearchIndex, text: str, *, max_lines: int = 10_000, predicate: Predicate = EVERYTHING, **options: Any
) -> FoundLines:
    context = options.pop("context", 0)
    return find_lines([(as_source(index), predicate)], compile_query(ExactQuery(text, **options)), max_lines, context)


def places(found: FoundLines) -> list[tuple[str, int, int]]:
    return [(one.path, one.line, one.column) for one in found.lines]


FILES = {
    "a.py": "import re\n\n\ndef retry(request):\n    # größe: again\n    return send(request)\n\n\n"
    "class Retry:\n\tx = 1",
    "b/retry_test.go": "func Retry() {\r\n\treturn 1\r\n}\r\n\r\n// RETRY me\r\n",
    "c.txt": "retry\nretrying\nre-retry",
}


@pytest.fixture(scope="module")
def index() -> SearchIndex:
    return index_of([row for path, text in FILES.items() for row in rows_of(path, text, [3, 6, 8])])


LITERALS = st.text(st.sampled_from("abAB_ .\tß"), min_size=1, max_size=4)
LINES = st.lists(st.text(st.sampled_from("abAB_ .\tß日"), max_size=8), min_size=1, max_size=12)
PARTS = st.sampled_from(
    [
        "a",
        "b",
        "A",
        "ß",
        "日",
        ".",
        "[ab]",
        "[^a]",
        r"\w",
        r"\b",
        "(a|bb)",
        "(?:ab)?",
        "a+",
        "b*",
        r"\.",
        "^",
        "$",
        r"\s",
        " ",
    ]
)


def expected_lines(pattern: re.Pattern[str], text: str, group: int = 0) -> list[tuple[int, int]]:
    lines = [line if line.strip() else "" for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return [(number, match.start(group) + 1) for number, line in enumerate(lines, 1) if (match := pattern.search(line))]


@settings(max_examples=60)
@given(LINES, LITERALS, st.lists(st.integers(0, 12), max_size=3), st.booleans(), st.booleans())
def test_literals_are_found_where_python_finds_them(
    lines: list[str], literal: str, cuts: list[int], ignores_case: bool, ends_with_return: bool
) -> None:
    text = "\n".join(lines)
    rows = rows_of("x", text.replace("\n", "\r\n") if ends_with_return else text, cuts)
    if not rows or not literal.strip():
        return
    pattern = re.compile(re.escape(literal), re.IGNORECASE if ignores_case else 0)
    found = search(index_of(rows), literal, ignores_case=ignores_case)
    assert [(one.line, one.column) for one in found.lines] == expected_lines(pattern, text)
    assert (found.more, found.is_whole) == (0, True)


@settings(max_examples=60)
@given(LINES, st.lists(PARTS, min_size=1, max_size=5), st.lists(st.integers(0, 12), max_size=3), st.booleans())
def test_expressions_are_found_where_python_finds_them(
    lines: list[str], parts: list[str], cuts: list[int], ends_with_return: bool
) -> None:
    expression, text = "".join(parts), "\n".join(lines)
    try:
        # RE2's classes are those of ASCII.
        pattern = re.compile(expression.replace(r"\w", "[A-Za-z0-9_]").replace(r"\b", r"(?:(?a:\b))"))
    except re.error:
        return
    rows = rows_of("x", text.replace("\n", "\r\n") if ends_with_return else text, cuts)
    if rows and not re.search(r"[*+?]{2}|[\^$b][+*?]", expression):
        found = search(index_of(rows), expression, is_regex=True)
        assert [(one.line, one.column) for one in found.lines] == expected_lines(pattern, text), expression


@settings(max_examples=60)
@given(LINES, st.sampled_from(["a", "ab", "ß", "_a", "日"]), st.booleans())
def test_a_whole_word_has_no_letter_beside_it(lines: list[str], word: str, is_regex: bool) -> None:
    text = "\n".join(lines)
    rows = rows_of("x", text, [])
    if rows:
        found = search(index_of(rows), word, whole_word=True, is_regex=is_regex)
        pattern = re.compile(rf"(?<!\w){word}(?!\w)")
        assert [(one.line, one.column) for one in found.lines] == expected_lines(pattern, text)


@settings(max_examples=60)
@given(LINES, st.data())
def test_several_pasted_lines_are_found_where_they_stand(lines: list[str], data: st.DataObject) -> None:
    rows = rows_of("x", "\r\n".join(lines), data.draw(st.lists(st.integers(0, 12), max_size=3)))
    first = data.draw(st.integers(0, len(lines) - 1))
    last = data.draw(st.integers(first, len(lines) - 1))
    pasted = "\n".join(lines[first : last + 1])
    if rows and lines[first].strip() and lines[last].strip():
        found = search(index_of(rows), pasted)
        before = [one for one in found.lines if one.line <= first + 1]
        assert any(one.line + len(one.lines) - 1 >= first + 1 for one in before)


def test_places_texts_and_files_in_order(index: SearchIndex) -> None:
    found = search(index, "retry", ignores_case=True)
    assert places(found) == [
        ("a.py", 4, 5), ("a.py", 9, 7), ("b/retry_test.go", 1, 6), ("b/retry_test.go", 5, 4), ("c.txt", 1, 1),
        ("c.txt", 2, 1), ("c.txt", 3, 4),
    ]  # fmt: skip
    assert [one.lines[0].text for one in found.lines][:4] == [
        "def retry(request):",
        "class Retry:",
        "func Retry() {",
        "// RETRY me",
    ]
    assert [name.path for name in found.names] == ["b/retry_test.go"]


def test_whole_words_at_the_sides_that_end_in_letters(index: SearchIndex) -> None:
    assert places(search(index, "retry", whole_word=True)) == [("a.py", 4, 5), ("c.txt", 1, 1), ("c.txt", 3, 4)]
    assert places(search(index, "send(", whole_word=True)) == [("a.py", 6, 12)]
    assert places(search(index, "end(", whole_word=True)) == []


def test_context_crosses_the_borders_of_chunks(index: SearchIndex) -> None:
    (found,) = search(index, "größe", context=2).lines
    assert [(line.number, line.text) for line in found.before] == [(3, ""), (4, "def retry(request):")]
    assert [(line.number, line.text) for line in found.after] == [(6, "    return send(request)"), (7, "")]
    (found,) = search(index, "import", context=1).lines
    assert ([line.number for line in found.before], [line.number for line in found.after]) == ([], [2])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("def retry(request):\n    # größe: again", [("a.py", 4, 1)]),
        ("\r\ndef retry(request):\r\n    # größe: again\r\n", [("a.py", 4, 1)]),
        ("return 1\n}", [("b/retry_test.go", 2, 2)]),
        ("send(request)\n\n\nclass", [("a.py", 6, 12)]),
        ("}\n\n// RETRY", [("b/retry_test.go", 3, 1)]),
        ("retry\nretry", [("c.txt", 1, 1)]),
        # What ends one file and begins the next is no match.
        ("x = 1\nfunc", []),
        ("def retry(request):\n    # another", []),
    ],
)
def test_pasted_lines(index: SearchIndex, query: str, expected: list[tuple[str, int, int]]) -> None:
    found = search(index, query)
    assert places(found) == expected
    if expected:
        assert len(found.lines[0].lines) == query.strip().count("\n") + 1


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (r"^func.*\{$", [("b/retry_test.go", 1, 1)]),
        (r"1\s*$", [("a.py", 10, 6), ("b/retry_test.go", 2, 9)]),
        (r"\s+$", []),
        (r"^$", [("a.py", 2, 1), ("a.py", 3, 1), ("a.py", 7, 1), ("a.py", 8, 1), ("b/retry_test.go", 4, 1)]),
        (r"\Aretry\z", [("c.txt", 1, 1)]),
        (r"^retry\Z", [("c.txt", 1, 1)]),
        (r"retry.*retry", [("a.py", 4, 5), ("c.txt", 3, 4)][1:] and []),
        (r"(?i)RETRY me", [("b/retry_test.go", 5, 4)]),
        (r"return 1\n\}", [("b/retry_test.go", 2, 2)]),
        (r"(?s)import.*retry", [("a.py", 1, 1)]),
        (r"Retry\(|größe", [("a.py", 5, 7), ("b/retry_test.go", 1, 6)]),
        (r"\tx", [("a.py", 10, 1)]),
        ("^\tx", [("a.py", 10, 1)]),
        (r"\Q() {\E", [("b/retry_test.go", 1, 11)]),
    ],
)
def test_expressions(index: SearchIndex, query: str, expected: list[tuple[str, int, int]]) -> None:
    assert places(search(index, query, is_regex=True)) == expected


def test_only_the_files_that_a_predicate_lets_through(index: SearchIndex) -> None:
    predicate = Comparison("file_extension", Operator.IN, (".go", ".txt"))
    found = search(index, "retry", predicate=predicate)
    assert {one.path for one in found.lines} == {"c.txt"}
    assert [name.path for name in found.names] == ["b/retry_test.go"]
    assert places(search(index, "retry", predicate=Comparison("path", Operator.STARTS_WITH, ("b/",)))) == []


def test_names_of_folders_are_asked_for_by_a_slash(index: SearchIndex) -> None:
    assert [name.path for name in search(index, "b").names] == []
    assert [name.path for name in search(index, "b/retry").names] == ["b/retry_test.go"]
    assert [name.path for name in search(index, r"\.(py|go)$", is_regex=True).names] == ["a.py", "b/retry_test.go"]


def test_what_is_left_out_is_counted() -> None:
    index = index_of([make_row(f"{number}.txt", "x\n" * 99 + "x") for number in range(12)])
    found = search(index, "x", max_lines=50)
    assert (len(found.lines), found.more, found.is_whole) == (50, COUNTED_BEYOND, False)
    found = search(index, "x", max_lines=300)
    assert (len(found.lines), found.more, found.is_whole) == (300, 900, True)
    scope = [(as_source(one), EVERYTHING) for one in (index, index_of([make_row("y.txt", "x")]))]
    found = find_lines(scope, compile_query(ExactQuery("x")), 1_200)
    assert (len(found.lines), found.more, found.is_whole) == (1_200, 1, True)
    assert [name.position for name in find_lines(scope, compile_query(ExactQuery("txt")), 9, max_names=12).names] == [
        0
    ] * 12


def test_what_is_shown_is_bounded() -> None:
    long = "a" * 3_000 + "needle" + "b" * 900
    index = index_of([make_row("a.txt", "\n".join([long] * 3_000))])
    found = search(index, "needle", max_lines=3_000)
    shown = found.lines[0].lines[0].text
    assert "needle" in shown
    assert (len(shown), shown[0], shown[-1]) == (SHOWN_CHARACTERS + 2, "…", "…")
    assert found.lines[0].column == 3_001
    assert sum(len(one.lines[0].text) for one in found.lines) < MAX_CHARACTERS + SHOWN_CHARACTERS + 2
    assert len(found.lines) + found.more < 3_000
    (found_lines,) = search(index, "(?s)needle.*needle", is_regex=True).lines
    assert len(found_lines.lines) == MAX_MATCH_LINES


@pytest.mark.parametrize("query", ["(?:a+a+)+b", "(a?){200}a{200}b", "(?s)(.*a){20}b", r"(\w*\d*){30}\z"])
def test_no_expression_goes_on_for_long_between_checks(query: str) -> None:
    """The work can be ended after any few lines: how many checks there are follows from the text's size alone."""
    index = index_of([make_row(f"{number}.txt", "\n".join(["a" * 300] * 200)) for number in range(20)])
    checks = 0

    def check() -> None:
        nonlocal checks
        checks += 1
        if checks == 2:
            raise SearchTooLongError("enough")

    with suppress(SearchTooLongError):
        needle = compile_query(ExactQuery(query, is_regex=True))
        found = find_lines([(as_source(index), EVERYTHING)], needle, 10_000, check=check)
        assert found.not_searched is not None
        assert not found.is_whole
    assert checks == 2


def test_what_was_found_until_the_time_was_over_is_returned_with_what_was_not_searched() -> None:
    index = index_of([make_row(f"{number:02}.txt", "\n".join(["needle"] * 2_000)) for number in range(20)])
    seen = 0

    def check() -> None:
        nonlocal seen
        seen += 1
        if seen == 4:
            raise SearchTooLongError("enough")

    needle = compile_query(ExactQuery("(?:n|m)[aeiou]{2}dle.{0,200}", is_regex=True))
    found = find_lines([(as_source(index), EVERYTHING)], needle, 100_000, check=check)
    left = found.not_searched
    assert left is not None
    assert found.lines
    assert {one.path for one in found.lines} <= {f"{number:02}.txt" for number in range(20 - left.files + 1)}
    assert left.path == f"{20 - left.files:02}.txt"


LARGE_LINES = [f"line {number} of a text over several blocks" for number in range(4_000)]


@pytest.mark.parametrize("is_plain", [False, True])
def test_lines_at_the_borders_of_blocks_are_found_by_every_kind_of_query(is_plain: bool) -> None:
    files = {"a.py": "\n".join(LARGE_LINES), "b.py": "日本語 line\n" * 9_000, "c.py": "\n".join(LARGE_LINES[::-1])}
    index = index_of([row for path, text in files.items() for row in rows_of(path, text, [])])
    assert index.texts.text.size > 5 * BLOCK_BYTES
    if is_plain:
        index.texts.text = PlainText(np.frombuffer(index.texts.bytes_of(0, index.texts.text.size), np.uint8))
    last = str(len(LARGE_LINES) - 1)
    assert places(search(index, f"line {last} ", max_lines=9)) == [("a.py", 4_000, 1), ("c.py", 1, 1)]
    # Each line but the first is behind its neighbour in the one file and before it in the other.
    found = search(index, r"e (\d*[37]) of .*\nline \d*[48] of", is_regex=True)
    assert [place for place in places(found) if place[0] == "a.py"] == [
        ("a.py", number + 1, 4) for number in range(4_000) if str(number)[-1] in "37"
    ]
    assert len(places(found)) == 800
    counted = search(index, r"^[^x]{3} l", is_regex=True, max_lines=8_500)
    assert (len(counted.lines), counted.more) == (8_500, 500)
    assert [(one.line, one.column) for one in counted.lines] == [(line, 1) for line in range(1, 8_501)]
    assert {(one.path, one.lines[0].text) for one in counted.lines} == {("b.py", "日本語 line")}
    _, *around = search(index, "e 1 of|e 3998 of", is_regex=True, context=2, max_lines=9).lines
    assert [[line.number for line in one.before] for one in around] == [[3_997, 3_998], [1], [3_997, 3_998]]
