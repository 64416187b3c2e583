"""Index runs of several data sources, two at a time: while one is published, the files of the next are read already.

What is shown is shown as if they came one after the other.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from indexer.pipeline import IndexReport, Progress

T = TypeVar("T")

# As many runs at once keep two cores busy: one in the processes that chunk, one where rows are published.
RUNS_AT_ONCE = 2
# After ctrl-C a run ends at its next step; one that takes longer is ended with the process, which harms no index.
STOP_SECONDS = 5.0


class Turn:
    """The progress of a run, kept until it is this run's turn to be shown, and passed on from then."""

    def __init__(self, stop: threading.Event) -> None:
        """Once `stop` is set, the run is interrupted at its next step.

        `is_underway` is set once the run knows its files: by then its source has a name.
        """
        self.is_underway = threading.Event()
        self._stop = stop
        self._lock = threading.Lock()
        self._shown: Progress | None = None
        self._phases: list[tuple[str, int | None]] = []
        self._counts: tuple[int, int, int] | None = None

    def show_on(self, progress: Progress) -> None:
        """Show what there was so far, and everything from now on."""
        with self._lock:
            for phase, total in self._phases:
                progress.start(phase, total)
            if self._counts is not None:
                progress.advance(*self._counts)
            self._shown = progress

    def start(self, phase: str, total: int | None = None) -> None:
        """Take a phase. Raises KeyboardInterrupt when the run is to end."""
        self.go_on()
        if total is not None:
            self.is_underway.set()
        with self._lock:
            if self._shown is not None:
                self._shown.start(phase, total)
            else:
                self._phases.append((phase, total))
                self._counts = None

    def advance(self, files: int, chunks: int, skipped: int) -> None:
        """Take the counts of a phase. Raises KeyboardInterrupt when the run is to end."""
        self.go_on()
        with self._lock:
            if self._shown is not None:
                self._shown.advance(files, chunks, skipped)
            else:
                self._counts = (files, chunks, skipped)

    def go_on(self) -> None:
        """Raise KeyboardInterrupt when the run is to end."""
        if self._stop.is_set():
            raise KeyboardInterrupt


class Runs(Generic[T]):
    """Runs of targets in threads, which are told about in the order of the targets.

    A context manager: left by an exception, ctrl-C above all, it interrupts the runs and waits a little for them.
    """

    def __init__(
        self,
        targets: Sequence[T],
        index: Callable[[T, Progress], IndexReport],
        must_wait: Callable[[T, T], bool] = lambda target, before: False,
        is_known: Callable[[T], bool] = lambda target: False,
    ) -> None:
        """`index` does a run, in any thread. `must_wait`: whether one may only begin once the one before has ended.

        `is_known`: whether one has its name, so that it begins at once. Others begin when the files of the one before
        are known.
        """
        self._targets = targets
        self._next = 0
        self._must_wait = must_wait
        self._is_known = is_known
        self._index = index
        self._stop = threading.Event()
        self._threads = ThreadPoolExecutor(RUNS_AT_ONCE, thread_name_prefix="index")
        self._begun: deque[tuple[Turn, Future[IndexReport]]] = deque()

    def next_report(self, show: AbstractContextManager[Progress]) -> IndexReport:
        """Wait for the next target's run, shown by `show`, and return its report. Raises what the run raised."""
        self._begin()
        turn, run = self._begun[0]
        with show as progress:
            turn.show_on(progress)
            wait([run])
            self._begun.popleft()
            return run.result()

    def wait_for_others(self) -> None:
        """Wait until no run is at work; the next target that is asked for begins others again."""
        wait([run for _, run in self._begun])

    def _begin(self) -> None:
        while self._next < len(self._targets) and len(self._begun) < RUNS_AT_ONCE:
            target, turn = self._targets[self._next], Turn(self._stop)
            self._begun.append((turn, self._threads.submit(self._run, target, turn, self._wait_before(target))))
            self._next += 1

    def _wait_before(self, target: T) -> Callable[[], object]:
        """Return what waits until the next target may begin."""
        if not self._begun:
            return lambda: None
        turn, run = self._begun[-1]
        if self._must_wait(target, self._targets[self._next - 1]):
            return lambda: wait([run])
        if self._is_known(target):
            return lambda: None
        # Of two with one name, the first gets it.
        return turn.is_underway.wait

    def _run(self, target: T, turn: Turn, wait_before: Callable[[], object]) -> IndexReport:
        try:
            wait_before()
            turn.go_on()
            return self._index(target, turn)
        finally:
            turn.is_underway.set()

    def __enter__(self) -> Runs[T]:
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        for turn, _ in self._begun:
            turn.is_underway.set()
        wait([run for _, run in self._begun], STOP_SECONDS)
        self._threads.shutdown(wait=False, cancel_futures=True)
