"""The search index of each published run: made once, made again when it is gone, kept by who has it open."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from codesearch.core.errors import ConfigurationError, StoreError
from codesearch.core.index import surplus
from codesearch.core.index.array_file import map_arrays, write_arrays
from codesearch.core.index.builder import RowBatch
from codesearch.core.index.manifest import SegmentEntry, SegmentName, first_code
from codesearch.core.index.published import SCAN_ATTEMPTS, SearchIndexes
from codesearch.core.index.source_index import SourceIndex
from codesearch.core.index.surplus import Published
from codesearch.core.store.chunk_store import ChunkStore
from codesearch.core.store.writer import DoomedRows, StoreWriter
from tests.patience import PATIENCE_SECONDS
from tests.unit.core.store.store_rows import DIMENSION, FORMAT, OTHER, SOURCE, make_row, open_store, publish


class CountedScans:
    """The rows of a store, and how often they were asked for."""

    def __init__(self, store: ChunkStore, *, pause_seconds: float = 0.0) -> None:
        self.count = 0
        self._store = store
        self._pause_seconds = pause_seconds
        self._counting = threading.Lock()

    def __call__(self, source_id: str, run_id: int) -> Iterable[Iterable[RowBatch]]:
        with self._counting:
            self.count += 1
        time.sleep(self._pause_seconds)
        return self._store.scan_rows(source_id, run_id)


def open_indexes(
    folder: Path,
    scans: CountedScans,
    find_published: Callable[[str], Published | None] = lambda _: None,
    count_rows: Callable[[str], int] = lambda _: 0,
) -> SearchIndexes:
    return SearchIndexes(
        folder / "search",
        FORMAT.table_name,
        DIMENSION,
        scans,
        find_published=find_published,
        count_rows=count_rows,
    )


@pytest.fixture
def writer(tmp_path: Path) -> StoreWriter:
    """A store with two rows of a source and one of another."""
    _, writer = open_store(tmp_path)
    publish(writer, SOURCE, [make_row("a.py", "one"), make_row("b.py", "two")])
    publish(writer, OTHER, [make_row("c.py", "three")])
    return writer


@pytest.fixture
def scans(tmp_path: Path, writer: StoreWriter) -> CountedScans:
    return CountedScans(open_store(tmp_path)[0])


@pytest.fixture
def indexes(tmp_path: Path, scans: CountedScans) -> SearchIndexes:
    return open_indexes(tmp_path, scans)


def shown(index: SourceIndex) -> list[str]:
    return [part.chunk_of(row).content for part in index.segments for row in range(part.row_count)]


def names(*runs: int) -> list[str]:
    """Return the names of the files of runs with one segment each."""
    return sorted(f"{FORMAT.table_name}-{run}{end}" for run in runs for end in ("-0.segment", ".manifest"))


def files(folder: Path, source_id: str = SOURCE) -> list[str]:
    """Return the names of a data source's files but for the lock, which may stay."""
    found = (folder / "search" / source_id).glob("*")
    return sorted(path.name for path in found if path.name != "build.lock")


def file_of(folder: Path, run_id: int, source_id: str = SOURCE, number: int = 0) -> Path:
    return folder / "search" / source_id / f"{FORMAT.table_name}-{run_id}-{number}.segment"


def test_a_prepared_index_is_opened_and_stays_open(tmp_path: Path, indexes: SearchIndexes, scans: CountedScans) -> None:
    indexes.prepare(SOURCE, 1)
    assert files(tmp_path) == names(1)
    assert shown(indexes.get(SOURCE, 1)) == ["one", "two"]
    assert indexes.get(SOURCE, 1) is indexes.get(SOURCE, 1)
    assert scans.count == 1
    assert shown(open_indexes(tmp_path, scans).get(SOURCE, 1)) == ["one", "two"]
    assert scans.count == 1


