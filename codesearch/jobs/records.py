"""Jobs as the engine keeps them: what of a workflow is a job's request, state, progress and end."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

from codesearch.api.management import Job, JobKind, JobProgress, JobRequest, JobState

if TYPE_CHECKING:
    from dbos import WorkflowStatus

WAITING: Final = ("ENQUEUED", "DELAYED")
AT_WORK: Final = "PENDING"
CANCELLED: Final = "CANCELLED"
OVER: Final = ("SUCCESS", "ERROR", CANCELLED, "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
STOPPED: Final = "Stopped on request. What was there before is as it was."
_GIVEN_UP = "It was begun many times, and the worker ended each time. What was there before is as it was."
# Attributes of a workflow: how far it is, when it began, and that its process is there.
PROGRESS, STARTED_AT, IS_AT_WORK = "progress", "started_at", "is_at_work"
# Why it was cancelled, where nobody has stopped it.
REASON = "reason"
# A process that is told to stop is killed long before. What is said to be there after that was left by a dead worker.
_STOPPING = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """What became of a job that was not stopped: one line, and whether that is a failure."""

    message: str
    has_failed: bool = False


def partition_of(request: JobRequest) -> str:
    """Return what no two jobs work on at once: a source, an organisation, or a kind of work on all."""
    if request.source_id is not None:
        return request.source_id
    named = request.organisation or request.location
    text = request.kind.value if named is None else f"{named}\0{request.branch}\0{request.subdir}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def request_to_json(request: JobRequest) -> dict[str, Any]:
    """Return a request as it is kept."""
    return {name: value for name, value in asdict(request).items() if value is not None and value is not False}


def request_from_json(values: Mapping[str, Any]) -> JobRequest:
    """Return a request that was kept. Raises TypeError, ValueError for what is none of this version."""
    return JobRequest(**{**values, "kind": JobKind(values["kind"])})


def outcome_to_json(outcome: JobOutcome) -> dict[str, Any]:
    """Return an outcome as it is kept."""
    return asdict(outcome)


def to_job(status: WorkflowStatus, now: datetime) -> Job | None:
    """Return the job that a workflow is, None where it is none that this version understands."""
    try:
        values, requested_at = status.input["args"] if status.input else ({}, None)
        request = request_from_json(values)
        attributes = status.attributes or {}
        state, message, is_stopping = _describe(status, attributes, now)
        return Job(
            id=status.workflow_id,
            request=request,
            state=state,
            requested_by=status.authenticated_user or "",
            # The engine's own time of a file of jobs has whole seconds.
            requested_at=_moment(requested_at) or now,
            started_at=_moment(attributes.get(STARTED_AT)),
            ended_at=_moment(status.completed_at) if state.is_over else None,
            progress=JobProgress(**attributes.get(PROGRESS, {})),
            message=message,
            is_stopping=is_stopping,
        )
    except (TypeError, ValueError, KeyError, IndexError):
        return None


def _describe(status: WorkflowStatus, attributes: Mapping[str, Any], now: datetime) -> tuple[JobState, str, bool]:
    if status.status in WAITING:
        return JobState.QUEUED, "", False
    if status.status == AT_WORK:
        return JobState.RUNNING, "", False
    if status.status == CANCELLED:
        stopped_at = _moment(status.completed_at) or now
        if attributes.get(IS_AT_WORK) and abs(now - stopped_at) < _STOPPING:
            return JobState.RUNNING, "", True
        return JobState.CANCELLED, str(attributes.get(REASON) or STOPPED), False
    if status.status == "SUCCESS":
        outcome = JobOutcome(**(status.output or {}))
        return JobState.FAILED if outcome.has_failed else JobState.DONE, outcome.message, False
    return JobState.FAILED, _GIVEN_UP if status.error is None else str(status.error), False


def _moment(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, timezone.utc)
