"""/api/sources: what is searched, for admins: listed, added, refreshed, scheduled, paused, renamed, removed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request

from codesearch.api.manage.answers import (
    OneJobAnswer,
    RemovedSourceAnswer,
    SourceAnswer,
    SourceJobAnswer,
    SourceListAnswer,
)
from codesearch.api.manage.deeds import (
    WantedSource,
    add_source,
    change_source,
    merge_source,
    refresh_all,
    refresh_source,
    remove_source,
)
from codesearch.api.manage.descriptions import describe_job, describe_source
from codesearch.api.manage.fields import has_words, parse_fields, read_choice, read_page
from codesearch.api.manage.requests import SourceChange, SourceRequest
from codesearch.api.manage.running import authenticate_admin, note_deed, read_deed, run_deed
from codesearch.api.manage.sightings import STATES, Sightings
from codesearch.api.management import Job, Management
from codesearch.api.responses import ApiResponse
from codesearch.api.routes.manage.operations import PAGING, IdOrName, answers, choice, parameters, respond, text
from codesearch.api.routes.retrieval import BEARER, request_body
from codesearch.core.types import DataSource

PATH = "/api/sources"

router = APIRouter(prefix=PATH, tags=["sources"], dependencies=[BEARER])


@router.get(
    "",
    operation_id="list_sources",
    summary="List sources",
    responses=answers(SourceListAnswer, "The sources, in name order"),
    openapi_extra=parameters(
        choice("state", "Only those in this state", STATES),
        text("query", "Only names with all of these words"),
        *PAGING,
    ),
)
async def list_sources(request: Request) -> ApiResponse:
    """Return what is searched, with state, last run, last error, commit, ages and sizes."""
    admin = await authenticate_admin(request)
    query = request.query_params
    page, state = read_page(query), read_choice(query, "state", STATES)

    def find(management: Management) -> dict[str, Any]:
        sightings = _look(management)
        found = [source for source in management.catalog.list_sources() if has_words(source.name, query)]
        if state is not None:
            found = [source for source in found if sightings.condition_of(source).value == state]
        return {
            "sources": [_describe(management, source, sightings) for source in page.cut(found)],
            **page.describe(len(found)),
        }

    return respond(await run_deed(request, admin, find))


@router.post(
    "",
    operation_id="add_source",
    summary="Add a source",
    responses={
        **answers(SourceJobAnswer, "It was added; the job reads it", 201, has_body=True),
        202: {"model": SourceJobAnswer, "description": "It is there already; the job refreshes it"},
    },
    openapi_extra=request_body("SourceRequest"),
    status_code=201,
)
async def post_source(request: Request) -> ApiResponse:
    """Add a repository, or refresh the one that was added from there before: the same request twice is one source."""
    admin = await authenticate_admin(request)
    asked = parse_fields(await read_deed(request, admin), SourceRequest)
    wanted = WantedSource(
        asked.location, asked.branch or None, asked.subdir or None, asked.name or None, asked.refresh_minutes
    )

    def add(management: Management) -> tuple[dict[str, Any], str, bool]:
        added = add_source(management, wanted, admin.name)
        said = {"source": _describe(management, added.source), "job": describe_job(added.job)}
        return said, added.source.id, added.is_new

    content, source_id, is_new = await run_deed(request, admin, add)
    note_deed(request, admin, "a source is to be added", source=content["source"]["location"])
    return respond(content, 201 if is_new else 202, f"{PATH}/{source_id}")


@router.post(
    "/refresh",
    operation_id="refresh_all_sources",
    summary="Refresh all sources",
    responses=answers(OneJobAnswer, "The job that does it", 202),
    status_code=202,
)
async def post_refresh_all(request: Request) -> ApiResponse:
    """Have every source brought up to date."""
    admin = await authenticate_admin(request)
    job = await run_deed(request, admin, lambda management: refresh_all(management, admin.name))
    note_deed(request, admin, "all sources are to be refreshed")
    return respond({"job": describe_job(job)}, 202)


@router.get("/{source}", operation_id="get_source", summary="Show a source", responses=answers(SourceAnswer, "It"))
async def get_source(request: Request, source: IdOrName) -> ApiResponse:
    """Return a source, given by id or name, with the job about it that waits or works."""
    admin = await authenticate_admin(request)
    return respond(await run_deed(request, admin, lambda management: _show(management, source)))


@router.patch(
    "/{source}",
    operation_id="change_source",
    summary="Change a source",
    responses=answers(SourceAnswer, "What it is now", has_body=True),
    openapi_extra=request_body("SourceChange"),
)
async def patch_source(request: Request, source: IdOrName) -> ApiResponse:
    """Give a source another name or schedule, pause it or let it go on."""
    admin = await authenticate_admin(request)
    asked = parse_fields(await read_deed(request, admin), SourceChange)
    schedule = (asked.refresh_minutes,) if "refresh_minutes" in asked.model_fields_set else None

    def change(management: Management) -> dict[str, Any]:
        changed = change_source(
            management, source, admin.name, name=asked.name, is_paused=asked.paused, schedule=schedule
        )
        return _describe(management, changed)

    content = await run_deed(request, admin, change)
    note_deed(request, admin, "a source was changed", source=content["name"])
    return respond(content)


@router.post(
    "/{source}/refresh",
    operation_id="refresh_source",
    summary="Refresh a source",
    responses=answers(SourceJobAnswer, "The job that does it; the same one while it waits", 202),
    status_code=202,
)
async def post_refresh(request: Request, source: IdOrName) -> ApiResponse:
    """Have a source brought up to date, also one that is paused."""
    return await _ask_for_job(request, source, refresh_source, "a source is to be refreshed")


@router.post(
    "/{source}/merge",
    operation_id="merge_source",
    summary="Merge the segments of a source",
    responses=answers(SourceJobAnswer, "The job that does it; the same one while it waits", 202),
    status_code=202,
)
async def post_merge(request: Request, source: IdOrName) -> ApiResponse:
    """Have the small segments of a source's search index merged. Jobs that refresh it ask for that by themselves."""
    return await _ask_for_job(request, source, merge_source, "segments are to be merged")


