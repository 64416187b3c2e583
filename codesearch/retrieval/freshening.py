"""Brings data sources up to date before they are asked, for as long as whoever asks would wait, and says what is not.

What is asked of remotes and of jobs is handed in: this knows neither git nor who does the work.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from threading import Lock
from typing import Protocol

from codesearch.core.errors import CodesearchError
from codesearch.core.types import DataSource

logger = logging.getLogger(__name__)

# Whoever asks waits no longer than this, however long they would.
MAX_SECONDS = 30
# What a remote said counts for this time: requests that come together ask it once.
SEEN_SECONDS = 5.0
# Each that waits has a thread of the service. The others are answered from what there is.
MOST_WAITING = 16
MOST_WAITING_OF_KEY = 4
# Of a larger scope the rest is answered as it is.
MOST_SOURCES = 50
_LOOKS_AT_ONCE = 8
_POLL_SECONDS = 0.2


class State(str, Enum):
    """How a data source stands after it was to be freshened."""

    FRESH = "fresh"
    BEHIND = "behind"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Freshened:
    """How a data source stands: `message` says why it is not fresh, in a sentence that names no place."""

    source: DataSource
    state: State
    message: str = ""


class Refresh(Protocol):
    """A refresh of one data source that was begun."""

    def is_over(self) -> bool:
        """Say whether it has ended."""

    def failure(self) -> str | None:
        """Return why it failed, None where it did not."""


class Freshener:
    """Safe to use from many threads. `close` it at the end."""

    def __init__(
        self,
        look: Callable[[DataSource], str | None],
        begin: Callable[[DataSource, str], Refresh],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`look` asks where a data source lies which commit it is to be of, None where only a refresh can tell.

        `begin` begins a refresh for who is named, or joins one that waits. Both raise CodesearchError. `clock` gives
        seconds.
        """
        self._look = look
        self._begin = begin
        self._clock = clock
        self._sleep = sleep
        self._lock = Lock()
        self._looks: dict[str, tuple[float, Future[str | None]]] = {}
        # What was begun last for each data source, and for which commit.
        self._begun: dict[str, tuple[str | None, Refresh]] = {}
        self._waiting: Counter[str] = Counter()
        self._threads = ThreadPoolExecutor(_LOOKS_AT_ONCE, thread_name_prefix="fresh")

    def freshen(
        self,
        sources: Sequence[DataSource],
        seconds: float,
        key: str,
        name: str,
        check: Callable[[], None] = lambda: None,
    ) -> list[Freshened]:
        """Wait until the data sources are as their places have them, for so long at most; say how each stands.

        To be called with those alone that `key`, of who is called `name`, may read. `check` is called while it waits
        and may raise.
        """
        with self._place(key) as has_place:
            if not has_place:
                message = "Too many wait for fresh answers already; this one did not."
                return [Freshened(source, State.UNKNOWN, message) for source in sources]
            return self._freshen(sources, self._clock() + min(seconds, MAX_SECONDS), name, check)

    def close(self) -> None:
        """Look at nothing any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    @contextmanager
    def _place(self, key: str) -> Iterator[bool]:
        with self._lock:
            has_place = self._waiting.total() < MOST_WAITING and self._waiting[key] < MOST_WAITING_OF_KEY
            if has_place:
                self._waiting[key] += 1
        try:
            yield has_place
        finally:
            if has_place:
                with self._lock:
                    self._waiting[key] -= 1
                    if not self._waiting[key]:
                        del self._waiting[key]

    def _freshen(
        self, sources: Sequence[DataSource], deadline: float, name: str, check: Callable[[], None]
    ) -> list[Freshened]:
        found: dict[str, Freshened] = {}
        by_id = {source.id: source for source in sources[:MOST_SOURCES]}
        looks = {source_id: self._start_look(source) for source_id, source in by_id.items()}
        refreshes: dict[str, Refresh] = {}
        while True:
            check()
            for source_id in [item for item, look in looks.items() if look.done()]:
                self._judge(by_id[source_id], looks.pop(source_id), name, refreshes, found)
            for source_id in [item for item, refresh in refreshes.items() if refresh.is_over()]:
                found[source_id] = _describe(by_id[source_id], refreshes.pop(source_id))
            left = deadline - self._clock()
            if not (looks or refreshes) or left <= 0:
                break
            if looks and not refreshes:
                wait(list(looks.values()), min(left, _POLL_SECONDS), FIRST_COMPLETED)
            else:
                self._sleep(min(left, _POLL_SECONDS))
        for source_id in looks:
            found[source_id] = Freshened(by_id[source_id], State.UNKNOWN, "Its remote has not answered in time.")
        for source_id in refreshes:
            found[source_id] = Freshened(by_id[source_id], State.BEHIND, "It is being brought up to date.")
        for source in sources[MOST_SOURCES:]:
            message = f"Only {MOST_SOURCES} data sources are brought up to date at once."
            found[source.id] = Freshened(source, State.UNKNOWN, message)
        return [found[source.id] for source in sources]

    def _judge(
        self,
        source: DataSource,
        look: Future[str | None],
        name: str,
        refreshes: dict[str, Refresh],
        found: dict[str, Freshened],
    ) -> None:
        """Take what a place has said: fresh, or a refresh is begun."""
        try:
            commit = look.result()
            if commit is not None and commit == source.commit:
                found[source.id] = Freshened(source, State.FRESH)
            elif source.is_paused:
                found[source.id] = Freshened(source, State.BEHIND, "It is paused.")
            else:
                refreshes[source.id] = self._join(source, commit, name)
        except CodesearchError as error:
            # Where it lies is for those who run the service.
            logger.info("%s could not be freshened: %s", source.name, error.message)
            found[source.id] = Freshened(source, State.UNKNOWN, "It could not be looked at; the log says why.")

    def _join(self, source: DataSource, commit: str | None, name: str) -> Refresh:
        """Return the refresh that is at work for that very commit, else a new one."""
        with self._lock:
            known, refresh = self._begun.get(source.id, (None, None))
        if refresh is not None and commit is not None and commit == known and not refresh.is_over():
            return refresh
        refresh = self._begin(source, name)
        with self._lock:
            self._begun[source.id] = (commit, refresh)
        return refresh

    def _start_look(self, source: DataSource) -> Future[str | None]:
        """Ask where a data source lies, or join whoever has asked just now."""
        now = self._clock()
        with self._lock:
            for known in [item for item, (at, _) in self._looks.items() if now - at > SEEN_SECONDS]:
                if self._looks[known][1].done():
                    del self._looks[known]
            if source.id not in self._looks:
                self._looks[source.id] = (now, self._threads.submit(self._look, source))
            return self._looks[source.id][1]


def _describe(source: DataSource, refresh: Refresh) -> Freshened:
    failure = refresh.failure()
    if failure is None:
        return Freshened(source, State.FRESH)
    # Where it lies is for those who run the service.
    logger.info("%s could not be brought up to date: %s", source.name, failure)
    return Freshened(source, State.BEHIND, "Bringing it up to date failed; the log says why.")
