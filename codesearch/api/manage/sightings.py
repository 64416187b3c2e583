"""How sources stand at one moment, for API, page and command line alike: jobs and runs are read once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from functools import cached_property
from typing import TYPE_CHECKING, Final

from codesearch.api.management import Job, JobKind
from codesearch.core.catalog.runs import IndexRun, RunState
from codesearch.core.conditions import Condition, condition_of
from codesearch.core.errors import JobsUnavailableError

if TYPE_CHECKING:
    from codesearch.core.catalog.catalog import Catalog
    from codesearch.core.types import DataSource

logger = logging.getLogger(__name__)

_READ_NOTHING: Final = (JobKind.REMOVE, JobKind.MERGE)
STATES: Final = tuple(condition.value for condition in Condition)


class Sightings:
    """The jobs and runs behind some answer. For one thread."""

    def __init__(self, catalog: Catalog, list_jobs: Callable[[], Sequence[Job]]) -> None:
        """Read nothing yet; jobs come the newest first."""
        self.now: Final = datetime.now(timezone.utc)
        self._catalog = catalog
        self._list_jobs = list_jobs

    def condition_of(self, source: DataSource) -> Condition:
        """Return how a source stands. Raises CatalogError."""
        return condition_of(source, is_at_work=source.id in self.working or source.id in self.jobs_by_source)

    @cached_property
    def runs(self) -> Mapping[str, IndexRun]:
        """The latest runs, by the ids of their sources."""
        return self._catalog.list_latest_runs()

    @cached_property
    def working(self) -> Mapping[str, IndexRun]:
        """The runs that are at work, as far as can be told, by the ids of their sources."""
        return {
            source_id: run
            for source_id, run in self.runs.items()
            if run.state is RunState.RUNNING and not run.has_stopped(self.now)
        }

    @property
    def jobs(self) -> Sequence[Job]:
        """The jobs that wait or work and the last ones that are over, the newest first; none while they are away."""
        return self._known_jobs or ()

    @property
    def has_jobs(self) -> bool:
        """Whether the jobs are known: their database may be out of reach, or not to be written."""
        return self._known_jobs is not None

    @cached_property
    def _known_jobs(self) -> Sequence[Job] | None:
        try:
            return self._list_jobs()
        except JobsUnavailableError as error:
            # What is indexed is known all the same.
            logger.warning("%s", error.message)
            return None

    @cached_property
    def jobs_by_source(self) -> Mapping[str, Job]:
        """The jobs that read a source and wait or work, by its id: the oldest, which comes first.

        A removal is none: a source that is there was added again since. A merge reads nothing.
        """
        return {
            job.request.source_id: job
            for job in self.jobs
            if job.request.source_id and not job.state.is_over and job.request.kind not in _READ_NOTHING
        }
