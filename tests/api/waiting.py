"""Parts that answer when they are let go on, for tests of many requests at once and of clients that leave."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from codesearch.core.errors import SearchAbandonedError
from codesearch.retrieval.turns import Work


@dataclass
class Waiting:
    """Notes the works that it is asked for, and those of them that were cancelled while it waited."""

    works: list[Work] = field(default_factory=list)
    may_answer: threading.Event = field(default_factory=threading.Event)
    ended: list[Work] = field(default_factory=list)

    def wait(self, work: Work | None, seconds: float) -> None:
        """Wait, at most for so long, until it may answer. Raises SearchAbandonedError when the work is cancelled."""
        assert work is not None
        self.works.append(work)
        deadline = time.monotonic() + seconds
        while not self.may_answer.wait(0.005):
            assert time.monotonic() < deadline
            try:
                work.require_wanted()
            except SearchAbandonedError:
                self.ended.append(work)
                raise


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    """Wait for a condition, at most for so long."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)
