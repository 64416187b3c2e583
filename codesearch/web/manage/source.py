"""The page of one source: its schedule, whether it is paused, and a merge of its segments."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from codesearch.api.manage.deeds import change_source, merge_source
from codesearch.api.manage.running import note_deed
from codesearch.api.management import Management
from codesearch.core.errors import CodesearchError, InvalidRequestError
from codesearch.core.types import MOST_MINUTES, DataSource
from codesearch.web.access import Admin, SentByAdmin, SentForm
from codesearch.web.errors import PageRoute
from codesearch.web.manage.parts import manage, read_minutes, render_form
from codesearch.web.manage.sources import HOME
from codesearch.web.pages import redirect_to
from codesearch.web.sessions import Visitor

router = APIRouter(prefix=f"{HOME}/sources", include_in_schema=False, route_class=PageRoute)


@router.get("/{source_id}")
async def get_source(request: Request, visitor: Admin, source_id: str) -> Response:
    """Show what can be changed about a source."""
    return await _show(request, visitor, source_id)


@router.post("/{source_id}")
async def post_source(request: Request, form: SentByAdmin, source_id: str) -> Response:
    """Give a source another schedule, pause it or let it go on, or say what is wrong with what was typed."""
    try:
        minutes = read_minutes(form.value("refresh_minutes"))
        changed = await manage(request, form.visitor, lambda management: _change(management, form, source_id, minutes))
    except InvalidRequestError as error:
        return await _show(request, form.visitor, source_id, error, form)
    note_deed(request, form.visitor.principal, "a source was changed", source=changed.name)
    return redirect_to(HOME)


@router.post("/{source_id}/merge")
async def post_merge(request: Request, form: SentByAdmin, source_id: str) -> Response:
    """Have the small segments of a source merged."""
    source, _ = await manage(
        request, form.visitor, lambda management: merge_source(management, source_id, form.visitor.principal.name)
    )
    note_deed(request, form.visitor.principal, "segments are to be merged", source=source.name)
    return redirect_to(HOME)


def _change(management: Management, form: SentForm, source_id: str, minutes: int | None) -> DataSource:
    is_same = management.catalog.get_source(source_id).refresh_minutes == minutes
    return change_source(
        management,
        source_id,
        form.visitor.principal.name,
        is_paused=bool(form.value("paused")),
        # Set anew, an interval would begin from now.
        schedule=None if is_same else (minutes,),
    )


async def _show(
    request: Request,
    visitor: Visitor,
    source_id: str,
    error: CodesearchError | None = None,
    form: SentForm | None = None,
) -> Response:
    def find(management: Management) -> tuple[DataSource, int, int]:
        source = management.catalog.get_source(source_id)
        return source, management.default_refresh_minutes, management.measure_index(source.id).segments

    source, default_minutes, segments = await manage(request, visitor, find)
    minutes = "" if source.refresh_minutes is None else str(source.refresh_minutes)
    return render_form(
        request,
        "manage/source.html",
        visitor,
        error,
        source=source,
        default_minutes=default_minutes,
        most_minutes=MOST_MINUTES,
        segments=segments,
        minutes=minutes if form is None else form.value("refresh_minutes"),
        is_paused=source.is_paused if form is None else bool(form.value("paused")),
    )
