"""What is done about sources and their jobs, for the API and the page alike; runs in a worker thread."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codesearch.api.management import (
    HELD,
    Job,
    JobKind,
    JobRequest,
    Jobs,
    JobState,
    Management,
    request_refresh,
)
from codesearch.core.catalog.names import validate_name
from codesearch.core.errors import JobsUnavailableError, NameTakenError, TooManyRequestsError
from codesearch.core.types import DataSource

if TYPE_CHECKING:
    from codesearch.core.catalog.catalog import Catalog

ALL_SOURCES = "all sources"


@dataclass(frozen=True, slots=True)
class WantedSource:
    """A source that somebody wants to be searched, as they wrote it."""

    location: str
    branch: str | None = None
    subdir: str | None = None
    name: str | None = None
    refresh_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class AddedSource:
    """A source, whether it is a new one, and the job that reads it."""

    source: DataSource
    is_new: bool
    job: Job


def add_source(management: Management, wanted: WantedSource, requested_by: str) -> AddedSource:
    """Put a source into the catalog and have it indexed; one that is there already is refreshed.

    Raises InvalidRequestError for a wrong address or name, NameTakenError, TooManyRequestsError: then nothing is done.
    """
    catalog = management.catalog
    address = management.check_address(wanted.location, wanted.branch, wanted.subdir)
    found = catalog.resolve(address.source_id)
    name = None if wanted.name is None else validate_name(wanted.name)
    if name is not None:
        owner = catalog.resolve(name)
        if owner is not None and owner.id != address.source_id:
            raise NameTakenError(f"The name {name!r} is taken; choose another one.")
    title = name or (address.name if found is None else found.name)
    # The job first: where no more are taken, nothing was done.
    job = management.jobs.submit(
        JobRequest(JobKind.ADD, title, address.source_id, address.location, wanted.branch, wanted.subdir), requested_by
    )
    try:
        source = catalog.add_source(
            id=address.source_id,
            location=address.location,
            name=name,
            suggested_names=[address.name],
            branch=wanted.branch,
            subdir=wanted.subdir,
        )
    except NameTakenError:
        # Somebody took it a moment ago. The job would add the source under another name.
        cancel_jobs_of(management.jobs, address.source_id)
        raise
    if name is not None and source.name != name:
        source = catalog.rename_source(source.id, name)
    if wanted.refresh_minutes is not None:
        source = catalog.set_schedule(source.id, wanted.refresh_minutes)
    return AddedSource(source, found is None, job)


def change_source(
    management: Management,
    id_or_name: str,
    requested_by: str,
    *,
    name: str | None = None,
    is_paused: bool | None = None,
    schedule: tuple[int | None] | None = None,
) -> DataSource:
    """Give a source another name, pause it, or have it refreshed every so many minutes; return what it is now.

    None leaves each as it is; a schedule is in a tuple, for it may be none. Raises NotFoundError, InvalidRequestError.
    """
    catalog = management.catalog
    source = catalog.get_source(id_or_name)
    if name is not None:
        # First: it alone may be refused.
        source = catalog.rename_source(source.id, name)
    if schedule is not None:
        source = catalog.set_schedule(source.id, schedule[0])
    if is_paused is not None:
        source = set_paused(catalog, management.jobs, source, requested_by, is_paused=is_paused)
    return source


def set_paused(catalog: Catalog, jobs: Jobs, source: DataSource, requested_by: str, *, is_paused: bool) -> DataSource:
    """Pause a source, or let it go on; return what it is now.

    Refreshes that wait are cancelled. What was passed over meanwhile is made up for by a refresh when it goes on. Where
    the jobs are out of reach, workers look again before they begin, and the schedule goes on by itself.
    """
    changed = catalog.set_paused(source.id, is_paused)
    with suppress(JobsUnavailableError, TooManyRequestsError):
        if is_paused:
            for job in jobs.list_jobs():
                request = job.request
                if request.source_id == source.id and request.kind is JobKind.REFRESH and job.state is JobState.QUEUED:
                    jobs.cancel(job.id, HELD)
        elif source.is_paused:
            jobs.submit(request_refresh(changed), requested_by)
    return changed


def refresh_source(management: Management, id_or_name: str, requested_by: str) -> tuple[DataSource, Job]:
    """Have a source brought up to date. Raises NotFoundError, TooManyRequestsError."""
    source = management.catalog.get_source(id_or_name)
    return source, management.jobs.submit(request_refresh(source), requested_by)


def refresh_all(management: Management, requested_by: str) -> Job:
    """Have every source brought up to date. Raises TooManyRequestsError."""
    return management.jobs.submit(JobRequest(JobKind.REFRESH_ALL, ALL_SOURCES), requested_by)


def merge_source(management: Management, id_or_name: str, requested_by: str) -> tuple[DataSource, Job]:
    """Have the small segments of a source's index merged. Raises NotFoundError, TooManyRequestsError."""
    source = management.catalog.get_source(id_or_name)
    return source, management.jobs.submit(JobRequest(JobKind.MERGE, source.name, source.id), requested_by)


def remove_source(management: Management, id_or_name: str, requested_by: str) -> tuple[DataSource, Job | None]:
    """Remove a source: from sight at once, its rows and files by a job, None where no more jobs are taken.

    Raises NotFoundError.
    """
    catalog, jobs = management.catalog, management.jobs
    source = catalog.get_source(id_or_name)
    # First out of sight, then out of the store: a reader never meets half of it. An indexer that works on it stops.
    management.note_removal(source.id)
    cancel_jobs_of(jobs, source.id)
    catalog.remove_source(source.id)
    # Noted as it is, the next run of the indexer does it where no more jobs are taken.
    with suppress(TooManyRequestsError, JobsUnavailableError):
        return source, jobs.submit(JobRequest(JobKind.REMOVE, source.name, source.id), requested_by)
    return source, None


def cancel_jobs_of(jobs: Jobs, source_id: str) -> None:
    """Stop the jobs that read a source and wait or work: what waits to add it would bring it back."""
    for job in jobs.list_jobs():
        if job.request.source_id == source_id and not job.state.is_over and job.request.kind is not JobKind.REMOVE:
            jobs.cancel(job.id)
