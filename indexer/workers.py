"""Runs indexer.batches over all files of a source, in worker processes where there is enough text, in order."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import signal
import sys
import threading

# One thread of BLAS is all that is wanted, see core/embedding/; more of them would keep this process from forking.
os.putenv("OPENBLAS_NUM_THREADS", "1")

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar

from codesearch.core.embedding.embedder import Embedder
from codesearch.core.embedding.loading import load_embedder
from codesearch.core.errors import SourceError
from codesearch.core.types import BUNDLED_MODEL, SourceFile
from indexer.batches import BatchIndexer, ChunkedFile, IndexedFiles, group_files
from indexer.chunking.languages.table import all_languages

if TYPE_CHECKING:
    from codesearch.core.config import Settings

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

# Less text than this is done before worker processes have started.
SMALL_SOURCE_BYTES = 100_000
GROUPS_AHEAD_PER_WORKER = 4
COLLECTION_THRESHOLD = 50_000

_indexer: BatchIndexer | None = None


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """What a worker process needs of the settings, in a form that it can read without importing them."""

    embedding_model: str
    resolved_model_cache_dir: Path
    max_chunk_tokens: int


class WorkerPool:
    """Worker processes for one source; they start at once, load the model and wait for groups of files.

    A context manager: behind it the processes end, at once when it was left by an exception.
    """

    def __init__(self, settings: Settings, *, method: str) -> None:
        self.count = _worker_count(settings)
        needed = WorkerSettings(settings.embedding_model, settings.resolved_model_cache_dir, settings.max_chunk_tokens)
        with _silent_tracker():
            self._pool = ProcessPoolExecutor(
                self.count, multiprocessing.get_context(method), initializer=_start_worker, initargs=(needed,)
            )  # fmt: skip
        self.is_open = True
        try:
            with _prepared_before(needed) if method == "fork" else nullcontext():
                _start_all(self._pool, self.count)
        except BaseException:
            self._terminate()
            raise

    def run(
        self, step: Callable[[str, list[SourceFile]], Result], source_id: str, files: Iterable[SourceFile]
    ) -> Iterator[Result]:
        """Yield the results of the step for each group of the files, in order, and end the processes."""
        pending: deque[Future[Result]] = deque()
        for group in group_files(files):
            pending.append(self._pool.submit(step, source_id, group))
            if len(pending) >= self.count * GROUPS_AHEAD_PER_WORKER:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
        # Publishing needs memory too: the workers give theirs back before.
        self.is_open = False
        self._pool.shutdown(wait=True)

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and not issubclass(kind, BrokenProcessPool):
            self._terminate()
        self.is_open = False
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _terminate(self) -> None:
        self.is_open = False
        # Nobody wants what they are at any more, and ctrl-C should not wait for it.
        for process in list((self._pool._processes or {}).values()):  # noqa: SLF001 - the pool has no other way
            process.terminate()
        # What is still on its way to them is read by nobody: waiting for it would keep this process from ending.
        # A pool that has shut down already has no queue any more.
        if (queue := getattr(self._pool, "_call_queue", None)) is not None:
            queue.cancel_join_thread()


@contextmanager
def fork_workers(settings: Settings) -> Iterator[WorkerPool | None]:
    """Give worker processes forked from this one while it has nothing but modules that they need as well.

    None where they cannot be had that way: a process with threads must not fork, other models than the bundled one
    start some, only Linux forks safely, and some machines allow no more processes or no semaphores.
    """
    may_fork = _worker_count(settings) > 1 and settings.embedding_model == BUNDLED_MODEL and sys.platform == "linux"
    pool = None
    if may_fork and len(list(Path("/proc/self/task").iterdir())) == 1:
        try:
            pool = WorkerPool(settings, method="fork")
        except (OSError, ImportError, NotImplementedError) as error:
            logger.info("no worker processes can be forked: %s", error)
    with nullcontext() if pool is None else pool:
        yield pool


@contextmanager
def index_files(
    files: Iterable[SourceFile],
    planned_bytes: int,
    load_model: Callable[[], Embedder],
    settings: Settings,
    source_id: str,
    forked: WorkerPool | None = None,
) -> Iterator[Iterator[IndexedFiles]]:
    """Give an iterator over the indexed files, in the order of `files`; its worker processes end with the context.

    `forked` are used as long as they are there. Here, the model is loaded when there is a first file, and not at all
    when the workers embed.
    """
    if planned_bytes < SMALL_SOURCE_BYTES or _worker_count(settings) == 1:
        yield _index_here(files, load_model, settings, source_id)
        return
    try:
        with forked if forked is not None and forked.is_open else _spawn_workers(settings) as pool:
            if settings.embedding_model == BUNDLED_MODEL:
                yield pool.run(_index_group, source_id, files)
            else:
                # A network takes all cores and much memory by itself: one of it is enough.
                here = BatchIndexer(load_model(), settings)
                yield (here.embed(chunked, source_id) for chunked in pool.run(_chunk_group, source_id, files))
    except BrokenProcessPool as error:
        raise SourceError(
            "A worker process ended in the middle of its work, most often for lack of memory. "
            "Run it again with CODESEARCH_INDEX_WORKERS=1."
        ) from error


def _spawn_workers(settings: Settings) -> WorkerPool:
    try:
        return WorkerPool(settings, method="spawn")
    except (OSError, ImportError, NotImplementedError) as error:
        raise SourceError(
            f"No worker processes can be started: {error}. Run it again with CODESEARCH_INDEX_WORKERS=1."
        ) from error


def _worker_count(settings: Settings) -> int:
    return settings.index_workers or os.cpu_count() or 1


def _index_here(
    files: Iterable[SourceFile], load_model: Callable[[], Embedder], settings: Settings, source_id: str
) -> Iterator[IndexedFiles]:
    here: BatchIndexer | None = None
    for group in group_files(files):
        here = here or BatchIndexer(load_model(), settings)
        yield here.embed(here.chunk(group), source_id)


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
def _prepared_before(settings: WorkerSettings) -> Iterator[None]:
    """Load model and language tables once for all processes that are forked meanwhile."""
    global _indexer
    all_languages()
    _indexer = BatchIndexer(load_embedder(settings), settings)
    gc.freeze()
    try:
        yield
    finally:
        _indexer = None
        gc.unfreeze()


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


def _start_worker(settings: WorkerSettings) -> None:
    """Prepare a worker process: ctrl-C is its parent's business, and it ends when its parent is gone."""
    global _indexer
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _indexer = _indexer or BatchIndexer(load_embedder(settings), settings)
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


def _index_group(source_id: str, files: Sequence[SourceFile]) -> IndexedFiles:
    return _prepared().embed(_prepared().chunk(files), source_id)


def _chunk_group(source_id: str, files: Sequence[SourceFile]) -> list[ChunkedFile]:
    return _prepared().chunk(files)
