"""Waiting for Dify ends, however its indexing does."""

from __future__ import annotations

from typing import Any

import pytest

from codesearch.core.errors import DifyError, DifyRefusedError
from codesearch.dify.connection import DifyConnection
from codesearch.dify.knowledge_api import KnowledgeApi
from codesearch.dify.mirroring.indexing import IndexingWait, Sent


class Scripted(DifyConnection):
    """Answers with one status after the other, the last one for ever; an int is an HTTP status."""

    def __init__(self, statuses: list[str | int]) -> None:
        self._statuses = statuses
        self.asked = 0

    def request(self, method: str, path: str, **options: Any) -> Any:
        self.asked += 1
        status = self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0]
        if isinstance(status, int):
            raise DifyRefusedError("gone", status)
        if path.endswith("indexing-status"):
            return {"data": [{"id": "d", "indexing_status": status, "error": "why"}]}
        return {"id": "d", "name": "n", "indexing_status": status}


def wait_for(statuses: list[str | int], batch: str = "b", stall_seconds: float = 60) -> tuple[str, str]:
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    waiting = IndexingWait(
        KnowledgeApi(Scripted(statuses)), "base", stall_seconds=stall_seconds, sleep=sleep, clock=lambda: now
    )
    return waiting.wait([Sent("n", "d", batch)], lambda number: None)["n"]


@pytest.mark.parametrize("batch", ["b", ""])
def test_every_end_is_one(batch: str) -> None:
    assert wait_for(["waiting", "parsing", "cleaning", "splitting", "indexing", "completed"], batch)[0] == "completed"
    assert wait_for(["indexing", "error"], batch)[0] == "error"
    assert wait_for(["indexing", "paused"], batch)[0] == "paused"
    assert wait_for(["indexing", "something new"], batch)[0] == "unknown"
    assert wait_for([404], batch)[0] == "unknown"
    assert wait_for(["error"], "b") == ("error", "why")


def test_without_progress_it_is_given_up() -> None:
    with pytest.raises(DifyError, match="is its worker running"):
        wait_for(["waiting"])
    with pytest.raises(DifyRefusedError):
        wait_for([403])


def test_slow_progress_is_progress() -> None:
    steps: list[str | int] = [name for name in ("waiting", "parsing", "cleaning", "indexing") for _ in range(12)]
    assert wait_for([*steps, "completed"])[0] == "completed"
