"""Turns: one search at a time in a process, keys in turn; and Work, what one request may take of it.

A search works in a turn. Between its stages it checks (`Turn.check`): there it ends when nobody waits for its answer or
its time is over, and there a search that has worked for a while lets another key's go first.
"""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Any

from codesearch.core.errors import SearchAbandonedError, SearchTooLongError, TooManyRequestsError
from codesearch.core.stages import Stage, StageClock
from codesearch.retrieval.freshening import Freshened

# Plain queries to a large source take less: they are not interrupted. Another key's waits for no more than this.
QUANTUM_SECONDS = 0.01


class Work:
    """What one request may take: `key` is whose turn it needs. Any thread may cancel it when its client has gone.

    It carries what was read: the ids of the data sources in `searched`, how those stand that were to be fresh in
    `freshened`, and in `inquiries` whatever callers note of it.
    """

    def __init__(self, key: str, max_seconds: float | None = None, clock: StageClock | None = None) -> None:
        """Allow so many seconds of work, and as many of waiting for it; None for any number.

        `clock` is told of the stages, where somebody wants to know.
        """
        self.clock = clock
        self.key = key
        self.max_seconds = max_seconds
        self.is_cancelled = False
        self.worked_seconds = 0.0
        self.waited_seconds = 0.0
        self.waiter: _Waiter | None = None
        self.searched: set[str] = set()
        self.freshened: list[Freshened] = []
        self.inquiries: list[Any] = []

    def cancel(self) -> None:
        """End the work at its next check, at once where it waits."""
        self.is_cancelled = True
        if (waiter := self.waiter) is not None:
            waiter.wake()

    def begin_stage(self, stage: Stage | None) -> None:
        """Say which part of the work begins; None for none."""
        if self.clock is not None:
            self.clock.begin(stage)

    def require_wanted(self) -> None:
        """Raise SearchAbandonedError when the work is cancelled."""
        if self.is_cancelled:
            raise SearchAbandonedError("The connection was closed before the search was done.")


class _Waiter:
    """A thread that waits for its turn."""

    def __init__(self) -> None:
        self.has_turn = False
        self._gate = Lock()
        self._gate.acquire()

    def wait(self, seconds: float | None) -> None:
        self._gate.acquire(timeout=-1 if seconds is None else max(0.0, seconds))

    def wake(self) -> None:
        with suppress(RuntimeError):  # it is awake already
            self._gate.release()


class Turns:
    """Lets one piece of work at a time go on. Keys that wait take turns; the work of one key goes in order."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._is_taken = False
        # Who waits, by key, the key that had its turn longest ago first.
        self._waiting: OrderedDict[str, deque[_Waiter]] = OrderedDict()
        # Told of each that begins to wait (1) and ends (-1), where somebody counts them.
        self.report_waiting: Callable[[int], None] | None = None

    @contextmanager
    def take(self, work: Work) -> Iterator[Turn]:
        """Wait for the work's turn and hold it.

        Raises SearchAbandonedError when the work is cancelled, TooManyRequestsError when it has waited for as long as
        it may work.
        """
        work.require_wanted()
        self._enter(work, is_first=False)
        turn = Turn(self, work)
        try:
            yield turn
        finally:
            turn.end()

    def is_wanted_by_others(self, key: str) -> bool:
        """Say whether work of another key waits."""
        return len(self._waiting) > (key in self._waiting)

    def pass_on(self, work: Work) -> None:
        """Let another key's work go first, then go on before all other work of this key. Raises as `take` does."""
        self.leave(work.key)
        self._enter(work, is_first=True)

    def leave(self, key: str) -> None:
        """End a turn: the next one is that of another key, if any waits."""
        with self._lock:
            if key in self._waiting:
                self._waiting.move_to_end(key)
            following = next(iter(self._waiting), None)
            self._is_taken = following is not None
            if following is None:
                return
            waiters = self._waiting[following]
            waiter = waiters.popleft()
            if not waiters:
                del self._waiting[following]
            waiter.has_turn = True
        waiter.wake()

    def _enter(self, work: Work, *, is_first: bool) -> None:
        with self._lock:
            if not self._is_taken:
                self._is_taken = True
                return
            waiter = work.waiter = _Waiter()
            waiters = self._waiting.setdefault(work.key, deque())
            (waiters.appendleft if is_first else waiters.append)(waiter)
        if work.is_cancelled:
            waiter.wake()
        started = time.perf_counter()
        if (report := self.report_waiting) is not None:
            report(1)
        waiter.wait(None if work.max_seconds is None else work.max_seconds - work.waited_seconds)
        if report is not None:
            report(-1)
        ended = time.perf_counter()
        work.waited_seconds += ended - started
        if work.clock is not None:
            work.clock.note_wait(started, ended)
        work.waiter = None
        with self._lock:
            if waiter.has_turn:
                return
            waiters = self._waiting[work.key]
            waiters.remove(waiter)
            if not waiters:
                del self._waiting[work.key]
        work.require_wanted()
        raise TooManyRequestsError(
            f"The search waited for its turn for {work.waited_seconds:.1f} s: too many requests at once. Try again.",
            "turn",
        )


class Turn:
    """A turn that is held, by one thread."""

    def __init__(self, turns: Turns, work: Work) -> None:
        self._turns = turns
        self._work = work
        self._is_held = True
        self._began = time.monotonic()

    def check(self) -> None:
        """Go on, after others where it is their turn.

        Raises SearchAbandonedError when the work is cancelled, SearchTooLongError when it has taken all its time,
        TooManyRequestsError when others did not let it go on.
        """
        work = self._work
        work.require_wanted()
        here = time.monotonic() - self._began
        if work.max_seconds is not None and work.worked_seconds + here > work.max_seconds:
            raise SearchTooLongError(
                f"The search was ended after {work.max_seconds:g} s of work, without an answer. Ask for less: fewer or "
                "simpler conditions, a shorter query, fewer repositories; or raise CODESEARCH_SEARCH_SECONDS."
            )
        if here > QUANTUM_SECONDS and self._turns.is_wanted_by_others(work.key):
            work.worked_seconds += here
            self._is_held = False
            self._turns.pass_on(work)
            self._is_held = True
            self._began = time.monotonic()

    def end(self) -> None:
        """Let go of it, where it is still held."""
        if self._is_held:
            self._is_held = False
            self._work.worked_seconds += time.monotonic() - self._began
            self._turns.leave(self._work.key)
