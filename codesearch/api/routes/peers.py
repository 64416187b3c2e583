"""POST /internal/peers/STEP: what other services ask for their part of an answer, with the secret that all share."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from functools import partial

from fastapi import APIRouter, Request
from starlette.responses import Response

from codesearch.api.deps import Services, parse_authorization, run_for_peer, services_of, settings_of
from codesearch.api.retrieval_request import read_body
from codesearch.core.errors import AuthenticationError, NotFoundError
from codesearch.retrieval.scatter.desk import STEPS
from codesearch.retrieval.turns import Work
from codesearch.tools.lookups.lookup import LOOK

PATH = "/internal/peers"
# Whose work it is, in hexadecimal digits.
KEY_HEADER = "X-Codesearch-Key"
_MAX_KEY_LENGTH = 256

router = APIRouter(include_in_schema=False)


@router.post(f"{PATH}/{{step}}")
async def post_step(request: Request, step: str) -> Response:
    """Return a message with the answer. Raises AuthenticationError, NotFoundError and what the desk raises."""
    _require_peer(request)
    answer = _find_answer(services_of(request), step)
    if answer is None:
        raise NotFoundError("Services ask one another for nothing of this name.")
    key = f"peer {request.headers.get(KEY_HEADER, '')[:_MAX_KEY_LENGTH]}"
    body = await read_body(request, key, request.state.pacing, settings_of(request).request_seconds)
    content = await run_for_peer(request, key, partial(answer, body))
    return Response(content, media_type="application/octet-stream", headers={"Cache-Control": "no-store"})


def _find_answer(services: Services, step: str) -> Callable[[bytes, Work], bytes] | None:
    """Return what answers a step; None where nobody does."""
    if services.peer_desk is not None and step in STEPS:
        return partial(services.peer_desk.answer, step)
    if services.lookup_desk is not None and step == LOOK:
        return services.lookup_desk.answer
    return None


def _require_peer(request: Request) -> None:
    secret = settings_of(request).peer_secret
    given = parse_authorization(request.headers.getlist("Authorization"))
    if secret is None or not hmac.compare_digest(given.encode(), secret.get_secret_value().encode()):
        raise AuthenticationError("This takes the secret of CODESEARCH_PEER_SECRET, and no key.")
