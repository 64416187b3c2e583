"""/api/organisations: groups and users of code hosts whose repositories are sources, for admins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request

from codesearch.api.manage.answers import (
    OrganisationAnswer,
    OrganisationJobAnswer,
    OrganisationListAnswer,
    RemovedOrganisationAnswer,
)
from codesearch.api.manage.descriptions import describe_job, describe_organisation
from codesearch.api.manage.fields import has_words, parse_fields, read_choice, read_page
from codesearch.api.manage.organisations import (
    FIELDS,
    WantedOrganisation,
    add_organisation,
    discover,
    find_looks,
    remove_organisation,
)
from codesearch.api.manage.requests import OrganisationChange, OrganisationRequest
from codesearch.api.manage.running import authenticate_admin, note_deed, read_deed, run_deed
from codesearch.api.management import Job, Management
from codesearch.api.responses import ApiResponse
from codesearch.api.routes.manage.operations import PAGING, IdOrName, answers, choice, parameters, respond, text
from codesearch.api.routes.retrieval import BEARER, request_body
from codesearch.core.types import Organisation

PATH = "/api/organisations"
_FLAGS = ("true", "false")

router = APIRouter(prefix=PATH, tags=["organisations"], dependencies=[BEARER])


@router.get(
    "",
    operation_id="list_organisations",
    summary="List organisations",
    responses=answers(OrganisationListAnswer, "The organisations, in name order"),
    openapi_extra=parameters(text("query", "Only names with all of these words"), *PAGING),
)
async def list_organisations(request: Request) -> ApiResponse:
    """Return the organisations with their repositories, and what came of the last look."""
    admin = await authenticate_admin(request)
    query = request.query_params
    page = read_page(query)

    def find(management: Management) -> dict[str, Any]:
        found = [item for item in management.catalog.list_organisations() if has_words(item.name, query)]
        jobs = management.jobs.list_jobs()
        listed = [_describe(item, jobs) for item in page.cut(found)]
        return {"organisations": listed, **page.describe(len(found))}

    return respond(await run_deed(request, admin, find))


@router.post(
    "",
    operation_id="add_organisation",
    summary="Add an organisation",
    responses=answers(OrganisationJobAnswer, "It, and the job that looks for its repositories", 201, has_body=True),
    openapi_extra=request_body("OrganisationRequest"),
    status_code=201,
)
async def post_organisation(request: Request) -> ApiResponse:
    """Have the repositories of a group or user found and indexed, now and on a schedule."""
    admin = await authenticate_admin(request)
    asked = parse_fields(await read_deed(request, admin), OrganisationRequest)
    choices = {column: getattr(asked, name) for name, column in FIELDS.items()}
    wanted = WantedOrganisation(asked.location, None if asked.kind is None else asked.kind.value, choices)

    def add(management: Management) -> tuple[dict[str, Any], str]:
        added, job = add_organisation(management, wanted, admin.name)
        return {"organisation": _describe(added, management.jobs.list_jobs()), "job": describe_job(job)}, added.id

    content, organisation_id = await run_deed(request, admin, add)
    note_deed(request, admin, "an organisation was added", organisation=content["organisation"]["location"])
    return respond(content, 201, f"{PATH}/{organisation_id}")


@router.get(
    "/{organisation}",
    operation_id="get_organisation",
    summary="Show an organisation",
    responses=answers(OrganisationAnswer, "It"),
)
async def get_organisation(request: Request, organisation: IdOrName) -> ApiResponse:
    """Return an organisation with its repositories, and what came of the last look."""
    admin = await authenticate_admin(request)

    def find(management: Management) -> dict[str, Any]:
        return _describe(management.catalog.get_organisation(organisation), management.jobs.list_jobs())

    return respond(await run_deed(request, admin, find))


@router.patch(
    "/{organisation}",
    operation_id="change_organisation",
    summary="Change an organisation",
    responses=answers(OrganisationAnswer, "What it is now", has_body=True),
    openapi_extra=request_body("OrganisationChange"),
)
async def patch_organisation(request: Request, organisation: IdOrName) -> ApiResponse:
    """Give an organisation another name, other patterns, options or intervals; they count from the next look on."""
    admin = await authenticate_admin(request)
    asked = parse_fields(await read_deed(request, admin), OrganisationChange)
    changes = {
        column: getattr(asked, name)
        for name, column in FIELDS.items()
        # Only an interval may be none at all.
        if name in asked.model_fields_set and (name.endswith("_minutes") or getattr(asked, name) is not None)
    }

    def change(management: Management) -> dict[str, Any]:
        return _describe(management.catalog.change_organisation(organisation, **changes), management.jobs.list_jobs())

    content = await run_deed(request, admin, change)
    note_deed(request, admin, "an organisation was changed", organisation=content["name"])
    return respond(content)


@router.post(
    "/{organisation}/discover",
    operation_id="discover_organisation",
    summary="Discover repositories",
    responses=answers(OrganisationJobAnswer, "The job that does it; the same one while it waits", 202),
    status_code=202,
)
async def post_discovery(request: Request, organisation: IdOrName) -> ApiResponse:
    """Have the repositories of an organisation looked for now."""
    admin = await authenticate_admin(request)

    def look(management: Management) -> dict[str, Any]:
        found = management.catalog.get_organisation(organisation)
        job = discover(management, found, admin.name)
        return {"organisation": _describe(found, management.jobs.list_jobs()), "job": describe_job(job)}

    content = await run_deed(request, admin, look)
    note_deed(request, admin, "repositories are to be discovered", organisation=content["organisation"]["name"])
    return respond(content, 202)


@router.delete(
    "/{organisation}",
    operation_id="remove_organisation",
    summary="Remove an organisation",
    responses=answers(RemovedOrganisationAnswer, "It is gone"),
    openapi_extra=parameters(choice("prune", "`true`: its sources are removed, too; else they stay", _FLAGS)),
)
async def delete_organisation(request: Request, organisation: IdOrName) -> ApiResponse:
    """Look for the repositories of an organisation no more. Its sources stay, unless `prune` says otherwise."""
    admin = await authenticate_admin(request)
    prunes = read_choice(request.query_params, "prune", _FLAGS) == "true"
    removed, sources = await run_deed(
        request, admin, lambda management: remove_organisation(management, organisation, admin.name, prunes=prunes)
    )
    note_deed(request, admin, "an organisation was removed", organisation=removed.name, sources=str(len(sources)))
    gone = [{"id": source.id, "name": source.name} for source in sources]
    return respond({"removed": {"id": removed.id, "name": removed.name}, "sources": gone})


def _describe(organisation: Organisation, jobs: Sequence[Job]) -> dict[str, Any]:
    looks = find_looks(jobs, organisation.id)
    return describe_organisation(organisation, looks[-1] if looks else None)
