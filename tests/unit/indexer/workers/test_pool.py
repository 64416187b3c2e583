"""Worker processes: the same rows in the same order as in one, none outlives its work, and a death costs nothing."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from codesearch.core.config import Settings, load_settings
from codesearch.core.embedding.embedder import Embedder
from codesearch.core.embedding.loading import load_embedder
from codesearch.core.store.schema import columns_to_batch
from codesearch.core.types import SourceFile
from indexer.batches import IndexedFiles
from indexer.workers import pool as pool_module
from indexer.workers.indexing_pool import SMALL_SOURCE_BYTES, IndexingPool
from indexer.workers.nurseries import fork_workers
from indexer.workers.pool import WorkerPool
from indexer.workers.processes import WorkerProcess
from tests.patience import PATIENCE_SECONDS
from tests.unit.indexer.workers.worker_processes import wait_for_no_workers, wait_for_workers, worker_pids

SOURCE_ID = "0123456789abcdef01234567"
FILE_COUNT = 180


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return load_embedder(load_settings(embedding_model="bundled"))


def settings_for(workers: int) -> Settings:
    return load_settings(embedding_model="bundled", index_workers=workers)


def make_files(count: int = FILE_COUNT) -> list[SourceFile]:
    return [
        SourceFile(
            f"src/module_{number}.py", f"def function_{number}(x):\n    return x * {number}\n", str(number), None
        )
        for number in range(count)
    ]


def collect(files: list[SourceFile], workers: int, embedder: Embedder) -> list[IndexedFiles]:
    with IndexingPool(settings_for(workers)).index_files(
        files, SMALL_SOURCE_BYTES, lambda: embedder, SOURCE_ID
    ) as indexed:
        return list(indexed)


def test_workers_that_hold_much_memory_are_replaced(embedder: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    files = make_files()
    expected = collect(files, 2, embedder)
    started: list[int] = []
    start = WorkerPool._start

    def count(pool: WorkerPool) -> WorkerProcess:
        started.append(1)
        return start(pool)

    monkeypatch.setattr(WorkerPool, "_start", count)
    assert [group.paths for group in collect(files, 2, embedder)] == [group.paths for group in expected]
    usual = len(started)
    monkeypatch.setattr(pool_module, "MOST_KEPT_BYTES", 0)
    assert [group.paths for group in collect(files, 2, embedder)] == [group.paths for group in expected]
    assert len(started) - usual >= len(expected) > usual
    assert wait_for_no_workers()


def test_workers_give_what_one_process_gives_in_the_same_order(embedder: Embedder) -> None:
    files = make_files()
    alone, together = collect(files, 1, embedder), collect(files, 2, embedder)
    assert [path for group in alone for path in group.paths] == [file.path for file in files]
    assert [dataclasses.replace(group, rows=None) for group in together] == [
        dataclasses.replace(group, rows=None) for group in alone
    ]
    for ours, theirs in zip(together, alone, strict=True):
        assert ours.rows is not None
        assert theirs.rows is not None
        assert columns_to_batch(ours.rows).equals(columns_to_batch(theirs.rows))


def test_little_text_has_one_worker(embedder: Embedder) -> None:
    assert wait_for_no_workers()
    files = make_files()
    with IndexingPool(settings_for(2)).index_files(
        files, SMALL_SOURCE_BYTES - 1, lambda: embedder, SOURCE_ID
    ) as indexed:
        next(indexed)
        assert len(worker_pids()) == 1
    assert wait_for_no_workers()


def test_nothing_to_read_starts_no_process(embedder: Embedder) -> None:
    assert wait_for_no_workers()
    with IndexingPool(settings_for(2)).index_files([], 0, lambda: embedder, SOURCE_ID) as indexed:
        assert list(indexed) == []
        assert worker_pids() == []


def test_no_worker_outlives_the_context(embedder: Embedder) -> None:
    files = make_files()
    with IndexingPool(settings_for(2)).index_files(files, SMALL_SOURCE_BYTES, lambda: embedder, SOURCE_ID) as indexed:
        next(indexed)
        assert len(worker_pids()) == 2
    assert wait_for_no_workers()


def test_an_error_in_here_ends_the_workers_at_once(embedder: Embedder) -> None:
    files = make_files()
    started = time.monotonic()
    with (
        pytest.raises(KeyboardInterrupt),
        IndexingPool(settings_for(2)).index_files(files, SMALL_SOURCE_BYTES, lambda: embedder, SOURCE_ID),
    ):
        raise KeyboardInterrupt
    assert wait_for_no_workers()
    assert time.monotonic() - started < 5


def test_a_file_source_that_fails_is_the_error(embedder: Embedder) -> None:
    def broken() -> Iterator[SourceFile]:
        yield from make_files()[:70]
        raise OSError("the disk is gone")

    with (
        pytest.raises(OSError, match="the disk is gone"),
        IndexingPool(settings_for(2)).index_files(broken(), SMALL_SOURCE_BYTES, lambda: embedder, SOURCE_ID) as indexed,
    ):
        list(indexed)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGABRT])
def test_workers_that_die_cost_no_file(embedder: Embedder, number: signal.Signals) -> None:
    files = make_files(3 * FILE_COUNT)
    killed: set[int] = set()

    def killing() -> Iterator[SourceFile]:
        for position, file in enumerate(files):
            # Once: a file that two workers die of is left out, and on a busy machine it is still at the second one.
            if position == 100:
                for pid in wait_for_workers():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, number)
                        killed.add(pid)
            yield file

    with IndexingPool(settings_for(2)).index_files(
        killing(), SMALL_SOURCE_BYTES, lambda: embedder, SOURCE_ID
    ) as indexed:
        groups = list(indexed)
    # On a busy machine, one alone may have started by then.
    assert killed
    assert [path for group in groups for path in group.paths] == [file.path for file in files]
    assert sum(group.chunk_count for group in groups) == len(files)
    assert wait_for_no_workers()


def test_files_beyond_the_budget_are_read_as_lines_and_named(embedder: Embedder) -> None:
    settings = load_settings(embedding_model="bundled", index_workers=1, max_parse_seconds=1e-9)
    text = "def retry(x):\n    return x\n" * 2000
    files = [*make_files(3), SourceFile("src/long.py", text, "long", None)]
    with IndexingPool(settings).index_files(files, 100, lambda: embedder, SOURCE_ID) as indexed:
        (group,) = indexed
    assert [(item.path, item.reason.value, item.is_left_out) for item in group.unparsed] == [
        ("src/long.py", "took too long", False)
    ]
    assert group.rows is not None
    texts = group.rows.texts
    long_rows = [symbol for path, symbol in zip(texts["path"], texts["symbol"], strict=True) if path == "src/long.py"]
    assert len(long_rows) > 1
    assert set(long_rows) == {""}


PARENT = """
import sys, time
from contextlib import nullcontext
from codesearch.core.config import load_settings
from indexer.workers.indexing_pool import SMALL_SOURCE_BYTES, IndexingPool
from indexer.workers.nurseries import fork_workers

