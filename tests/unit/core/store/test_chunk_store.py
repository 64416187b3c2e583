"""ChunkStore on real tables: scans of one version beside writers, formats, damaged tables."""

from __future__ import annotations

import dataclasses
import pickle
import threading
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.core.errors import StoreError
from codesearch.core.index.builder import RowBatch
from codesearch.core.index.manifest import SegmentName
from codesearch.core.index.search_index import NO_TIME
from codesearch.core.store.chunk_store import SCAN_BATCH_ROWS, ChunkStore
from codesearch.core.store.quoting import quote
from codesearch.core.store.rows import document_id_of
from codesearch.core.store.schema import (
    batch_to_rows,
    columns_to_batch,
    format_of,
    schema_of,
)
from codesearch.core.store.writer import StoreWriter
from codesearch.core.text.terms import pack_terms
from tests.unit.core.store.indexed_chunks import IndexedChunk, rows_to_columns
from tests.unit.core.store.store_rows import (
    DIMENSION,
    FORMAT,
    OTHER,
    SOURCE,
    contents,
    contents_of,
    known_files,
    make_row,
    open_store,
    publish,
    scan,
    to_batch,
    unit_vector,
)

ROWS = [
    make_row(
        "src/Größe.py",
        "def größe():\n    return 'ß🙂'",
        symbol="Maß.größe",
        signature="def größe()",
        language="python",
        modified_at=-5,
        vector=unit_vector(1, 2, 3),
    ),
    make_row("b.txt", "", start_line=3),
    make_row("b.txt", "x\r\ny\0z", start_line=4, modified_at=0, outline="outlined"),
    make_row("c.py", "    pass", start_line=9, symbol="f", signature="def f()", symbol_lines=(1, 9), holds_head=False),
    make_row("c.py", "def f():", symbol="f", signature="def f()", symbol_lines=(1, 9)),
]


def near_vector(batch: RowBatch, position: int, row: IndexedChunk) -> bool:
    """Say whether a row's vector is what was given, as nearly as whole numbers up to 127 can say it."""
    found = batch.vectors[position] * batch.vector_scales[position]
    return bool(np.abs(found - row.vector).max() <= np.abs(row.vector).max() / 127)


def test_rows_come_back_as_they_were_written(tmp_path: Path) -> None:
    store, writer = open_store(tmp_path)
    publish(writer, SOURCE, ROWS, run_id=9)
    publish(writer, OTHER, [make_row("other.py", "another's")])
    (batch,) = scan(store, SOURCE)
    by_id = {document_id: position for position, document_id in enumerate(batch.document_ids)}
    texts = contents_of([batch])
    terms, offsets = batch.terms
    for row in ROWS:
        chunk, position = row.chunk, by_id.pop(document_id_of(SOURCE, row.chunk))
        assert (batch.paths[position], texts[position]) == (chunk.path, chunk.content)
        assert (batch.languages[position], batch.artifact_kinds[position]) == (
            chunk.language or "",
            chunk.artifact_kind,
        )
        assert (batch.symbols[position], batch.symbol_kinds[position]) == (chunk.symbol or "", chunk.symbol_kind or "")
        assert (batch.start_lines[position], batch.end_lines[position]) == (chunk.start_line, chunk.end_line)
        assert batch.modified_at[position] == (NO_TIME if row.modified_at is None else row.modified_at)
        assert batch.declares[position] == (bool(chunk.signature) and chunk.content.startswith("def"))
        assert (position in batch.pieces.rows) == (chunk.symbol_lines is not None)
        assert terms[int(offsets[position]) : int(offsets[position + 1])].tobytes() == pack_terms(chunk)
        assert near_vector(batch, position, row)
    assert by_id == {}


def test_a_slice_of_a_batch_is_the_same_rows() -> None:
    whole = columns_to_batch(rows_to_columns(ROWS, SOURCE))
    for start in range(len(ROWS)):
        part = batch_to_rows(whole.slice(start))
        assert contents_of([part]) == [row.chunk.content for row in ROWS[start:]]
        terms, offsets = part.terms
        assert terms[int(offsets[0]) : int(offsets[1])].tobytes() == pack_terms(ROWS[start].chunk)
        assert all(near_vector(part, number, row) for number, row in enumerate(ROWS[start:]))
        assert part.document_ids == to_batch(ROWS).document_ids[start:]
        pieces = [(row - start, 1, 9) for row in (3, 4) if row >= start]
        lines = (part.pieces.rows, part.pieces.first_lines, part.pieces.last_lines)
        assert list(zip(*(column.tolist() for column in lines), strict=True)) == pieces
        assert part.pieces.holds_head.tolist() == [ROWS[row + start].chunk.holds_head for row, *_ in pieces]
        assert part.pieces.signatures == ["def f()"] * len(pieces)