def test_a_missing_index_is_made_from_the_rows(tmp_path: Path, indexes: SearchIndexes, scans: CountedScans) -> None:
    assert shown(indexes.get(SOURCE, 3)) == ["one", "two"]
    assert shown(indexes.get(OTHER, 4)) == ["three"]
    assert (files(tmp_path), files(tmp_path, OTHER)) == (
        names(3),
        names(4),
    )
    assert scans.count == 2


def test_a_machine_without_an_indexer_keeps_the_files_of_the_newest_run_alone(
    tmp_path: Path, indexes: SearchIndexes
) -> None:
    for run in (3, 4, 7):
        assert shown(indexes.get(SOURCE, run)) == ["one", "two"]
    assert files(tmp_path) == names(7)
    # What an indexer has begun is in no earlier manifest.
    indexes.files.write_segment(SOURCE, SegmentName(6, 0), ())
    indexes.files.write_segment(SOURCE, SegmentName(9, 0), ())
    indexes.get(SOURCE, 8)
    assert files(tmp_path) == sorted([*names(8), *(f"{FORMAT.table_name}-{run}-0.segment" for run in (6, 9))])


def test_a_source_without_rows_has_an_empty_index(indexes: SearchIndexes, writer: StoreWriter) -> None:
    publish(writer, SOURCE, [], run_id=2)
    indexes.prepare(SOURCE, 2)
    assert shown(indexes.get(SOURCE, 2)) == []
    assert shown(indexes.get("d" * 24, 1)) == []


