"""How worker processes start: forked from a server that has loaded what they need, or one by one where none can fork.

The server is a process with one thread that does nothing else, and loads that when the first worker is asked for. It is
forked from the command before that has threads of its own, or started from scratch and kept; a worker then costs
milliseconds, and so does one that takes a dead one's place.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, MutableSequence
from contextlib import contextmanager, suppress
from ctypes import c_double
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import RawArray
from pathlib import Path
from types import ModuleType
from typing import Protocol, cast

from codesearch.core.errors import CodesearchError
from indexer.batches import BatchIndexer, parse_limits
from indexer.chunking.budget import ParseLimits
from indexer.workers.limits import Marks, wall_seconds
from indexer.workers.tasks import Task, WorkerDiedError, WorkerSettings
from indexer.workers.work import prepare, work

MOST_WORKERS = 256
WATCH_SECONDS = 1.0
# A server that nobody has asked for a worker for so long ends; the next run starts another one.
IDLE_SECONDS = 60.0

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 0

_starting = threading.Lock()


class WorkerProcess:
    """One worker, as its parent sees it. For one thread at a time, but for `kill`."""

    def __init__(
        self, connection: Connection, pid: int, marks: Marks, limits: ParseLimits, wait: Callable[[], int | None]
    ) -> None:
        """`wait` waits for the end of the process, frees what it held, and returns its exit code."""
        self.pid = pid
        self._connection = connection
        self._marks = marks
        self._limits = limits
        self._wait = wait
        self._lock = threading.Lock()
        self._has_ended = False
        marks.set(None)

    def ask(self, task: Task) -> object:
        """Return the worker's answer to a task. Raises WorkerDiedError when it ends over it."""
        was_overdue = False
        try:
            self._connection.send(task)
            while not self._connection.poll(WATCH_SECONDS):
                position, seconds = self.position()
                if position is not None and seconds > wall_seconds(self._limits, len(task.files[position].text)):
                    was_overdue = True
                    self.kill()
            return self._connection.recv()
        except (EOFError, OSError):
            position, _ = self.position()
            raise WorkerDiedError(position, self.close(), was_overdue=was_overdue) from None

    def position(self) -> tuple[int | None, float]:
        """Return which file of its task the worker is at, None between files, and for how many seconds."""
        return self._marks.get()

    def memory_bytes(self) -> int:
        """Return the memory that the process holds, 0 where the system does not tell."""
        try:
            return int(Path(f"/proc/{self.pid}/statm").read_bytes().split()[1]) * _PAGE_BYTES
        except (OSError, ValueError, IndexError):
            return 0

    def kill(self) -> None:
        """End the process now."""
        with self._lock:
            if not self._has_ended:
                with suppress(OSError):
                    os.kill(self.pid, getattr(signal, "SIGKILL", signal.SIGTERM))

    def close(self) -> int | None:
        """Let the process end, wait for it, and return its exit code: negative for a signal, None when not known."""
        self._connection.close()
        status = self._wait()
        with self._lock:
            self._has_ended = True
        return status


class Nursery(Protocol):
    """Where workers come from."""

    def start(self) -> WorkerProcess:
        """Start a worker. Raises OSError when the system has no room for another process, or an error of ours."""


class _Slots:
    """The shared memory in which workers say where they are, and which places of it are free."""

    def __init__(self) -> None:
        self.shared = cast("MutableSequence[float]", RawArray(c_double, 2 * MOST_WORKERS))
        self._free = list(range(MOST_WORKERS))
        self._lock = threading.Lock()

    def take(self) -> int:
        with self._lock:
            if not self._free:
                raise BlockingIOError("there are too many worker processes")
            return self._free.pop()

    def give_back(self, slot: int) -> None:
        with self._lock:
            self._free.append(slot)


