"""Worker processes that read files in order, of one data source after the other; one that dies costs one file at most.

Each worker has a thread here that hands it groups of files and waits. What a worker died of is found, read as lines in
a fresh one, and named; everything else is read as ever.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait

from codesearch.core.counts import say_count
from codesearch.core.errors import SourceError
from codesearch.core.types import SourceFile
from indexer.workers.processes import Nursery, WorkerProcess
from indexer.workers.tasks import Failure, Step, Task, WorkerDiedError, divide

logger = logging.getLogger(__name__)

GROUPS_AHEAD_PER_WORKER = 4
# So many workers that die one after the other, with nothing done in between, are no fault of any file.
MOST_DEATHS = 20
# A worker that holds more when it has answered is replaced: those that read the Linux sources grew to 1.15 GB each.
MOST_KEPT_BYTES = 320 << 20
# What is raised where the system starts no process.
REFUSALS = (OSError, ImportError, NotImplementedError)


class WorkerPool:
    """Up to `count` worker processes, which start when there is work for them and stay for the next data source.

    A context manager: behind it the processes have ended. Safe to use from several threads.
    """

    def __init__(self, nursery: Nursery, count: int) -> None:
        self.count = count
        self._nursery = nursery
        self._idle: list[WorkerProcess] = []
        self._all: set[WorkerProcess] = set()
        self._lock = threading.Lock()
        self._is_closed = False
        self._minders = ThreadPoolExecutor(count, thread_name_prefix="worker")
        # The first one starts while this process does something else.
        self._first = self._minders.submit(lambda: self.give_back(self._start()))

    @property
    def pids(self) -> list[int]:
        """The processes that there are now."""
        with self._lock:
            return sorted(worker.pid for worker in self._all)

    def can_start(self) -> bool:
        """Wait for the first worker, and say whether there is one. Raises what keeps it from loading the model."""
        try:
            self._first.result()
        except REFUSALS as error:
            warn_of_none(error)
            return False
        return True

    def work_for(self, source_id: str) -> SourceWork:
        """Return what hands the files of a data source to the workers."""
        return SourceWork(self, source_id)

    def submit(self, finish: Callable[[Task], list[object]], task: Task) -> Future[list[object]]:
        """Have a thread finish a task."""
        return self._minders.submit(finish, task)

    def take(self) -> WorkerProcess:
        """Return a worker that does nothing, a new one where none is left. Raises SourceError."""
        with self._lock:
            if self._idle:
                return self._idle.pop()
        try:
            return self._start()
        except REFUSALS as error:
            raise SourceError(
                f"No other worker process can be started: {error}. Run it again with CODESEARCH_INDEX_WORKERS=1."
            ) from error

    def give_back(self, worker: WorkerProcess) -> None:
        """Take back a worker that has answered."""
        with self._lock:
            self._idle.append(worker)

    def forget(self, worker: WorkerProcess) -> None:
        """Count no longer on a worker that has ended."""
        with self._lock:
            self._all.discard(worker)

    def close(self) -> None:
        """End the processes once nobody has work for them."""
        self._is_closed = True
        self._minders.shutdown(wait=True, cancel_futures=True)
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.close()
            self.forget(worker)

    def _start(self) -> WorkerProcess:
        worker = self._nursery.start()
        with self._lock:
            self._all.add(worker)
        if self._is_closed:
            worker.kill()
        return worker

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class SourceWork:
    """What the workers of a pool do for one data source.

    A context manager: behind it none is at work for it, at once when it was left by an exception.
    """

    def __init__(self, pool: WorkerPool, source_id: str) -> None:
        self._pool = pool
        self._source_id = source_id
        self._pending: deque[Future[list[object]]] = deque()
        self._busy: set[WorkerProcess] = set()
        self._lock = threading.Lock()
        self._deaths = 0
        self._is_over = False

    def run(self, step: Step, groups: Iterable[Iterable[SourceFile]]) -> Iterator[object]:
        """Yield the results of the step for groups of files, in order.

        Raises what the step raised, or SourceError when workers die whatever they are given.
        """
        for group in groups:
            self._pending.append(self._pool.submit(self._finish, Task(step, self._source_id, tuple(group))))
            if len(self._pending) >= self._pool.count * GROUPS_AHEAD_PER_WORKER:
                yield from self._next_results()
        while self._pending:
            yield from self._next_results()

    def _next_results(self) -> list[object]:
        results = self._pending[0].result()
        self._pending.popleft()
        return results

    def _finish(self, task: Task) -> list[object]:
        """Return the results of a task: one, or several when workers died over it."""
        results: list[object] = []
        pending = [task]
        while pending:
            worker = self._begin()
            if worker is None:
                break
            part = pending.pop(0)
            try:
                answer = worker.ask(part)
            except WorkerDiedError as death:
                self._end(worker, has_died=True)
                self._note(part, death)
                pending[:0] = divide(part, death)
                continue
            self._end(worker)
            self._deaths = 0
            if isinstance(answer, Failure):
                raise answer.error
            results.append(answer)
        return results

    def _begin(self) -> WorkerProcess | None:
        """Return a worker, None when nobody wants the results any more."""
        if self._is_over:
            return None
        worker = self._pool.take()
        with self._lock:
            if not self._is_over:
                self._busy.add(worker)
                return worker
        self._pool.give_back(worker)
        return None

    def _end(self, worker: WorkerProcess, *, has_died: bool = False) -> None:
        with self._lock:
            self._busy.discard(worker)
            # Killed, it may have answered all the same.
            is_killed = self._is_over and not has_died
        if is_killed:
            worker.kill()
            worker.close()
        is_worn = not has_died and not is_killed and worker.memory_bytes() > MOST_KEPT_BYTES
        if is_worn:
            # It keeps what its largest file took, and its words; a fresh one begins with neither.
            worker.close()
        if has_died or is_killed or is_worn:
            self._pool.forget(worker)
        else:
            self._pool.give_back(worker)

    def _note(self, task: Task, death: WorkerDiedError) -> None:
        if self._is_over:
            return
        path = task.files[death.position].path if death.position is not None else None
        logger.info("a worker process ended with %s at %s", death.status, path or say_count(len(task.files), "file"))
        self._deaths += 1
        if self._deaths > MOST_DEATHS:
            raise SourceError(
                "Worker processes end in the middle of their work again and again, most often for lack of memory. "
                "Free some, or run it again with CODESEARCH_INDEX_WORKERS=1."
            ) from death

    def __enter__(self) -> SourceWork:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._is_over = True
            busy = list(self._busy)
        # Nobody wants what they are at any more, and ctrl-C should not wait for it.
        for worker in busy:
            worker.kill()
        for future in self._pending:
            future.cancel()
        wait([future for future in self._pending if not future.cancelled()])


def warn_of_none(error: Exception) -> None:
    """Say that there are no worker processes, and what that means."""
    logger.warning("No worker process can be started; a file that is too much for a parser ends this one: %s", error)
