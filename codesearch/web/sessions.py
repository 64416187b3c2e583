"""Sessions: a signed cookie that says with which key or whose token a browser signed in, and form tokens of it.

The cookie holds the key's id, never its secret, or what a token said, never the token; what either may read is asked
each time.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from fastapi import Request
from itsdangerous import BadData, URLSafeSerializer, URLSafeTimedSerializer
from starlette.responses import Response

from codesearch.core.errors import AuthenticationError
from codesearch.core.types import Principal
from codesearch.core.users import Bearer
from codesearch.web.session_secret import load_secret

SESSION_SECONDS = 7 * 24 * 3600
# Browsers keep 4,096 bytes of name, value and attributes.
_LONGEST_COOKIE = 3_800


@dataclass(frozen=True, slots=True)
class Session:
    """What a cookie says: a random id, and the id of the key, or the bearer of a token; neither before sign-in."""

    id: str
    key_id: str | None = None
    bearer: Bearer | None = None

    @property
    def owner(self) -> str | None:
        """Whose it is, as a word for counting; None before somebody signs in."""
        return self.key_id if self.bearer is None else f"user {self.bearer.user}"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks for a page: `form_token` belongs into every form that changes something."""

    principal: Principal
    form_token: str


class Sessions:
    """Reads and writes the cookies of one data folder. The secret is read, or made, when it is first needed."""

    def __init__(self, data_dir: Path, clock: Callable[[], float] = time.time) -> None:
        """`clock` gives Unix seconds."""
        self._data_dir = data_dir
        self._clock = clock
        self._lock = Lock()
        self._secret: bytes | None = None

    def open(self) -> None:
        """Read the secret; may wait for the disk. Raises UnreliableFileError."""
        with self._lock:
            if self._secret is None:
                self._secret = load_secret(self._data_dir)

    def read(self, request: Request) -> Session | None:
        """Return the session of a request's cookie; None where there is none, it is too old, or not signed by us."""
        value = request.cookies.get(self._cookie_name(request), "")
        if not value or len(value) > _LONGEST_COOKIE:
            return None
        try:
            fields = self._cookies().loads(value, max_age=SESSION_SECONDS)
        except BadData:
            return None
        bearer = _read_bearer(fields.get("bearer"))
        if bearer is not None and bearer.expires_at <= self._clock():
            return None
        return Session(fields["id"], fields["key"], bearer)

    def create(self, key_id: str | None = None, bearer: Bearer | None = None) -> Session:
        """Return a new session."""
        return Session(secrets.token_urlsafe(16), key_id, bearer)

    def send(self, request: Request, response: Response, session: Session) -> None:
        """Give a browser a session; the one before, if any, is forgotten.

        That of a token ends when the token does. Raises AuthenticationError where browsers would not keep it.
        """
        fields: dict[str, object] = {"id": session.id, "key": session.key_id}
        seconds = SESSION_SECONDS
        if session.bearer is not None:
            fields["bearer"] = _describe_bearer(session.bearer)
            seconds = max(0, min(seconds, int(session.bearer.expires_at - self._clock())))
        value = str(self._cookies().dumps(fields))
        if len(value) > _LONGEST_COOKIE:
            raise AuthenticationError("The token names too many groups to sign in with. Sign in with a key.")
        response.set_cookie(
            self._cookie_name(request),
            value,
            max_age=seconds,
            path="/",
            secure=_is_encrypted(request),
            httponly=True,
            samesite="lax",
        )

    def end(self, request: Request, response: Response) -> None:
        """Make a browser forget its session."""
        name = self._cookie_name(request)
        response.delete_cookie(name, path="/", secure=_is_encrypted(request), httponly=True, samesite="lax")

    def form_token(self, session: Session) -> str:
        """Return what a form of this session has to send along."""
        return str(self._forms().dumps(session.id))

    def is_form_token(self, session: Session, token: str) -> bool:
        """Say whether a form came from a page of this session."""
        try:
            return bool(self._forms().loads(token) == session.id)
        except BadData:
            return False

    def _cookie_name(self, request: Request) -> str:
        """Return the name of the cookie: browsers do not tell the ports of a host apart, so it is the data folder's."""
        name = f"codesearch_{hashlib.sha256(self._known_secret()).hexdigest()[:8]}"
        return f"__Host-{name}" if _is_encrypted(request) else name

    def _cookies(self) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self._known_secret(), salt="session", signer_kwargs=_SIGNER)

    def _forms(self) -> URLSafeSerializer:
        return URLSafeSerializer(self._known_secret(), salt="form", signer_kwargs=_SIGNER)

    def _known_secret(self) -> bytes:
        if self._secret is None:
            raise RuntimeError("Sessions are opened before they are used.")
        return self._secret


_SIGNER = {"key_derivation": "hmac", "digest_method": hashlib.sha256}


def _describe_bearer(bearer: Bearer) -> dict[str, object]:
    groups = None if bearer.groups is None else sorted(bearer.groups)
    return {"user": bearer.user, "groups": groups, "issuer": bearer.issuer, "until": bearer.expires_at}


def _read_bearer(fields: Mapping[str, Any] | None) -> Bearer | None:
    if fields is None:
        return None
    groups = None if fields["groups"] is None else frozenset(fields["groups"])
    return Bearer(fields["user"], groups, fields["issuer"], fields["until"])


def _is_encrypted(request: Request) -> bool:
    """Say whether the browser spoke TLS, to us or to a proxy that the server trusts to say so."""
    return request.url.scheme == "https"
