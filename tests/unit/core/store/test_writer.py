"""StoreWriter on real tables: staged rows, a commit to add them, one to delete what they replace, nothing left over."""

from __future__ import annotations

import json
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import lancedb
import numpy as np
import pytest
from lancedb.index import Bitmap
from lancedb.table import LanceTable

from codesearch.core.errors import CodesearchError, StoreError
from codesearch.core.index.manifest import SegmentName
from codesearch.core.store import writer as writer_module
from codesearch.core.store.chunk_store import ChunkStore
from codesearch.core.store.schema import schema_of
from codesearch.core.store.writer import NO_END, DoomedRows, StoreWriter
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
    publish,
    scan,
)

INDEXED_COLUMNS = {"data_source_id"}


def test_nothing_is_visible_before_it_is_published(tmp_path: Path) -> None:
    store, writer = open_store(tmp_path)
    publish(writer, SOURCE, [make_row("a.py", "old")])
    version = store.table().version
    with writer.stage(SOURCE, 2, None) as staged:
        staged.write_columns(rows_to_columns([make_row("a.py", "new"), make_row("b.py", "new")], SOURCE))
        assert contents(store) == {SOURCE: ["old"]}
        assert store.table().version == version
        assert staged.path.is_file()
    assert contents(store) == {SOURCE: ["old"]}
    assert not staged.path.exists()


def test_rows_are_replaced_by_two_versions(tmp_path: Path) -> None:
    store, writer = open_store(tmp_path)
    publish(writer, OTHER, [make_row("a.py", "other")])
    steps: list[tuple[list[str], set[str] | None, list[str], int]] = [
        (["one", "two"], None, ["one", "two"], 1),  # new
        (["three"], {"three.py"}, ["one", "three", "two"], 1),  # a file more
        (["four"], {"one.py", "two.py"}, ["four", "three"], 2),  # two files gone, one more
        ([], {"four.py"}, ["three"], 1),  # a file gone
        (["five"], None, ["five"], 2),  # everything replaced
        ([], None, [], 1),  # everything gone
        ([], None, [], 0),  # and again, which changes nothing
    ]
    for run_id, (words, replaced, expected, versions) in enumerate(steps, 1):
        before = store.table().version
        publish(writer, SOURCE, [make_row(f"{word}.py", word) for word in words], run_id=run_id, replaced=replaced)
        assert contents(store).get(SOURCE, []) == expected
        assert contents(store)[OTHER] == ["other"], "another source's rows were touched"
        assert store.table().version - before == versions


def test_rows_that_stay_as_they_were_are_not_doubled(tmp_path: Path) -> None:
    """A file's definition that did not change has the same document id: the older row goes."""
    store, writer = open_store(tmp_path)
    kept = make_row("a.py", "kept")
    publish(writer, SOURCE, [kept, make_row("a.py", "old", start_line=5)], run_id=1)
    code = SegmentName(2, 0).code
    with writer.stage(SOURCE, code, None) as staged:
        staged.write_columns(rows_to_columns([kept, make_row("a.py", "new", start_line=5)], SOURCE))
        writer.append(staged)
    assert contents_of(scan(store, SOURCE, 1)) == ["kept", "old"], "until it is published"
    assert sorted(contents_of(scan(store, SOURCE, 2))) == ["kept", "new"], "the newest of a file's rows count"
    assert store.find_superseded(SOURCE, code + 1) == {"a.py": code}
    writer.delete(SOURCE, DoomedRows(0, code, paths=("a.py",)))
    assert contents(store) == {SOURCE: ["kept", "new"]}
    assert store.table().to_arrow()["segment"].to_pylist() == [code, code]
    assert store.find_superseded(SOURCE, code + 1) == {}


def test_doomed_rows_are_of_the_segments_that_are_named(tmp_path: Path) -> None:
    store, writer = open_store(tmp_path)
    for run_id in range(1, 5):
        publish(writer, SOURCE, [make_row(f"{run_id}.py", str(run_id))], run_id=run_id, replaced=())
    codes = [SegmentName(run_id, 0).code for run_id in range(5)]
    doomed = DoomedRows(codes[2], NO_END, kept=(codes[3],))
    assert DoomedRows.from_json(json.loads(json.dumps(doomed.as_json()))) == doomed
    writer.delete(SOURCE, doomed)
    assert contents(store) == {SOURCE: ["1", "3"]}
    assert store.count_rows(SOURCE) == 2
    assert store.count_rows(SOURCE, (codes[3], codes[3] + 1)) == 1


