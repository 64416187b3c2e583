"""The pipeline when something goes wrong on the way: what was indexed goes on answering, and the catalog says why."""

from __future__ import annotations

import random
import resource
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from codesearch.core.catalog.catalog import Catalog, RunState, open_catalog
from codesearch.core.config import Settings, load_settings
from codesearch.core.embedding.embedder import Embedder
from codesearch.core.embedding.loading import load_embedder
from codesearch.core.errors import (
    CodesearchError,
    DamagedStoreError,
    InvalidRequestError,
    LostRowsError,
    NotFoundError,
    SourceError,
    StoreError,
)
from codesearch.core.index.builder import RowBatch
from codesearch.core.index.manifest import SegmentEntry, SegmentName, first_code
from codesearch.core.index.published import SearchIndexes
from codesearch.core.index.segment_files import SegmentFiles
from codesearch.core.index.source_index import SourceIndex
from codesearch.core.store.chunk_store import ChunkStore
from codesearch.core.store.rows import IndexFormat
from codesearch.core.store.writer import StoreWriter
from codesearch.core.types import Chunk, DataSource, SourceState
from indexer.pipeline import Indexer, IndexReport, Progress, preview_source
from tests.e2e.conftest import PhaseRecorder
from tests.unit.indexer.conftest import Repository

FILES = {f"part_{number}.py": f"def part_{number}():\n    return {number}\n" for number in range(5)}


class Interrupting(PhaseRecorder):
    """A Progress that calls `interrupt`, where it is set, when the first rows are staged, or else `at` a phase."""

    def __init__(self, interrupt: Callable[[], None] | None, at: str | None = None) -> None:
        super().__init__()
        self._interrupt = interrupt
        self._at = at

    def start(self, phase: str, total: int | None = None) -> None:
        super().start(phase, total)
        if self._interrupt is not None and phase == self._at:
            self._interrupt()

    def advance(self, files: int, chunks: int, skipped: int) -> None:
        if self._interrupt is not None and self._at is None:
            self._interrupt()


class InterruptibleFiles(SegmentFiles):
    """Files of segments; `interrupt` is called when one is written, `interrupt_manifest` when a manifest is."""

    interrupt: Callable[[], None] | None = None
    interrupt_manifest: Callable[[], None] | None = None

    def write_segment(self, source_id: str, name: SegmentName, batches: Iterable[RowBatch]) -> None:
        def interrupted() -> Iterator[RowBatch]:
            for batch in batches:
                yield batch
                if self.interrupt is not None:
                    self.interrupt()

        super().write_segment(source_id, name, interrupted())

    def write_manifest(self, source_id: str, run_id: int, entries: Sequence[SegmentEntry]) -> None:
        if self.interrupt_manifest is not None:
            self.interrupt_manifest()
        super().write_manifest(source_id, run_id, entries)


def _fail_to_heal(error: DamagedStoreError) -> None:
    raise error


class Parts:
    """An indexer with all that it works on."""

    def __init__(
        self, data_dir: Path, embedder: Embedder, *, at_once_rows: int | None = None, **settings: object
    ) -> None:
        self.interrupt: Callable[[], None] | None = None
        self.interrupt_at: str | None = None
        self.settings: Settings = load_settings(
            data_dir=data_dir, embedding_model="bundled", index_workers=1, **settings
        )
        self.catalog: Catalog = open_catalog(self.settings.resolved_database_url)
        index_format = IndexFormat(embedder.name, embedder.fingerprint, embedder.dimension, "1")
        self.store = ChunkStore(self.settings.resolved_store_uri, index_format)
        self.writer = StoreWriter(self.store, data_dir)
        self.search_indexes = SearchIndexes(
            data_dir / "search", index_format.table_name, index_format.dimension, self.store.scan_rows
        )
        self.files = InterruptibleFiles(data_dir / "search", index_format.table_name, index_format.dimension)
        self.search_indexes.files = self.files
        self.indexer = Indexer(
            catalog=self.catalog,
            store=self.store,
            writer=self.writer,
            search_indexes=self.search_indexes,
            load_embedder=lambda: embedder,
            heal_store=_fail_to_heal,
            settings=self.settings,
            at_once_rows=at_once_rows,
        )

    def index(self, source: Path, name: str | None = None, subdir: str | None = None) -> IndexReport:
        return self.indexer.index(str(source), name=name, branch=None, subdir=subdir, progress=self.progress())

    def progress(self) -> Progress:
        return Interrupting(self.interrupt)

    def answered(self, source: DataSource) -> set[str]:
        """Return the paths that the index has which the catalog names."""
        current = self.catalog.get_source(source.id)
        index = self.search_indexes.get(current.id, current.run_id)
        return {path for path, _, _ in index.files_below("")}

    def search_files(self) -> list[str]:
        found = (self.settings.data_dir / "search").glob("*/*")
        return sorted(path.name for path in found if path.suffix != ".lock")

    def paths(self) -> set[str]:
        table = self.store.table()
        return set() if table is None else set(table.to_arrow()["path"].to_pylist())

    def staged(self) -> list[Path]:
        return list((self.settings.data_dir / "staging").glob("*"))


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    made = Parts(tmp_path / "data", load_embedder(load_settings(embedding_model="bundled")))
    yield made
    made.catalog.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "plain"
    made.mkdir()
    for name, text in FILES.items():
        (made / name).write_text(text)
    return made


