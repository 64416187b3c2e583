"""The catalog's webhooks: deliveries that were taken, none of them twice, and what is still to be done about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, String, Text, bindparam, func, or_, select, tuple_

from codesearch.core.catalog.schema import data_sources, knowledge_bases, webhook_deliveries, webhook_pushes
from codesearch.core.catalog.sources import CatalogPart, MarkedSources, list_marked, read_mark

# Hosts send a delivery again for three days; the number bounds what all of them take on the disk: 3 MB.
KEPT_DAYS = 7
MOST_KEPT = 20_000
# Old ones are looked for once in so many.
_PRUNE_EVERY = 256
# So many are taken, and so many pushes claimed, in one transaction.
DELIVERIES_AT_ONCE = 200
# Who has claimed a push and said no more of it for so long has died.
CLAIM_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook that was taken: what tells it from others, the data sources that follow what it says, and of whom."""

    id: str
    source_ids: tuple[str, ...]
    requested_by: str


@dataclass(frozen=True, slots=True)
class WaitingPush:
    """A data source that webhooks told of, the last of them with this delivery; no job was asked for yet."""

    source_id: str
    source_name: str
    delivery: str
    requested_by: str


_TOLD = select(
    data_sources.c.id, bindparam("new_delivery", type_=String), bindparam("new_requested_by", type_=Text)
).where(data_sources.c.id == bindparam("source"))


_GOES_ON = data_sources.c.is_paused.is_(False)


class DeliveryCatalog(CatalogPart):
    """Deliveries of webhooks, and the pushes that they told of until somebody has seen to them.

    Those to a data source that is paused wait until it goes on, for nobody to see before.
    """

    def take_deliveries(
        self, mark: str, list_deliveries: Callable[[MarkedSources | None], Sequence[Delivery]]
    ) -> frozenset[str]:
        """Note deliveries and the pushes that they tell of, all or none; return the ids of those that are new.

        `list_deliveries` says which, at most DELIVERIES_AT_ONCE, while nobody adds a data source: it is given all that
        there are, or None where their mark is still `mark`. One that was taken before does nothing. Data sources that
        are gone are passed over, and the oldest deliveries forgotten.
        """
        with self._database.writing() as connection:
            deliveries = list_deliveries(None if read_mark(connection) == mark else list_marked(connection))
            known = connection.execute(
                select(webhook_deliveries.c.delivery).where(
                    webhook_deliveries.c.delivery.in_({delivery.id for delivery in deliveries})
                )
            )
            taken = set(known.scalars())
            new = {delivery.id: delivery for delivery in deliveries if delivery.id not in taken}
            if new:
                now = self._clock()
                rows = [{"delivery": delivery_id, "received_at": now} for delivery_id in new]
                connection.execute(webhook_deliveries.insert(), rows)
                _note_pushes(connection, list(new.values()))
                _prune(connection, now, len(new))
        return frozenset(new)

    def has_pushes(self) -> bool:
        """Say whether there are pushes that nobody has seen to yet."""
        return self._database.read_once("pushes", _has_pushes)

    def claim_pushes(self) -> list[WaitingPush]:
        """Return pushes that wait, in the order of the data sources' ids, and keep them from others for CLAIM_SECONDS.

        At most DELIVERIES_AT_ONCE.
        """
        with self._database.writing() as connection:
            now, longest = self._clock(), timedelta(seconds=CLAIM_SECONDS)
            claimed_at = webhook_pushes.c.claimed_at
            # What was claimed long after now was claimed by a clock that was ahead.
            is_free = or_(claimed_at.is_(None), claimed_at < now - longest, claimed_at > now + longest)
            pushes = [
                WaitingPush(*row)
                for row in connection.execute(
                    select(
                        webhook_pushes.c.source_id,
                        knowledge_bases.c.name,
                        webhook_pushes.c.delivery,
                        webhook_pushes.c.requested_by,
                    )
                    .join(knowledge_bases, knowledge_bases.c.id == webhook_pushes.c.source_id)
                    .join(data_sources, data_sources.c.id == webhook_pushes.c.source_id)
                    .where(is_free, _GOES_ON)
                    .order_by(webhook_pushes.c.source_id)
                    .limit(DELIVERIES_AT_ONCE)
                )
            ]
            if pushes:
                claimed = webhook_pushes.c.source_id.in_([push.source_id for push in pushes])
                connection.execute(webhook_pushes.update().where(claimed).values(claimed_at=now))
        return pushes

    def forget_pushes(self, pushes: Sequence[WaitingPush]) -> None:
        """Say that pushes were seen to; one of a data source that was pushed to again since then stays."""
        named = [(push.source_id, push.delivery) for push in pushes]
        with self._database.writing() as connection:
            connection.execute(
                webhook_pushes.delete().where(tuple_(webhook_pushes.c.source_id, webhook_pushes.c.delivery).in_(named))
            )


def _has_pushes(connection: Connection) -> bool:
    statement = select(webhook_pushes.c.source_id).join(data_sources, data_sources.c.id == webhook_pushes.c.source_id)
    return connection.execute(statement.where(_GOES_ON).limit(1)).first() is not None


def _note_pushes(connection: Connection, deliveries: Sequence[Delivery]) -> None:
    """Have each data source wait once; who claimed an earlier push of it has not seen this one."""
    told = [
        {"source": source_id, "new_delivery": delivery.id, "new_requested_by": delivery.requested_by}
        for delivery in deliveries
        for source_id in delivery.source_ids
    ]
    if told:
        # Imported by who takes webhooks: PostgreSQL's dialect takes longer than a small catalog's first answer.
        from sqlalchemy.dialects import postgresql, sqlite

        insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(webhook_pushes)
        columns = ("source_id", "delivery", "requested_by")
        changed = {**{name: insert.excluded[name] for name in columns[1:]}, "claimed_at": None}
        insert = insert.from_select(columns, _TOLD).on_conflict_do_update(index_elements=["source_id"], set_=changed)
        connection.execute(insert, told)


def _prune(connection: Connection, now: datetime, added: int) -> None:
    newest = connection.execute(select(func.max(webhook_deliveries.c.id))).scalar() or 0
    if newest % _PRUNE_EVERY >= added:
        return
    oldest_kept = now - timedelta(days=KEPT_DAYS)
    is_old = (webhook_deliveries.c.received_at < oldest_kept) | (webhook_deliveries.c.id <= newest - MOST_KEPT)
    connection.execute(webhook_deliveries.delete().where(is_old))