def test_a_scan_gives_whole_files_in_parts(tmp_path: Path) -> None:
    store, writer = open_store(tmp_path)
    rows = [make_row(f"it's {name}.py", f"{name}{line}", start_line=line) for line in range(1, 4) for name in "abcde"]
    publish(writer, SOURCE, rows)
    parts = [[path for batch in part for path in batch.paths] for part in store.scan_rows(SOURCE, 1, 7)]
    assert [sorted({path[5] for path in part}) for part in parts] == [["a", "b"], ["c", "d"], ["e"]]
    assert sum(map(len, parts)) == len(rows)


def test_paths_with_odd_characters_are_replaced_exactly(tmp_path: Path) -> None:
    store, writer = open_store(tmp_path)
    names = ["it's.py", "a%b.py", "a_b.py", "aXb.py", "back\\slash.py", "') OR true --.py"]
    publish(writer, SOURCE, [make_row(name, name) for name in names])
    for gone in names:
        before = contents(store)[SOURCE]
        publish(writer, SOURCE, [], run_id=2, replaced={gone})
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
        staged.write_columns(rows_to_columns([make_row("a.py", "x"), make_row("a.py", "x")], SOURCE))
        staged.write_columns(rows_to_columns([make_row("a.py", "x"), make_row("b.py", "x")], SOURCE))
        assert staged.row_count == 2
        writer.append(staged)
    assert contents(store) == {SOURCE: ["x", "x"]}


def test_a_publication_that_fails_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    store, writer = open_store(tmp_path)
    publish(writer, SOURCE, [make_row("a.py", "old")])
    version = store.table().version
    with writer.stage(SOURCE, 2, None) as staged:
        staged.write_columns(
            rows_to_columns([make_row(f"{number}.py", f"new {number} " * 1000) for number in range(50)], SOURCE)
        )
        with full_disk(), pytest.raises(StoreError, match="what was indexed before goes on answering"):
            writer.append(staged)
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
    database = lancedb.connect(store.uri)
    database.create_table("theirs", schema=schema_of(FORMAT))
    writer.remove(SOURCE)
    writer.drop_other_formats([SOURCE, OTHER])
    assert set(database.list_tables().tables) == {"theirs", FORMAT.table_name}
    assert store.formats() == [FORMAT]


def test_sources_and_documents_are_indexed(tmp_path: Path) -> None:
    store, writer = open_store(tmp_path)
    publish(writer, SOURCE, [make_row("a.py", "x")])
    writer.maintain()
    indexed = {index.columns[0]: index for index in store.table().list_indices()}
    assert indexed.keys() == INDEXED_COLUMNS
    assert all(index.num_unindexed_rows == 0 for index in indexed.values())


def test_a_table_whose_indexes_a_killed_run_left_unfinished_gets_the_rest(tmp_path: Path) -> None:
    store, writer = open_store(tmp_path)
    store.table(create=True).create_index("data_source_id", config=Bitmap())
    publish(writer, SOURCE, [make_row("a.py", "word")])
    assert {index.columns[0] for index in store.table().list_indices()} == INDEXED_COLUMNS
    assert contents_of(scan(store, SOURCE)) == ["word"]


def test_maintenance_keeps_one_fragment_and_few_versions(tmp_path: Path) -> None:
    store, writer = open_store(tmp_path)
    for run_id in range(12):
        publish(writer, SOURCE, [make_row(f"{run_id}.py", f"word{run_id}")], run_id=run_id, replaced={f"{run_id}.py"})
    writer.maintain()
    assert store.table().stats()["fragment_stats"]["num_fragments"] == 1
    assert len(store.table().list_versions()) <= 3
    assert sorted(contents_of(scan(store, SOURCE))) == sorted(f"word{number}" for number in range(12))


def test_maintenance_of_a_large_table_waits_until_it_pays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "ROWS_PER_VERSION", 8)
    store, writer = open_store(tmp_path)
    publish(writer, SOURCE, [make_row(f"{number}.py", "word") for number in range(64)])
    writer.maintain()
    found = []
    for run_id in range(1, 13):
        publish(writer, OTHER, [make_row(f"{run_id}.py", "word")], run_id=run_id, replaced={f"{run_id}.py"})
        writer.maintain()
        found.append((fragments_of(store), len(store.table().list_versions())))
    assert max(versions for _, versions in found) <= 9
    tidied = [before > after for (before, _), (after, _) in pairwise(found)]
    assert tidied.count(True) == 1, "each run writes a version or two, and nine are kept"
    assert len(contents_of(scan(store, SOURCE))) == 64


