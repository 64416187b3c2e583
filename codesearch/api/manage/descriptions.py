"""Sources, workspaces, keys and jobs as JSON objects for admins; pure. A key without a value is absent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from codesearch.api.management import IndexSize, Job, JobState
from codesearch.core.catalog.runs import IndexRun
from codesearch.core.keys import ApiKey
from codesearch.core.redaction import redact
from codesearch.core.types import DataSource, Organisation, Workspace


def describe_source(
    source: DataSource,
    state: str,
    size: IndexSize,
    run: IndexRun | None,
    job: Job | None,
    now: datetime,
    default_minutes: int,
) -> dict[str, Any]:
    """Return a source with its derived state, its last run, and the job that waits or works.

    `default_minutes` is how often sources are refreshed that have no schedule of their own.
    """
    has_default = source.refresh_minutes is None and default_minutes > 0
    values: dict[str, Any] = {
        "id": source.id,
        "name": source.name,
        "type": source.type,
        "location": redact(source.location),
        "branch": source.named_branch,
        "committed": True if source.is_as_committed else None,
        "subdir": source.subdir,
        "state": state,
        "paused": source.is_paused,
        "refresh_minutes": source.refresh_minutes,
        "default_refresh_minutes": default_minutes if has_default else None,
        "next_refresh_at": describe_moment(source.next_refresh_at),
        "commit": source.commit,
        "remote_commit": source.remote_commit,
        "remote_seen_at": describe_moment(source.remote_seen_at),
        "indexed_at": describe_moment(source.indexed_at),
        "age_seconds": None if source.indexed_at is None else max(0, int((now - source.indexed_at).total_seconds())),
        "files": source.file_count,
        "chunks": source.chunk_count,
        "segments": size.segments,
        "index_bytes": size.bytes,
        "uncommitted_files": source.uncommitted_count,
        "last_error": source.message,
        "last_run": None if run is None else _describe_run(run, now),
        "job": None if job is None else describe_job(job),
    }
    return _present(values)


def _describe_run(run: IndexRun, now: datetime) -> dict[str, Any]:
    values = {
        "id": run.id,
        "state": "stopped" if run.has_stopped(now) else run.state.value,
        "phase": run.phase,
        "started_at": describe_moment(run.started_at),
        "finished_at": describe_moment(run.finished_at),
        "files_done": run.files_done,
        "files_total": run.files_total,
        "chunks_done": run.chunks_done,
        "commit": run.commit,
        "message": run.message,
    }
    return _present(values)


def describe_job(job: Job) -> dict[str, Any]:
    """Return a job; with how far it is while it runs."""
    request, progress = job.request, job.progress
    values: dict[str, Any] = {
        "id": job.id,
        "kind": request.kind.value,
        "title": request.title,
        "state": job.state.value,
        "source_id": request.source_id,
        "organisation_id": request.organisation,
        "location": request.location,
        "branch": request.branch,
        "subdir": request.subdir,
        "requested_by": job.requested_by,
        "requested_at": describe_moment(job.requested_at),
        "started_at": describe_moment(job.started_at),
        "ended_at": describe_moment(job.ended_at),
        "message": job.message or None,
        "stopping": job.is_stopping,
    }
    if job.state is JobState.RUNNING:
        values["progress"] = _present(
            {
                "source": progress.source or None,
                "phase": progress.phase,
                "files_done": progress.files_done,
                "files_total": progress.files_total,
                "chunks_done": progress.chunks_done,
                "files_per_second": progress.files_per_second,
            }
        )
    return _present(values)


def describe_organisation(organisation: Organisation, job: Job | None) -> dict[str, Any]:
    """Return an organisation with its repositories, and the look that waits or is under way."""
    repositories = [
        {
            "source_id": item.source_id,
            "source_name": item.source_name,
            "full_name": item.full_name,
            "gone": item.is_gone,
        }
        for item in organisation.repositories
    ]
    values: dict[str, Any] = {
        "id": organisation.id,
        "name": organisation.name,
        "kind": organisation.kind.value,
        "location": organisation.location,
        "include": list(organisation.include),
        "exclude": list(organisation.exclude),
        "archived": organisation.takes_archived,
        "forks": organisation.takes_forks,
        "prune": organisation.prunes,
        "discover_minutes": organisation.discover_minutes,
        "next_discovery_at": describe_moment(organisation.next_discovery_at),
        "refresh_minutes": organisation.refresh_minutes,
        "discovered_at": describe_moment(organisation.discovered_at),
        "message": organisation.message,
        "failed": organisation.has_failed,
        "repositories": repositories,
        "job": None if job is None else describe_job(job),
    }
    return _present(values)


def describe_workspace(workspace: Workspace) -> dict[str, Any]:
    """Return a workspace with its members."""
    members = [{"id": member.id, "name": member.name} for member in workspace.members]
    return {"id": workspace.id, "name": workspace.name, "members": members}


def describe_key(key: ApiKey, now: datetime) -> dict[str, Any]:
    """Return a key, without its secret, which nobody has."""
    values = {
        "id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "admin": key.is_admin,
        "state": "revoked" if key.revoked_at else "active" if key.is_usable(now) else "expired",
        "sources": None if key.source_ids is None else sorted(key.source_ids),
        "groups": list(key.group_names) or None,
        "user": key.user,
        "requests_per_minute": key.requests_per_minute,
        "created_at": describe_moment(key.created_at),
        "expires_at": describe_moment(key.expires_at),
        "revoked_at": describe_moment(key.revoked_at),
    }
    return _present(values)


def describe_moment(moment: datetime | None) -> str | None:
    """Return a moment in ISO 8601 and UTC, to the second."""
    return None if moment is None else moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
