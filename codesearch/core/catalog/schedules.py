"""When data sources are to be refreshed, and what their remotes were last seen to have."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from codesearch.core.catalog.schema import data_sources
from codesearch.core.catalog.sources import CatalogPart, find_source_row
from codesearch.core.errors import InvalidRequestError
from codesearch.core.types import DataSource

MOST_MINUTES = 366 * 24 * 60
_SELECT_DUE = (
    select(data_sources.c.id)
    .where(data_sources.c.is_paused.is_(False), data_sources.c.refresh_minutes.is_not(None))
    .order_by(data_sources.c.next_refresh_at, data_sources.c.id)
)


class ScheduleCatalog(CatalogPart):
    """Schedules of data sources. A source that is paused keeps its schedule and is not due."""

    def set_schedule(self, source_id: str, minutes: int | None) -> DataSource:
        """Have a data source refreshed every so many minutes, from one such time on; None: only on request.

        Takes an id or name. Raises NotFoundError, and InvalidRequestError for less than a minute or over a year.
        """
        if minutes is not None and not 1 <= minutes <= MOST_MINUTES:
            raise InvalidRequestError(
                f"A source is refreshed every 1 to {MOST_MINUTES} minutes, which is a year, not every {minutes}."
            )
        next_at = None if minutes is None else self._clock() + timedelta(minutes=minutes)
        return self._change(source_id, refresh_minutes=minutes, next_refresh_at=next_at)

    def set_paused(self, source_id: str, is_paused: bool) -> DataSource:
        """Keep a data source from being refreshed on a schedule, or let it be again. Raises NotFoundError."""
        return self._change(source_id, is_paused=is_paused)

    def note_remote(self, source_id: str, commit: str) -> DataSource:
        """Note what commit the remote has now on what is indexed of it. Raises NotFoundError."""
        return self._change(source_id, remote_commit=commit, remote_seen_at=self._clock())

    def list_due(self) -> list[DataSource]:
        """Return the data sources whose time to be refreshed has come, the one that waits longest first."""
        now = self._clock()
        statement = _SELECT_DUE.where(data_sources.c.next_refresh_at <= now)
        with self._database.reading() as connection:
            ids = connection.execute(statement).scalars().all()
            return [find_source_row(connection, source_id) for source_id in ids]

    def pass_due(self, source: DataSource) -> bool:
        """Say that the refresh that `source` was due for is seen to; False where somebody has said so already.

        However many times were missed, the next one is a whole interval from now.
        """
        if source.refresh_minutes is None or source.next_refresh_at is None:
            return False
        table, next_at = data_sources, self._clock() + timedelta(minutes=source.refresh_minutes)
        statement = table.update().where(table.c.id == source.id, table.c.next_refresh_at == source.next_refresh_at)
        with self._database.writing() as connection:
            return connection.execute(statement.values(next_refresh_at=next_at)).rowcount == 1

    def _change(self, source_id: str, **values: int | bool | str | datetime | None) -> DataSource:
        with self._database.writing() as connection:
            source = find_source_row(connection, source_id)
            connection.execute(data_sources.update().where(data_sources.c.id == source.id).values(**values))
            return find_source_row(connection, source.id)
