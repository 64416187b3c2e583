"""What a tool's call is answered with: one text, never an exception; whatever the transport."""

from __future__ import annotations

import logging
from collections.abc import Callable

from codesearch.core.errors import CodesearchError, ErrorCode
from codesearch.logs import current_request_id
from codesearch.mcp.budget import cut_text
from codesearch.mcp.reply import Reply
from codesearch.tools.tool import Answer

logger = logging.getLogger(__name__)


def reply_to(name: str, call: Callable[[], Answer], max_tokens: int, *, is_local: bool) -> Reply:
    """Call a tool and return its text, of at most so many tokens; what it raises becomes the text of an error.

    So does an answer that has nothing of what was asked for by its name.

    Only the person who owns the data folder (`is_local`) reads what went wrong inside; others get the id under which
    the log has it.
    """
    try:
        answer = call()
    except CodesearchError as error:
        if is_local or error.code is not ErrorCode.INTERNAL:
            return Reply(_writable(error.message), is_error=True)
        logger.error("%s: %s", type(error).__name__, error.message, exc_info=error)
        return _internal()
    except Exception:
        logger.exception("Unforeseen error of the tool %s", name)
        return _internal()
    # What a client would take for the file's text is none.
    return Reply(_writable(cut_text(name, answer.rendered, max_tokens)), answer.is_missing)


def _internal() -> Reply:
    request_id = current_request_id.get()
    where = f", request id {request_id}. The service's log says more." if request_id else ". The log says more."
    return Reply(f"Internal error{where}", is_error=True)


def _writable(text: str) -> str:
    """Return the text without halves of surrogate pairs, which no encoder takes."""
    return text.encode("utf-8", "replace").decode("utf-8")
