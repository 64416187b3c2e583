"""Runs indexer.batches over all files of a source, in worker processes where there are enough files, in order."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar

from codesearch.core.embedding import Embedder, load_embedder
from codesearch.core.errors import SourceError
from codesearch.core.types import BUNDLED_MODEL, SourceFile
from indexer.batches import BatchIndexer, ChunkedFile, IndexedFiles, group_files

if TYPE_CHECKING:
    from codesearch.core.config import Settings

Result = TypeVar("Result")

# Fewer files than this are done before a worker process has started.
SMALL_SOURCE_FILES = 150
GROUPS_AHEAD_PER_WORKER = 3
COLLECTION_THRESHOLD = 50_000

_indexer: BatchIndexer | None = None


@contextmanager
def index_files(
    files: Iterable[SourceFile],
    planned_files: int,
    load_model: Callable[[], Embedder],
    settings: Settings,
    source_id: str,
) -> Iterator[Iterator[IndexedFiles]]:
    """Give an iterator over the indexed files, in the order of `files`; its worker processes end with the context.

    Here, the model is loaded when there is a first file, and not at all when the workers embed.
    """
    workers = settings.index_workers or os.cpu_count() or 1
    if planned_files < SMALL_SOURCE_FILES or workers == 1:
        yield _index_here(files, load_model, settings, source_id)
        return
    with _silent_tracker():
        pool = ProcessPoolExecutor(
            workers, mp_context=multiprocessing.get_context("spawn"), initializer=_start_worker,
            initargs=(settings, source_id),
        )  # fmt: skip
    ahead = workers * GROUPS_AHEAD_PER_WORKER
    try:
        _start_all(pool, workers)
        if settings.embedding_model == BUNDLED_MODEL:
            yield _run(pool, _index_group, files, ahead)
        else:
            # A network takes all cores and much memory by itself: one of it is enough.
            here = BatchIndexer(load_model(), settings, source_id)
            yield (here.embed(chunked) for chunked in _run(pool, _chunk_group, files, ahead))
    except BrokenProcessPool as error:
        raise SourceError(
            "A worker process ended in the middle of its work, most often for lack of memory. "
            "Run it again with CODESEARCH_INDEX_WORKERS=1."
        ) from error
    except BaseException:
        # Nobody wants what they are at any more, and ctrl-C should not wait for it.
        for process in list((pool._processes or {}).values()):
            process.terminate()
        # What is still on its way to them is read by nobody: waiting for it would keep this process from ending.
        # A pool that has shut down already has no queue any more.
        if (queue := getattr(pool, "_call_queue", None)) is not None:
            queue.cancel_join_thread()
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _index_here(
    files: Iterable[SourceFile], load_model: Callable[[], Embedder], settings: Settings, source_id: str
) -> Iterator[IndexedFiles]:
    here: BatchIndexer | None = None
    for group in group_files(files):
        here = here or BatchIndexer(load_model(), settings, source_id)
        yield here.embed(here.chunk(group))


@contextmanager
def _silent_tracker() -> Iterator[None]:
    """Let multiprocessing's tracker start, which removes the semaphores that a run cut short leaves, without a word."""
    sys.warnoptions.append("ignore::UserWarning:multiprocessing.resource_tracker")
    try:
        yield
    finally:
        sys.warnoptions.pop()


def _start_all(pool: ProcessPoolExecutor, workers: int) -> None:
    """Start the workers before there is work: they load the model while this process asks git.

    They need nothing of the main module, which is the whole service: without one they do not import it.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        with _interrupts_held():
            for _ in range(workers):
                pool.submit(os.getpid)
    finally:
        sys.modules["__main__"] = main


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Let processes start that never see ctrl-C, not even while they import; here it comes when all have started."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "pthread_sigmask"):
        yield
        return
    held: list[int] = []
    # The mask is for them, the handler for this process: another of its threads may take the signal.
    handler = signal.signal(signal.SIGINT, lambda number, _: held.append(number))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, handler or signal.SIG_DFL)
        if held:
            signal.raise_signal(signal.SIGINT)


def _run(
    pool: ProcessPoolExecutor, step: Callable[[list[SourceFile]], Result], files: Iterable[SourceFile], ahead: int
) -> Iterator[Result]:
    pending: deque[Future[Result]] = deque()
    for group in group_files(files):
        pending.append(pool.submit(step, group))
        if len(pending) >= ahead:
            yield pending.popleft().result()
    while pending:
        yield pending.popleft().result()
    # Publishing needs memory too: the workers give theirs back before.
    pool.shutdown(wait=True)


def _start_worker(settings: Settings, source_id: str) -> None:
    """Prepare a worker process: ctrl-C is its parent's business, and it ends when its parent is gone."""
    global _indexer
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _indexer = BatchIndexer(load_embedder(settings), settings, source_id)
    # Parsing makes many objects and few cycles: looking for those seldom saves a twentieth of the time.
    gc.freeze()
    gc.set_threshold(COLLECTION_THRESHOLD, 20, 20)
    # There is a worker for each core: threads of the tokenizer would only wait for one another.
    os.putenv("TOKENIZERS_PARALLELISM", "false")


def _end_with_parent() -> None:
    # Unlike os.getppid, this also tells of a parent that was gone before this process had started.
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


def _prepared() -> BatchIndexer:
    if _indexer is None:
        raise RuntimeError("the worker process was not prepared")
    return _indexer


def _index_group(files: Sequence[SourceFile]) -> IndexedFiles:
    return _prepared().embed(_prepared().chunk(files))


def _chunk_group(files: Sequence[SourceFile]) -> list[ChunkedFile]:
    return _prepared().chunk(files)
