"""The first page for admins: sources to add, refresh and remove, and how far the jobs are that do it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from codesearch.api.manage.deeds import WantedSource, add_source, refresh_all, refresh_source, remove_source
from codesearch.api.manage.running import note_deed
from codesearch.api.manage.sightings import Sightings
from codesearch.api.management import Management
from codesearch.core.counts import say_count
from codesearch.core.errors import CodesearchError, ErrorCode
from codesearch.core.types import DataSource
from codesearch.web.access import Admin, SentByAdmin, SentForm
from codesearch.web.errors import PageRoute
from codesearch.web.manage.parts import manage, render_form
from codesearch.web.pages import redirect_to, render_page
from codesearch.web.sessions import Visitor

HOME = "/manage"
# What somebody may have typed, for the form that is shown again.
_FIELDS = ("location", "branch", "subdir", "name")

router = APIRouter(prefix=HOME, include_in_schema=False, route_class=PageRoute)


@dataclass(frozen=True, slots=True)
class _State:
    """What changes while somebody looks: jobs and runs, and sources in name order."""

    seen: Sightings
    sources: Sequence[DataSource]

    @property
    def is_busy(self) -> bool:
        """Whether it will soon be another one."""
        return bool(self.seen.working) or any(not job.state.is_over for job in self.seen.jobs)


@router.get("")
async def get_management(request: Request, visitor: Admin) -> Response:
    """Show the form for a new source, the jobs and the sources."""
    return await _show(request, visitor)


@router.get("/state")
async def get_state(request: Request, visitor: Admin) -> Response:
    """Return the part of the page that changes while somebody looks."""
    state = await manage(request, visitor, _read_state)
    return render_page(request, "manage/state.html", visitor, state=state)


@router.post("/sources")
async def post_source(request: Request, form: SentByAdmin) -> Response:
    """Have a source added, or say what is wrong with what was typed."""
    given = {name: form.value(name) for name in _FIELDS}
    branch, subdir, name = (given[field] or None for field in ("branch", "subdir", "name"))
    wanted = WantedSource(given["location"], branch, subdir, name)
    try:
        added = await manage(request, form.visitor, lambda management: add_source(management, wanted, _name_of(form)))
    except CodesearchError as error:
        if error.code in (ErrorCode.INTERNAL, ErrorCode.UNAUTHENTICATED):
            raise
        return await _show(request, form.visitor, error, given)
    note_deed(request, form.visitor.principal, "a source is to be added", source=added.source.location)
    return redirect_to(HOME)


@router.post("/sources/refresh")
async def post_refresh_all(request: Request, form: SentByAdmin) -> Response:
    """Have every source brought up to date."""
    await manage(request, form.visitor, lambda management: refresh_all(management, _name_of(form)))
    note_deed(request, form.visitor.principal, "all sources are to be refreshed")
    return redirect_to(HOME)


@router.post("/sources/{source_id}/refresh")
async def post_refresh(request: Request, form: SentByAdmin, source_id: str) -> Response:
    """Have a source brought up to date."""
    source, _ = await manage(
        request, form.visitor, lambda management: refresh_source(management, source_id, _name_of(form))
    )
    note_deed(request, form.visitor.principal, "a source is to be refreshed", source=source.name)
    return redirect_to(HOME)


@router.get("/sources/{source_id}/remove")
async def get_removal(request: Request, visitor: Admin, source_id: str) -> Response:
    """Ask whether a source is to be removed."""
    source = await manage(request, visitor, lambda management: management.catalog.get_source(source_id))
    return render_page(
        request,
        "manage/confirm.html",
        visitor,
        title=f"Remove {source.name}?",
        lines=[
            f"{say_count(source.file_count, 'file is', 'files are')} no longer found, "
            "and its workspaces and keys lose it.",
            "The repository itself stays as it is; it can be added again.",
        ],
        action=f"{HOME}/sources/{source.id}/remove",
        deed="Remove",
        back=HOME,
    )


@router.post("/sources/{source_id}/remove")
async def post_removal(request: Request, form: SentByAdmin, source_id: str) -> Response:
    """Remove a source: from sight at once, its rows and files by a job."""
    source, _ = await manage(
        request, form.visitor, lambda management: remove_source(management, source_id, _name_of(form))
    )
    note_deed(request, form.visitor.principal, "a source was removed", source=source.name)
    return redirect_to(HOME)


@router.post("/jobs/{job_id}/cancel")
async def post_cancel(request: Request, form: SentByAdmin, job_id: str) -> Response:
    """Stop a job."""
    job = await manage(request, form.visitor, lambda management: management.jobs.cancel(job_id))
    note_deed(request, form.visitor.principal, "a job is to stop", job=f"{job.request.kind.value} {job.request.title}")
    return redirect_to(HOME)


def _name_of(form: SentForm) -> str:
    return form.visitor.principal.name


def _read_state(management: Management) -> _State:
    seen = Sightings(management.catalog, management.jobs.list_jobs)
    return _State(seen, management.catalog.list_sources())


async def _show(
    request: Request, visitor: Visitor, error: CodesearchError | None = None, given: Mapping[str, str] | None = None
) -> Response:
    state, takes_paths = await manage(
        request, visitor, lambda management: (_read_state(management), management.takes_paths)
    )
    return render_form(
        request,
        "manage/sources.html",
        visitor,
        error,
        state=state,
        takes_paths=takes_paths,
        given=given or dict.fromkeys(_FIELDS, ""),
    )