def fail_with(error: BaseException) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


@pytest.mark.parametrize("error", [RuntimeError("out of luck"), KeyboardInterrupt()])
def test_a_first_run_that_fails_is_remembered_and_leaves_no_rows(
    error: BaseException, parts: Parts, folder: Path
) -> None:
    parts.interrupt = fail_with(error)
    with pytest.raises(type(error)):
        parts.index(folder)
    (source,) = parts.catalog.list_sources()
    assert source.state is SourceState.FAILED
    assert source.message == (str(error) or "interrupted")
    assert parts.paths() == set()
    # Ctrl-C is no reason to do again what is done.
    assert bool(parts.staged()) is isinstance(error, KeyboardInterrupt)

    parts.interrupt = None
    report = parts.index(folder)
    assert (report.changed == 0) is isinstance(error, KeyboardInterrupt)
    assert parts.staged() == []
    assert (report.source.id, report.source.state, report.source.message) == (source.id, SourceState.READY, None)
    assert parts.paths() == set(FILES)


def test_a_later_run_that_fails_leaves_the_index_as_it_was(parts: Parts, folder: Path) -> None:
    before = parts.index(folder).source
    version = parts.store.table().version
    (folder / "part_0.py").write_text("CHANGED = 1\n")
    (folder / "part_1.py").unlink()
    parts.interrupt = fail_with(RuntimeError("out of luck"))
    with pytest.raises(RuntimeError):
        parts.index(folder)
    after = parts.catalog.get_source(before.id)
    assert (after.state, after.run_id, after.chunk_count) == (SourceState.READY, before.run_id, before.chunk_count)
    assert after.message == "out of luck"
    assert (parts.store.table().version, parts.staged()) == (version, [])

    # What was changed is changed back: there is nothing to do, and nothing is left of the failure.
    for name, text in FILES.items():
        (folder / name).write_text(text)
    parts.interrupt = None
    assert not parts.index(folder).wrote
    assert parts.catalog.get_source(before.id).message is None
    assert parts.store.table().version == version


ERRORS = [RuntimeError("out of luck"), KeyboardInterrupt(), OSError(28, "the disk is full")]


def change(folder: Path) -> set[str]:
    """Remove a file, change one, add one; return the paths that there are then."""
    (folder / "part_0.py").unlink()
    (folder / "part_1.py").write_text("CHANGED = 1\n")
    (folder / "new.py").write_text("NEW = 1\n")
    return {*FILES, "new.py"} - {"part_0.py"}


@pytest.mark.parametrize("at", ["interrupt", "interrupt_manifest"])
@pytest.mark.parametrize("error", ERRORS)
def test_a_run_that_ends_before_it_is_published(error: BaseException, at: str, parts: Parts, folder: Path) -> None:
    before = parts.index(folder).source
    files = parts.search_files()
    assert len(files) == 2
    paths = change(folder)
    setattr(parts.files, at, fail_with(error))
    is_translated = isinstance(error, OSError) and at == "interrupt"
    with pytest.raises(StoreError if is_translated else type(error)):
        parts.index(folder)
    assert set(files) <= set(parts.search_files())
    assert parts.answered(before) == set(FILES), "the index that was there goes on answering"
    assert parts.store.count_rows(before.id, (0, first_code(before.run_id + 1))) == before.chunk_count

    setattr(parts.files, at, None)
    report = parts.index(folder)
    assert report.wrote
    assert parts.answered(before) == parts.paths() == paths
    assert parts.store.count_rows(before.id) == report.source.chunk_count
    assert (report.source.file_count, report.source.message) == (len(paths), None)
    assert len(parts.search_files()) == 2


