"""Pieces of one definition: where they belong, which one holds the head, and that no line lies between neighbours."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.core.types import Chunk, SourceFile
from indexer.chunking.chunker import Chunker
from indexer.chunking.pieces import close_gaps
from indexer.chunking.splitting import Lines, lines_to_count
from tests.unit.indexer.chunking.test_chunker import chunk, count_words

Placed = tuple[int, int, tuple[int, int] | None, bool]

# What stands between statements: nothing, blank lines, lines of blanks alone, other line ends.
BETWEEN = st.sampled_from(["", "\n", "\n\n", "   \n", "\t\n\n", "\r\n", "\n# why\n\n"])
STATEMENTS = st.lists(st.tuples(st.integers(1, 6), BETWEEN), min_size=4, max_size=25)


def placed(chunks: list[Chunk]) -> list[Placed]:
    return [(one.start_line, one.end_line, one.symbol_lines, one.holds_head) for one in chunks]


def long_function(name: str = "work", statements: int = 12) -> str:
    body = "".join(f"    if a{i}:\n        b{i} = c(d{i})\n\n" for i in range(statements))
    return f"# What it does.\n@cached\ndef {name}(a):\n{body}    return a\n"


def test_a_definition_that_is_whole_says_nothing_of_where_it_belongs() -> None:
    chunks = chunk("m.py", "class A:\n    x = 1\n\n    def b(self):\n        return 1\n\n\nprint(A)\n")
    assert {(one.symbol_lines, one.holds_head) for one in chunks} == {(None, True)}


def test_pieces_of_a_function_know_its_lines_and_the_first_has_its_head() -> None:
    text = f"import os\n\n{long_function()}\n\ndef other():\n    pass\n"
    pieces = [one for one in chunk("m.py", text) if one.symbol == "work"]
    assert len(pieces) > 2
    assert {one.symbol_lines for one in pieces} == {(3, text[: text.index("def other")].count("\n") - 2)}
    assert [one.holds_head for one in pieces] == [True] + [False] * (len(pieces) - 1)
    assert [one.start_line for one in pieces[1:]] == [one.end_line + 1 for one in pieces[:-1]]
    assert all(one.symbol_lines is None for one in chunk("m.py", text) if one.symbol != "work")


def test_a_comment_above_that_fills_a_piece_of_its_own_has_no_head() -> None:
    comment = "".join(f"# line {number} says more than one would read\n" for number in range(9))
    pieces = chunk("m.py", f"{comment}{long_function()}")
    heads = [one.holds_head for one in pieces]
    assert heads.count(True) == 1
    assert heads[0] is False
    assert "def work(a):" in pieces[heads.index(True)].content


def test_lines_between_the_members_of_a_long_class_know_the_class() -> None:
    body = "".join(f"        x{index} = compute({index})\n" for index in range(8))
    text = (
        f'class Client:\n    """Talks."""\n\n    retries = 3\n\n    def retry(self):\n{body}\n    timeout = 5\n\n'
        f"    def close(self):\n{body}"
    )
    assert placed(chunk("m.py", text)) == [
        (1, 4, (1, 26), True),
        (6, 14, None, True),
        (16, 16, (1, 26), False),
        (18, 26, None, True),
    ]


def test_two_definitions_of_one_name_are_two() -> None:
    text = f"{long_function()}\n\n{long_function()}"
    pieces = [one for one in chunk("m.py", text) if one.symbol == "work"]
    ranges = sorted({one.symbol_lines for one in pieces if one.symbol_lines is not None})
    assert [(first, last - first) for first, last in ranges] == [(1, ranges[0][1] - 1), (43, ranges[0][1] - 1)]
    last = max(one.end_line for one in pieces if one.symbol_lines == ranges[0])
    assert last == ranges[0][1], "blank lines between two definitions are neither's"


@pytest.mark.parametrize(
    ("path", "text", "symbol"),
    [
        ("a.proto", "message Order {{\n{fields}}}\n", "Order"),
        ("a.sql", "CREATE FUNCTION f() RETURNS int AS $$\nBEGIN\n{fields}END;\n$$ LANGUAGE plpgsql;\n", "f"),
        ("a.vue", "<template>\n  <p/>\n</template>\n<script>\nfunction f() {{\n{fields}}}\n</script>\n", "f"),
    ],
)
def test_sections_statements_and_components_have_pieces_as_well(path: str, text: str, symbol: str) -> None:
    fields = "".join(f"  int32 field_{number} = {number};\n\n" for number in range(60))
    written = text.format(fields=fields)
    pieces = [one for one in chunk(path, written) if one.symbol == symbol]
    assert len(pieces) > 2
    assert len({one.symbol_lines for one in pieces}) == 1
    assert [one.holds_head for one in pieces] == [True] + [False] * (len(pieces) - 1)
    assert [one.start_line for one in pieces[1:]] == [one.end_line + 1 for one in pieces[:-1]]


def test_pieces_of_a_notebook_are_at_the_lines_of_its_file() -> None:
    source = long_function().splitlines(keepends=True)
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "source": source}
    first = {"cell_type": "markdown", "metadata": {}, "source": ["# Title"]}
    text = json.dumps({"cells": [first, cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1)
    pieces = [
        one for one in Chunker(count_words, 60).chunk(SourceFile("a.ipynb", text, "id", None)) if one.symbol == "work"
    ]
    rows = text.split("\n")
    start = next(number for number, row in enumerate(rows, 1) if "What it does" in row)
    assert len(pieces) > 2
    assert {one.symbol_lines for one in pieces} == {(start, start + len(source) - 1)}
    assert [one.start_line for one in pieces[1:]] == [one.end_line + 1 for one in pieces[:-1]]
    joined = "\n".join(one.content for one in pieces)
    assert joined.split("\n")[1:-1] == rows[start : start + len(source) - 2]


@given(STATEMENTS, st.integers(16, 60))
def test_neighbours_are_the_files_own_lines_when_they_are_joined(
    statements: list[tuple[int, str]], max_tokens: int
) -> None:
    body = "".join(
        f"    x{number} = f({', '.join('abcdef'[:size])})\n{after}" for number, (size, after) in enumerate(statements)
    )
    text = f"def work(a):\n{body}    return a\n"
    pieces = [one for one in chunk("m.py", text, max_tokens) if one.symbol == "work"]
    for one, other in pairwise(pieces):
        assert other.start_line == one.end_line + 1
    lines = text.split("\n")
    assert "\n".join(one.content for one in pieces) == "\n".join(lines[pieces[0].start_line - 1 : pieces[-1].end_line])


def test_blank_lines_go_to_the_range_before_where_it_has_room() -> None:
    lines = Lines(lines_to_count("a\n \n \nb\n\nc\n\nd\n"), lambda texts: [len(text) for text in texts])
    ranges = [(1, 1), (4, 4), (6, 6), (8, 8)]
    budget = 9
    assert close_gaps(ranges, "xxxx", lines, budget) == [(1, 3), (4, 5), (6, 7), (8, 8)]
    assert close_gaps(ranges, "xyxy", lines, budget) == ranges, "other lines are between"
    assert close_gaps(ranges, [None] * 4, lines, budget) == ranges
    assert close_gaps(ranges, "xxyy", lines, budget) == [(1, 3), (4, 4), (6, 7), (8, 8)]
    assert close_gaps(ranges, "xxxx", lines, 2) == [(1, 1), (4, 5), (6, 7), (8, 8)]
    assert close_gaps([], [], lines, budget) == []
