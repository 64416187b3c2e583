"""StoreWriter on real tables: staged rows, one commit per publication, nothing left behind."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from lancedb.index import Bitmap

from codesearch.core.errors import StoreError
from codesearch.core.store_schema import schema_of
from codesearch.core.store_writer import (
    BITMAP_COLUMNS,
    BTREE_COLUMNS,
    RETRAIN_GROWTH,
    TOKEN_COLUMNS,
    VECTOR_INDEX_PREFIX,
    VECTOR_INDEX_ROWS,
)
from tests.unit.core.store_rows import (
    DIMENSION,
    FORMAT,
    OTHER,
    SOURCE,
    contents,
    make_row,
    open_store,
    publish,
    scope_to,
)


def test_nothing_is_visible_before_it_is_published(tmp_path: Path) -> None:
    store, writer = open_store(tmp_path)
    publish(writer, SOURCE, [make_row("a.py", "old")])
    version = store.table().version
    with writer.stage(SOURCE, 2, None) as staged:
        staged.write([make_row("a.py", "new"), make_row("b.py", "new")])
        assert contents(store) == {SOURCE: ["old"]}
        assert store.table().version == version
        assert staged.path.is_file()
    assert contents(store) == {SOURCE: ["old"]}
    assert not staged.path.exists()


def test_each_publication_is_one_version(tmp_path: Path) -> None:
    store, writer = open_store(tmp_path)
    publish(writer, OTHER, [make_row("a.py", "other")])
    steps: list[tuple[list[str], set[str] | None, list[str]]] = [
        (["one", "two"], None, ["one", "two"]),  # new
        (["three"], {"three.py"}, ["one", "three", "two"]),  # a file more
        (["four"], {"one.py", "two.py"}, ["four", "three"]),  # two files gone, one more
        ([], {"four.py"}, ["three"]),  # a file gone
        (["five"], None, ["five"]),  # everything replaced
        ([], None, []),  # everything gone
        ([], None, []),  # and again, which changes nothing
    ]
    for run_id, (words, replaced, expected) in enumerate(steps):
        before = store.table().version
        publish(writer, SOURCE, [make_row(f"{word}.py", word) for word in words], run_id=run_id, replaced=replaced)
        assert contents(store).get(SOURCE, []) == expected
        assert contents(store)[OTHER] == ["other"], "another source's rows were touched"
        assert store.table().version - before == (0 if run_id == 6 else 1)


def test_rows_that_stay_as_they_were_are_written_once(tmp_path: Path) -> None:
    """A file's definition that did not change has the same document id: it is updated, not doubled."""
    store, writer = open_store(tmp_path)
    kept = make_row("a.py", "kept")
    publish(writer, SOURCE, [kept, make_row("a.py", "old", start_line=5)], run_id=1)
    publish(writer, SOURCE, [kept, make_row("a.py", "new", start_line=5)], run_id=2, replaced={"a.py"})
    table = store.table().to_arrow()
    assert sorted(zip(table["content"].to_pylist(), table["run_id"].to_pylist(), strict=True)) == [
        ("kept", 2),
        ("new", 2),
    ]


def test_paths_with_odd_characters_are_replaced_exactly(tmp_path: Path) -> None:
    store, writer = open_store(tmp_path)
    names = ["it's.py", "a%b.py", "a_b.py", "aXb.py", "back\\slash.py", "') OR true --.py"]
    publish(writer, SOURCE, [make_row(name, name) for name in names])
    for gone in names:
        before = contents(store)[SOURCE]
        publish(writer, SOURCE, [], replaced={gone})
        assert contents(store).get(SOURCE, []) == [name for name in before if name != gone]


def test_very_many_replaced_paths(tmp_path: Path) -> None:
    store, writer = open_store(tmp_path)
    names = [f"folder/file_{number}.py" for number in range(6000)]
    publish(writer, SOURCE, [make_row(name, "old") for name in [*names, "kept.py"]])
    publish(writer, SOURCE, [make_row(name, "new") for name in names], run_id=2, replaced=set(names))
    assert contents(store) == {SOURCE: [*["new"] * 6000, "old"]}


def test_a_document_that_is_staged_twice_is_one_row(tmp_path: Path) -> None:
    store, writer = open_store(tmp_path)
    with writer.stage(SOURCE, 1, None) as staged:
        staged.write([make_row("a.py", "x"), make_row("a.py", "x")])
        staged.write([make_row("a.py", "x"), make_row("b.py", "x")])
        staged.write([])
        assert staged.row_count == 2
        writer.publish(SOURCE, staged, None)
    assert contents(store) == {SOURCE: ["x", "x"]}


def test_a_publication_that_fails_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    store, writer = open_store(tmp_path)
    publish(writer, SOURCE, [make_row("a.py", "old")])
    version = store.table().version
    with writer.stage(SOURCE, 2, None) as staged:
        staged.write([make_row(f"{number}.py", f"new {number} " * 1000) for number in range(50)])
        with full_disk(), pytest.raises(StoreError, match="Cannot publish the vector store at"):
            writer.publish(SOURCE, staged, None)
    assert contents(store) == {SOURCE: ["old"]}
    assert store.table().version == version
    publish(writer, SOURCE, [make_row("a.py", "new")], run_id=3)
    assert contents(store) == {SOURCE: ["new"]}


