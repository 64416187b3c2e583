"""The page of keys: who may ask what, new keys, whose secret is shown once, and their end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from fastapi import APIRouter, Request
from starlette.responses import Response

from codesearch.api.manage.running import note_deed
from codesearch.api.management import Management
from codesearch.core.catalog.keys import MAX_RATE
from codesearch.core.errors import CodesearchError, InvalidRequestError, NotFoundError
from codesearch.core.keys import ApiKey
from codesearch.core.types import DataSource
from codesearch.web.access import Admin, SentByAdmin, SentForm
from codesearch.web.errors import PageRoute
from codesearch.web.fields import first_of
from codesearch.web.forms import int_or_zero
from codesearch.web.manage.parts import manage, read_whole_number, render_form
from codesearch.web.pages import redirect_to, render_page
from codesearch.web.sessions import Visitor

HOME = "/manage/keys"
MOST_DAYS = 36_500
# What a key may do, as the form has it.
_EVERYTHING, _SOME, _ADMIN = "everything", "some", "admin"

router = APIRouter(prefix=HOME, include_in_schema=False, route_class=PageRoute)


@dataclass(frozen=True, slots=True)
class _ShownKey:
    """A key for the table: what it reads, and whether it still opens anything."""

    key: ApiKey
    reads: str
    state: str


@router.get("")
async def get_keys(request: Request, visitor: Admin) -> Response:
    """Show the keys and the form for a new one."""
    return await _show(request, visitor)


@router.post("")
async def post_key(request: Request, form: SentByAdmin) -> Response:
    """Create a key and show its secret: in this answer, and nowhere else."""
    try:
        key, secret = await manage(request, form.visitor, lambda management: _create(management, form))
    except (InvalidRequestError, NotFoundError) as error:
        return await _show(request, form.visitor, error, form.fields)
    note_deed(
        request, form.visitor.principal, "a key was created", created=key.name, admin="yes" if key.is_admin else "no"
    )
    return render_page(request, "manage/key_created.html", form.visitor, key=key, secret=secret)


@router.get("/{key_id}/revoke")
async def get_revocation(request: Request, visitor: Admin, key_id: str) -> Response:
    """Ask whether a key is to be revoked."""
    key = await manage(request, visitor, lambda management: _find(management, key_id))
    lines = ["Whoever uses it is refused from then on, at once and for good."]
    if key.id == visitor.principal.key_id:
        lines.append("You are signed in with this very key: you will be signed out.")
    return render_page(
        request,
        "manage/confirm.html",
        visitor,
        title=f"Revoke the key {key.name}?",
        lines=lines,
        action=f"{HOME}/{key.id}/revoke",
        deed="Revoke",
        back=HOME,
    )


@router.post("/{key_id}/revoke")
async def post_revocation(request: Request, form: SentByAdmin, key_id: str) -> Response:
    """Revoke a key."""

    def revoke(management: Management) -> ApiKey:
        return management.catalog.revoke_key(_find(management, key_id).id)

    key = await manage(request, form.visitor, revoke)
    note_deed(request, form.visitor.principal, "a key was revoked", revoked=key.name)
    return redirect_to(HOME)


def _find(management: Management, key_id: str) -> ApiKey:
    """Return the key of an id. Names and prefixes are none: what is in an address is to be clear."""
    found = next((key for key in management.catalog.list_keys() if key.id == key_id), None)
    if found is None:
        raise NotFoundError("No such key.")
    return found


def _create(management: Management, form: SentForm) -> tuple[ApiKey, str]:
    reads = form.value("reads") or _EVERYTHING
    if reads not in (_EVERYTHING, _SOME, _ADMIN):
        raise InvalidRequestError("A key reads everything, some sources, or is an admin's.")
    chosen, groups = frozenset(form.fields.get("source", ())), form.fields.get("group", [])
    if reads == _SOME and not chosen and not groups:
        raise InvalidRequestError("Choose at least one source or group that the key may read.")
    if reads != _SOME and (chosen or groups):
        raise InvalidRequestError("Something is chosen for a key that reads only those: say so, or choose none.")
    return management.catalog.create_key(
        form.value("name"),
        source_ids=chosen if reads == _SOME else None,
        groups=groups,
        is_admin=reads == _ADMIN,
        expires_at=_read_expiry(form.value("days")),
        requests_per_minute=read_whole_number(form.value("rate"), "A rate is a whole number of requests a minute."),
    )


def _read_expiry(days: str) -> datetime | None:
    if not days:
        return None
    count = int_or_zero(days)
    if not 1 <= count <= MOST_DAYS:
        raise InvalidRequestError(f"A key expires after 1 to {MOST_DAYS} days; leave it empty for one that does not.")
    return datetime.now(timezone.utc) + timedelta(days=count)


async def _show(
    request: Request,
    visitor: Visitor,
    error: CodesearchError | None = None,
    fields: Mapping[str, Sequence[str]] | None = None,
) -> Response:
    keys, sources, groups = await manage(
        request,
        visitor,
        lambda management: (
            management.catalog.list_keys(),
            management.catalog.list_sources(),
            management.catalog.list_groups(),
        ),
    )
    given = fields or {}
    return render_form(
        request,
        "manage/keys.html",
        visitor,
        error,
        keys=_describe(keys, sources, datetime.now(timezone.utc)),
        sources=sources,
        groups=groups,
        chosen_groups=frozenset(given.get("group", ())),
        given={name: first_of(given, name) for name in ("name", "days", "rate", "reads")},
        chosen=frozenset(given.get("source", ())),
        most_days=MOST_DAYS,
        most_rate=MAX_RATE,
    )


def _describe(keys: Sequence[ApiKey], sources: Sequence[DataSource], now: datetime) -> list[_ShownKey]:
    """Return the keys that open something first, then the others."""
    names = {source.id: source.name for source in sources}
    shown = [_ShownKey(key, _describe_scope(key, names), _describe_state(key, now)) for key in keys]
    return sorted(shown, key=lambda item: item.state != "active")


def _describe_scope(key: ApiKey, names: Mapping[str, str]) -> str:
    reads = "everything"
    if not key.is_admin and key.source_ids is not None:
        groups = [f"group {name}" for name in key.group_names]
        sources = [name for source_id, name in names.items() if source_id in key.source_ids]
        reads = ", ".join([*groups, *sources]) or "nothing"
    if key.user is not None:
        reads += f", as far as {key.user} may"
    if key.requests_per_minute is not None:
        reads += f", {key.requests_per_minute:,} requests a minute" if key.requests_per_minute else ", at any rate"
    return reads


def _describe_state(key: ApiKey, now: datetime) -> str:
    if key.is_usable(now):
        return "active"
    return "revoked" if key.revoked_at is not None else "expired"
