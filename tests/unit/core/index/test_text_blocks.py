"""Texts in blocks: what was written comes back from any place to any other, and a damaged block is never shown."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.core.checks import do_not_check
from codesearch.core.errors import StoreError
from codesearch.core.index.array_file import DamagedFileError, map_arrays, verify_arrays, write_arrays
from codesearch.core.index.search_index import LAYOUT_VERSION, SearchIndex, open_search_index
from codesearch.core.index.text_blocks import (
    BLOCK_BYTES,
    BlockText,
    BlockWriter,
    PlainText,
    Text,
    open_text,
    open_window,
    read_text,
)
from codesearch.core.text.matching import Matcher
from tests.unit.retrieval.index_rows import index_of, make_row

PIECES = st.lists(st.text("ab\n größe日本", max_size=30).map(str.encode), max_size=6)


def pack(pieces: Sequence[bytes], block_bytes: int) -> BlockText:
    file = io.BytesIO()
    writer = BlockWriter(file, block_bytes)
    for piece in pieces:
        writer.write(piece)
    arrays = writer.finish()
    blocks = np.frombuffer(file.getvalue(), np.uint8)
    return BlockText(blocks, arrays["text_block_starts"], arrays["text_sizes"])


@given(PIECES, st.integers(1, 16), st.integers(-2, 200), st.integers(-2, 200))
def test_any_part_comes_back_in_any_blocks(pieces: list[bytes], block_bytes: int, start: int, end: int) -> None:
    whole = b"".join(pieces)
    text = pack(pieces, block_bytes)
    assert text.size == len(whole)
    assert read_text(text, 0, text.size) == whole
    assert read_text(text, start, end) == whole[max(0, start) : max(0, end)]
    places = np.array([place for place in (end, start, 3, 0, 3) if 0 <= place < len(whole)], np.int64)
    assert text.bytes_at(places, do_not_check).tolist() == [whole[place] for place in places.tolist()]


@given(st.lists(st.sampled_from(["", "a", "größe", "日本", "x = 1\r"]), min_size=1, max_size=12), st.integers(1, 9))
def test_a_window_of_whole_lines_finds_what_the_text_has(lines: list[str], block_bytes: int) -> None:
    whole = "".join(f"{line}\n" for line in lines).encode()
    packed, plain = pack([whole], block_bytes), PlainText(np.frombuffer(whole, np.uint8))
    starts = [0, *(place + 1 for place, byte in enumerate(whole) if byte == ord("\n"))]
    matchers = [Matcher(r"^\S+$"), Matcher(r"\b1\b"), Matcher("日", in_lines=True), Matcher(r"a\s+größe")]

    def find(text: Text, start: int, end: int) -> list[object]:
        window = open_window(text, start, end)
        found = [window.find(matcher, start, end) for matcher in matchers]
        return [*found, [(window.line_start(place), window.line_end(place)) for place in range(start, end)]]

    for number, start in enumerate(starts[:-1]):
        for end in starts[number + 1 :]:
            found = find(packed, start, end - 1)
            assert found == find(plain, start, end - 1)
            assert found[:-1] == [matcher.find(whole, start, end - 1) for matcher in matchers]


def test_a_text_without_bytes_has_no_block() -> None:
    text = pack([], BLOCK_BYTES)
    assert (text.size, read_text(text, 0, 10)) == (0, b"")
    assert not len(text.bytes_at(np.empty(0, np.int64), do_not_check))


def make_large_index(path: Path) -> tuple[SearchIndex, list[str]]:
    """Return an index of texts over several blocks, letters over their borders; it is at the path, too."""
    contents = [f"# {name}\n" + "日本" * 100 + f"\n{name}" * 30_000 for name in ("one", "zwei")]
    contents.append("\n".join(["日" * 997] * 100))
    index = index_of([make_row(f"{n}.py", text) for n, text in enumerate(contents)])
    write_arrays(path, index.arrays, {"layout": LAYOUT_VERSION, "dimension": index.dimension})
    return index, contents


def test_rows_over_the_borders_of_blocks_have_their_contents(tmp_path: Path) -> None:
    index, contents = make_large_index(tmp_path / "a.segment")
    assert index.texts.text.size > 4 * BLOCK_BYTES
    assert [index.content_of(row).decode() for row in range(3)] == contents
    assert index.arrays["text_blocks"].nbytes < index.texts.text.size / 10


def test_a_segment_whose_text_was_not_packed_is_read_as_before(tmp_path: Path) -> None:
    index, contents = make_large_index(tmp_path / "a.segment")
    arrays, header = map_arrays(tmp_path / "a.segment")
    older = {name: array for name, array in arrays.items() if not name.startswith(("text_", "content_marks"))}
    older["content_texts"] = np.frombuffer(index.texts.bytes_of(0, index.texts.text.size), np.uint8)
    write_arrays(tmp_path / "b.segment", older, {**header, "layout": 7})
    opened = open_search_index(tmp_path / "b.segment")
    assert opened is not None
    assert [opened.content_of(row).decode() for row in range(3)] == contents
    assert opened.content_marks_of(np.arange(3, dtype=np.int32)) is None
    assert opened.text_bytes == index.text_bytes


def test_a_damaged_block_is_found_and_never_shown(tmp_path: Path) -> None:
    path = tmp_path / "a.segment"
    make_large_index(path)
    arrays, _ = map_arrays(path)
    content = bytearray(path.read_bytes())
    packed = arrays["text_blocks"].tobytes()
    place = content.index(packed)
    content[place : place + 8] = bytes(8)
    path.write_bytes(content)
    with pytest.raises(DamagedFileError, match="its text_blocks are not what was written"):
        verify_arrays(path)
    arrays, _ = map_arrays(path)
    with pytest.raises(StoreError, match="doctor"):
        read_text(open_text(arrays), 0, 10)


def test_a_block_that_became_shorter_is_damage() -> None:
    text = pack([b"a" * 100], 64)
    cut = BlockText(text._blocks, text._starts, np.array([110, 64]))
    with pytest.raises(StoreError, match="36 bytes instead of 46"):
        read_text(cut, 64, 110)
