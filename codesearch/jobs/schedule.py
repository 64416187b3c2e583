"""The schedule: puts refreshes that are due into the queue, once, however many workers look."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from codesearch.api.management import JobKind, JobRequest, JobState
from codesearch.core.catalog.sources import utc_now
from codesearch.jobs.queue import JobQueue

if TYPE_CHECKING:
    from datetime import datetime

    from codesearch.core.catalog.catalog import Catalog

BY_SCHEDULE: Final = "schedule"
# So many that are due wait in the queue at most; the others wait in the catalog, the one that waits longest comes
# first. What people ask for is not behind all of them.
MOST_WAITING: Final = 8
# The store is tidied up once a day, at the earliest this long after a worker has begun.
_UPKEEP_AFTER_SECONDS: Final = 600.0
_UPKEEP_HOUR: Final = 3


class Schedule:
    """What is due."""

    def __init__(
        self,
        catalog: Catalog,
        queue: JobQueue,
        clock: Callable[[], datetime] = utc_now,
        timer: Callable[[], float] = time.monotonic,
        default_minutes: int = 0,
    ) -> None:
        """`clock` gives the moment, `timer` seconds. `default_minutes`: of sources without a schedule, 0 for none."""
        self._default_minutes = default_minutes
        self._catalog = catalog
        self._queue = queue
        self._clock = clock
        self._timer = timer
        self._begun = timer()
        self._upkeep_of = ""

    def enqueue_due(self) -> None:
        """Put refreshes and looks at organisations that are due into the queue, and once a day the upkeep.

        Each has a name of its own in the queue: whoever ends between the two steps, and however many do this at
        once, it is asked for once. Raises CatalogError, JobsUnavailableError.
        """
        self._enqueue_upkeep()
        for organisation in self._catalog.list_due_organisations():
            look = JobRequest(JobKind.DISCOVER, organisation.name, organisation=organisation.id)
            self._queue.submit(look, BY_SCHEDULE, occasion=_occasion(organisation.next_discovery_at or self._clock()))
            self._catalog.pass_due_organisation(organisation)
        self._catalog.plan(self._default_minutes)
        due = self._catalog.list_due(self._default_minutes)
        if not due:
            return
        jobs = self._queue.list_jobs()
        waiting = sum(job.state is JobState.QUEUED and job.requested_by == BY_SCHEDULE for job in jobs)
        for source in due[: max(0, MOST_WAITING - waiting)]:
            request = JobRequest(JobKind.REFRESH, source.name, source.id)
            self._queue.submit(request, BY_SCHEDULE, occasion=_occasion(source.next_refresh_at or self._clock()))
            self._catalog.pass_due(source, self._default_minutes)

    def _enqueue_upkeep(self) -> None:
        if self._timer() - self._begun < _UPKEEP_AFTER_SECONDS:
            return
        day = f"{self._clock() - timedelta(hours=_UPKEEP_HOUR):%Y%m%d}"
        if day != self._upkeep_of:
            self._upkeep_of = day
            self._queue.submit(JobRequest(JobKind.UPKEEP, "the store"), BY_SCHEDULE, occasion=f"day{day}")


def _occasion(moment: datetime) -> str:
    return f"due{int(moment.timestamp() * 1000)}"
