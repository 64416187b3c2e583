"""What is done about organisations, for the API and the page alike; runs in a worker thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from codesearch.api.manage.deeds import remove_source
from codesearch.api.management import Job, JobKind, JobRequest, Management
from codesearch.core.errors import JobsUnavailableError, NotFoundError, TooManyRequestsError
from codesearch.core.types import DataSource, HostKind, Organisation

# What the API and the command line call the fields that may be chosen.
FIELDS: Final[Mapping[str, str]] = {
    "name": "name",
    "include": "include",
    "exclude": "exclude",
    "archived": "takes_archived",
    "forks": "takes_forks",
    "prune": "prunes",
    "discover_minutes": "discover_minutes",
    "refresh_minutes": "refresh_minutes",
}
DEFAULT_DISCOVER_MINUTES: Final = 1440
DEFAULT_REFRESH_MINUTES: Final = 60


@dataclass(frozen=True, slots=True)
class WantedOrganisation:
    """An organisation that somebody wants to be searched; `choices` are fields of Organisation."""

    location: str
    kind: str | None = None
    choices: Mapping[str, Any] = field(default_factory=dict)


def add_organisation(management: Management, wanted: WantedOrganisation, requested_by: str) -> tuple[Organisation, Job]:
    """Keep an organisation and have its repositories looked for.

    Raises InvalidRequestError for a wrong address, a taken name, or one that is there already; TooManyRequestsError.
    """
    organisation = management.catalog.add_organisation(build_organisation(management, wanted))
    try:
        return organisation, discover(management, organisation, requested_by)
    except (TooManyRequestsError, JobsUnavailableError):
        # Whoever is refused asks again, which would be refused for what is there already.
        management.catalog.remove_organisation(organisation.id)
        raise


def build_organisation(management: Management, wanted: WantedOrganisation) -> Organisation:
    """Return an organisation that is in no catalog yet. Raises InvalidRequestError."""
    place = management.check_organisation(wanted.location, wanted.kind)
    choices: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in wanted.choices.items()
    }
    choices["name"] = choices.get("name") or place.name
    choices.setdefault("discover_minutes", DEFAULT_DISCOVER_MINUTES)
    choices.setdefault("refresh_minutes", DEFAULT_REFRESH_MINUTES)
    return Organisation(id="", kind=HostKind(place.kind), host_url=place.host_url, path=place.path, **choices)


def discover(management: Management, organisation: Organisation, requested_by: str) -> Job:
    """Have the repositories of an organisation looked for. Raises TooManyRequestsError."""
    return management.jobs.submit(request_discovery(organisation), requested_by)


def request_discovery(organisation: Organisation) -> JobRequest:
    """Return the job that looks for the repositories of an organisation."""
    return JobRequest(JobKind.DISCOVER, organisation.name, organisation=organisation.id)


def remove_organisation(
    management: Management, id_or_name: str, requested_by: str, *, prunes: bool
) -> tuple[Organisation, list[DataSource]]:
    """Remove an organisation; with `prunes` its sources, too, which are returned. Raises NotFoundError.

    A source that another organisation has as well stays.
    """
    catalog = management.catalog
    organisation = catalog.get_organisation(id_or_name)
    for job in find_looks(management.jobs.list_jobs(), organisation.id):
        management.jobs.cancel(job.id)
    catalog.remove_organisation(organisation.id)
    others = {item.source_id for other in catalog.list_organisations() for item in other.repositories}
    removed = []
    for item in organisation.repositories if prunes else ():
        if item.source_id not in others:
            try:
                removed.append(remove_source(management, item.source_id, requested_by)[0])
            except NotFoundError:
                continue
    return organisation, removed


def find_looks(jobs: Sequence[Job], organisation_id: str) -> list[Job]:
    """Return the jobs that look for the repositories of an organisation and are not over, in the given order."""
    return [job for job in jobs if job.request.organisation == organisation_id and not job.state.is_over]