def spoil(path: Path, how: str) -> None:
    whole = path.read_bytes()
    # Written anew: a mapped file must not be changed under who reads it.
    path.unlink()
    if how == "truncated":
        path.write_bytes(whole[: len(whole) // 2])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "foreign":
        path.write_text("not an index\n" * 100)
    else:
        path.write_bytes(whole)
        arrays, header = map_arrays(path)
        if how == "older layout":
            write_arrays(path, arrays, {**header, "layout": 0})
        else:
            write_arrays(path, {name: array for name, array in arrays.items() if name != "names"}, header)


@pytest.mark.parametrize("how", ["truncated", "empty", "foreign", "older layout", "lacks an array"])
def test_a_file_that_cannot_be_read_is_made_again(
    tmp_path: Path, indexes: SearchIndexes, scans: CountedScans, how: str
) -> None:
    indexes.prepare(SOURCE, 1)
    whole = file_of(tmp_path, 1).read_bytes()
    spoil(file_of(tmp_path, 1), how)
    assert shown(indexes.get(SOURCE, 1)) == ["one", "two"]
    assert file_of(tmp_path, 1, number=1).read_bytes() == whole, "made again under another name"
    assert scans.count == 2


@pytest.mark.parametrize("how", ["truncated", "empty", "foreign", "older layout", "missing"])
def test_a_manifest_that_cannot_be_read_is_made_again(
    tmp_path: Path, indexes: SearchIndexes, scans: CountedScans, how: str
) -> None:
    indexes.prepare(SOURCE, 1)
    path = tmp_path / "search" / SOURCE / f"{FORMAT.table_name}-1.manifest"
    if how == "missing":
        path.unlink()
    else:
        spoil(path, how)
    assert shown(indexes.get(SOURCE, 1)) == ["one", "two"]
    assert scans.count == 2
    indexes.discard_others(SOURCE, 1)
    assert len(files(tmp_path)) == 2


def test_where_nothing_is_left_over_nobody_is_waited_for(tmp_path: Path, indexes: SearchIndexes) -> None:
    indexes.prepare(SOURCE, 1)
    before = files(tmp_path)
    with indexes.files.lock(SOURCE), ThreadPoolExecutor(1) as pool:
        pool.submit(indexes.discard_others, SOURCE, 1).result(timeout=PATIENCE_SECONDS)
    assert files(tmp_path) == before


@pytest.mark.parametrize("processes", [1, 4])
def test_a_missing_index_is_made_once_however_many_ask(tmp_path: Path, writer: StoreWriter, processes: int) -> None:
    """Each process has an instance of its own; between them there is the lock file."""
    slow = CountedScans(open_store(tmp_path)[0], pause_seconds=0.3)
    opened = [open_indexes(tmp_path, slow) for _ in range(processes)]
    found: list[list[str]] = []
    errors: list[BaseException] = []
    start = threading.Barrier(8)

    def ask(number: int) -> None:
        try:
            start.wait(timeout=PATIENCE_SECONDS)
            found.append(shown(opened[number % processes].get(SOURCE, 1)))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert found == [["one", "two"]] * 8
    assert slow.count == 1
    assert files(tmp_path) == names(1)


def test_who_has_the_old_index_open_keeps_it(tmp_path: Path, indexes: SearchIndexes, writer: StoreWriter) -> None:
    indexes.prepare(SOURCE, 1)
    indexes.prepare(OTHER, 2)
    old = indexes.get(SOURCE, 1)
    publish(writer, SOURCE, [make_row("a.py", "new")], run_id=3)
    indexes.prepare(SOURCE, 3)
    assert indexes.get(SOURCE, 1) is old, "until the catalog names the new run"
    (tmp_path / "search" / SOURCE / ".left-by-a-killed-run").write_text("x")
    indexes.discard_others(SOURCE, 3)
    assert files(tmp_path) == names(3)
    assert files(tmp_path, OTHER) == names(2)
    assert shown(old) == ["one", "two"]
    assert shown(indexes.get(SOURCE, 3)) == ["new"]


def test_who_asks_late_for_the_run_before_gets_the_newer_one(tmp_path: Path, scans: CountedScans) -> None:
    """A request that read the catalog just before the next run was published must not make the old file again."""
    indexes = open_indexes(tmp_path, scans, lambda _: Published(2, 2))
    indexes.prepare(SOURCE, 2)
    newer = indexes.get(SOURCE, 2)
    indexes.discard_others(SOURCE, 2)
    assert indexes.get(SOURCE, 1) is newer
    elsewhere = open_indexes(tmp_path, scans, lambda _: Published(2, 2))
    assert shown(elsewhere.get(SOURCE, 1)) == shown(newer)
    assert files(tmp_path) == names(2)
    assert scans.count == 1


def test_what_no_run_published_is_not_taken_for_a_later_run(tmp_path: Path, scans: CountedScans) -> None:
    """A killed run left its files beside those of the published one, whose manifest is lost."""
    indexes = open_indexes(tmp_path, scans, lambda _: Published(1, 2))
    indexes.prepare(SOURCE, 1)
    name = SegmentName(2, 0)
    indexes.files.write_segment(SOURCE, name, ())
    indexes.files.write_manifest(SOURCE, 2, [SegmentEntry(name)])
    indexes.files.manifest_path(SOURCE, 1).unlink()
    assert shown(indexes.get(SOURCE, 1)) == ["one", "two"]
    assert scans.count == 2


@pytest.fixture
def unsettled(tmp_path: Path, writer: StoreWriter) -> StoreWriter:
    """Run 4 is published in which b.py is no more; its rows are still to be deleted."""
    publish(writer, SOURCE, [make_row("a.py", "changed")], run_id=4, replaced=["nothing.py"])
    return writer


def rows_of_source(folder: Path) -> Callable[[str], int]:
    store = open_store(folder)[0]
    return lambda source_id: store.count_rows(source_id)


def delete_replaced(writer: StoreWriter) -> None:
    writer.delete(SOURCE, DoomedRows(0, first_code(4), paths=("a.py", "b.py")))


def test_who_makes_an_index_anew_waits_until_removed_files_are_deleted(
    tmp_path: Path, unsettled: StoreWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surplus, "DELETION_SECONDS", 60.0)
    scans = CountedScans(open_store(tmp_path)[0])
    indexes = open_indexes(tmp_path / "elsewhere", scans, lambda _: Published(4, 1), rows_of_source(tmp_path))
    deleting = threading.Timer(0.5, delete_replaced, [unsettled])
    deleting.start()
    assert shown(indexes.get(SOURCE, 4)) == ["changed"]
    deleting.join()


def test_removed_files_that_nobody_deletes_go_as_soon_as_somebody_does(
    tmp_path: Path, unsettled: StoreWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed run leaves them to the next one."""
    monkeypatch.setattr(surplus, "DELETION_SECONDS", 0.0)
    monkeypatch.setattr(surplus, "COUNT_SECONDS", 0.0)
    scans = CountedScans(open_store(tmp_path)[0])
    indexes = open_indexes(tmp_path / "elsewhere", scans, lambda _: Published(4, 1), rows_of_source(tmp_path))
    assert sorted(shown(indexes.get(SOURCE, 4))) == ["changed", "two"], "whatever is there answers"
    count = scans.count
    indexes.get(SOURCE, 4)
    assert scans.count == count
    delete_replaced(unsettled)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while shown(indexes.get(SOURCE, 4)) != ["changed"] and time.monotonic() < deadline:
        time.sleep(0.01)
    assert shown(indexes.get(SOURCE, 4)) == ["changed"]
    assert shown(open_indexes(tmp_path / "elsewhere", scans).get(SOURCE, 4)) == ["changed"], "on disk, too"


def test_nothing_to_discard_is_no_error(tmp_path: Path, indexes: SearchIndexes) -> None:
    indexes.discard_others(SOURCE, 1)
    assert files(tmp_path) == []


def test_files_of_a_run_that_is_being_written_are_not_discarded(tmp_path: Path, writer: StoreWriter) -> None:
    slow = CountedScans(open_store(tmp_path)[0], pause_seconds=0.5)
    reader, indexer = open_indexes(tmp_path, slow), open_indexes(tmp_path, slow)
    found: list[SourceIndex] = []
    asking = threading.Thread(target=lambda: found.append(reader.get(SOURCE, 1)))
    asking.start()
    while not slow.count:
        time.sleep(0.01)
    indexer.discard_others(SOURCE, 2)
    asking.join()
    # Which run's files may stay is not known before the other one has a manifest.
    assert shown(found[0]) == ["one", "two"]
    assert files(tmp_path) == names(1)


def test_removing_a_source_removes_its_files_alone(tmp_path: Path, indexes: SearchIndexes) -> None:
    indexes.prepare(SOURCE, 1)
    indexes.prepare(OTHER, 2)
    old = indexes.get(SOURCE, 1)
    indexes.remove(SOURCE)
    assert not (tmp_path / "search" / SOURCE).exists()
    assert shown(old) == ["one", "two"]
    assert shown(indexes.get(OTHER, 2)) == ["three"]
    indexes.remove(SOURCE)


def test_a_removed_source_that_comes_back_is_read_anew(indexes: SearchIndexes, writer: StoreWriter) -> None:
    indexes.get(SOURCE, 1)
    indexes.remove(SOURCE)
    publish(writer, SOURCE, [make_row("a.py", "again")], run_id=2)
    assert shown(indexes.get(SOURCE, 2)) == ["again"]


def test_a_folder_that_cannot_be_written_is_a_store_error_that_names_it(tmp_path: Path, scans: CountedScans) -> None:
    (tmp_path / "search").write_text("a file in the way")
    indexes = open_indexes(tmp_path, scans)
    asked: list[Callable[[], object]] = [
        lambda: indexes.prepare(SOURCE, 1),
        lambda: indexes.get(SOURCE, 1),
    ]
    for ask in asked:
        with pytest.raises((StoreError, ConfigurationError)) as caught:
            ask()
        assert str(tmp_path / "search") in caught.value.message
        assert "\n" not in caught.value.message
    indexes.discard_others(SOURCE, 1)
    indexes.remove(SOURCE)


def test_a_folder_in_the_place_of_a_file_and_the_reverse_are_made_good(tmp_path: Path, indexes: SearchIndexes) -> None:
    file_of(tmp_path, 1).mkdir(parents=True)
    assert shown(indexes.get(SOURCE, 1)) == ["one", "two"]
    (tmp_path / "search" / OTHER).write_text("a file in the way")
    assert shown(indexes.get(OTHER, 2)) == ["three"]


def test_what_was_read_whole_is_not_read_again_to_be_mended(tmp_path: Path, indexes: SearchIndexes) -> None:
    indexes.get(SOURCE, 1)
    path = file_of(tmp_path, 1)
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    with path.open("r+b") as file:
        # A damage that nobody sees without reading the file.
        place = file.read().index(b"one")
        file.seek(place)
        file.write(b"0ne")
    os.utime(path, ns=times)
    assert not indexes.mend(SOURCE, 1)
    assert "not what was written" in str(indexes.find_damage(SOURCE, 1)), "who looks for damage reads all"
    os.utime(path)
    assert indexes.mend(SOURCE, 1)


def test_a_damaged_file_is_found_and_mended(tmp_path: Path, indexes: SearchIndexes) -> None:
    indexes.get(SOURCE, 1)
    assert indexes.find_damage(SOURCE, 1) is None
    assert not indexes.mend(SOURCE, 1)
    path = file_of(tmp_path, 1)
    whole = path.read_bytes()
    path.unlink()
    path.write_bytes(whole.replace(b"one", b"0ne"))
    assert "not what was written" in str(indexes.find_damage(SOURCE, 1))
    assert indexes.mend(SOURCE, 1)
    mended = file_of(tmp_path, 1, number=1)
    assert mended.read_bytes() == whole
    mended.unlink()
    assert "is missing" in str(indexes.find_damage(SOURCE, 1))
    assert indexes.mend(SOURCE, 1)
    # Nobody who has the damaged file open is given another one under its name.
    assert file_of(tmp_path, 1, number=1).read_bytes() == whole
    assert indexes.find_damage(SOURCE, 1) is None


def test_a_store_that_cannot_be_read_is_a_store_error_and_leaves_no_file(tmp_path: Path, scans: CountedScans) -> None:
    for path in (tmp_path / "store").glob("*.lance/data/*"):
        path.write_bytes(b"damaged")
    indexes = open_indexes(tmp_path, scans)
    for _ in range(2):
        with pytest.raises(StoreError, match="vector store"):
            indexes.get(SOURCE, 1)
    assert files(tmp_path) == []
    assert scans.count == 2 * SCAN_ATTEMPTS


def test_rows_that_are_cleaned_up_while_they_are_read_are_read_again(tmp_path: Path, writer: StoreWriter) -> None:
    """Another data source's run may tidy the table up meanwhile."""
    for number in range(5):
        publish(writer, SOURCE, [make_row(f"{number}.py", "more")], run_id=number, replaced={f"{number}.py"})
    store, _ = open_store(tmp_path)
    interruptions = [1, 2]

    def scan(source_id: str, run_id: int) -> Iterable[Iterable[RowBatch]]:
        return [scan_part(source_id, run_id)]

    def scan_part(source_id: str, run_id: int) -> Iterable[RowBatch]:
        (batches,) = store.scan_rows(source_id, run_id)
        yield next(batches)
        if interruptions:
            publish(writer, OTHER, [make_row("c.py", f"changed {interruptions.pop()}")])
            writer.maintain()
            raise StoreError("The vector store cannot be read: what was being read is gone")
        yield from batches

    indexes = SearchIndexes(tmp_path / "search", FORMAT.table_name, DIMENSION, scan)
    index = indexes.get(SOURCE, 40)
    assert shown(index) == ["more"] * 5 + ["one", "two"]
    assert interruptions == []
