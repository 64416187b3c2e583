"""What a query mentions: files by name, lines, and rows that hold its words as they stand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codesearch.core.checks import do_not_check
from codesearch.core.index.search_index import SearchIndex
from codesearch.retrieval.mentions import find_mentions
from codesearch.retrieval.named_files import MAX_FILES, find_named_files
from codesearch.retrieval.phrase_rows import LEAST_SHARE, MAX_ROWS, MESSAGE_SHARE, find_phrase_rows, weigh_runs
from codesearch.retrieval.query.phrases import Phrase, cut_runs, find_phrases
from codesearch.retrieval.query.places import find_places
from codesearch.retrieval.query.terms import parse_query
from codesearch.retrieval.row_order import RowOrder
from tests.unit.retrieval.index_rows import index_of, make_row, position_of

PATHS = [
    "lib/app/client.py",
    "lib/app/__init__.py",
    "lib/net/client.py",
    "lib/net/Socket.java",
    "web/index.ts",
    *(f"part{number}/utils.py" for number in range(MAX_FILES + 1)),
]


@pytest.fixture(scope="module")
def index() -> SearchIndex:
    """Files of three rows of ten lines."""
    rows = [make_row(path, "\n".join(["x = 1"] * 10), start=start) for path in PATHS for start in (1, 11, 21)]
    return index_of(rows)


def files_of(index: SearchIndex, query: str) -> dict[str, float]:
    return {index.path_of(item.file): item.certainty for item in find_named_files(index, find_places(query))}


@pytest.mark.parametrize(
    ("query", "files"),
    [
        ("lib/app/client.py", {"lib/app/client.py": 1.0}),
        ("/srv/releases/12/lib/net/client.py:3", {"lib/net/client.py": 1.0}),
        ("what is in socket.java", {"lib/net/Socket.java": 1.0}),
        ("client.py", {"lib/app/client.py": 0.5, "lib/net/client.py": 0.5}),
        ("lib.net.client", {"lib/net/client.py": 1.0}),
        ("lib.app", {"lib/app/__init__.py": 1.0}),
        # Too many have that name, or none, or it is no more than a word.
        ("utils.py", {}),
        ("other/file.go", {}),
        ("self.client", {}),
    ],
)
def test_files_are_found_by_what_is_written_of_their_path(
    index: SearchIndex, query: str, files: dict[str, float]
) -> None:
    assert files_of(index, query) == files


def mentioned_lines(index: SearchIndex, query: str) -> list[tuple[str, int]]:
    (mentions,) = find_mentions(RowOrder([index]), [None], parse_query(query), do_not_check)
    rows = mentions.rows(index).astype(np.int32)
    _, holds, _ = mentions.describe(index, rows)
    return [position_of(index, row) for row, does in zip(rows.tolist(), holds.tolist(), strict=True) if does]


def test_the_row_that_holds_a_named_line_is_told(index: SearchIndex) -> None:
    assert mentioned_lines(index, "lib/net/client.py:15") == [("lib/net/client.py", 11)]
    assert mentioned_lines(index, "lib/net/client.py:99") == []
    assert mentioned_lines(index, "lib/net/client.py") == []


TEXTS = [
    'raise ValueError("could not open\n        the file of settings")',
    "# It could open the file, not of settings.",
    "x = could_not_open(the_file)",
    *(f"# told again and again in row {'x' * number}" for number in range(MAX_ROWS + 1)),
]


@pytest.fixture(scope="module")
def texts() -> SearchIndex:
    """A row a file."""
    return index_of([make_row(f"src/f{number:02}.py", text) for number, text in enumerate(TEXTS)])


@pytest.mark.parametrize(
    ("query", "held"),
    [
        ("could not open the file", {0: 1.0, 2: 1.0}),
        ("Could not open: THE file of settings", {0: 1.0, 2: 0.8}),
        ("why does it say could not open the file", {0: 0.8, 2: 0.8}),
        ('who says "not of settings"', {1: 1.0}),
        ("open the file of nothing at all", {}),
        # In too many rows, in none, in another order.
        ("told again and again", {}),
        ("nobody ever wrote this here", {}),
        ("the file not open could", {}),
        ("pen the file of settings", {}),
    ],
)
def test_rows_that_hold_a_phrase_as_it_stands(texts: SearchIndex, query: str, held: dict[int, float]) -> None:
    (found,) = find_phrase_rows(RowOrder([texts]), [None], find_phrases(query))
    assert found == pytest.approx(held)


MESSAGES = [
    'raise ConvertError(f"Error converting value {value} to type {name}.")',
    "# an error of converting what has no type",
    'fail("cannot open %s: no such file or folder", path)',
    'log("key [{$key}] not found")',
]


@pytest.mark.parametrize(
    ("query", "held"),
    [
        ("Error converting value /tmp/data to type 'example.com'.", {0: MESSAGE_SHARE}),
        ("ConvertError: Error converting value 12 to type int", {0: MESSAGE_SHARE}),
        ("cannot open settings.toml: no such file or folder", {2: MESSAGE_SHARE}),
        # Two words are an accident, and a question is no message.
        ("key [user_id] not found", {}),
        ("how is an error converting value 7 to type int reported?", {}),
        ("nothing of this cannot be found: 12", {}),
    ],
)
def test_the_row_of_an_error_message_is_found_whatever_its_values_are(query: str, held: dict[int, float]) -> None:
    index = index_of([make_row(f"src/f{number:02}.py", text) for number, text in enumerate(MESSAGES)])
    (found,) = find_phrase_rows(RowOrder([index]), [None], find_phrases(query))
    assert found == pytest.approx(held)


def test_a_row_that_a_condition_leaves_out_is_not_told(texts: SearchIndex) -> None:
    mask = np.ones(texts.row_count, np.bool_)
    mask[0] = False
    (found,) = find_phrase_rows(RowOrder([texts]), [mask], find_phrases("could not open the file"))
    assert found == {2: 1.0}


def test_a_phrase_is_rare_over_all_indexes_together(texts: SearchIndex) -> None:
    few = index_of([make_row("a.py", "# told again and again")])
    assert find_phrase_rows(RowOrder([few]), [None], find_phrases("told again and again")) == [{0: 1.0}]
    assert find_phrase_rows(RowOrder([few, texts]), [None, None], find_phrases("told again and again")) == [{}, {}]


def test_the_longest_stretch_counts() -> None:
    phrase = Phrase(("red", "blue", "green", "black", "white", "pink", "grey", "brown"))
    runs = cut_runs([phrase])
    assert weigh_runs(phrase, runs) == 1.0
    assert weigh_runs(phrase, runs[:2]) == 5 / 8
    assert weigh_runs(phrase, [runs[0], runs[2], runs[3]]) == 5 / 8
    assert weigh_runs(phrase, [runs[4]]) == 4 / 8


@settings(max_examples=60)
@given(st.lists(st.sampled_from("could not open the file of settings x ( \" '".split())).map(" ".join) | st.text())
def test_any_query_has_shares_from_zero_to_one(query: str) -> None:
    made = index_of([make_row("a.py", TEXTS[0]), make_row("b.py", TEXTS[1])])
    (mentions,) = find_mentions(RowOrder([made]), [None], parse_query(query), do_not_check)
    assert all(LEAST_SHARE <= share <= 1 for share in mentions.phrases.values())
    assert set(mentions.rows(made).tolist()) <= {0, 1}
