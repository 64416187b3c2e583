"""What admins are answered, as OpenAPI shows it. A key without a value is absent."""

from __future__ import annotations

from typing import Annotated, Any, Final, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from codesearch.api.management import JobKind, JobState
from codesearch.core.types import HostKind

Moment: TypeAlias = Annotated[str, Field(json_schema_extra={"format": "date-time"})]

_ID: Final = "65f1a2b3c4d5e6f708192a3b"
_MOMENT: Final = "2026-11-30T10:50:15Z"
_COMMIT: Final = "8f14e45fceea167a5a36dedd4bea2543d9a1c1f0"
_URL: Final = "https://github.com/pallets/flask"
_JOB: Final = {
    "id": "01764499815422000000-8f14e45f",
    "kind": "add",
    "title": "flask",
    "state": "queued",
    "source_id": _ID,
    "location": _URL,
    "requested_by": "ops",
    "requested_at": _MOMENT,
    "stopping": False,
}
_RUN: Final = {
    "id": 7,
    "state": "finished",
    "started_at": "2026-11-30T10:50:11Z",
    "finished_at": _MOMENT,
    "files_done": 236,
    "files_total": 236,
    "chunks_done": 1893,
    "commit": _COMMIT,
}
_SOURCE: Final = {
    "id": _ID,
    "name": "flask",
    "type": "repository",
    "location": _URL,
    "state": "ready",
    "paused": False,
    "refresh_minutes": 60,
    "commit": _COMMIT,
    "indexed_at": _MOMENT,
    "age_seconds": 120,
    "files": 236,
    "chunks": 1893,
    "segments": 1,
    "index_bytes": 2_101_248,
    "last_run": _RUN,
}
_WORKSPACE: Final = {
    "id": _ID,
    "name": "shop",
    "members": [{"id": "0f1e2d3c4b5a697887960f1e", "name": "orders-service"}],
}
_KEY: Final = {
    "id": _ID,
    "name": "dify",
    "prefix": "cs_Ab3dE",
    "admin": False,
    "state": "active",
    "sources": [_ID],
    "created_at": _MOMENT,
    "expires_at": "2027-11-30T10:50:15Z",
}
_LOOK: Final = {
    "id": "01764499815422000000-8f14e45f",
    "kind": "discover",
    "title": "github.com/pallets",
    "state": "queued",
    "organisation_id": _ID,
    "requested_by": "ops",
    "requested_at": _MOMENT,
    "stopping": False,
}
_ORGANISATION: Final = {
    "id": _ID,
    "name": "github.com/pallets",
    "kind": "github",
    "location": "https://github.com/pallets",
    "include": [],
    "exclude": ["*-website"],
    "archived": False,
    "forks": False,
    "prune": False,
    "discover_minutes": 1440,
    "refresh_minutes": 60,
    "discovered_at": _MOMENT,
    "message": "9 repositories wanted, 9 new.",
    "failed": False,
    "repositories": [
        {"source_id": _ID, "source_name": "flask", "full_name": "pallets/flask", "gone": False},
    ],
}


def shown(example: dict[str, Any]) -> ConfigDict:
    """Return the configuration of a model that has nothing but its fields, with an example."""
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [example]})


class NamedAnswer(BaseModel):
    """Something by its id and name."""

    model_config = shown({"id": _ID, "name": "flask"})

    id: str
    name: str


class RunAnswer(BaseModel):
    """The last run of the indexer over a source."""

    model_config = shown(_RUN)

    id: int
    state: str = Field(description="`running`, `finished`, `failed`, or `stopped`: its process is gone without a word")
    phase: str = ""
    started_at: Moment
    finished_at: Moment = ""
    files_done: int
    files_total: int = 0
    chunks_done: int
    commit: str = ""
    message: str = Field("", description="Why it failed")


