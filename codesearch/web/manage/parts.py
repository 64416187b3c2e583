"""What the pages for admins share: the parts behind them, a thread to ask them in, a line in the log for each deed."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from typing import Any, Final, TypeVar

from fastapi import Request
from starlette.responses import Response

from codesearch.api.deps import run_admitted, services_of
from codesearch.api.errors import note_error, status_of
from codesearch.api.management import Management
from codesearch.core.errors import CodesearchError, NotFoundError, UnwritableError
from codesearch.web.pages import render_page
from codesearch.web.sessions import Visitor
from codesearch.web.wording import say_on_page

Result = TypeVar("Result")

logger = logging.getLogger(__name__)

_UNWRITABLE: Final = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT)


async def manage(request: Request, visitor: Visitor, task: Callable[[Management], Result]) -> Result:
    """Run a task over the parts in a thread of its own.

    Raises what it raises, NotFoundError where there are no parts, UnwritableError also for a file that takes nothing.
    """
    management = services_of(request).management
    if management is None:
        raise NotFoundError("Nothing is managed over HTTP here.")
    try:
        return await run_admitted(request, visitor.principal, lambda _: task(management))
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        raise UnwritableError(f"{error.filename or 'A file'} cannot be written: {error.strerror}.") from error


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


def note_deed(visitor: Visitor, deed: str, **fields: str | None) -> None:
    """Write a line to the log that says who did what; without secrets."""
    logger.info("%s", deed, extra={"fields": {"key": visitor.principal.name, **fields}})
