from __future__ import annotations

from pathlib import Path

import pytest

from codesearch.core.index.builder import build_search_index
from codesearch.core.store.staging import LeftRows, StagedRows, find_left
from codesearch.core.types import NOTEBOOK_LANGUAGE
from tests.unit.core.store.indexed_chunks import IndexedChunk, rows_to_columns
from tests.unit.core.store.store_rows import (
    DIMENSION,
    FORMAT,
    OTHER,
    SOURCE,
    contents,
    contents_of,
    make_row,
    open_store,
    to_batch,
)

CODE = 7
WORDS = ("one", "two", "three")


def stage(folder: Path, source_id: str = SOURCE, code: int = CODE) -> Path:
    """Write a file of each word in a batch of its own, and leave it as a killed process does."""
    staged = StagedRows(folder, FORMAT, source_id, code, None)
    for word in WORDS:
        staged.write_columns(rows_to_columns([make_row(f"{word}.py", word)], source_id))
    staged._file.close()
    return staged.path


def left_words(folder: Path) -> list[list[str]]:
    return [contents_of(left.scan()) for left in find_left(folder, SOURCE, FORMAT)]


def marks_of(path: Path) -> list[int]:
    return [int(line.split()[0]) for line in path.with_suffix(".marks").read_text().splitlines()]


def test_what_a_killed_run_staged_comes_back(tmp_path: Path) -> None:
    stage(tmp_path)
    (left,) = find_left(tmp_path, SOURCE, FORMAT)
    assert (left.segment, left.row_count) == (CODE, 3)
    assert contents_of(left.scan()) == list(WORDS)
    store, writer = open_store(tmp_path)
    writer.append(left)
    assert contents(store) == {SOURCE: sorted(WORDS)}
    left.discard()
    assert list(tmp_path.glob(f"{SOURCE}-*")) == []


def test_of_a_file_that_was_cut_off_the_whole_batches_count(tmp_path: Path) -> None:
    path = stage(tmp_path)
    content, marks = path.read_bytes(), marks_of(path)
    assert marks == sorted(marks)
    assert marks[-1] == len(content)
    for size in sorted({0, 1, len(content) - 1, *(mark + step for mark in marks for step in (-1, 0, 1))}):
        stage(tmp_path)
        path.write_bytes(content[:size])
        whole = [list(WORDS[: sum(mark <= size for mark in marks)])]
        assert left_words(tmp_path) == (whole if whole[0] else [])


def test_damaged_batches_and_what_follows_them_do_not_count(tmp_path: Path) -> None:
    path = stage(tmp_path)
    content, marks = path.read_bytes(), marks_of(path)
    for place in (marks[0] - 9, marks[0] + 9, marks[2] - 9):
        stage(tmp_path)
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        whole = list(WORDS[: sum(mark <= place for mark in marks)])
        assert left_words(tmp_path) == ([whole] if whole else [])


@pytest.mark.parametrize("marks", [b"", b"nonsense", b"5 5", b"99999999 1 1\n"])
def test_without_marks_nothing_counts(tmp_path: Path, marks: bytes) -> None:
    path = stage(tmp_path)
    path.with_suffix(".marks").write_bytes(marks)
    assert find_left(tmp_path, SOURCE, FORMAT) == []
    assert list(tmp_path.iterdir()) == []


def test_a_mark_that_was_cut_off_does_not_count(tmp_path: Path) -> None:
    path = stage(tmp_path)
    marks = path.with_suffix(".marks")
    whole = marks.read_bytes()
    for size in range(len(whole)):
        marks.write_bytes(whole[:size])
        if found := find_left(tmp_path, SOURCE, FORMAT):
            (left,) = found
            assert contents_of(left.scan()) == list(WORDS[: left.row_count])
            assert left.row_count >= whole[:size].count(b"\n")
        stage(tmp_path)


def test_rows_of_another_format_or_source_are_not_taken_up(tmp_path: Path) -> None:
    other = stage(tmp_path, OTHER)
    stage(tmp_path)
    another = type(FORMAT)("another model", "x", DIMENSION, "1")
    assert find_left(tmp_path, SOURCE, another) == []
    assert sorted(tmp_path.iterdir()) == [other, other.with_suffix(".marks")]
    (tmp_path / f"{SOURCE}-9.arrow").mkdir()
    (tmp_path / f"{SOURCE}-x.arrow").write_bytes(b"half a row")
    assert find_left(tmp_path, SOURCE, FORMAT) == []
    assert sorted(tmp_path.iterdir()) == [other, other.with_suffix(".marks")]
    (left,) = find_left(tmp_path, OTHER, FORMAT)
    assert isinstance(left, LeftRows)


def test_a_row_that_is_given_twice_is_staged_once_and_keeps_its_files_text(tmp_path: Path) -> None:
    first, second = make_row("a.py", "one\ntwo"), make_row("a.py", "two", start_line=2)
    with StagedRows(tmp_path, FORMAT, SOURCE, CODE, None) as staged:
        staged.write_columns(rows_to_columns([first, first, second], SOURCE))
        staged.write_columns(rows_to_columns([first, make_row("b.py", "three")], SOURCE))
        staged.write_columns(rows_to_columns([first], SOURCE))
        staged.close()
        assert contents_of(staged.scan()) == ["one\ntwo", "two", "three"]
        store, writer = open_store(tmp_path)
        writer.append(staged)
    assert contents(store) == {SOURCE: ["one\ntwo", "three", "two"]}


A_CLASS = [
    make_row("a.py", "class A:\n    def f(self):\n        pass\n\n    def g(self): 'ä'", symbol="A"),
    make_row("a.py", "    def f(self):\n        pass", start_line=2, symbol="A.f"),
    make_row("a.py", "    def g(self): 'ä'", start_line=5, symbol="A.g"),
    make_row("a.py", "other words for line five", start_line=5),
    make_row("a.py", "behind blank lines", start_line=9),
]
A_NOTEBOOK = [make_row("b.ipynb", f"x = {line}", start_line=line, language=NOTEBOOK_LANGUAGE) for line in (3, 4, 90)]


@pytest.mark.parametrize(
    "batches",
    [
        [[*A_CLASS, *A_NOTEBOOK]],
        # Files in between one another, the last rows first.
        [[*A_NOTEBOOK[::-1], *A_CLASS[::-1]]],
        [A_NOTEBOOK, [make_row("empty.txt", "")], A_CLASS],
        # A file in two batches has two texts: neither is that of all of its rows.
        [A_CLASS[3:], A_NOTEBOOK, A_CLASS[:3]],
    ],
)
def test_a_search_index_of_staged_rows_is_that_of_the_rows(tmp_path: Path, batches: list[list[IndexedChunk]]) -> None:
    with StagedRows(tmp_path, FORMAT, SOURCE, CODE, None) as staged:
        for rows in batches:
            staged.write_columns(rows_to_columns(rows, SOURCE))
        build_search_index(staged.scan(), DIMENSION, tmp_path / "staged.index")
    build_search_index(map(to_batch, batches), DIMENSION, tmp_path / "whole.index")
    assert (tmp_path / "staged.index").read_bytes() == (tmp_path / "whole.index").read_bytes()
