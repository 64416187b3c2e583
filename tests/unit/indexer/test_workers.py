"""Worker processes: the same rows in the same order as without them, and no worker outlives its work."""

from __future__ import annotations

import dataclasses
import multiprocessing
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from codesearch.core.config import Settings, load_settings
from codesearch.core.embedding import Embedder, load_embedder
from codesearch.core.errors import SourceError
from codesearch.core.store_schema import batch_from_bytes
from codesearch.core.types import SourceFile
from indexer.batches import IndexedFiles
from indexer.workers import SMALL_SOURCE_FILES, index_files

SOURCE_ID = "0123456789abcdef01234567"
FILE_COUNT = SMALL_SOURCE_FILES + 30


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
    with index_files(files, len(files), lambda: embedder, settings_for(workers), SOURCE_ID) as indexed:
        return list(indexed)


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
        assert batch_from_bytes(ours.rows).equals(batch_from_bytes(theirs.rows))


def test_few_files_start_no_process(embedder: Embedder) -> None:
    assert wait_for_no_children()
    files = make_files(SMALL_SOURCE_FILES - 1)
    with index_files(files, len(files), lambda: embedder, settings_for(2), SOURCE_ID) as indexed:
        next(indexed)
        assert multiprocessing.active_children() == []


def test_no_worker_outlives_the_context(embedder: Embedder) -> None:
    files = make_files()
    with index_files(files, len(files), lambda: embedder, settings_for(2), SOURCE_ID) as indexed:
        next(indexed)
        assert len(multiprocessing.active_children()) == 2
    assert wait_for_no_children()


def test_an_error_in_here_ends_the_workers_at_once(embedder: Embedder) -> None:
    files = make_files()
    started = time.monotonic()
    with (
        pytest.raises(KeyboardInterrupt),
        index_files(files, len(files), lambda: embedder, settings_for(2), SOURCE_ID),
    ):
        raise KeyboardInterrupt
    assert wait_for_no_children()
    assert time.monotonic() - started < 5


def test_a_file_source_that_fails_is_the_error(embedder: Embedder) -> None:
    def broken() -> Iterator[SourceFile]:
        yield from make_files()[:70]
        raise OSError("the disk is gone")

    with (
        pytest.raises(OSError, match="the disk is gone"),
        index_files(broken(), FILE_COUNT, lambda: embedder, settings_for(2), SOURCE_ID) as indexed,
    ):
        list(indexed)


def test_a_worker_that_dies_is_an_error_and_not_a_shorter_index(embedder: Embedder) -> None:
    def killing() -> Iterator[SourceFile]:
        for number, file in enumerate(make_files(3 * FILE_COUNT)):
            if number == 100:
                for worker in multiprocessing.active_children():
                    worker.kill()
            yield file

    with (
        pytest.raises(SourceError, match="CODESEARCH_INDEX_WORKERS=1"),
        index_files(killing(), 3 * FILE_COUNT, lambda: embedder, settings_for(2), SOURCE_ID) as indexed,
    ):
        list(indexed)
    assert wait_for_no_children()


def wait_for_no_children() -> bool:
    deadline = time.monotonic() + 10
    while multiprocessing.active_children():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


PARENT = """
import sys, time
from tests.unit.indexer.test_workers import FILE_COUNT, SOURCE_ID, load_embedder, make_files, settings_for, index_files

settings = settings_for(2)
with index_files(make_files(), FILE_COUNT, lambda: load_embedder(settings), settings, SOURCE_ID) as indexed:
    if sys.argv[1] == "working":
        next(indexed)
    print("started", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("workers_are", ["importing", "working"])
def test_workers_end_with_a_killed_parent(workers_are: str) -> None:
    """Also with one that was killed before they had come so far as to look after it."""
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, workers_are], cwd=root, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "started\n"
        parent.kill()
    deadline = time.monotonic() + 10
    while living := members_of(parent.pid):
        assert time.monotonic() < deadline, f"{len(living)} worker processes stay alive"
        time.sleep(0.02)


def members_of(group_id: int) -> list[str]:
    listed = subprocess.run(["ps", "-A", "-o", "pgid=,stat="], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in listed.splitlines()]
    return [row[0] for row in rows if row[0] == str(group_id) and not row[1].startswith("Z")]
