"""What is known of sources at one moment: jobs and runs are read once, and each source is described by them."""

from __future__ import annotations

import logging
from datetime import datetime, timezone
from functools import cached_property
from typing import Any, Final

from codesearch.api.manage.descriptions import describe_source
from codesearch.api.management import Job, JobKind, JobState, Management
from codesearch.core.catalog.runs import IndexRun, RunState
from codesearch.core.conditions import Condition, condition_of
from codesearch.core.errors import JobsUnavailableError
from codesearch.core.types import DataSource

logger = logging.getLogger(__name__)

STATES: Final = tuple(condition.value for condition in Condition)


class Sightings:
    """The jobs and runs behind some answer. For one thread."""

    def __init__(self, management: Management) -> None:
        """Read nothing yet."""
        self._management = management
        self._now = datetime.now(timezone.utc)

    def state_of(self, source: DataSource) -> str:
        """Return the derived state of a source."""
        run = self._runs.get(source.id)
        is_running = run is not None and run.state is RunState.RUNNING and not run.has_stopped(self._now)
        found = condition_of(source, is_at_work=is_running or source.id in self._waiting)
        # A clone that fails comes before any run.
        return Condition.FAILED.value if found is Condition.NEW and source.id in self._failed else found.value

    def describe(self, source: DataSource) -> dict[str, Any]:
        """Return a source for admins."""
        return describe_source(
            source,
            self.state_of(source),
            self._management.measure_index(source.id),
            self._runs.get(source.id),
            self._waiting.get(source.id),
            self._now,
            self._failed.get(source.id),
        )

    @cached_property
    def _runs(self) -> dict[str, IndexRun]:
        return self._management.catalog.list_latest_runs()

    @cached_property
    def _jobs(self) -> list[Job]:
        try:
            return list(self._management.jobs.list_jobs())
        except JobsUnavailableError as error:
            # What is indexed is known all the same.
            logger.warning("%s", error.message)
            return []

    @cached_property
    def _waiting(self) -> dict[str, Job]:
        """The job that waits or works, by the ids of sources: the oldest, which comes first."""
        return {
            job.request.source_id: job
            for job in self._jobs
            if job.request.source_id and not job.state.is_over and job.request.kind is not JobKind.REMOVE
        }

    @cached_property
    def _failed(self) -> dict[str, str]:
        """Why the last job failed, by the ids of sources."""
        last: dict[str, Job] = {}
        for job in self._jobs:
            if job.request.source_id and job.state.is_over and job.request.kind is not JobKind.REMOVE:
                last.setdefault(job.request.source_id, job)
        return {source_id: job.message for source_id, job in last.items() if job.state is JobState.FAILED}