@pytest.mark.parametrize(
    ("content", "signature", "declares"),
    [
        ("@cached\ndef retry(request):\n    pass", "def retry(request)", True),
        ("def retry(\n    request,\n):\n    pass", "def retry( request, )", True),
        ("    return send(request)", "def retry(request)", False),
        ("def retry(request):", None, False),
        ("def retry(request):", "", False),
    ],
)
def test_a_row_says_whether_it_shows_its_signature(content: str, signature: str | None, declares: bool) -> None:
    """The later parts of a long definition do not."""
    assert to_batch([make_row("a.py", content, symbol="retry", signature=signature)]).declares.tolist() == [declares]


def test_rows_go_to_another_process_and_back() -> None:
    rows = rows_to_columns(ROWS, SOURCE)
    assert columns_to_batch(pickle.loads(pickle.dumps(rows))).equals(columns_to_batch(rows))


def test_a_document_id_stays_while_place_lines_and_symbol_do() -> None:
    row = make_row("a.py", "x", symbol="f", language="python", modified_at=1)
    identifier = document_id_of(SOURCE, row.chunk)
    assert len(bytes.fromhex(identifier)) == 16
    assert document_id_of(SOURCE, make_row("a.py", "x", symbol="f", modified_at=2).chunk) == identifier
    others = [
        document_id_of(OTHER, row.chunk),
        *(
            document_id_of(SOURCE, dataclasses.replace(row.chunk, **change))
            for change in ({"path": "b.py"}, {"start_line": 2}, {"end_line": 2}, {"content": "y"}, {"symbol": "g"})
        ),
    ]
    assert len({identifier, *others}) == 7


def test_a_store_without_a_table_answers_nothing_and_stays_without_files(tmp_path: Path) -> None:
    store, _ = open_store(tmp_path)
    assert list(scan(store, SOURCE)) == []
    assert (known_files(store, SOURCE), store.count(SOURCE), store.formats()) == ({}, (0, 0), [])
    assert not list((tmp_path / "store").rglob("*"))


def test_a_source_without_rows_has_none(tmp_path: Path) -> None:
    store, writer = open_store(tmp_path)
    publish(writer, OTHER, ROWS)
    assert list(scan(store, SOURCE)) == []
    assert (known_files(store, SOURCE), store.count(SOURCE)) == ({}, (0, 0))


def test_known_files_and_counts_are_of_one_source(tmp_path: Path) -> None:
    store, writer = open_store(tmp_path)
    first, second = make_row("a.py", "x", content_id="1"), make_row("a.py", "y", start_line=2, content_id="1")
    publish(writer, SOURCE, [first, second, make_row("b.py", "z", content_id="2")])
    publish(writer, OTHER, [make_row("c.py", "z", content_id="3")])
    assert known_files(store, SOURCE) == {"a.py": "1", "b.py": "2"}
    assert (store.count(SOURCE), store.count(OTHER)) == ((2, 3), (1, 1))


def test_a_scan_gives_every_row_once(tmp_path: Path) -> None:
    store, writer = open_store(tmp_path)
    count = 2 * SCAN_BATCH_ROWS + 500
    publish(writer, SOURCE, [make_row(f"{number}.py", f"row {number}") for number in range(count)])
    publish(writer, SOURCE, [make_row("more.py", "more")], run_id=2, replaced={"0.py"})
    publish(writer, OTHER, [make_row("other.py", "another's")])
    batches = list(scan(store, SOURCE))
    assert len(batches) > 2
    assert sorted(contents_of(batches)) == sorted(["more", *(f"row {number}" for number in range(1, count))])


def test_a_scan_is_of_one_version_while_others_publish(tmp_path: Path) -> None:
    store, writer = open_store(tmp_path)
    count = 2 * SCAN_BATCH_ROWS
    publish(writer, SOURCE, [make_row(f"{number}.py", "old") for number in range(count)])
    running = scan(store, SOURCE)
    batches = [next(running)]
    publish(writer, SOURCE, [make_row(f"{number}.py", "new") for number in range(50)], run_id=2)
    assert contents_of(scan(store, SOURCE)) == ["new"] * 50, "a scan that begins later sees the new rows"
    assert store.count(SOURCE) == (50, 50)
    batches += running
    assert contents_of(batches) == ["old"] * count


