"""Workers stay from one data source to the next where they are to; what one source does to them costs no other."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from codesearch.core.config import Settings, load_settings
from codesearch.core.embedding.embedder import Embedder
from codesearch.core.embedding.loading import load_embedder
from codesearch.core.types import SourceFile
from indexer.batches import IndexedFiles
from indexer.workers import indexing_pool
from indexer.workers.indexing_pool import SMALL_SOURCE_BYTES, IndexingPool
from tests.unit.indexer.workers.worker_processes import wait_for_no_workers, worker_pids

FILE_COUNT = 180
SOURCES = ("first", "second")


@pytest.fixture(autouse=True)
def no_workers_before() -> None:
    assert wait_for_no_workers()


def settings_for(workers: int) -> Settings:
    return load_settings(embedding_model="bundled", index_workers=workers)


def no_model() -> Embedder:
    raise AssertionError("the workers embed")


def make_files(count: int = FILE_COUNT) -> list[SourceFile]:
    return [SourceFile(f"{n}.py", f"def function_{n}(x):\n    return x * {n}\n", str(n), None) for n in range(count)]


def index(pool: IndexingPool, source_id: str = "source", planned_bytes: int = SMALL_SOURCE_BYTES) -> list[IndexedFiles]:
    with pool.index_files(make_files(), planned_bytes, no_model, source_id) as indexed:
        return list(indexed)


def document_ids(groups: list[IndexedFiles]) -> list[str]:
    return [found for group in groups if group.rows is not None for found in group.rows.texts["document_id"]]


def test_workers_that_are_kept_read_the_next_source_too() -> None:
    with IndexingPool(settings_for(2), keeps_workers=True) as pool:
        first = index(pool, "first")
        pids = worker_pids()
        assert len(pids) == 2
        second = index(pool, "second")
        assert worker_pids() == pids
    assert worker_pids() == []
    for groups, source_id in ((first, "first"), (second, "second")):
        with IndexingPool(settings_for(1)) as alone:
            assert document_ids(groups) == document_ids(index(alone, source_id))


def test_workers_that_are_not_kept_have_ended_before_rows_are_published() -> None:
    with (
        IndexingPool(settings_for(2)) as pool,
        pool.index_files(make_files(), SMALL_SOURCE_BYTES, no_model, "source") as indexed,
    ):
        assert sum(group.chunk_count for group in indexed) == FILE_COUNT
        assert worker_pids() == []


def test_workers_that_have_read_much_give_their_memory_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing_pool, "KEPT_BYTES", 2 * SMALL_SOURCE_BYTES)
    with IndexingPool(settings_for(2), keeps_workers=True) as pool:
        index(pool)
        pids = worker_pids()
        assert len(pids) == 2
        index(pool)
        assert worker_pids() == []
        index(pool)
        assert not set(worker_pids()) & set(pids)
        assert len(worker_pids()) == 2


def test_a_source_that_fails_costs_the_next_one_nothing() -> None:
    def broken() -> Iterator[SourceFile]:
        yield from make_files()[:70]
        raise OSError("the disk is gone")

    with IndexingPool(settings_for(2), keeps_workers=True) as pool:
        with (
            pytest.raises(OSError, match="the disk is gone"),
            pool.index_files(broken(), SMALL_SOURCE_BYTES, no_model, "source") as indexed,
        ):
            list(indexed)
        assert [path for group in index(pool) for path in group.paths] == [file.path for file in make_files()]


def test_a_source_that_is_left_in_the_middle_leaves_nobody_at_work() -> None:
    with IndexingPool(settings_for(2), keeps_workers=True) as pool:
        at_work: list[int] = []

        def leave() -> None:
            with pool.index_files(slow_files(), SMALL_SOURCE_BYTES, no_model, "source") as indexed:
                next(indexed)
                at_work.extend(worker_pids())
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            leave()
        assert len(set(at_work) & set(worker_pids())) < len(at_work)
        assert sum(group.chunk_count for group in index(pool)) == FILE_COUNT


def slow_files() -> list[SourceFile]:
    texts = ["".join(f"def slow_{n}_{file}(x):\n    return [x, {n}]\n\n\n" for n in range(3000)) for file in range(12)]
    return [SourceFile(f"{number}.py", text, str(number), None) for number, text in enumerate(texts)]


def test_workers_that_die_between_two_sources_cost_no_file() -> None:
    with IndexingPool(settings_for(2), keeps_workers=True) as pool:
        index(pool)
        for pid in worker_pids():
            os.kill(pid, signal.SIGKILL)
        again = index(pool)
    assert sum(group.chunk_count for group in again) == FILE_COUNT
    assert [item for group in again for item in group.unparsed] == []


def test_two_sources_at_once_get_each_its_own() -> None:
    with IndexingPool(settings_for(2), keeps_workers=True) as pool:
        with (
            pool.index_files(make_files(), SMALL_SOURCE_BYTES, no_model, "first") as first,
            pool.index_files(make_files(), SMALL_SOURCE_BYTES, no_model, "second") as second,
        ):
            pairs = list(zip(first, second, strict=True))
        assert len(worker_pids()) == 2
    for position, source_id in enumerate(SOURCES):
        with IndexingPool(settings_for(1)) as alone:
            assert document_ids([pair[position] for pair in pairs]) == document_ids(index(alone, source_id))


def test_workers_that_have_read_much_end_with_the_last_source_that_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing_pool, "KEPT_BYTES", SMALL_SOURCE_BYTES)
    with IndexingPool(settings_for(2), keeps_workers=True) as pool:
        with pool.index_files(make_files(), SMALL_SOURCE_BYTES, no_model, "first") as first:
            next(first)
            pids = set(worker_pids())
            assert sum(group.chunk_count for group in index(pool, "second")) == FILE_COUNT
            assert set(worker_pids()) == pids
            list(first)
        assert worker_pids() == []


def test_little_text_of_many_files_is_one_workers() -> None:
    with IndexingPool(settings_for(2), keeps_workers=True) as pool:
        assert len(index(pool, planned_bytes=SMALL_SOURCE_BYTES - 1)) == 1
        assert len(worker_pids()) == 1


def test_where_no_worker_can_be_had_the_model_is_loaded_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError("no more processes")

    settings = settings_for(2)
    monkeypatch.setattr("indexer.workers.nurseries.ForkServer", refuse)
    monkeypatch.setattr("indexer.workers.nurseries._kept", {})
    monkeypatch.setattr("indexer.workers.processes.SpawnedWorkers.start", refuse)
    with (
        IndexingPool(settings, keeps_workers=True) as pool,
        pool.index_files(make_files(), SMALL_SOURCE_BYTES, lambda: load_embedder(settings), "source") as indexed,
    ):
        assert sum(group.chunk_count for group in indexed) == FILE_COUNT
    assert worker_pids() == []
