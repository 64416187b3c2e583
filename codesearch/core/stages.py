"""Stages: which part of answering a request takes how long; a clock for each request that is observed. Pure."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum

# Of a search that lets others go first again and again, only so many are told apart.
MAX_INTERVALS = 32


class Stage(str, Enum):
    """A part of answering a request. A request is in one of them at a time, in about this order."""

    AUTHENTICATE = "authenticate"
    READ = "read"
    OPEN = "open"
    WAIT = "wait"
    UNDERSTAND = "understand"
    EMBED = "embed"
    CANDIDATES = "candidates"
    RANK = "rank"
    TOOL = "tool"
    RESPOND = "respond"


STAGE_MEANINGS = {
    Stage.AUTHENTICATE: "whose key it is, with the time until the catalog is asked",
    Stage.READ: "the request's body, as fast as its client sends it",
    Stage.OPEN: "a free thread, what may be searched, until it is up to date where that is asked for, and its indexes, "
    "which may have to be made again",
    Stage.WAIT: "for its turn; 0 for a search that did not wait",
    Stage.UNDERSTAND: "what the query says",
    Stage.EMBED: "the query's vector",
    Stage.CANDIDATES: "the rows that may answer",
    Stage.RANK: "their order",
    Stage.TOOL: "the work of a tool of its own",
    Stage.RESPOND: "the answer, and sending it",
}


class StageClock:
    """When a request was in which stage, by one clock. For one thread at a time.

    `seconds` has the sum of each stage, `intervals` when it began and ended, up to MAX_INTERVALS of them.
    """

    __slots__ = ("_began", "_now", "_stage", "intervals", "seconds")

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now
        self._stage: Stage | None = None
        self._began = 0.0
        self.seconds: dict[Stage, float] = {}
        self.intervals: list[tuple[Stage, float, float]] = []

    def begin(self, stage: Stage | None) -> None:
        """End the stage at work and begin another one, or none."""
        now = self._now()
        if self._stage is not None:
            self._add(self._stage, self._began, now)
        self._stage, self._began = stage, now

    def note_wait(self, began: float, ended: float) -> None:
        """Take a stretch of waiting, by the same clock, out of the stage at work."""
        if self._stage is not None:
            self._add(self._stage, self._began, began)
        self._add(Stage.WAIT, began, ended)
        self._began = ended

    def _add(self, stage: Stage, began: float, ended: float) -> None:
        self.seconds[stage] = self.seconds.get(stage, 0.0) + ended - began
        if len(self.intervals) < MAX_INTERVALS:
            self.intervals.append((stage, began, ended))
