"""How a deed of an admin is done: by whom, in a thread of its own over the parts, with a line for the logs."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable
from typing import Final, TypeVar

from fastapi import Request

from codesearch.api.deps import authenticate, run_admitted, services_of, settings_of
from codesearch.api.management import Management
from codesearch.api.retrieval_request import read_body
from codesearch.core.errors import AccessDeniedError, NotFoundError, UnwritableError
from codesearch.core.types import Principal

Result = TypeVar("Result")

logger = logging.getLogger(__name__)

ADMINS_ONLY: Final = "This takes an admin key: `codesearch key create NAME --admin` makes one."
_UNWRITABLE: Final = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT)


async def authenticate_admin(request: Request) -> Principal:
    """Return the admin who sent the request. Raises AuthenticationError, AccessDeniedError.

    Others learn nothing, also not whether what an address names is there: the body is not looked at.
    """
    principal = await authenticate(request)
    if not principal.is_admin:
        raise AccessDeniedError(ADMINS_ONLY)
    return principal


async def read_deed(request: Request, principal: Principal) -> bytes:
    """Return the body that an admin sends. Raises what read_body raises."""
    return await read_body(request, principal.key_id, request.state.pacing, settings_of(request).request_seconds)


async def run_deed(request: Request, principal: Principal, task: Callable[[Management], Result]) -> Result:
    """Run a task over the parts in a thread of its own.

    Raises what it raises, NotFoundError where there are no parts, UnwritableError also for a file that takes nothing.
    """
    management = services_of(request).management
    if management is None:
        raise NotFoundError("Nothing is managed over HTTP here.")
    try:
        return await run_admitted(request, principal, lambda _: task(management))
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        raise UnwritableError(f"{error.filename or 'A file'} cannot be written: {error.strerror}.") from error


def note_deed(request: Request, principal: Principal, deed: str, **fields: str | None) -> None:
    """Say who did what, without secrets: in a line of the log, and in the request's entry of the audit log."""
    logger.info("%s", deed, extra={"fields": {"key": principal.name, **fields}})
    told = {name: value for name, value in fields.items() if value is not None}
    request.state.deed = {"deed": deed, "about": told or None}