class SpawnedWorkers:
    """Starts each worker from scratch: where processes must not be forked, or the model has threads."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._slots = _Slots()

    def start(self) -> WorkerProcess:
        """Start a worker, which takes about a second."""
        slot = self._slots.take()
        ours, theirs = multiprocessing.Pipe()
        process: BaseProcess = multiprocessing.get_context("spawn").Process(
            target=work, args=(theirs, self._settings, self._slots.shared, slot), daemon=True
        )
        try:
            with _starting_quietly():
                process.start()
        except BaseException:
            self._slots.give_back(slot)
            raise
        finally:
            theirs.close()

        def wait() -> int | None:
            process.join()
            self._slots.give_back(slot)
            return process.exitcode

        marks = Marks(self._slots.shared, slot)
        return WorkerProcess(ours, process.pid or 0, marks, parse_limits(self._settings), wait)


class ForkServer:
    """A process that forks workers when it is asked to; with the first it loads model and language tables.

    A context manager: behind it the server is gone, and its workers end with whoever talks to them.
    """

    def __init__(self, settings: WorkerSettings, *, method: str, is_kept: bool = False) -> None:
        """Start it. `method`: fork, from a process with one thread, or spawn. Raises OSError."""
        self._settings = settings
        self._slots = _Slots()
        self._lock = threading.Lock()
        self._control, theirs = multiprocessing.Pipe()
        inherited = self._control if method == "fork" else None
        self._process: BaseProcess = multiprocessing.get_context(method).Process(  # type: ignore[attr-defined]
            target=_serve, args=(theirs, inherited, settings, self._slots.shared, is_kept), daemon=True
        )
        with _starting_quietly():
            self._process.start()
        theirs.close()

    @property
    def is_alive(self) -> bool:
        """Whether it can still be asked."""
        return self._process.is_alive()

    def start(self) -> WorkerProcess:
        """Fork a worker, once the server has loaded what it needs."""
        from multiprocessing.reduction import send_handle

        slot = self._slots.take()
        ours, theirs = multiprocessing.Pipe()
        try:
            with self._lock:
                self._control.send(slot)
                send_handle(self._control, theirs.fileno(), self._process.pid)
                answer = self._control.recv()
        except EOFError:
            answer = ConnectionError("the process that starts the workers has ended")
        finally:
            theirs.close()
        if isinstance(answer, Exception):
            self._slots.give_back(slot)
            raise answer
        pid = int(answer)

        def wait() -> int | None:
            status = self._wait_for(pid)
            self._slots.give_back(slot)
            return status

        return WorkerProcess(ours, pid, Marks(self._slots.shared, slot), parse_limits(self._settings), wait)

    def _wait_for(self, pid: int) -> int | None:
        with suppress(EOFError, OSError), self._lock:
            self._control.send(-pid)
            status = self._control.recv()
            return status if isinstance(status, int) else None
        return None

    def __enter__(self) -> ForkServer:
        return self

    def __exit__(self, *_: object) -> None:
        self._control.close()
        self._process.join()


def _serve(
    control: Connection,
    parents_end: Connection | None,
    settings: WorkerSettings,
    shared: MutableSequence[float],
    is_kept: bool,
) -> None:
    """Be the server: a number asks for a worker in that slot, a negative one for the exit code of that process."""
    from multiprocessing.reduction import recv_handle

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if parents_end is not None:
        parents_end.close()
    prepared: BatchIndexer | None = None
    children = 0
    with suppress(EOFError, ConnectionError):
        while control.poll(IDLE_SECONDS if is_kept and not children else None):
            asked = control.recv()
            if asked < 0:
                control.send(os.waitstatus_to_exitcode(os.waitpid(-asked, 0)[1]))
                children -= 1
                continue
            descriptor = recv_handle(control)
            try:
                if prepared is None:
                    # Not before: a run that finds nothing changed asks for no worker.
                    prepared = prepare(settings)
                    gc.freeze()
                answer: int | Exception = _fork(control, descriptor, asked, settings, shared, prepared)
            except (CodesearchError, OSError) as error:
                answer = error
            os.close(descriptor)
            children += isinstance(answer, int)
            control.send(answer)


def _fork(
    control: Connection,
    descriptor: int,
    slot: int,
    settings: WorkerSettings,
    shared: MutableSequence[float],
    prepared: BatchIndexer,
) -> int:
    """Return the process id of a new worker that talks over the descriptor. Raises OSError."""
    pid = os.fork()
    if pid:
        return pid
    try:
        control.close()
        work(Connection(descriptor), settings, shared, slot, prepared)
        os._exit(0)
    finally:
        os._exit(1)


@contextmanager
def _starting_quietly() -> Iterator[None]:
    """Start processes that never see ctrl-C, not even while they import, and that import no main module.

    The main module is the whole service, of which they need nothing. multiprocessing's tracker is to start without a
    word too.
    """
    with _starting:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        sys.warnoptions.append("ignore::UserWarning:multiprocessing.resource_tracker")
        try:
            with _interrupts_held():
                yield
        finally:
            sys.warnoptions.pop()
            sys.modules["__main__"] = main


@contextmanager
def _interrupts_held() -> Iterator[None]:
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    held: list[int] = []
    is_main = threading.current_thread() is threading.main_thread()
    # The mask is for them, the handler for this process: another of its threads may take the signal.
    handler = signal.signal(signal.SIGINT, lambda number, _: held.append(number)) if is_main else None
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if is_main:
            signal.signal(signal.SIGINT, handler or signal.SIG_DFL)
        if held:
            signal.raise_signal(signal.SIGINT)
