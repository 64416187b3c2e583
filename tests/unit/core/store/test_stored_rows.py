"""What a table keeps of staged rows: the rows come back whole, in whatever order they lie, and texts are there once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.core.store.rows import RowColumns
from codesearch.core.store.schema import (
    SEARCHED_COLUMNS,
    batch_to_rows,
    columns_to_batch,
    schema_of,
    stage_rows,
    staged_schema_of,
)
from codesearch.core.store.stored_rows import place_rows, restore_batches, to_stored
from codesearch.core.types import NOTEBOOK_LANGUAGE
from tests.unit.core.store.indexed_chunks import IndexedChunk, rows_to_columns
from tests.unit.core.store.store_rows import FORMAT, SOURCE, contents_of, make_row, open_store, publish, scan

WHOLE = "class Ä:\r\n    def f(\n        self): pass\n\n    def g(self): pass"
ROWS = [
    make_row("a.py", WHOLE, symbol="Ä", signature="class Ä", outline="def g(self)", subjects="Add Ä\nLet g be"),
    make_row("a.py", "    def f(\n        self): pass", start_line=2, symbol="Ä.f", signature="def f( self)"),
    make_row("a.py", "    def g(self): pass", start_line=5, symbol="Ä.g", signature="def g(self)"),
    make_row("a.py", "cut", start_line=5),
    make_row("b.ipynb", "x = 1", start_line=3, language=NOTEBOOK_LANGUAGE),
    make_row("b.ipynb", "y = '🙂'", start_line=90, language=NOTEBOOK_LANGUAGE),
    make_row("empty.txt", "", subjects="Keep the folder"),
]


def stage(rows: Sequence[IndexedChunk], run_id: int = 1) -> pa.RecordBatch:
    columns: RowColumns = rows_to_columns(rows, SOURCE)
    schema = staged_schema_of(FORMAT)
    return stage_rows(columns, place_rows(columns), source_id=SOURCE, segment=run_id, commit=None, schema=schema)


def restore(stored: Sequence[pa.RecordBatch]) -> list[dict[str, object]]:
    """Return the restored rows; texts that lie apart from their rows are looked for in the same batches."""

    def read_texts(paths: Sequence[str]) -> list[pa.RecordBatch]:
        return [batch.take(pa.array(rows_at(batch, paths), pa.int64())) for batch in stored]

    return [row for batch in restore_batches(stored, SOURCE, read_texts) for row in batch.to_pylist()]


def rows_at(batch: pa.RecordBatch, paths: Sequence[str]) -> list[int]:
    return [row for row, path in enumerate(batch["path"].to_pylist()) if path in paths]


def by_id(rows: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    return sorted(rows, key=lambda row: str(row["document_id"]))


def expected_of(*sets: Sequence[IndexedChunk]) -> list[dict[str, object]]:
    names = ["document_id", *SEARCHED_COLUMNS, "content", "terms"]
    batches = [columns_to_batch(rows_to_columns(rows, SOURCE)) for rows in sets]
    return [row for batch in batches for row in batch.select(names).to_pylist()]


def test_rows_come_back_as_they_were_staged() -> None:
    staged = stage(ROWS)
    stored = to_stored(staged, schema_of(FORMAT))
    assert stored.schema == schema_of(FORMAT)
    assert restore([stored]) == expected_of(ROWS)
    (rows,) = (batch_to_rows(batch) for batch in restore_batches([stored], SOURCE, lambda paths: []))
    assert contents_of([rows]) == [row.chunk.content for row in ROWS]
    assert rows.subjects == {"a.py": "Add Ä\nLet g be", "empty.txt": "Keep the folder"}


def test_a_text_is_there_once_and_a_signature_in_it() -> None:
    stored = to_stored(stage(ROWS), schema_of(FORMAT)).to_pylist()
    assert [row["file_text"] for row in stored] == [
        WHOLE + "\ncut\n", None, None, None, "x = 1\ny = '🙂'\n", None, "\n",
    ]  # fmt: skip
    assert [row["subjects"] for row in stored] == ["Add Ä\nLet g be", *[None] * 5, "Keep the folder"]
    assert [row["signature"] for row in stored] == ["", "def f( self)", "", "", "", "", ""]


@given(st.permutations(range(len(ROWS))), st.lists(st.integers(0, len(ROWS)), max_size=3))
def test_rows_may_lie_in_any_order(order: Sequence[int], cuts: Sequence[int]) -> None:
    """Rows that a merge moved come before their file's text, or in another batch."""
    staged = stage(ROWS)
    stored = to_stored(staged, schema_of(FORMAT)).take(pa.array(order))
    bounds = [0, *sorted(cuts), len(ROWS)]
    parts = [stored.slice(start, end - start) for start, end in pairwise(bounds)]
    assert by_id(restore(parts)) == by_id(expected_of(ROWS))


def test_two_runs_of_a_file_have_each_their_own_text() -> None:
    old, new = [make_row("a.py", "old"), make_row("a.py", "end", start_line=2)], [make_row("a.py", "x")]
    stored = [to_stored(batch, schema_of(FORMAT)) for batch in (stage(old), stage(new, 2))]
    mixed = pa.Table.from_batches(stored).take(pa.array([1, 2, 0])).combine_chunks().to_batches()
    assert by_id(restore(mixed)) == by_id(expected_of(old, new))


def test_a_text_that_is_nowhere_is_named() -> None:
    stored = to_stored(stage(ROWS), schema_of(FORMAT))
    with pytest.raises(ValueError, match=r"the text of a\.py is not in the store"):
        restore([stored.slice(1)])


def test_rows_that_a_merge_moved_come_back(tmp_path: Path) -> None:
    store, writer = open_store(tmp_path)
    publish(writer, SOURCE, ROWS)
    again = [*ROWS[:3], make_row("a.py", "other", start_line=9)]
    publish(writer, SOURCE, again, run_id=2, replaced={"a.py"})
    expected = sorted(row.chunk.content for row in [*again, *ROWS[4:]])
    assert sorted(contents_of(scan(store, SOURCE))) == expected


def test_the_subjects_of_a_file_are_those_of_its_newest_rows(tmp_path: Path) -> None:
    store, writer = open_store(tmp_path)
    publish(writer, SOURCE, ROWS)
    publish(writer, SOURCE, [make_row("a.py", "new", subjects="Say it anew\nAdd Ä")], run_id=2, replaced={"a.py"})
    found = {path: lines for batch in scan(store, SOURCE) for path, lines in batch.subjects.items()}
    assert found == {"a.py": "Say it anew\nAdd Ä", "empty.txt": "Keep the folder"}
