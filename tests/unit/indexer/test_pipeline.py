"""The pipeline when something goes wrong on the way: what was indexed goes on answering, and the catalog says why."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterable, Iterator
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
    NotFoundError,
    SourceError,
    StoreError,
)
from codesearch.core.index.builder import RowBatch
from codesearch.core.index.published import SearchIndexes
from codesearch.core.store.chunk_store import ChunkStore
from codesearch.core.store.rows import IndexFormat
from codesearch.core.store.writer import StoreWriter
from codesearch.core.types import DataSource, SourceState
from indexer.pipeline import Indexer, IndexReport, preview_source
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


class InterruptibleIndexes(SearchIndexes):
    """Search indexes; `interrupt_scan` is called when some rows have been read for one."""

    interrupt_scan: Callable[[], None] | None = None

    def prepare(self, source_id: str, run_id: int, scan_rows: Callable[[], Iterable[RowBatch]] | None = None) -> None:
        def scan() -> Iterator[RowBatch]:
            for batch in scan_rows() if scan_rows is not None else self._scan_rows(source_id):
                yield batch
                if self.interrupt_scan is not None:
                    self.interrupt_scan()

        super().prepare(source_id, run_id, scan)


def _fail_to_heal(error: DamagedStoreError) -> None:
    raise error


class Parts:
    """An indexer with all that it works on."""

    def __init__(self, data_dir: Path, embedder: Embedder) -> None:
        self.interrupt: Callable[[], None] | None = None
        self.interrupt_at: str | None = None
        self.settings: Settings = load_settings(data_dir=data_dir, embedding_model="bundled", index_workers=1)
        self.catalog: Catalog = open_catalog(self.settings.resolved_database_url)
        index_format = IndexFormat(embedder.name, embedder.fingerprint, embedder.dimension, "1")
        self.store = ChunkStore(self.settings.resolved_store_uri, index_format)
        self.writer = StoreWriter(self.store, data_dir)
        self.search_indexes = InterruptibleIndexes(
            data_dir / "search", index_format.table_name, index_format.dimension, self.store.scan_rows
        )
        self.indexer = Indexer(
            catalog=self.catalog,
            store=self.store,
            writer=self.writer,
            search_indexes=self.search_indexes,
            load_embedder=lambda: embedder,
            heal_store=_fail_to_heal,
            settings=self.settings,
        )

    def index(self, source: Path, name: str | None = None, subdir: str | None = None) -> IndexReport:
        return self.indexer.index(
            str(source), name=name, branch=None, subdir=subdir, progress=Interrupting(self.interrupt)
        )

    def answered(self, source: DataSource) -> set[str]:
        """Return the paths that the index has which the catalog names."""
        current = self.catalog.get_source(source.id)
        index = self.search_indexes.get(current.id, current.run_id)
        return {index.path_of(file) for file in range(index.file_count)}

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
    assert (parts.paths(), parts.staged()) == (set(), [])

    parts.interrupt = None
    report = parts.index(folder)
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


@pytest.mark.parametrize("error", [RuntimeError("out of luck"), KeyboardInterrupt(), OSError(28, "the disk is full")])
def test_a_run_that_ends_between_rows_and_search_index(error: BaseException, parts: Parts, folder: Path) -> None:
    before = parts.index(folder).source
    files = parts.search_files()
    assert len(files) == 1
    (folder / "part_0.py").unlink()
    (folder / "new.py").write_text("NEW = 1\n")
    parts.search_indexes.interrupt_scan = fail_with(error)
    with pytest.raises(StoreError if isinstance(error, OSError) else type(error)):
        parts.index(folder)
    changed = {*FILES, "new.py"} - {"part_0.py"}
    assert parts.paths() == changed, "the rows are published first"
    assert parts.search_files() == files
    assert parts.answered(before) == set(FILES)

    parts.search_indexes.interrupt_scan = None
    report = parts.index(folder)
    assert not report.wrote, "the rows are there already"
    assert parts.answered(before) == changed
    assert (report.source.file_count, report.source.message) == (5, None)
    assert parts.search_files() == [f"{parts.store.index_format.table_name}-{report.source.run_id}.index"]


def test_a_first_run_that_ends_between_rows_and_search_index(parts: Parts, folder: Path) -> None:
    parts.search_indexes.interrupt_scan = fail_with(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        parts.index(folder)
    (source,) = parts.catalog.list_sources()
    assert source.state is SourceState.FAILED
    assert parts.search_files() == []
    parts.search_indexes.interrupt_scan = None
    assert parts.index(folder).source.state is SourceState.READY
    assert parts.answered(source) == set(FILES)


def test_a_run_that_changes_no_row_has_a_search_index_all_the_same(
    parts: Parts, make_repository: Callable[..., Repository]
) -> None:
    repository = make_repository()
    repository.commit(FILES)
    source = parts.index(repository.path).source
    (before,) = (parts.settings.data_dir / "search").glob("*/*.index")
    content = before.read_bytes()
    repository.commit({"logo.png": b"\x89PNG\0"})
    assert not parts.index(repository.path).wrote
    (after,) = (parts.settings.data_dir / "search").glob("*/*.index")
    assert after.name != before.name
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
    assert len(set(table["document_id"].to_pylist())) == 2 * len(FILES) == table.num_rows
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