class ProgressAnswer(BaseModel):
    """How far a job is."""

    model_config = ConfigDict(extra="forbid")

    source: str = ""
    phase: str
    files_done: int
    files_total: int = 0
    chunks_done: int
    files_per_second: float = 0


class JobAnswer(BaseModel):
    """Something that the service was asked to do, and what became of it."""

    model_config = shown(_JOB)

    id: str
    kind: JobKind
    title: str
    state: JobState
    source_id: str = Field("", description="The source that it is about")
    organisation_id: str = Field("", description="The organisation whose repositories are discovered")
    location: str = ""
    branch: str = ""
    subdir: str = ""
    requested_by: str = Field(description="Name of the key")
    requested_at: Moment
    started_at: Moment = ""
    ended_at: Moment = ""
    message: str = Field("", description="In one line what came of it, or why it failed")
    stopping: bool = Field(description="It was cancelled and is about to end")
    progress: ProgressAnswer | None = Field(None, description="How far it is, while it runs")


class SourceAnswer(BaseModel):
    """A repository that is searched, or will be."""

    model_config = shown(_SOURCE)

    id: str
    name: str
    type: str
    location: str
    branch: str = Field("", description="The branch or tag that was named")
    committed: bool = Field(False, description="Of a local repository, the commit that is checked out, not the files")
    subdir: str = ""
    state: str = Field(
        description="`new`: never indexed; `processing`: a job or run is at work; `ready`; `stale`: what is indexed "
        "answers, and the remote has something newer or the last run failed; `failed`: nothing is indexed, and the "
        "last try failed"
    )
    paused: bool = Field(description="No schedule and no webhook refreshes it")
    refresh_minutes: int = Field(
        0, description="How often it is refreshed; 0: on request only; absent: as `default_refresh_minutes` says"
    )
    default_refresh_minutes: int = Field(
        0,
        description="Without a schedule of its own: how often the service refreshes it; absent: on request only",
    )
    next_refresh_at: Moment = ""
    commit: str = Field("", description="The commit that is indexed")
    remote_commit: str = Field("", description="What the remote was last seen to have")
    remote_seen_at: Moment = ""
    indexed_at: Moment = ""
    age_seconds: int = Field(0, description="How long ago that was")
    files: int
    chunks: int
    segments: int = Field(description="Files of its search index on the service's disk")
    index_bytes: int = Field(description="Their size")
    uncommitted_files: int = Field(0, description="Of a work tree: indexed files that are not as in the commit")
    last_error: str = Field("", description="Why the last try failed, if it did")
    last_run: RunAnswer | None = None
    job: JobAnswer | None = Field(None, description="The job about it that waits or works")


class SourceListAnswer(BaseModel):
    """A part of the sources, in name order."""

    model_config = shown({"sources": [_SOURCE], "total": 1})

    sources: list[SourceAnswer]
    total: int = Field(description="How many fit the query")
    next_offset: int = Field(0, description="Where the next part begins; absent at the end")


class SourceJobAnswer(BaseModel):
    """A source, and the job about it."""

    model_config = shown({"source": {**_SOURCE, "state": "processing"}, "job": _JOB})

    source: SourceAnswer
    job: JobAnswer


class RemovedSourceAnswer(BaseModel):
    """A source that is out of sight, and the job that deletes its rows and files."""

    model_config = shown(
        {"removed": {"id": _ID, "name": "flask"}, "job": {**_JOB, "kind": "remove", "title": "flask", "location": _URL}}
    )

    removed: NamedAnswer
    job: JobAnswer | None = Field(
        None, description="Absent where too many wait; then the next run of any source does it"
    )


class JobListAnswer(BaseModel):
    """A part of the jobs that wait or work and the last ones that are over, the newest first."""

    model_config = shown({"jobs": [_JOB], "total": 1})

    jobs: list[JobAnswer]
    total: int
    next_offset: int = Field(0, description="Where the next part begins; absent at the end")


