"""IndexingPool: runs indexer.batches over the files of data sources, in workers that stay from one to the next.

Of many small sources, each begins with workers that have started and know the words of those before.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain
from typing import TYPE_CHECKING, cast

from codesearch.core.embedding.embedder import Embedder
from codesearch.core.types import BUNDLED_MODEL, SourceFile
from indexer.batches import GROUP_FILES, BatchIndexer, ChunkedFile, IndexedFiles, group_files
from indexer.workers.nurseries import Nurseries
from indexer.workers.pool import WorkerPool
from indexer.workers.processes import MOST_WORKERS, ForkServer, Nursery
from indexer.workers.tasks import Step

if TYPE_CHECKING:
    from codesearch.core.config import Settings

# Less text than this is one group, done before a second worker has its share.
SMALL_SOURCE_BYTES = 100_000
# Workers that have read so much give their memory back, which publishing needs too; fresh ones take their place.
KEPT_BYTES = 8_000_000


class IndexingPool:
    """Chunks and embeds the files of data sources, in worker processes where those can be had.

    A context manager: behind it the processes have ended. Safe to use from several threads.
    """

    def __init__(self, settings: Settings, forked: ForkServer | None = None, *, keeps_workers: bool = False) -> None:
        """Start nothing yet. Workers are kept for the next data source, or end with each once its files are read.

        `forked` starts them where there is one.
        """
        self._settings = settings
        self._nurseries = Nurseries(settings, forked)
        self._keeps_workers = keeps_workers
        self._lock = threading.Lock()
        # Whom the next data source gets.
        self._pool: WorkerPool | None = None
        self._nursery: Nursery | None = None
        self._read_bytes = 0
        self._users: Counter[WorkerPool] = Counter()

    @contextmanager
    def index_files(
        self, files: Iterable[SourceFile], planned_bytes: int, load_model: Callable[[], Embedder], source_id: str
    ) -> Iterator[Iterator[IndexedFiles]]:
        """Give an iterator over the indexed files, in the order of `files`; behind the context no worker is at them.

        Here, the model is loaded when there is a first file, and not at all when the workers embed. Where no process
        can be started, everything is done here.
        """
        with ExitStack() as stack:
            pool = self._enter(planned_bytes) if planned_bytes else None
            if pool is None:
                yield self._index_here(files, load_model, source_id)
            else:
                stack.callback(self._leave, pool)
                yield self._index_in(pool, stack, files, planned_bytes, load_model, source_id)

    def _index_in(
        self,
        pool: WorkerPool,
        stack: ExitStack,
        files: Iterable[SourceFile],
        planned_bytes: int,
        load_model: Callable[[], Embedder],
        source_id: str,
    ) -> Iterator[IndexedFiles]:
        files = iter(files)
        groups = group_files(files, GROUP_FILES if planned_bytes >= SMALL_SOURCE_BYTES else planned_bytes)
        work = stack.enter_context(pool.work_for(source_id))
        if self._settings.embedding_model == BUNDLED_MODEL:
            if not pool.can_start():
                yield from self._index_here(files, load_model, source_id)
                return
            yield from cast("Iterator[IndexedFiles]", work.run(Step.INDEX, groups))
        else:
            # A network takes all cores and much memory by itself: one of it is enough.
            first = next(groups, None)
            if first is None:
                return
            here = BatchIndexer(load_model(), self._settings)
            if not pool.can_start():
                yield from self._index_here(chain(first, files), load_model, source_id)
                return
            for chunked in work.run(Step.CHUNK, chain([first], groups)):
                yield here.embed(cast("list[ChunkedFile]", chunked), source_id)
        # Publishing needs memory too: workers that are not kept give theirs back before.
        stack.close()

    def _index_here(
        self, files: Iterable[SourceFile], load_model: Callable[[], Embedder], source_id: str
    ) -> Iterator[IndexedFiles]:
        files = iter(files)
        first = next(files, None)
        if first is None:
            return
        here = BatchIndexer(load_model(), self._settings)
        for group in group_files(chain([first], files)):
            yield here.embed(here.chunk(group), source_id)

    def end_workers(self) -> None:
        """End the workers that nobody uses; the next data source gets others."""
        with self._lock:
            self._give_up()

    def _enter(self, planned_bytes: int) -> WorkerPool | None:
        """Return the workers, None where there are none; `_leave` is to follow."""
        with self._lock:
            nursery = self._nurseries.find()
            # Where the server that they came from has ended, no other could take the place of one that dies.
            if self._pool is not None and (nursery is not self._nursery or self._read_bytes >= KEPT_BYTES):
                self._give_up()
            if nursery is None:
                return None
            pool = self._pool
            if pool is None:
                pool = WorkerPool(nursery, min(MOST_WORKERS, self._settings.index_workers or os.cpu_count() or 1))
                self._pool, self._nursery, self._read_bytes = pool, nursery, 0
            self._users[pool] += 1
            self._read_bytes += planned_bytes
            return pool

    def _leave(self, pool: WorkerPool) -> None:
        with self._lock:
            self._users[pool] -= 1
            is_kept = self._keeps_workers and self._read_bytes < KEPT_BYTES and pool.pids
            if pool is self._pool and not self._users[pool] and not is_kept:
                self._pool = None
            self._close_unused(pool)

    def _give_up(self) -> None:
        former, self._pool = self._pool, None
        if former is not None:
            self._close_unused(former)

    def _close_unused(self, pool: WorkerPool) -> None:
        """End the workers that no data source has, or will have."""
        if pool is not self._pool and not self._users[pool]:
            pool.close()

    def __enter__(self) -> IndexingPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.end_workers()
