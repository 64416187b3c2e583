"""Who may see a page: what routes depend on to know their visitor, and to read what a visitor sends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import anyio.to_thread
from fastapi import Depends, Request

from codesearch.api.deps import admit, door_of
from codesearch.api.manage.running import ADMINS_ONLY
from codesearch.core.errors import AccessDeniedError, AuthenticationError
from codesearch.web.forms import read_form, value_of
from codesearch.web.sessions import Session, Sessions, Visitor

NOT_SIGNED_IN = "Sign in with a key."


@dataclass(frozen=True, slots=True)
class SentForm:
    """What a visitor has sent from a page of ours."""

    visitor: Visitor
    fields: Mapping[str, list[str]]

    def value(self, name: str) -> str:
        """Return the first value of a field without blanks around it, empty where there is none."""
        return value_of(self.fields, name)


async def open_sessions(request: Request) -> Sessions:
    """Return the sessions of the running application, ready to be read; raises UnreliableFileError."""
    sessions: Sessions = request.app.state.sessions
    await anyio.to_thread.run_sync(sessions.open, limiter=request.state.authenticating)
    return sessions


async def find_visitor(request: Request) -> Visitor:
    """Return who is signed in, and note the key's name for the access line; raises AuthenticationError."""
    visitor, _ = await _find(request)
    return visitor


async def find_admin(visitor: Annotated[Visitor, Depends(find_visitor)]) -> Visitor:
    """Return who is signed in with an admin key; raises AuthenticationError, AccessDeniedError."""
    if not visitor.principal.is_admin:
        raise AccessDeniedError(ADMINS_ONLY)
    return visitor


async def read_sent_form(request: Request) -> SentForm:
    """Return the form that somebody who is signed in has sent; raises AuthenticationError and what read_form raises."""
    visitor, session = await _find(request)
    return SentForm(visitor, await read_form(request, await open_sessions(request), session))


async def read_admin_form(form: Annotated[SentForm, Depends(read_sent_form)]) -> SentForm:
    """Return the form that somebody with an admin key has sent; raises AccessDeniedError, too."""
    await find_admin(form.visitor)
    return form


async def _find(request: Request) -> tuple[Visitor, Session]:
    request.state.is_asking = True
    sessions = await open_sessions(request)
    session = sessions.read(request)
    if session is None:
        raise AuthenticationError(NOT_SIGNED_IN)
    door = door_of(request)
    if session.bearer is not None:
        find = partial(door.admit_again, session.bearer)
    elif session.key_id is not None:
        find = partial(door.find_principal, session.key_id)
    else:
        raise AuthenticationError(NOT_SIGNED_IN)
    principal = await admit(request, find, request.state.authenticating)
    visitor = Visitor(principal, sessions.form_token(session))
    # For the head of the page that says what went wrong afterwards.
    request.state.visitor = visitor
    return visitor, session


# What routes take as parameters.
SignedIn = Annotated[Visitor, Depends(find_visitor)]
Admin = Annotated[Visitor, Depends(find_admin)]
Sent = Annotated[SentForm, Depends(read_sent_form)]
SentByAdmin = Annotated[SentForm, Depends(read_admin_form)]
