"""What admins may have done over HTTP: jobs, their states, and the parts that do them; the CLI builds those."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from codesearch.core.catalog.catalog import Catalog
    from codesearch.core.types import DataSource

# Why a refresh that waited does not begin.
HELD = "The source was paused before it began. Resuming the source brings it up to date."


class JobKind(str, Enum):
    """What is to be done."""

    ADD = "add"
    REFRESH = "refresh"
    REFRESH_ALL = "refresh all"
    REMOVE = "remove"
    MERGE = "merge"
    DISCOVER = "discover"
    UPKEEP = "upkeep"


class JobState(str, Enum):
    """How a job stands; the last three are for good."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of it."""
        return self not in (JobState.QUEUED, JobState.RUNNING)


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What somebody asked for. `title` is what people call it; `location` holds no secret.

    A source to add is told by its location, branch and sub-folder; one to be refreshed, merged or removed, by its id;
    repositories to be discovered, by the organisation that has them. `even_if_paused`: who asked for a refresh means a
    paused source, too.
    """

    kind: JobKind
    title: str
    source_id: str | None = None
    location: str | None = None
    branch: str | None = None
    subdir: str | None = None
    organisation: str | None = None
    even_if_paused: bool = False


def request_refresh(source: DataSource) -> JobRequest:
    """Return the job that somebody asks for who means a source whether it is paused or not."""
    return JobRequest(JobKind.REFRESH, source.name, source.id, even_if_paused=source.is_paused)


@dataclass(frozen=True, slots=True)
class JobProgress:
    """How far a job is: the phase of the source that it is at, and files and chunks of that phase."""

    source: str = ""
    phase: str = "starting"
    files_done: int = 0
    files_total: int | None = None
    chunks_done: int = 0
    files_per_second: float | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A job and what became of it. `requested_by` is the name of a key; `message` is one line; times are in UTC."""

    id: str
    request: JobRequest
    state: JobState
    requested_by: str
    requested_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    progress: JobProgress = field(default_factory=JobProgress)
    message: str = ""
    is_stopping: bool = False


@dataclass(frozen=True, slots=True)
class JobFigures:
    """How many jobs are in each state, of those that are over the last MOST_OVER; how long the oldest one waits."""

    MOST_OVER: ClassVar[int] = 200

    counts: Mapping[str, int] = field(default_factory=lambda: {state.value: 0 for state in JobState})
    longest_wait_seconds: float = 0.0


class Jobs(Protocol):
    """Who does jobs, in the order in which they were asked for; no two of one source at once."""

    def submit(self, request: JobRequest, requested_by: str) -> Job:
        """Take a job, or return the same one that waits already; raises TooManyRequestsError when too many wait."""

    def get(self, job_id: str) -> Job:
        """Return a job. Accepts any string. Raises NotFoundError, also for one that is over for long."""

    def list_jobs(self) -> Sequence[Job]:
        """Return the jobs that wait or work, and the last ones that are over, the newest first."""

    def cancel(self, job_id: str, reason: str | None = None) -> Job:
        """Stop a job; what it has not published is as before. Raises NotFoundError. One that is over stays so.

        `reason` is what is said of it, where it is none that somebody asked for.
        """


@dataclass(frozen=True, slots=True)
class Address:
    """A place that a source may be read from: `location` without secrets, and the id and name that it leads to."""

    location: str
    source_id: str
    name: str


@dataclass(frozen=True, slots=True)
class OrganisationPlace:
    """Where an organisation is: the kind of its host, the host's address, the path there, and a name for it."""

    kind: str
    host_url: str
    path: str
    name: str


@dataclass(frozen=True, slots=True)
class IndexSize:
    """How many segments of a source's search index are on this machine's disk, and their bytes."""

    segments: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Management:
    """The parts behind what admins do over HTTP: on the pages and at the addresses of the API.

    `check_address` reads what somebody typed as location, branch and sub-folder, contacts nobody, and raises
    InvalidRequestError for what is not taken. `note_removal` says that the data source of an id is about to be removed.
    `check_organisation` does the same for the address of an organisation and the kind of its host. `takes_paths` says
    whether places on the service's own machine are taken, too. `default_refresh_minutes` is how often sources without a
    schedule are refreshed, 0 for never. `measure_index` looks up what the search index of a data
    source takes.
    """

    catalog: Catalog
    jobs: Jobs
    check_address: Callable[[str, str | None, str | None], Address]
    note_removal: Callable[[str], None]
    check_organisation: Callable[[str, str | None], OrganisationPlace]
    takes_paths: bool = False
    default_refresh_minutes: int = 0
    measure_index: Callable[[str], IndexSize] = lambda _: IndexSize()
