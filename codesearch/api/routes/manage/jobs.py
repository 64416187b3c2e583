"""/api/jobs: what the service was asked to do, for admins: listed, shown, cancelled."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from codesearch.api.manage.answers import JobAnswer, JobListAnswer
from codesearch.api.manage.descriptions import describe_job
from codesearch.api.manage.fields import read_choice, read_page
from codesearch.api.manage.running import authenticate_admin, note_deed, run_deed
from codesearch.api.management import Job, JobKind, JobState, Management
from codesearch.api.responses import ApiResponse
from codesearch.api.routes.manage.operations import PAGING, Id, answers, choice, parameters, respond, text
from codesearch.api.routes.retrieval import BEARER
from codesearch.core.types import DataSource

PATH = "/api/jobs"
_STATES = tuple(state.value for state in JobState)
_KINDS = tuple(kind.value for kind in JobKind)

router = APIRouter(prefix=PATH, tags=["jobs"], dependencies=[BEARER])


@router.get(
    "",
    operation_id="list_jobs",
    summary="List jobs",
    responses=answers(JobListAnswer, "The jobs, the newest first"),
    openapi_extra=parameters(
        choice("state", "Only those in this state", _STATES),
        choice("kind", "Only those of this kind", _KINDS),
        text("source", "Only those about this source, by id or name"),
        *PAGING,
    ),
)
async def list_jobs(request: Request) -> ApiResponse:
    """Return the jobs that wait or work, and the last ones that are over."""
    admin = await authenticate_admin(request)
    query = request.query_params
    page, source = read_page(query), query.get("source", "").strip()
    state, kind = read_choice(query, "state", _STATES), read_choice(query, "kind", _KINDS)

    def find(management: Management) -> dict[str, Any]:
        source_id = _id_of(management, source) if source else None
        found = [job for job in management.jobs.list_jobs() if _fits(job, state, kind, source_id)]
        return {"jobs": [describe_job(job) for job in page.cut(found)], **page.describe(len(found))}

    return respond(await run_deed(request, admin, find))


@router.get("/{job}", operation_id="get_job", summary="Show a job", responses=answers(JobAnswer, "It"))
async def get_job(request: Request, job: Id) -> ApiResponse:
    """Return a job, with how far it is while it runs."""
    admin = await authenticate_admin(request)
    return respond(describe_job(await run_deed(request, admin, lambda management: management.jobs.get(job))))


@router.post("/{job}/cancel", operation_id="cancel_job", summary="Cancel a job", responses=answers(JobAnswer, "It"))
async def post_cancel(request: Request, job: Id) -> ApiResponse:
    """Stop a job; what it has not published is as before. One that is over stays as it is."""
    admin = await authenticate_admin(request)
    stopped = await run_deed(request, admin, lambda management: management.jobs.cancel(job))
    note_deed(request, admin, "a job is to stop", job=f"{stopped.request.kind.value} {stopped.request.title}")
    return respond(describe_job(stopped))


def _id_of(management: Management, given: str) -> str:
    """Return the id that a source has, or the text itself: jobs may be about one that is gone."""
    found = management.catalog.resolve(given)
    return found.id if isinstance(found, DataSource) else given


def _fits(job: Job, state: str | None, kind: str | None, source_id: str | None) -> bool:
    request = job.request
    is_of_source = source_id in (None, request.source_id)
    return is_of_source and state in (None, job.state.value) and kind in (None, request.kind.value)
