"""The catalog's webhooks: which deliveries were taken, so that none is taken twice, by whichever process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from threading import Lock

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite

from codesearch.core.catalog.database import Database
from codesearch.core.catalog.schema import webhook_deliveries
from codesearch.core.catalog.sources import CatalogPart, utc_now

# Hosts send a delivery again for three days; the number bounds what who knows a secret can make of it.
KEPT_DAYS = 7
MOST_KEPT = 100_000
# Old ones are looked for once in so many.
_PRUNE_EVERY = 256


class DeliveryCatalog(CatalogPart):
    """Deliveries of webhooks by what tells them from others: 64 hex digits each."""

    def __init__(self, database: Database, clock: Callable[[], datetime] = utc_now) -> None:
        super().__init__(database, clock)
        self._notes = SimpleQueue[_Note]()
        self._notes_lock = Lock()

    def has_delivery(self, delivery: str) -> bool:
        """Say whether a delivery was taken before."""
        statement = select(webhook_deliveries.c.id).where(webhook_deliveries.c.delivery == delivery)
        with self._database.reading() as connection:
            return connection.execute(statement).first() is not None

    def note_delivery(self, delivery: str) -> None:
        """Note that a delivery was taken; once more makes no difference. The oldest are forgotten.

        What several threads note at once is one transaction: each takes a sync of the disk and excludes the others.
        """
        note = _Note(delivery)
        self._notes.put(note)
        with self._notes_lock:
            if note.is_written:
                return
            # Where another thread failed to write it, it is in the queue no more.
            notes = [note, *self._take_notes()]
            self._write_deliveries(sorted({item.delivery for item in notes}))
            for item in notes:
                item.is_written = True

    def _take_notes(self) -> list[_Note]:
        taken = []
        while True:
            try:
                taken.append(self._notes.get_nowait())
            except Empty:
                return taken

    def _write_deliveries(self, deliveries: Sequence[str]) -> None:
        with self._database.writing() as connection:
            dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
            now = self._clock()
            values = [{"delivery": delivery, "received_at": now} for delivery in deliveries]
            connection.execute(dialect.insert(webhook_deliveries).values(values).on_conflict_do_nothing())
            newest = connection.execute(select(func.max(webhook_deliveries.c.id))).scalar() or 0
            if newest % _PRUNE_EVERY >= len(deliveries):
                return
            oldest_kept = now - timedelta(days=KEPT_DAYS)
            is_old = (webhook_deliveries.c.received_at < oldest_kept) | (webhook_deliveries.c.id <= newest - MOST_KEPT)
            connection.execute(webhook_deliveries.delete().where(is_old))


class _Note:
    """A delivery that a thread waits for to be written."""

    __slots__ = ("delivery", "is_written")

    def __init__(self, delivery: str) -> None:
        self.delivery = delivery
        self.is_written = False