@contextmanager
def full_disk() -> Iterator[None]:
    """Let no file grow over a few bytes, as on a disk without room."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_leftovers_of_killed_runs_are_of_one_source(tmp_path: Path) -> None:
    _, writer = open_store(tmp_path)
    staged = writer.stage(SOURCE, 1, None)
    other = writer.stage(OTHER, 2, None)
    writer.remove_leftovers(SOURCE)
    assert (staged.path.exists(), other.path.exists()) == (False, True)
    writer.remove_leftovers(OTHER)
    assert list((tmp_path / "staging").iterdir()) == []


def test_removing_a_source_takes_its_rows_in_every_format(tmp_path: Path) -> None:
    store, writer = open_store(tmp_path)
    other_format = type(FORMAT)("another model", "x", DIMENSION, "1")
    older, older_writer = open_store(tmp_path, other_format)
    for each in (writer, older_writer):
        publish(each, SOURCE, [make_row("a.py", "gone")])
        publish(each, OTHER, [make_row("a.py", "stays")])
    writer.remove(SOURCE)
    assert contents(store) == contents(older) == {OTHER: ["stays"]}
    writer.remove(SOURCE)
    assert contents(store) == {OTHER: ["stays"]}


def test_tables_of_other_programs_are_left_alone(tmp_path: Path) -> None:
    store, writer = open_store(tmp_path)
    publish(writer, SOURCE, [make_row("a.py", "x")])
    store._database.create_table("theirs", schema=schema_of(FORMAT))
    writer.remove(SOURCE)
    writer.drop_other_formats()
    assert set(store._database.list_tables().tables) == {"theirs", FORMAT.table_name}
    assert store.formats() == [FORMAT]


def test_conditions_have_scalar_indexes_and_words_full_text_ones(tmp_path: Path) -> None:
    store, writer = open_store(tmp_path)
    publish(writer, SOURCE, [make_row("a.py", "x")])
    writer.maintain()
    indexed = {index.columns[0]: index for index in store.table().list_indices()}
    assert indexed.keys() == {*BITMAP_COLUMNS, *BTREE_COLUMNS, *TOKEN_COLUMNS}
    assert {column: indexed[column].index_type for column in TOKEN_COLUMNS} == dict.fromkeys(TOKEN_COLUMNS, "FTS")
    assert all(index.num_unindexed_rows == 0 for index in indexed.values())


def test_a_table_whose_indexes_a_killed_run_left_unfinished_gets_the_rest(tmp_path: Path) -> None:
    store, writer = open_store(tmp_path)
    store.table(create=True).create_index(BITMAP_COLUMNS[0], config=Bitmap())
    publish(writer, SOURCE, [make_row("a.py", "word")])
    assert len(store.table().list_indices()) == len({*BITMAP_COLUMNS, *BTREE_COLUMNS, *TOKEN_COLUMNS})
    assert len(store.search_text(["word"], {"body_tokens": 1.0}, scope_to(SOURCE), 5)) == 1


def test_maintenance_keeps_one_fragment_and_few_versions(tmp_path: Path) -> None:
    store, writer = open_store(tmp_path)
    for run_id in range(12):
        publish(writer, SOURCE, [make_row(f"{run_id}.py", f"word{run_id}")], run_id=run_id, replaced={f"{run_id}.py"})
    writer.maintain()
    assert store.table().stats()["fragment_stats"]["num_fragments"] == 1
    assert len(store.table().list_versions()) <= 3
    found = store.search_text([f"word{number}" for number in range(12)], {"body_tokens": 1.0}, scope_to(SOURCE), 20)
    assert len(found) == 12


def test_the_vector_index_is_trained_again_when_the_rows_outgrow_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("codesearch.core.store_writer.VECTOR_INDEX_ROWS", 300)
    assert VECTOR_INDEX_ROWS > 300
    store, writer = open_store(tmp_path)
    draw = np.random.default_rng(3)

    def grow_to(row_count: int) -> list[str]:
        rows = [
            make_row(f"{number}.py", "x", vector=draw.normal(size=DIMENSION).astype(np.float32))
            for number in range(row_count)
        ]
        publish(writer, SOURCE, rows)
        writer.maintain()
        names = (index.name for index in store.table().list_indices())
        return [name for name in names if name.startswith(VECTOR_INDEX_PREFIX)]

    assert grow_to(299) == []
    assert grow_to(300) == [f"{VECTOR_INDEX_PREFIX}300"]
    assert grow_to(RETRAIN_GROWTH * 300 - 1) == [f"{VECTOR_INDEX_PREFIX}300"]
    assert grow_to(RETRAIN_GROWTH * 300) == [f"{VECTOR_INDEX_PREFIX}{RETRAIN_GROWTH * 300}"]
