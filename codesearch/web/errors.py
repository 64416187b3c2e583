"""Failures for people: the facts of the API's answer as a page, where a browser asks for one."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute, Match

from codesearch.api.errors import internal_error_response, note_error, respond_to
from codesearch.core.errors import AuthenticationError, CodesearchError, ErrorCode, UnwritableError
from codesearch.web.pages import redirect_to, render_page
from codesearch.web.wording import say_on_page

_MAX_ADDRESS_LENGTH: Final = 4_000
_KEPT_HEADERS: Final = ("Allow", "Retry-After", "Connection")

logger = logging.getLogger(__name__)


class PageRoute(APIRoute):
    """A route of a page. Who is not signed in is sent to do so; what nobody foresaw is a page, too.

    What answers GET answers HEAD.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if self.methods and "GET" in self.methods:
            self.methods.add("HEAD")

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what handles a request."""
        handle = super().get_route_handler()

        async def handle_or_explain(request: Request) -> Response:
            try:
                return await handle(request)
            except AuthenticationError as error:
                note_error(request, error)
                return redirect_to(_sign_in_address(request))
            except UnwritableError as error:
                note_error(request, error)
                return _explain(request, respond_to(error))
            except (CodesearchError, HTTPException, RequestValidationError):
                raise
            except Exception:
                logger.exception("Unforeseen error")
                request.state.error_code = int(ErrorCode.INTERNAL)
                return _explain(request, internal_error_response())

        return handle_or_explain


def install_page_errors(app: FastAPI, api_routes: Sequence[BaseRoute]) -> None:
    """Answer a browser's failed requests with pages, except those to a path of the API."""
    for kind in (CodesearchError, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, _explaining(app.exception_handlers[kind], api_routes))


def _explaining(respond: Any, api_routes: Sequence[BaseRoute]) -> Any:
    async def handle(request: Request, error: Exception) -> Response:
        answer: Response = await respond(request, error)
        is_of_api = any(route.matches(request.scope)[0] is not Match.NONE for route in api_routes)
        if is_of_api or "text/html" not in request.headers.get("Accept", ""):
            return answer
        # The page has words of its own for what is to be done.
        return _explain(request, respond_to(error) if isinstance(error, CodesearchError) else answer)

    return handle


def _explain(request: Request, answer: Response) -> Response:
    """Return a page with the message, status and headers of the API's answer."""
    message = say_on_page(json.loads(bytes(answer.body))["error_msg"])
    visitor = getattr(request.state, "visitor", None)
    page = render_page(
        request, "error.html", visitor, status=answer.status_code, code=answer.status_code, message=message
    )
    for name in _KEPT_HEADERS:
        if name in answer.headers:
            page.headers[name] = answer.headers[name]
    return page


def _sign_in_address(request: Request) -> str:
    """Return where to sign in, and from there back to what was asked; a form that was sent is not sent again."""
    if request.method not in ("GET", "HEAD"):
        return "/login"
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if len(asked) > _MAX_ADDRESS_LENGTH:
        asked = request.url.path
    return f"/login?next={quote(asked, safe='')}"
