"""When data sources are to be refreshed, and what their remotes were last seen to have."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select

from codesearch.core.catalog.schema import data_sources
from codesearch.core.catalog.sources import CLOCKS_DIFFER, CatalogPart, find_source_row
from codesearch.core.errors import InvalidRequestError
from codesearch.core.types import MOST_MINUTES, DataSource

_SELECT_DUE = (
    select(data_sources.c.id)
    .where(data_sources.c.is_paused.is_(False))
    .order_by(data_sources.c.next_refresh_at, data_sources.c.id)
)
# For each interval the last moment that is planned, and whether there is a source that has none.
_SELECT_LATEST = select(
    data_sources.c.refresh_minutes,
    func.max(data_sources.c.next_refresh_at),
    func.count() > func.count(data_sources.c.next_refresh_at),
).group_by(data_sources.c.refresh_minutes)


class ScheduleCatalog(CatalogPart):
    """Schedules of data sources. A source that is paused keeps its schedule and is not due.

    One without a schedule of its own has that of all, where the service has one: `default_minutes`, 0 for none.
    """

    def set_schedule(self, source_id: str, minutes: int | None) -> DataSource:
        """Have a data source refreshed every so many minutes, from one such time on.

        0: only on request; None: as often as others that have no schedule of their own. Takes an id or name. Raises
        NotFoundError, and InvalidRequestError for a negative number or over a year.
        """
        if minutes is not None and not 0 <= minutes <= MOST_MINUTES:
            raise InvalidRequestError(
                f"A source is refreshed every 1 to {MOST_MINUTES} minutes, which is a year, or never, which is 0, not "
                f"every {minutes}."
            )
        next_at = self._clock() + timedelta(minutes=minutes) if minutes else None
        return self._change(source_id, refresh_minutes=minutes, next_refresh_at=next_at)

    def set_paused(self, source_id: str, is_paused: bool) -> DataSource:
        """Keep a data source from being refreshed on a schedule, or let it be again. Raises NotFoundError."""
        return self._change(source_id, is_paused=is_paused)

    def note_remote(self, source_id: str, commit: str) -> DataSource:
        """Note what commit the remote has now on what is indexed of it. Raises NotFoundError."""
        return self._change(source_id, remote_commit=commit, remote_seen_at=self._clock())

    def plan(self, default_minutes: int) -> None:
        """Have data sources without a schedule refreshed after the default interval, where it is not to be sooner.

        What is planned for later than an interval from now was planned by a clock that was ahead, and is planned anew.
        """
        now, minutes_of, next_at = self._clock(), data_sources.c.refresh_minutes, data_sources.c.next_refresh_at
        changes = []
        with self._database.reading() as connection:
            latest = connection.execute(_SELECT_LATEST).all()
        for minutes, last, is_unplanned in latest:
            interval = timedelta(minutes=minutes or default_minutes)
            if minutes is None and default_minutes and (is_unplanned or last > now + interval):
                changes.append((minutes_of.is_(None), or_(next_at.is_(None), next_at > now + interval), now + interval))
            elif minutes and last is not None and last > now + interval + CLOCKS_DIFFER:
                changes.append((minutes_of == minutes, next_at > now + interval, now + interval))
        if changes:
            with self._database.writing() as connection:
                for *which, moment in changes:
                    connection.execute(data_sources.update().where(*which).values(next_refresh_at=moment))

    def list_due(self, default_minutes: int = 0) -> list[DataSource]:
        """Return the data sources whose time to be refreshed has come, the one that waits longest first."""
        has_schedule: ColumnElement[bool] = data_sources.c.refresh_minutes > 0
        if default_minutes:
            has_schedule = or_(has_schedule, data_sources.c.refresh_minutes.is_(None))
        statement = _SELECT_DUE.where(has_schedule, data_sources.c.next_refresh_at <= self._clock())
        with self._database.reading() as connection:
            ids = connection.execute(statement).scalars().all()
            return [find_source_row(connection, source_id) for source_id in ids]

    def pass_due(self, source: DataSource, default_minutes: int = 0) -> bool:
        """Say that the refresh that `source` was due for is seen to; False where somebody has said so already.

        However many times were missed, the next one is a whole interval from now.
        """
        minutes = default_minutes if source.refresh_minutes is None else source.refresh_minutes
        if not minutes or source.next_refresh_at is None:
            return False
        table, next_at = data_sources, self._clock() + timedelta(minutes=minutes)
        statement = table.update().where(table.c.id == source.id, table.c.next_refresh_at == source.next_refresh_at)
        with self._database.writing() as connection:
            return connection.execute(statement.values(next_refresh_at=next_at)).rowcount == 1

    def _change(self, source_id: str, **values: int | bool | str | datetime | None) -> DataSource:
        with self._database.writing() as connection:
            source = find_source_row(connection, source_id)
            connection.execute(data_sources.update().where(data_sources.c.id == source.id).values(**values))
            return find_source_row(connection, source.id)