def test_a_run_that_is_killed_before_replaced_rows_are_deleted(parts: Parts, folder: Path) -> None:
    parts.index(folder)
    paths = change(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts.writer, "delete", fail_with_any(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            parts.index(folder)
    (source,) = parts.catalog.list_sources()
    assert parts.answered(source) == paths, "it was published before"
    assert parts.store.count_rows(source.id) > source.chunk_count
    # Made again from the rows, the index has the newest of each file's alone.
    parts.search_indexes.rebuild(source.id, source.run_id)
    assert parts.answered(source) - {"part_0.py"} == paths
    assert not parts.index(folder).wrote
    assert parts.store.count_rows(source.id) == source.chunk_count == parts.catalog.get_source(source.id).chunk_count
    assert parts.answered(source) == paths


@pytest.mark.parametrize("at", ["interrupt", "interrupt_manifest"])
def test_a_first_run_that_ends_before_it_is_published(at: str, parts: Parts, folder: Path) -> None:
    setattr(parts.files, at, fail_with(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        parts.index(folder)
    (source,) = parts.catalog.list_sources()
    assert source.state is SourceState.FAILED
    setattr(parts.files, at, None)
    report = parts.index(folder)
    assert report.source.state is SourceState.READY
    assert parts.answered(source) == set(FILES)
    assert parts.store.count_rows(source.id) == report.source.chunk_count
    assert len(parts.search_files()) == 2


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A folder whose index has several segments of 16 chunks."""
    made = tmp_path / "many"
    made.mkdir()
    for number in range(300):
        (made / f"part_{number:03}.py").write_text(
            f"def part_{number}():\n    return '{number}' * 3\n\n\n# {'-' * 400}\n"
        )
    return made


@pytest.fixture
def small_segments(tmp_path: Path) -> Iterator[Parts]:
    embedder = load_embedder(load_settings(embedding_model="bundled"))
    made = Parts(tmp_path / "small", embedder, segment_chunks=16)
    yield made
    made.catalog.close()


def test_a_first_run_that_is_killed_goes_on_from_all_that_it_had_read(small_segments: Parts, many: Path) -> None:
    """Files are read in groups: here in five of 64."""
    parts = small_segments
    made: list[SegmentName] = []
    write_segment = parts.files.write_segment

    def write(source_id: str, name: SegmentName, batches: Iterable[RowBatch]) -> None:
        if len(made) == 3:
            raise KeyboardInterrupt
        made.append(name)
        write_segment(source_id, name, batches)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts.files, "write_segment", write)
        with pytest.raises(KeyboardInterrupt):
            parts.index(many)
    (source,) = parts.catalog.list_sources()
    assert (source.state, source.run_id) == (SourceState.FAILED, 0)
    # What changes meanwhile is read again.
    (many / "part_000.py").write_text("ANOTHER = 1\n")
    (many / "part_001.py").unlink()
    report = parts.index(many)
    # Four groups were read: three are in segments, one was staged.
    assert report.changed == 300 - 4 * 64 + 1
    assert parts.staged() == []
    names = {path.name for path in many.iterdir()}
    assert parts.answered(source) == parts.paths() == names
    assert parts.store.count_rows(source.id) == report.source.chunk_count
    assert report.source.file_count == len(names)
    index = parts.search_indexes.get(source.id, report.source.run_id)
    found = index.find_file("part_000.py")
    assert found is not None
    segment, file = found
    assert segment.chunk_of(int(segment.first_rows[file])).content == "ANOTHER = 1"
    assert not parts.index(many).wrote


def test_what_a_lost_catalog_left_is_not_gone_on_from(
    small_segments: Parts, many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new catalog counts its runs from the beginning: their segments would take the names of those there are."""
    monkeypatch.setattr("indexer.tiers.ALWAYS_JOINED_ROWS", 0)
    for path in sorted(many.iterdir())[40:]:
        path.unlink()
    for number in range(4):
        (many / "part_000.py").write_text(f"BEFORE = {number}\n")
        small_segments.index(many)
    small_segments.catalog.close()
    for path in small_segments.settings.data_dir.glob("catalog*"):
        path.unlink()
    embedder = load_embedder(load_settings(embedding_model="bundled"))
    parts = Parts(small_segments.settings.data_dir, embedder, segment_chunks=16)

    def require_rows(source_id: str, row_count: int) -> None:
        if row_count < parts.catalog.get_source(source_id).chunk_count:
            raise LostRowsError("rows are lost")

    monkeypatch.setattr(parts.search_indexes, "_check_rows", require_rows)
    for number in range(5):
        (many / "part_001.py").write_text(f"AFTER = {number}\n")
        report = parts.index(many)
        assert number == 0 or report.changed == 1
        source = report.source
        assert parts.store.count_rows(source.id) == source.chunk_count
        assert len(parts.answered(source)) == source.file_count == 40
    assert not parts.index(many).wrote
    parts.catalog.close()


def test_a_killed_run_does_not_cost_what_is_published(small_segments: Parts, many: Path) -> None:
    for path in sorted(many.iterdir())[20:]:
        path.unlink()
    small_segments.index(many)
    (many / "part_000.py").write_text("CHANGED = 1\n")
    files = small_segments.files
    with pytest.MonkeyPatch.context() as patch:
        # Its rows are in the store, its segment is not.
        patch.setattr(files, "write_segment", fail_with_any(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            small_segments.index(many)
    (source,) = small_segments.catalog.list_sources()
    assert small_segments.store.count_rows(source.id) > source.chunk_count
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(small_segments.search_indexes, "rebuild", fail_with_any(AssertionError("made again")))
        report = small_segments.index(many)
    assert (report.changed, report.unchanged, report.source.file_count) == (0, 20, 20)
    assert report.wrote
    assert small_segments.store.count_rows(source.id) == report.source.chunk_count


def test_many_small_runs_leave_the_index_of_a_fresh_run(small_segments: Parts, parts: Parts, many: Path) -> None:
    """Whatever is changed, added, removed and brought back: the same rows, in few segments."""
    chance = random.Random(17)
    most = 0
    for number in range(12):
        for path in chance.sample(sorted(many.iterdir()), 4):
            if chance.random() < 0.4:
                path.unlink()
            else:
                path.write_text(f"def changed_{number}():\n    return {chance.random()}\n")
        (many / f"part_{chance.randrange(300):03}.py").write_text(f"def again_{number}():\n    return {number}\n")
        source = small_segments.index(many).source
        index = small_segments.search_indexes.get(source.id, source.run_id)
        most = max(most, len(index.segments))
        assert (source.file_count, source.chunk_count) == (index.file_count, index.row_count)
        assert small_segments.store.count_rows(source.id) == source.chunk_count
        assert len(small_segments.search_files()) == len(index.segments) + 1
    fresh = parts.index(many).source
    whole = parts.search_indexes.get(fresh.id, fresh.run_id)
    assert rows_of(index) == rows_of(whole)
    assert 5 <= most <= 12, "segments of about 64 rows, and small ones joined"
    # Made again from the rows, they are the same.
    small_segments.search_indexes.rebuild(source.id, source.run_id)
    assert rows_of(small_segments.search_indexes.get(source.id, source.run_id)) == rows_of(whole)


def rows_of(index: SourceIndex) -> list[tuple[str, list[Chunk]]]:
    """Return each file's chunks, by path."""
    return [
        (path, [part.chunk_of(row) for row in range(part.first_rows[file], part.first_rows[file + 1])])
        for path, part, file in index.files_below("")
    ]


def fail_with_any(error: BaseException) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def test_a_run_that_changes_no_row_has_a_manifest_all_the_same(
    parts: Parts, make_repository: Callable[..., Repository]
) -> None:
    repository = make_repository()
    repository.commit(FILES)
    source = parts.index(repository.path).source
    folder = parts.settings.data_dir / "search"
    (before,), (manifest,) = folder.glob("*/*.segment"), folder.glob("*/*.manifest")
    content = before.read_bytes()
    repository.commit({"logo.png": b"\x89PNG\0"})
    assert not parts.index(repository.path).wrote
    (after,), (newer,) = folder.glob("*/*.segment"), folder.glob("*/*.manifest")
    assert (after, newer.name == manifest.name) == (before, False)
    assert after.read_bytes() == content
    assert parts.answered(source) == set(FILES)


def test_a_disk_that_fills_up_is_one_clear_error(parts: Parts, folder: Path) -> None:
    parts.index(folder)
    # Two groups of files: the disk is full when the first one is staged.
    for number in range(128):
        functions = (f"def large_{number}_{n}():\n    return '{n}' * 3\n" for n in range(4))
        (folder / f"large_{number}.py").write_text("\n\n".join([*functions, "#" * 1600]))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    parts.interrupt = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (256 * 1024, limits[1]))
    try:
        with pytest.raises(CodesearchError, match="staging"):
            parts.index(folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (parts.paths(), parts.staged()) == (set(FILES), [])
    parts.interrupt = None
    assert parts.index(folder).changed == 128


def test_a_source_that_is_removed_while_it_is_indexed_is_an_error_and_can_come_back(parts: Parts, folder: Path) -> None:
    source = parts.index(folder).source
    (folder / "part_0.py").write_text("CHANGED = 1\n")

    def remove() -> None:
        parts.catalog.remove_source(source.id)

    parts.interrupt_at = "publishing"
    parts.interrupt = remove
    with pytest.raises(NotFoundError, match="removed while it was indexed"):
        parts.index(folder)
    parts.interrupt = None
    assert parts.catalog.list_sources() == []
    assert parts.index(folder).source.state is SourceState.READY
    assert parts.paths() == set(FILES)


def test_a_wrong_name_is_refused_before_anything_is_indexed(parts: Parts, folder: Path) -> None:
    with pytest.raises(InvalidRequestError):
        parts.index(folder, name=" ")
    assert parts.catalog.list_sources() == []
    assert parts.paths() == set()


def test_a_source_that_is_not_there_leaves_no_trace(parts: Parts, tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        parts.index(tmp_path / "missing")
    with pytest.raises(SourceError):
        parts.index(tmp_path, subdir="missing")
    assert parts.catalog.list_sources() == []


def test_two_sources_with_the_same_content_do_not_share_rows(parts: Parts, folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for name, text in FILES.items():
        (copy / name).write_text(text)
    first, second = parts.index(folder).source, parts.index(copy).source
    table = parts.store.table().to_arrow()
    assert table["data_source_id"].to_pylist() == [first.id] * len(FILES) + [second.id] * len(FILES)
    parts.catalog.remove_source(first.id)
    parts.writer.remove(first.id)
    assert set(parts.store.table().to_arrow()["data_source_id"].to_pylist()) == {second.id}


def test_a_report_counts_what_was_done(parts: Parts, folder: Path) -> None:
    (folder / "logo.png").write_bytes(b"\x89PNG\0")
    first = parts.index(folder)
    assert (first.changed, first.unchanged, first.removed, first.wrote) == (5, 0, 0, True)
    assert first.characters == sum(map(len, FILES.values()))
    assert first.skipped == {"binary": 1}
    (folder / "part_0.py").unlink()
    second = parts.index(folder)
    assert (second.changed, second.unchanged, second.removed, second.wrote) == (0, 4, 1, True)
    run = parts.catalog.latest_run(first.source.id)
    assert run is not None
    assert run.state is RunState.FINISHED


def test_a_preview_changes_nothing(parts: Parts, folder: Path) -> None:
    (folder / "logo.png").write_bytes(b"\x89PNG\0")
    preview = preview_source(str(folder), branch=None, subdir=None, settings=parts.settings)
    assert preview.files == tuple((name, len(text)) for name, text in sorted(FILES.items()))
    assert [(item.path, item.reason.value) for item in preview.skipped] == [("logo.png", "binary")]
    assert parts.catalog.list_sources() == []
    assert parts.store.table() is None


def test_a_run_that_failed_lets_go_of_its_lock(parts: Parts, folder: Path) -> None:
    parts.interrupt = fail_with(RuntimeError("out of luck"))
    with pytest.raises(RuntimeError):
        parts.index(folder)
    parts.interrupt = None
    other = Parts(parts.settings.data_dir, load_embedder(parts.settings))
    assert other.index(folder).changed == len(FILES)
    other.catalog.close()
