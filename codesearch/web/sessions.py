"""Sessions: a signed cookie that says with which key a browser signed in, and form tokens that belong to it.

The cookie holds the key's id, never its secret; whether the key still opens anything is asked of the catalog each time.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from fastapi import Request
from itsdangerous import BadData, URLSafeSerializer, URLSafeTimedSerializer
from starlette.responses import Response

from codesearch.core.types import Principal
from codesearch.web.session_secret import load_secret

SESSION_SECONDS = 7 * 24 * 3600
_LONGEST_COOKIE = 1_024


@dataclass(frozen=True, slots=True)
class Session:
    """What a cookie says: a random id, and the id of the key; None for the key before somebody signs in."""

    id: str
    key_id: str | None = None


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks for a page: `form_token` belongs into every form that changes something."""

    principal: Principal
    form_token: str


class Sessions:
    """Reads and writes the cookies of one data folder. The secret is read, or made, when it is first needed."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
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
        return Session(fields["id"], fields["key"])

    def create(self, key_id: str | None = None) -> Session:
        """Return a new session."""
        return Session(secrets.token_urlsafe(16), key_id)

    def send(self, request: Request, response: Response, session: Session) -> None:
        """Give a browser a session; the one before, if any, is forgotten."""
        response.set_cookie(
            self._cookie_name(request),
            str(self._cookies().dumps({"id": session.id, "key": session.key_id})),
            max_age=SESSION_SECONDS,
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


def _is_encrypted(request: Request) -> bool:
    """Say whether the browser spoke TLS, to us or to a proxy that the server trusts to say so."""
    return request.url.scheme == "https"
