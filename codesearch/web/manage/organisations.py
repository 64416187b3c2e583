"""The page of organisations: groups and users of code hosts whose repositories are sources."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from fastapi import APIRouter, Request
from starlette.responses import Response

from codesearch.api.manage.organisations import (
    DEFAULT_DISCOVER_MINUTES,
    DEFAULT_REFRESH_MINUTES,
    WantedOrganisation,
    add_organisation,
    discover,
    remove_organisation,
)
from codesearch.api.manage.running import note_deed
from codesearch.api.management import Management
from codesearch.core.counts import say_count
from codesearch.core.errors import CodesearchError, InvalidRequestError
from codesearch.core.types import HostKind, Organisation
from codesearch.web.access import Admin, SentByAdmin, SentForm
from codesearch.web.errors import PageRoute
from codesearch.web.fields import first_of
from codesearch.web.manage.parts import manage, read_minutes, render_form
from codesearch.web.pages import redirect_to, render_page
from codesearch.web.sessions import Visitor

HOME = "/manage/organisations"
_TEXTS = ("location", "kind", "name", "include", "exclude", "discover_minutes", "refresh_minutes")
_FLAGS = ("archived", "forks", "prune")

router = APIRouter(prefix=HOME, include_in_schema=False, route_class=PageRoute)


@router.get("")
async def get_organisations(request: Request, visitor: Admin) -> Response:
    """Show the organisations and the form for a new one."""
    return await _show(request, visitor)


@router.post("")
async def post_organisation(request: Request, form: SentByAdmin) -> Response:
    """Add an organisation and have its repositories looked for, or say what is wrong with what was typed."""
    try:
        wanted = _read(form)
        added, _ = await manage(
            request,
            form.visitor,
            lambda management: add_organisation(management, wanted, form.visitor.principal.name),
        )
    except InvalidRequestError as error:
        return await _show(request, form.visitor, error, form.fields)
    note_deed(request, form.visitor.principal, "an organisation was added", organisation=added.location)
    return redirect_to(HOME)


@router.post("/{organisation_id}/discover")
async def post_discovery(request: Request, form: SentByAdmin, organisation_id: str) -> Response:
    """Have the repositories of an organisation looked for."""

    def look(management: Management) -> Organisation:
        found = management.catalog.get_organisation(organisation_id)
        discover(management, found, form.visitor.principal.name)
        return found

    found = await manage(request, form.visitor, look)
    note_deed(request, form.visitor.principal, "repositories are to be discovered", organisation=found.name)
    return redirect_to("/manage")


@router.get("/{organisation_id}/remove")
async def get_removal(request: Request, visitor: Admin, organisation_id: str) -> Response:
    """Ask whether an organisation is to be removed."""
    found = await manage(request, visitor, lambda management: management.catalog.get_organisation(organisation_id))
    count = say_count(len(found.repositories), "source stays", "sources stay")
    return render_page(
        request,
        "manage/confirm.html",
        visitor,
        title=f"Remove the organisation {found.name}?",
        lines=[f"Its repositories are looked for no more. Its {count}; remove those that nobody needs one by one."],
        action=f"{HOME}/{found.id}/remove",
        deed="Remove",
        back=HOME,
    )


@router.post("/{organisation_id}/remove")
async def post_removal(request: Request, form: SentByAdmin, organisation_id: str) -> Response:
    """Remove an organisation; its sources stay."""
    removed, _ = await manage(
        request,
        form.visitor,
        lambda management: remove_organisation(management, organisation_id, form.visitor.principal.name, prunes=False),
    )
    note_deed(request, form.visitor.principal, "an organisation was removed", organisation=removed.name)
    return redirect_to(HOME)


def _read(form: SentForm) -> WantedOrganisation:
    choices: dict[str, object] = {
        "name": form.value("name"),
        "include": _split(form.value("include")),
        "exclude": _split(form.value("exclude")),
        "takes_archived": bool(form.value("archived")),
        "takes_forks": bool(form.value("forks")),
        "prunes": bool(form.value("prune")),
        "discover_minutes": read_minutes(form.value("discover_minutes")),
        "refresh_minutes": read_minutes(form.value("refresh_minutes")),
    }
    return WantedOrganisation(form.value("location"), form.value("kind") or None, choices)


def _split(text: str) -> list[str]:
    return [part for part in re.split(r"[\s,]+", text) if part]


async def _show(
    request: Request,
    visitor: Visitor,
    error: CodesearchError | None = None,
    fields: Mapping[str, Sequence[str]] | None = None,
) -> Response:
    organisations = await manage(request, visitor, lambda management: management.catalog.list_organisations())
    defaults = {"discover_minutes": [str(DEFAULT_DISCOVER_MINUTES)], "refresh_minutes": [str(DEFAULT_REFRESH_MINUTES)]}
    given = fields if fields is not None else defaults
    return render_form(
        request,
        "manage/organisations.html",
        visitor,
        error,
        organisations=organisations,
        kinds=[kind.value for kind in HostKind],
        given={name: first_of(given, name) for name in (*_TEXTS, *_FLAGS)},
    )