class OneJobAnswer(BaseModel):
    """A job."""

    model_config = shown({"job": _JOB})

    job: JobAnswer


class OrganisationRepository(BaseModel):
    """A repository of an organisation, and the source that it is."""

    model_config = ConfigDict(extra="forbid")

    source_id: str
    source_name: str
    full_name: str = Field(description="Its path at the code host")
    gone: bool = Field(description="It was not there, or not wanted, at the last look; its source is")


class OrganisationAnswer(BaseModel):
    """A group or user of a code host whose repositories are sources."""

    model_config = shown(_ORGANISATION)

    id: str
    name: str
    kind: HostKind
    location: str
    include: list[str]
    exclude: list[str]
    archived: bool
    forks: bool
    prune: bool
    discover_minutes: int = 0
    next_discovery_at: Moment = ""
    refresh_minutes: int = 0
    discovered_at: Moment = ""
    message: str = Field("", description="What came of the last look")
    failed: bool = Field(description="The last look failed")
    repositories: list[OrganisationRepository] = Field(description="In the order of their paths")
    job: JobAnswer | None = Field(None, description="The look that waits or is under way")


class OrganisationListAnswer(BaseModel):
    """A part of the organisations, in name order."""

    model_config = shown({"organisations": [_ORGANISATION], "total": 1})

    organisations: list[OrganisationAnswer]
    total: int
    next_offset: int = Field(0, description="Where the next part begins; absent at the end")


class OrganisationJobAnswer(BaseModel):
    """An organisation, and the job that looks for its repositories."""

    model_config = shown({"organisation": _ORGANISATION, "job": _LOOK})

    organisation: OrganisationAnswer
    job: JobAnswer


class RemovedOrganisationAnswer(BaseModel):
    """An organisation that is gone, and the sources that went with it."""

    model_config = shown({"removed": {"id": _ID, "name": "github.com/pallets"}, "sources": []})

    removed: NamedAnswer
    sources: list[NamedAnswer] = Field(description="With `prune`: those that were removed, too")


class WorkspaceAnswer(BaseModel):
    """Sources that are searched together."""

    model_config = shown(_WORKSPACE)

    id: str
    name: str
    members: list[NamedAnswer] = Field(description="In name order")


class WorkspaceListAnswer(BaseModel):
    """A part of the workspaces, in name order."""

    model_config = shown({"workspaces": [_WORKSPACE], "total": 1})

    workspaces: list[WorkspaceAnswer]
    total: int
    next_offset: int = Field(0, description="Where the next part begins; absent at the end")


class RemovedAnswer(BaseModel):
    """What was removed."""

    model_config = shown({"removed": {"id": _ID, "name": "shop"}})

    removed: NamedAnswer


class KeyAnswer(BaseModel):
    """A key, without its secret."""

    model_config = shown(_KEY)

    id: str
    name: str
    prefix: str = Field(description="How its secret begins")
    admin: bool
    state: str = Field(description="`active`, `expired` or `revoked`")
    sources: list[str] = Field(
        default_factory=list, description="Ids of the sources that it was given; absent: all, or what its groups read"
    )
    groups: list[str] = Field(default_factory=list, description="Names of its groups")
    user: str = Field("", description="The person whom it belongs to")
    requests_per_minute: int = Field(0, description="Its own limit, 0 for none; absent: the service's")
    created_at: Moment
    expires_at: Moment = ""
    revoked_at: Moment = ""


class KeyListAnswer(BaseModel):
    """A part of the keys, in name order, expired and revoked ones included."""

    model_config = shown({"keys": [_KEY], "total": 1})

    keys: list[KeyAnswer]
    total: int
    next_offset: int = Field(0, description="Where the next part begins; absent at the end")


class NewKeyAnswer(BaseModel):
    """A new key, and its secret, which no other answer has."""

    model_config = shown({"key": _KEY, "secret": "cs_…"})

    key: KeyAnswer
    secret: str
