"""The texts of files: each line once, whatever overlaps; rows find their contents in them, places their lines."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.core.index.file_texts import FileTexts, Line, order_texts
from codesearch.core.index.text_blocks import BlockWriter
from codesearch.core.types import SourceFile
from indexer.chunking.chunker import Chunker
from tests.unit.retrieval.index_rows import index_of, make_row

# File, first line, last line, content, sparse.
Row = tuple[int, int, int, str, bool]
FIXTURES = Path(__file__).parents[4] / "fixtures" / "repos"


def lay_out(rows: Sequence[Row], file_count: int) -> tuple[FileTexts, list[int]]:
    """Return the texts of rows, which may be given in any order, and where each row's content begins."""
    contents = [content.encode() for _, _, _, content, _ in rows]
    lengths = np.array([len(content) for content in contents], np.int32)
    columns = {
        "file_of_row": np.array([row[0] for row in rows], np.int32),
        "start_lines": np.array([row[1] for row in rows], np.int32),
        "end_lines": np.array([row[2] for row in rows], np.int32),
        "content_starts": np.cumsum(lengths, dtype=np.int64) - lengths,
        "content_lengths": lengths,
    }
    file = io.BytesIO()
    # So small that lines lie over the borders of blocks.
    writer = BlockWriter(file, block_bytes=5)
    sparse = np.array([row[4] for row in rows], np.bool_)
    arrays = order_texts(memoryview(b"".join(contents)), columns, sparse, file_count, writer)
    arrays |= writer.finish()
    texts = FileTexts({**arrays, "text_blocks": np.frombuffer(file.getvalue(), np.uint8)})
    return texts, arrays["content_starts"].tolist()


def lines_of(texts: FileTexts, file: int) -> list[tuple[int, str]]:
    """Return every line of a file with its number, in the order of the text."""
    found = []
    place, last = int(texts.file_starts[file]), int(texts.file_starts[file + 1])
    while place < last:
        start, _, first = texts.segment_at(place)
        end = texts.line_end(place)
        assert texts.line_start(end) == place
        assert texts.file_at(place) == file
        found.append((first + texts.count_lines(start, place), texts.bytes_of(place, end).decode()))
        place = end + 1
    return found


TEXTS = st.sampled_from(["", "a", "größe", "  ", "x = 1\r", "日本", "a\tb"])
RANGES = st.lists(st.tuples(st.integers(1, 12), st.integers(0, 6)), max_size=8)


@given(st.lists(st.tuples(st.lists(TEXTS, min_size=12, max_size=18), RANGES), max_size=4))
def test_each_line_is_there_once_and_rows_find_their_contents(
    files: list[tuple[list[str], list[tuple[int, int]]]],
) -> None:
    rows: list[Row] = []
    expected: list[list[tuple[int, str]]] = []
    for file, (lines, ranges) in enumerate(files):
        spans = sorted({(start, min(start + more, len(lines))) for start, more in ranges})
        rows.extend((file, first, last, "\n".join(lines[first - 1 : last]), False) for first, last in spans)
        covered = {number for first, last in spans for number in range(first, last + 1)}
        end = max(covered, default=0)
        expected.append([(number, lines[number - 1] if number in covered else "") for number in range(1, end + 1)])
    texts, starts = lay_out(rows, len(files))
    assert [lines_of(texts, file) for file in range(len(files))] == expected
    for (_, _, _, content, _), start in zip(rows, starts, strict=True):
        encoded = content.encode()
        assert texts.bytes_of(start, start + len(encoded)) == encoded


def test_what_lies_between_the_rows_of_a_notebook_is_not_made_up() -> None:
    texts, _ = lay_out([(0, 3, 4, "a\nb", True), (0, 9, 9, "c", True), (1, 2, 2, "d", False)], 2)
    assert lines_of(texts, 0) == [(3, "a"), (4, "b"), (9, "c")]
    assert lines_of(texts, 1) == [(1, ""), (2, "d")]


def test_parts_of_one_line_stand_for_themselves() -> None:
    """In a notebook on one line, many rows are parts of it; the text of the file goes on behind them."""
    rows = [(0, 1, 1, "first", True), (0, 1, 1, "second", True), (0, 2, 3, "b\nc", True), (0, 3, 4, "other\nd", True)]
    texts, starts = lay_out(rows, 1)
    assert lines_of(texts, 0) == [(1, "first"), (1, "second"), (2, "b"), (3, "c"), (3, "other"), (4, "d")]
    assert [texts.bytes_of(start, start + 3) for start in starts] == [b"fir", b"sec", b"b\nc", b"oth"]


@pytest.mark.parametrize("first", [1, 2**31 - 1])
def test_any_number_of_a_first_line_costs_no_more_than_its_text(first: int) -> None:
    texts, _ = lay_out([(0, first, first, "a", False), (0, first, first, "a", False)], 1)
    assert lines_of(texts, 0) == [(first, "a")]
    assert texts.text.size == 2


def test_lines_around_a_line_cross_the_borders_of_rows() -> None:
    index = index_of([make_row(content="a\nb"), make_row(content="e\nf", start=5), make_row("b.py", content="z")])
    start = index.texts.bytes_of(0, 100).index(b"e")
    line = Line(5, start, start + 1)

    def show(lines: Sequence[Line]) -> list[tuple[int, bytes]]:
        return [(one.number, index.texts.bytes_of(one.start, one.end)) for one in lines]

    assert show(index.texts.lines_before(line, 3)) == [(2, b"b"), (3, b""), (4, b"")]
    assert show(index.texts.lines_before(line, 99))[0] == (1, b"a")
    assert show(index.texts.lines_after(line, 9)) == [(6, b"f")]


def test_the_text_of_real_files_is_the_files_own() -> None:
    """Blank lines may lie outside of every chunk; they count as empty."""
    chunker = Chunker(lambda parts: [len(part.split()) for part in parts], 60)
    for path in sorted(FIXTURES.rglob("*.*"))[::4]:
        if path.suffix == ".ipynb" or not path.is_file():
            continue
        text = path.read_bytes().decode("utf-8", "replace")
        chunks = chunker.chunk(SourceFile(path.name, text, "", None))
        order = sorted(chunks, key=lambda chunk: (chunk.start_line, chunk.end_line))
        texts, _ = lay_out([(0, one.start_line, one.end_line, one.content, False) for one in order], 1)
        lines = text.split("\n")
        while lines and not lines[-1].strip():
            lines.pop()
        found = lines_of(texts, 0)
        assert [number for number, _ in found] == list(range(1, len(found) + 1)), path
        shown = [line if line.strip() else "" for _, line in found]
        assert shown == [line[:4000] if line.strip() else "" for line in lines], path