def test_many_rows_outside_the_indexes_are_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "ROWS_PER_VERSION", 1)
    monkeypatch.setattr(writer_module, "UNINDEXED_ROWS", 4)
    store, writer = open_store(tmp_path)
    publish(writer, SOURCE, [make_row(f"{number}.py", "word") for number in range(64)])
    writer.maintain()
    publish(writer, OTHER, [make_row(f"{number}.py", "word") for number in range(4)])
    writer.maintain()
    assert fragments_of(store) == 2
    publish(writer, OTHER, [make_row("more.py", "word")], run_id=2, replaced={"more.py"})
    writer.maintain()
    assert all(index.num_unindexed_rows == 0 for index in store.table().list_indices())


def test_rows_that_were_only_added_are_not_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "ROWS_PER_VERSION", 1)
    monkeypatch.setattr(writer_module, "UNINDEXED_ROWS", 4)
    store, writer = open_store(tmp_path)
    for run_id in range(3):
        rows = [make_row(f"{run_id}_{number}.py", "word") for number in range(20)]
        publish(writer, SOURCE if run_id else OTHER, rows, run_id=run_id, replaced={"0_0.py"} if run_id else set())
    writer.maintain()
    assert fragments_of(store) == 3
    assert all(index.num_unindexed_rows == 0 for index in store.table().list_indices())
    assert len(contents_of(scan(store, SOURCE))) == 40
    assert len(contents_of(scan(store, OTHER))) == 20


def test_the_space_of_deleted_rows_is_given_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "ROWS_PER_VERSION", 1)
    monkeypatch.setattr(writer_module, "UNINDEXED_ROWS", 4)
    _, writer = open_store(tmp_path)
    publish(writer, SOURCE, noisy_rows(0))
    writer.maintain()
    before = bytes_in(tmp_path)
    publish(writer, SOURCE, noisy_rows(1), run_id=2)
    assert bytes_in(tmp_path) > 1.5 * before
    writer.maintain()
    assert bytes_in(tmp_path) < 1.2 * before


