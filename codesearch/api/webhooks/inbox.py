"""The inbox: webhooks that come at once are one transaction, for which each waits before it is answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import anyio
import anyio.to_thread

from codesearch.api.webhooks.receiver import Outcome, Told
from codesearch.core.catalog.deliveries import DELIVERIES_AT_ONCE


class Inbox:
    """For one event loop, and one thread at a time: a transaction waits for the disk, and excludes all others."""

    def __init__(self, receive: Callable[[Sequence[Told]], list[Outcome]]) -> None:
        """`receive` takes webhooks, all or none, and returns what came of each."""
        self._receive = receive
        self._thread = anyio.CapacityLimiter(1)
        self._lock = anyio.Lock()
        self._waiting: dict[_Note, None] = {}

    async def take(self, told: Told) -> Outcome:
        """Return what came of a webhook once that is on the disk, with whatever came while others were written.

        Raises what `receive` raises for this one: over a webhook that cannot be taken, no other is lost.
        """
        note = _Note(told)
        self._waiting[note] = None
        try:
            async with self._lock:
                if note.outcome is None:
                    await self._write([note, *(item for item in self._waiting if item is not note)])
        finally:
            # Somebody who no longer waits, before it was written.
            self._waiting.pop(note, None)
        assert note.outcome is not None  # noqa: S101 - else writing it has raised
        return note.outcome

    async def _write(self, notes: Sequence[_Note]) -> None:
        """Write notes, at least the first. The others of a group that fails are written by those who wait for them."""
        group = notes[:DELIVERIES_AT_ONCE]
        for note in group:
            self._waiting.pop(note, None)
        outcomes = await anyio.to_thread.run_sync(self._receive, [note.told for note in group], limiter=self._thread)
        for note, outcome in zip(group, outcomes, strict=True):
            note.outcome = outcome


class _Note:
    """A webhook that somebody waits for to be written."""

    __slots__ = ("outcome", "told")

    def __init__(self, told: Told) -> None:
        self.told = told
        self.outcome: Outcome | None = None
