"""Parts that answer when they are let go on, for tests of many requests at once and of clients that leave."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from codesearch.core.errors import SearchAbandonedError
from codesearch.retrieval.turns import Work
from tests.patience import PATIENCE_SECONDS


@dataclass
class Waiting:
    """Notes the works that it is asked for, and those of them that were cancelled while it waited."""

    works: list[Work] = field(default_factory=list)
    may_answer: threading.Event = field(default_factory=threading.Event)
    ended: list[Work] = field(default_factory=list)

    def wait(self, work: Work | None) -> None:
        """Wait until it may answer. Raises SearchAbandonedError when the work is cancelled."""
        assert work is not None
        self.works.append(work)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.may_answer.wait(0.005):
            assert time.monotonic() < deadline
            try:
                work.require_wanted()
            except SearchAbandonedError:
                self.ended.append(work)
                raise


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for a condition; fail when it does not come."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)
