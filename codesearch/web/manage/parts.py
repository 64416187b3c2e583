"""What the pages for admins share: a thread to ask the parts behind them in, and pages with forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from fastapi import Request
from starlette.responses import Response

from codesearch.api.errors import note_error, status_of
from codesearch.api.manage.running import run_deed
from codesearch.api.management import Management
from codesearch.core.errors import CodesearchError, InvalidRequestError
from codesearch.web.pages import render_page
from codesearch.web.sessions import Visitor
from codesearch.web.wording import say_on_page

Result = TypeVar("Result")
_MOST_DIGITS: Final = 9


async def manage(request: Request, visitor: Visitor, task: Callable[[Management], Result]) -> Result:
    """Run a task over the parts in a thread of its own. Raises what run_deed raises."""
    return await run_deed(request, visitor.principal, task)


def read_whole_number(text: str, problem: str) -> int | None:
    """Return a number that somebody typed, None for nothing. Raises InvalidRequestError that begins with `problem`."""
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > _MOST_DIGITS:
        raise InvalidRequestError(f"{problem} Leave it empty for none.")
    return int(text)


def read_minutes(text: str) -> int | None:
    """Return an interval that somebody typed, None for nothing. Raises InvalidRequestError."""
    return read_whole_number(text, "An interval is a whole number of minutes.")


def render_form(
    request: Request, template: str, visitor: Visitor, error: CodesearchError | None, /, **values: Any
) -> Response:
    """Return a page with a form: with the status of the error that came of sending it, and its message, if any."""
    if error is not None:
        note_error(request, error)
    return render_page(
        request,
        template,
        visitor,
        status=200 if error is None else status_of(error),
        message="" if error is None else say_on_page(error.message),
        **values,
    )