def test_the_space_of_rows_that_another_process_deleted_is_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was killed before it tidied up."""
    monkeypatch.setattr(writer_module, "ROWS_PER_VERSION", 1)
    monkeypatch.setattr(writer_module, "UNINDEXED_ROWS", 4)
    store, writer = open_store(tmp_path)
    publish(writer, SOURCE, noisy_rows(0))
    writer.maintain()
    before = bytes_in(tmp_path)
    publish(writer, SOURCE, noisy_rows(1), run_id=2)
    StoreWriter(store, tmp_path).maintain()
    assert bytes_in(tmp_path) < 1.2 * before


def test_maintenance_of_several_sources_is_put_off_to_their_end(tmp_path: Path) -> None:
    store, writer = open_store(tmp_path)
    with writer.maintaining_together():
        for run_id in range(4):
            publish(writer, SOURCE, [make_row(f"{run_id}.py", "word")], run_id=run_id, replaced={f"{run_id}.py"})
            writer.maintain()
        assert fragments_of(store) == 4
    assert fragments_of(store) == 1


def test_maintenance_is_not_put_off_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "MAINTAINED_TOGETHER", 3)
    store, writer = open_store(tmp_path)
    found = []
    with writer.maintaining_together():
        for run_id in range(5):
            publish(writer, SOURCE, [make_row(f"{run_id}.py", "word")], run_id=run_id, replaced={f"{run_id}.py"})
            writer.maintain()
            found.append(fragments_of(store))
    assert found == [1, 2, 1, 2, 3]
    # Lance merges what its indexes know with what they do not know yet only the next time.
    assert fragments_of(store) == 2


def test_who_is_interrupted_does_not_wait_for_maintenance(tmp_path: Path) -> None:
    store, writer = open_store(tmp_path)

    def interrupt() -> None:
        with writer.maintaining_together():
            for run_id in range(2):
                publish(writer, SOURCE, [make_row(f"{run_id}.py", "word")], run_id=run_id, replaced={f"{run_id}.py"})
                writer.maintain()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert fragments_of(store) == 2
    writer.maintain()
    assert fragments_of(store) == 1


def test_where_nothing_was_written_nothing_is_maintained(tmp_path: Path) -> None:
    _, writer = open_store(tmp_path)
    with writer.maintaining_together():
        pass
    assert not (tmp_path / "store").exists()


def fragments_of(store: ChunkStore) -> int:
    count: int = store.table().stats()["fragment_stats"]["num_fragments"]
    return count


def test_a_store_that_is_maintained_stays_small(tmp_path: Path) -> None:
    """Whatever was replaced before: it is as large as one that was written at once."""
    _, writer = open_store(tmp_path / "changing")
    first_files = {f"{number}.py" for number in range(20)}
    for run_id in range(15):
        publish(writer, SOURCE, noisy_rows(run_id), run_id=run_id)
        publish(writer, OTHER, noisy_rows(run_id)[:20], run_id=run_id, replaced=first_files)
        writer.maintain()
    _, fresh_writer = open_store(tmp_path / "fresh")
    publish(fresh_writer, SOURCE, noisy_rows(14))
    publish(fresh_writer, OTHER, noisy_rows(14)[:20])
    fresh_writer.maintain()
    assert bytes_in(tmp_path / "changing") < 1.5 * bytes_in(tmp_path / "fresh")


def test_a_removed_source_gives_its_space_back(tmp_path: Path) -> None:
    _, writer = open_store(tmp_path)
    publish(writer, OTHER, noisy_rows(0)[:20])
    writer.maintain()
    before = bytes_in(tmp_path)
    publish(writer, SOURCE, noisy_rows(1))
    assert bytes_in(tmp_path) > 2 * before
    writer.remove(SOURCE)
    assert bytes_in(tmp_path) < 1.5 * before


def noisy_rows(seed: int) -> list[IndexedChunk]:
    """Return rows that do not compress, anew for each seed."""
    draw = np.random.default_rng(seed)
    return [make_row(f"{number}.py", draw.bytes(1500).hex()) for number in range(100)]


def bytes_in(folder: Path) -> int:
    return sum(path.stat().st_size for path in (folder / "store").rglob("*") if path.is_file())


def test_writers_in_two_places_take_turns(tmp_path: Path) -> None:
    store, _ = open_store(tmp_path)
    errors: list[BaseException] = []

    def write(source_id: str) -> None:
        try:
            _, writer = open_store(tmp_path)
            for run_id in range(6):
                publish(writer, source_id, [make_row("a.py", f"{run_id}")], run_id=run_id)
                writer.maintain()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(source_id,)) for source_id in (SOURCE, OTHER)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert contents(store) == {SOURCE: ["5"], OTHER: ["5"]}


def test_machines_that_write_to_one_store_at_once_lose_nothing(tmp_path: Path) -> None:
    """Each has a lock of its own, as with object storage: one deletes what another is about to read."""
    sources = ("a" * 24, "b" * 24, "c" * 24)
    errors: list[BaseException] = []

    def write(source_id: str) -> None:
        try:
            _, writer = open_elsewhere(source_id)
            for run_id in range(4):
                publish(
                    writer, source_id, [make_row("a.py", f"{run_id}"), make_row("b.py", f"{run_id}")], run_id=run_id
                )
                writer.maintain()
        except BaseException as error:
            errors.append(error)

    turn = threading.Lock()

    def open_elsewhere(machine: str) -> tuple[ChunkStore, StoreWriter]:
        store = ChunkStore(f"file-object-store://{tmp_path}/store", FORMAT, lambda: turn)
        return store, StoreWriter(store, tmp_path / machine)

    threads = [threading.Thread(target=write, args=(source_id,)) for source_id in sources]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    store, _ = open_elsewhere("reader")
    assert store.is_remote
    assert contents(store) == {source_id: ["3", "3"] for source_id in sources}


@pytest.mark.parametrize("is_committed", [False, True])
def test_rows_are_added_once_whenever_another_machine_deleted_what_was_to_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_committed: bool
) -> None:
    store = ChunkStore(f"file-object-store://{tmp_path}/store", FORMAT, threading.Lock)
    writer = StoreWriter(store, tmp_path / "data")
    publish(writer, OTHER, [make_row("a.py", "other")])
    attempts = 0
    add = LanceTable.add

    def add_late(table: LanceTable, rows: object) -> object:
        nonlocal attempts
        attempts += 1
        if attempts > 1:
            return add(table, rows)
        if is_committed:
            add(table, rows)
        raise RuntimeError("lance error: Not found: store/_versions/1.manifest")

    monkeypatch.setattr(LanceTable, "add", add_late)
    publish(writer, SOURCE, [make_row("a.py", "one"), make_row("b.py", "two")])
    assert attempts == (1 if is_committed else 2)
    assert contents(store) == {SOURCE: ["one", "two"], OTHER: ["other"]}


def test_a_folder_that_cannot_be_written_is_a_store_error(tmp_path: Path) -> None:
    store, _ = open_store(tmp_path)
    (tmp_path / "file").write_text("in the way")
    writer = StoreWriter(store, tmp_path / "file" / "data")
    with pytest.raises(StoreError, match="Cannot write the staging file"):
        writer.stage(SOURCE, 1, None)
    (tmp_path / "store").write_text("a file")
    store, writer = open_store(tmp_path)
    with pytest.raises(CodesearchError, match="store is a file where a folder belongs") as caught:
        writer.maintain()
    assert "\n" not in caught.value.message
