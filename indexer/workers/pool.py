"""Runs indexer.batches over all files of a source in worker processes, in order; one that dies costs one file at most.

Each worker has a thread here that hands it groups of files and waits. What a worker died of is found, read as lines in
a fresh one, and named; everything else is read as ever.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, cast

# One thread of BLAS is all that is wanted, see core/embedding.py; more of them would keep this process from forking.
os.putenv("OPENBLAS_NUM_THREADS", "1")

from codesearch.core.counts import say_count
from codesearch.core.embedding.embedder import Embedder
from codesearch.core.errors import SourceError
from codesearch.core.types import BUNDLED_MODEL, SourceFile
from indexer.batches import BatchIndexer, ChunkedFile, IndexedFiles, group_files
from indexer.workers.processes import MOST_WORKERS, ForkServer, Nursery, SpawnedWorkers, WorkerProcess
from indexer.workers.tasks import Failure, Step, Task, WorkerDiedError, WorkerSettings, divide

if TYPE_CHECKING:
    from codesearch.core.config import Settings

logger = logging.getLogger(__name__)

# Less text than this is done before a second worker has its share.
SMALL_SOURCE_BYTES = 100_000
GROUPS_AHEAD_PER_WORKER = 4
# So many workers that die one after the other, with nothing done in between, are no fault of any file.
MOST_DEATHS = 20

_kept: dict[WorkerSettings, ForkServer] = {}
_kept_lock = threading.Lock()


class WorkerPool:
    """Up to `count` worker processes for one source, which start when there is work for them.

    A context manager: behind it the processes have ended, at once when it was left by an exception.
    """

    def __init__(self, nursery: Nursery, count: int) -> None:
        self.count = count
        self._nursery = nursery
        self._idle: list[WorkerProcess] = []
        self._all: set[WorkerProcess] = set()
        self._lock = threading.Lock()
        self._deaths = 0
        self._is_closing = False
        self._minders = ThreadPoolExecutor(count, thread_name_prefix="worker")
        # The first one starts while this process does something else.
        self._first = self._minders.submit(nursery.start)

    @property
    def pids(self) -> list[int]:
        """The processes that there are now."""
        with self._lock:
            return sorted(worker.pid for worker in self._all)

    def can_start(self) -> bool:
        """Wait for the first worker, and say whether there is one. Raises what keeps it from loading the model."""
        try:
            worker = self._first.result()
        except (OSError, ImportError, NotImplementedError) as error:
            _warn_of_none(error)
            return False
        with self._lock:
            self._all.add(worker)
            self._idle.append(worker)
        return True

    def run(self, step: Step, source_id: str, files: Iterable[SourceFile]) -> Iterator[object]:
        """Yield the results of the step for groups of the files, in order, and end the processes.

        Raises what the step raised, or SourceError when workers die whatever they are given.
        """
        pending: deque[Future[list[object]]] = deque()
        for group in group_files(files):
            pending.append(self._minders.submit(self._finish, Task(step, source_id, tuple(group))))
            if len(pending) >= self.count * GROUPS_AHEAD_PER_WORKER:
                yield from pending.popleft().result()
        while pending:
            yield from pending.popleft().result()
        # Publishing needs memory too: the workers give theirs back before.
        self._close()

    def _finish(self, task: Task) -> list[object]:
        """Return the results of a task: one, or several when workers died over it."""
        results: list[object] = []
        pending = [task]
        while pending and not self._is_closing:
            part = pending.pop(0)
            worker = self._take()
            try:
                answer = worker.ask(part)
            except WorkerDiedError as death:
                self._forget(worker)
                self._note(part, death)
                pending[:0] = divide(part, death)
                continue
            self._deaths = 0
            with self._lock:
                self._idle.append(worker)
            if isinstance(answer, Failure):
                raise answer.error
            results.append(answer)
        return results

    def _take(self) -> WorkerProcess:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        try:
            worker = self._nursery.start()
        except (OSError, ImportError, NotImplementedError) as error:
            raise SourceError(
                f"No other worker process can be started: {error}. Run it again with CODESEARCH_INDEX_WORKERS=1."
            ) from error
        with self._lock:
            self._all.add(worker)
        if self._is_closing:
            worker.kill()
        return worker

    def _forget(self, worker: WorkerProcess) -> None:
        with self._lock:
            self._all.discard(worker)

    def _note(self, task: Task, death: WorkerDiedError) -> None:
        if self._is_closing:
            return
        path = task.files[death.position].path if death.position is not None else None
        logger.info("a worker process ended with %s at %s", death.status, path or say_count(len(task.files), "file"))
        self._deaths += 1
        if self._deaths > MOST_DEATHS:
            raise SourceError(
                "Worker processes end in the middle of their work again and again, most often for lack of memory. "
                "Free some, or run it again with CODESEARCH_INDEX_WORKERS=1."
            ) from death

    def _close(self) -> None:
        self._is_closing = True
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.close()
            self._forget(worker)
        self._minders.shutdown(wait=True, cancel_futures=True)

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(self, *_: object) -> None:
        self._is_closing = True
        self._first.cancel()
        if self._first.done() and not self._first.cancelled() and self._first.exception() is None:
            self._all.add(self._first.result())
        with self._lock:
            workers = list(self._all)
        # Nobody wants what they are at any more, and ctrl-C should not wait for it.
        for worker in workers:
            worker.kill()
        self._close()


@contextmanager
def fork_workers(settings: Settings) -> Iterator[ForkServer | None]:
    """Give a server of worker processes, forked from this one while it has nothing but modules that they need as well.

    None where it cannot be had that way: a process with threads must not fork, other models than the bundled one start
    some, only Linux forks safely, and some machines allow no more processes.
    """
    server = None
    if _can_fork(settings) and len(list(Path("/proc/self/task").iterdir())) == 1:
        try:
            server = ForkServer(_needed(settings), method="fork")
        except (OSError, ImportError, NotImplementedError) as error:
            logger.info("no worker processes can be forked: %s", error)
    with nullcontext() if server is None else server:
        yield server


@contextmanager
def index_files(
    files: Iterable[SourceFile],
    planned_bytes: int,
    load_model: Callable[[], Embedder],
    settings: Settings,
    source_id: str,
    forked: ForkServer | None = None,
) -> Iterator[Iterator[IndexedFiles]]:
    """Give an iterator over the indexed files, in the order of `files`; its worker processes end with the context.

    `forked` starts them where there is one. Here, the model is loaded when there is a first file, and not at all when
    the workers embed. Where no process can be started, everything is done here.
    """
    if not planned_bytes:
        yield _index_here(files, load_model, settings, source_id)
        return
    count = 1 if planned_bytes < SMALL_SOURCE_BYTES else min(MOST_WORKERS, _worker_count(settings))
    nursery: Nursery | None = forked if forked is not None and forked.is_alive else _other_nursery(settings)
    with nullcontext() if nursery is None else WorkerPool(nursery, count) as pool:
        if settings.embedding_model == BUNDLED_MODEL:
            yield _index_in(pool, files, load_model, settings, source_id)
        else:
            # A network takes all cores and much memory by itself: one of it is enough.
            yield _index_here(files, load_model, settings, source_id, pool)


def _index_in(
    pool: WorkerPool | None,
    files: Iterable[SourceFile],
    load_model: Callable[[], Embedder],
    settings: Settings,
    source_id: str,
) -> Iterator[IndexedFiles]:
    if pool is None or not pool.can_start():
        yield from _index_here(files, load_model, settings, source_id)
    else:
        yield from cast("Iterator[IndexedFiles]", pool.run(Step.INDEX, source_id, files))


def _index_here(
    files: Iterable[SourceFile],
    load_model: Callable[[], Embedder],
    settings: Settings,
    source_id: str,
    pool: WorkerPool | None = None,
) -> Iterator[IndexedFiles]:
    """Embed here, and chunk here too where there is no pool."""
    files = iter(files)
    first = next(files, None)
    if first is None:
        return
    here = BatchIndexer(load_model(), settings)
    files = chain([first], files)
    if pool is not None and pool.can_start():
        for chunked in pool.run(Step.CHUNK, source_id, files):
            yield here.embed(cast("list[ChunkedFile]", chunked), source_id)
        return
    for group in group_files(files):
        yield here.embed(here.chunk(group), source_id)


def _other_nursery(settings: Settings) -> Nursery | None:
    """Return where workers come from when none was forked in time; None where no process can be started."""
    needed = _needed(settings)
    if not _can_fork(settings):
        return SpawnedWorkers(needed)
    with _kept_lock:
        server = _kept.get(needed)
        if server is None or not server.is_alive:
            try:
                server = ForkServer(needed, method="spawn", is_kept=True)
            except (OSError, ImportError, NotImplementedError) as error:
                _warn_of_none(error)
                return None
            _kept[needed] = server
        return server


def _can_fork(settings: Settings) -> bool:
    return sys.platform == "linux" and settings.embedding_model == BUNDLED_MODEL


def _needed(settings: Settings) -> WorkerSettings:
    # The bundled model needs no folder: one server is enough for all data folders.
    folder = Path() if settings.embedding_model == BUNDLED_MODEL else settings.resolved_model_cache_dir
    return WorkerSettings(
        settings.embedding_model,
        folder,
        settings.max_chunk_tokens,
        settings.max_parse_seconds,
        settings.max_parse_memory_mb,
    )


def _worker_count(settings: Settings) -> int:
    return settings.index_workers or os.cpu_count() or 1


def _warn_of_none(error: Exception) -> None:
    logger.warning("No worker process can be started; a file that is too much for a parser ends this one: %s", error)