settings = load_settings(embedding_model="bundled", index_workers=2)
with fork_workers(settings) if sys.argv[1] == "forked" else nullcontext() as forked:
    from tests.unit.indexer.workers.test_pool import SOURCE_ID, load_embedder, make_files
    assert (forked is not None) == (sys.argv[1] == "forked")
    model = lambda: load_embedder(settings)
    with IndexingPool(settings, forked).index_files(make_files(), SMALL_SOURCE_BYTES, model, SOURCE_ID) as indexed:
        if sys.argv[2] == "working":
            next(indexed)
        print("started", flush=True)
        if sys.argv[2] == "done":
            print(len([path for group in indexed for path in group.paths]), flush=True)
        else:
            time.sleep(60)
"""
METHODS = ["spawned", *(["forked"] if sys.platform == "linux" else [])]
ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("workers_are", ["importing", "working"])
def test_workers_end_with_a_killed_parent(workers_are: str, method: str) -> None:
    """Also with one that was killed before they had come so far as to look after it."""
    command = [sys.executable, "-c", PARENT, method, workers_are]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "started\n"
        parent.kill()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while living := members_of(parent.pid):
        assert time.monotonic() < deadline, f"{len(living)} worker processes stay alive"
        time.sleep(0.02)


@pytest.mark.usefixtures("own_data_folder")
@pytest.mark.parametrize("method", METHODS)
def test_workers_do_their_work_and_end_silently(method: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PARENT, method, "done"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["started", str(FILE_COUNT)]
    assert done.stderr == ""


FORKING = """
import os, sys
from codesearch.core.config import load_settings
from indexer.workers.nurseries import fork_workers

def refuse():
    raise BlockingIOError("no more processes")

if sys.argv[1] == "refused":
    os.fork = refuse
model = sys.argv[2] if sys.argv[1] == "other" else "bundled"
with fork_workers(load_settings(index_workers=2, embedding_model=model)) as forked:
    print("none" if forked is None else "forked")
"""


@pytest.mark.usefixtures("own_data_folder")
@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
@pytest.mark.parametrize("case", ["refused", "other"])
def test_where_processes_cannot_be_forked_there_are_none(tmp_path: Path, case: str) -> None:
    command = [sys.executable, "-c", FORKING, case, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    assert (done.stdout.strip(), done.stderr) == ("none", "")


def test_a_process_with_threads_is_not_forked() -> None:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        with fork_workers(settings_for(2)) as forked:
            assert forked is None
    finally:
        stop.set()
        thread.join()


def members_of(group_id: int) -> list[str]:
    listed = subprocess.run(["ps", "-A", "-o", "pgid=,stat="], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in listed.splitlines()]
    return [row[0] for row in rows if row[0] == str(group_id) and not row[1].startswith("Z")]
