"""The catalog's webhooks: which deliveries were taken, so that none is taken twice, by whichever process."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite

from codesearch.core.catalog.schema import webhook_deliveries
from codesearch.core.catalog.sources import CatalogPart

# Hosts send a delivery again for three days; the number bounds what who knows a secret can make of it.
KEPT_DAYS = 7
MOST_KEPT = 100_000
# Old ones are looked for once in so many.
_PRUNE_EVERY = 256


class DeliveryCatalog(CatalogPart):
    """Deliveries of webhooks by what tells them from others: 64 hex digits each."""

    def has_delivery(self, delivery: str) -> bool:
        """Say whether a delivery was taken before."""
        statement = select(webhook_deliveries.c.id).where(webhook_deliveries.c.delivery == delivery)
        with self._database.reading() as connection:
            return connection.execute(statement).first() is not None

    def note_delivery(self, delivery: str) -> None:
        """Note that a delivery was taken; once more makes no difference. The oldest are forgotten."""
        with self._database.writing() as connection:
            dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
            statement = dialect.insert(webhook_deliveries).values(delivery=delivery, received_at=self._clock())
            connection.execute(statement.on_conflict_do_nothing())
            newest = connection.execute(select(func.max(webhook_deliveries.c.id))).scalar() or 0
            if newest % _PRUNE_EVERY:
                return
            oldest_kept = self._clock() - timedelta(days=KEPT_DAYS)
            is_old = (webhook_deliveries.c.received_at < oldest_kept) | (webhook_deliveries.c.id <= newest - MOST_KEPT)
            connection.execute(webhook_deliveries.delete().where(is_old))
