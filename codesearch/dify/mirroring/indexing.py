"""Waits until Dify has indexed what was sent, however that ends: completed, failed, paused, or no progress at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from codesearch.core.errors import DifyError, DifyRefusedError
from codesearch.dify.knowledge_api import KnowledgeApi
from codesearch.dify.values import UNFINISHED

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
DEFAULT_STALL_SECONDS = 600.0
COMPLETED, FAILED, PAUSED, UNKNOWN = "completed", "error", "paused", "unknown"


@dataclass(frozen=True, slots=True)
class Sent:
    """A document that Dify is working on; `batch` is '' where only the document itself is known."""

    name: str
    document_id: str
    batch: str


class IndexingWait:
    """Asks Dify how far it is, one document after the other, in the order in which they were sent."""

    def __init__(
        self,
        api: KnowledgeApi,
        base_id: str,
        *,
        stall_seconds: float = DEFAULT_STALL_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep the parts; without any change for `stall_seconds` it is given up."""
        self._api = api
        self._base_id = base_id
        self._stall_seconds = stall_seconds
        self._sleep = sleep
        self._clock = clock

    def wait(self, sent: Sequence[Sent], report: Callable[[int], None]) -> dict[str, tuple[str, str]]:
        """Return how it ended, by name: COMPLETED, FAILED, PAUSED or UNKNOWN, and Dify's message.

        `report` gets how many are settled. Raises DifyError where Dify makes no progress.
        """
        ends: dict[str, tuple[str, str]] = {}
        changed_at, last_seen, pause = self._clock(), "", FIRST_PAUSE_SECONDS
        for number, item in enumerate(sent, 1):
            while True:
                status, message = self._read(item)
                if status not in UNFINISHED:
                    break
                seen = f"{item.document_id} {status}"
                if seen != last_seen:
                    changed_at, last_seen = self._clock(), seen
                elif self._clock() - changed_at > self._stall_seconds:
                    raise DifyError(
                        f"Dify has not gone on with {item.name} for {self._stall_seconds:.0f} s ({status}): is its "
                        "worker running? What was sent is there; run the same command to go on."
                    )
                self._sleep(pause)
                pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)
            pause = max(FIRST_PAUSE_SECONDS, pause / 2)
            changed_at = self._clock()
            is_known = status in {COMPLETED, FAILED, PAUSED}
            ends[item.name] = (status if is_known else UNKNOWN, message)
            report(number)
        return ends

    def _read(self, item: Sent) -> tuple[str, str]:
        try:
            if item.batch:
                states = self._api.read_batch(self._base_id, item.batch)
                state = next((state for state in states if state.document_id == item.document_id), None)
                if state is not None:
                    return state.status, state.error
            document = self._api.get_document(self._base_id, item.document_id)
        except DifyRefusedError as error:
            if error.status != 404:
                raise
            return UNKNOWN, error.message
        return (PAUSED if document.is_paused else document.indexing_status), document.error
