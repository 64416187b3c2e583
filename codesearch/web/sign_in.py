"""Signing in with a key or token, and out again. Either comes in a form's body, never in an address."""

from __future__ import annotations

import re
from typing import Final

import anyio.to_thread
from fastapi import APIRouter, Request
from starlette.responses import Response

from codesearch.api.deps import DoorLike, door_of
from codesearch.api.errors import note_error
from codesearch.core.errors import AccessDeniedError, AuthenticationError
from codesearch.core.types import Principal
from codesearch.core.users import Bearer
from codesearch.web.access import Sent, find_visitor, open_sessions
from codesearch.web.errors import PageRoute
from codesearch.web.forms import read_form, value_of
from codesearch.web.pages import HOME, redirect_to, render_page

router = APIRouter(include_in_schema=False, route_class=PageRoute)

# A path of ours: browsers read `//` and `/\` as the start of a host, and pass over control characters.
_OWN_ADDRESS: Final = re.compile(r"/(?![/\\])[^\x00-\x20\\]{0,4000}")


@router.get("/login")
async def get_login(request: Request) -> Response:
    """Show the form, or go on for who is signed in already."""
    target = request.query_params.get("next", "")
    try:
        await find_visitor(request)
    except AuthenticationError:
        return await _show_form(request, target)
    return redirect_to(own_address(target))


@router.post("/login")
async def post_login(request: Request) -> Response:
    """Sign in, and go on to where the visitor came from."""
    sessions = await open_sessions(request)
    try:
        fields = await read_form(request, sessions, sessions.read(request))
    except AccessDeniedError as error:
        return await _show_form(request, "", error.message, status=403)
    target, secret = value_of(fields, "next"), value_of(fields, "key")
    try:
        principal, bearer = await _authenticate(request, re.sub(r"(?i)^bearer\s+", "", secret))
        answer = redirect_to(own_address(target))
        sessions.send(
            request, answer, sessions.create(principal.key_id) if bearer is None else sessions.create(bearer=bearer)
        )
    except AuthenticationError as error:
        message = error.message if secret else "Paste a key first."
        note_error(request, error)
        return await _show_form(request, target, message, status=401)
    return answer


@router.post("/logout")
async def post_logout(request: Request, _: Sent) -> Response:
    """Sign out."""
    answer = redirect_to("/login")
    (await open_sessions(request)).end(request, answer)
    return answer


def own_address(target: str) -> str:
    """Return a target that is an address of this service, and otherwise that of the first page."""
    return target if _OWN_ADDRESS.fullmatch(target) else HOME


async def _authenticate(request: Request, secret: str) -> tuple[Principal, Bearer | None]:
    """Return whose key or token it is, and of a token what it says.

    Tries count as requests, those of each client together.
    """
    request.state.is_asking = True
    client = request.client.host if request.client else "unknown"
    door = door_of(request)
    limiter = request.state.verifying if door.takes_time(secret) else request.state.authenticating
    with request.state.admission.enter(f"sign-in from {client}"):
        principal, bearer = await anyio.to_thread.run_sync(_identify, door, secret, limiter=limiter)
    request.state.key_name, request.state.principal = principal.name, principal
    return principal, bearer


def _identify(door: DoorLike, secret: str) -> tuple[Principal, Bearer | None]:
    bearer = door.read_token(secret)
    if bearer is None:
        return door.authenticate(secret), None
    return door.admit_again(bearer), bearer


async def _show_form(request: Request, target: str, message: str = "", status: int = 200) -> Response:
    """Show the form. Its token belongs to a session that nobody is signed in with; two tabs share it."""
    sessions = await open_sessions(request)
    known = sessions.read(request)
    session = known if known is not None and known.owner is None else sessions.create()
    form_token = sessions.form_token(session)
    answer = render_page(
        request,
        "login.html",
        status=status,
        target=target,
        message=message,
        form_token=form_token,
        takes_tokens=door_of(request).takes_time("a token"),
    )
    sessions.send(request, answer, session)
    return answer