def test_a_reader_sees_what_another_store_publishes(tmp_path: Path) -> None:
    reader, _ = open_store(tmp_path)
    assert list(scan(reader, SOURCE)) == []
    _, writer = open_store(tmp_path)
    for number, word in enumerate(("one", "two")):
        publish(writer, SOURCE, [make_row("a.py", word, content_id=word)], run_id=number)
        writer.maintain()
        assert contents_of(scan(reader, SOURCE)) == [word]
        assert (reader.count(SOURCE), known_files(reader, SOURCE)) == ((1, 1), {"a.py": word})


def test_readers_beside_a_writer_that_cleans_up_at_once_meet_no_error(tmp_path: Path) -> None:
    reader, _ = open_store(tmp_path)
    _, writer = open_store(tmp_path)

    def rows(run_id: int) -> list[IndexedChunk]:
        return [make_row(f"{number}.py", "word", content_id=str(run_id)) for number in range(40)]

    publish(writer, SOURCE, rows(0), run_id=0)
    errors: list[BaseException] = []
    answers: list[int] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                files, rows = reader.count(SOURCE)
                answers.append(rows)
                assert files == 40
                assert not reader.find_superseded(SOURCE, SegmentName(0, 0).code + 1)
            except BaseException as error:
                errors.append(error)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for run_id in range(1, 9):
        publish(writer, SOURCE, rows(run_id), run_id=run_id)
        writer.maintain()
    done.set()
    for thread in threads:
        thread.join()
    assert errors == []
    assert set(answers) <= {40, 80}, "new rows are there at once, and old ones go at once"
    assert answers


@pytest.mark.parametrize("pattern", ["data/*", "_versions/*", "_indices/*/*"])
def test_a_damaged_table_is_a_store_error_and_never_an_empty_answer(tmp_path: Path, pattern: str) -> None:
    _, writer = open_store(tmp_path)
    publish(writer, SOURCE, [make_row(f"{number}.py", "word") for number in range(20)])
    writer.maintain()
    found = [path for path in (tmp_path / "store").glob(f"*.lance/{pattern}") if path.is_file()]
    assert found
    for path in found:
        path.write_bytes(b"damaged")
    store, _ = open_store(tmp_path)
    with pytest.raises(StoreError, match=str(tmp_path)):
        list(scan(store, SOURCE))
    with pytest.raises(StoreError, match=str(tmp_path)):
        known_files(store, SOURCE)


def test_a_place_that_cannot_be_a_store_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file")
    store, _ = open_store(tmp_path)
    with pytest.raises(StoreError, match="store"):
        known_files(store, SOURCE)


def test_two_formats_do_not_see_each_other(tmp_path: Path) -> None:
    store, writer = open_store(tmp_path)
    publish(writer, SOURCE, [make_row("a.py", "word")])
    other_format = dataclasses.replace(FORMAT, embedding_fingerprint="other")
    other, other_writer = open_store(tmp_path, other_format)
    assert list(scan(other, SOURCE)) == []
    publish(other_writer, SOURCE, [make_row("b.py", "another")])
    assert sorted(item.embedding_fingerprint for item in store.formats()) == ["fingerprint", "other"]
    assert contents_of(scan(store, SOURCE)) == ["word"]
    other_writer.drop_other_formats([SOURCE, OTHER])
    assert other.formats() == [other_format]
    assert contents(other) == {SOURCE: ["another"]}


@pytest.mark.parametrize(
    "change",
    [
        {"embedding_model": "x"},
        {"embedding_fingerprint": "x"},
        {"dimension": DIMENSION + 1},
        {"chunker_version": "2"},
        {"schema_version": FORMAT.schema_version + 1},
    ],
)
def test_a_format_is_remembered_and_names_its_table(change: dict[str, str | int]) -> None:
    changed = dataclasses.replace(FORMAT, **change)  # type: ignore[arg-type]
    assert changed.table_name != FORMAT.table_name
    assert format_of(schema_of(changed)) == changed
    assert format_of(pa.schema([])) is None


@given(st.text())
def test_quoted_text_is_one_literal(text: str) -> None:
    quoted = quote(text)
    assert quoted[0] == quoted[-1] == "'"
    assert quoted[1:-1].replace("''", "") == text.replace("'", "")
    assert quoted[1:-1].replace("''", "'") == text


def test_a_store_in_the_home_folder_is_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    store = ChunkStore("~/vectors", FORMAT)
    publish(StoreWriter(store, tmp_path / "data"), SOURCE, ROWS, run_id=1)
    assert (tmp_path / "vectors").is_dir()
    assert known_files(store, SOURCE) == known_files(ChunkStore("~/vectors", FORMAT), SOURCE) != {}