@router.post(
    "/{source}/pause", operation_id="pause_source", summary="Pause a source", responses=answers(SourceAnswer, "It")
)
async def post_pause(request: Request, source: IdOrName) -> ApiResponse:
    """Keep a source from being refreshed by schedule, webhooks and what waits. What is indexed goes on answering."""
    return await _pause(request, source, is_paused=True)


@router.post(
    "/{source}/resume", operation_id="resume_source", summary="Resume a source", responses=answers(SourceAnswer, "It")
)
async def post_resume(request: Request, source: IdOrName) -> ApiResponse:
    """Let the schedule of a source go on, after a refresh for what was passed over."""
    return await _pause(request, source, is_paused=False)


@router.delete(
    "/{source}",
    operation_id="remove_source",
    summary="Remove a source",
    responses=answers(RemovedSourceAnswer, "It is out of sight; the job deletes its rows and files", 202),
    status_code=202,
)
async def delete_source(request: Request, source: IdOrName) -> ApiResponse:
    """Remove a source: from searches, workspaces and keys at once, from the disk by a job."""
    admin = await authenticate_admin(request)
    removed, job = await run_deed(request, admin, lambda management: remove_source(management, source, admin.name))
    note_deed(request, admin, "a source was removed", source=removed.name)
    said: dict[str, Any] = {"removed": {"id": removed.id, "name": removed.name}}
    return respond(said if job is None else {**said, "job": describe_job(job)}, 202)


async def _ask_for_job(
    request: Request, source: str, ask: Callable[[Management, str, str], tuple[DataSource, Job]], deed: str
) -> ApiResponse:
    admin = await authenticate_admin(request)

    def run(management: Management) -> dict[str, Any]:
        found, job = ask(management, source, admin.name)
        return {"source": _describe(management, found), "job": describe_job(job)}

    content = await run_deed(request, admin, run)
    note_deed(request, admin, deed, source=content["source"]["name"])
    return respond(content, 202)


async def _pause(request: Request, source: str, *, is_paused: bool) -> ApiResponse:
    admin = await authenticate_admin(request)

    def pause(management: Management) -> dict[str, Any]:
        return _describe(management, change_source(management, source, admin.name, is_paused=is_paused))

    content = await run_deed(request, admin, pause)
    note_deed(request, admin, f"a source was {'paused' if is_paused else 'resumed'}", source=content["name"])
    return respond(content)


def _show(management: Management, source: str) -> dict[str, Any]:
    return _describe(management, management.catalog.get_source(source))


def _look(management: Management) -> Sightings:
    return Sightings(management.catalog, management.jobs.list_jobs)


def _describe(management: Management, source: DataSource, sightings: Sightings | None = None) -> dict[str, Any]:
    seen = sightings or _look(management)
    return describe_source(
        source,
        seen.condition_of(source).value,
        management.measure_index(source.id),
        seen.runs.get(source.id),
        seen.jobs_by_source.get(source.id),
        seen.now,
        management.default_refresh_minutes,
    )
