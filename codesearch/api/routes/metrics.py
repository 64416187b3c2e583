"""GET /metrics: for Prometheus, where it is switched on, with a key for admins or the token that opens nothing else."""

from __future__ import annotations

import hmac

import anyio.to_thread
from fastapi import APIRouter, Request
from starlette.responses import Response

from codesearch.api.deps import authenticate, parse_authorization, services_of, settings_of
from codesearch.core.errors import AccessDeniedError

PATH = "/metrics"

router = APIRouter(include_in_schema=False)


@router.get(PATH)
async def get_metrics(request: Request) -> Response:
    """Return the metrics of all server processes. Raises AuthenticationError, AccessDeniedError."""
    await _require_reader(request)
    from codesearch.telemetry.prometheus import CONTENT_TYPE

    metrics = services_of(request).telemetry.metrics
    assert metrics is not None  # noqa: S101 - the route is there where they are on
    text = await anyio.to_thread.run_sync(metrics.render, limiter=request.state.threads)
    return Response(text, media_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})


async def _require_reader(request: Request) -> None:
    token = settings_of(request).metrics_token
    # With the token there is nobody to be named in the audit log; who has neither token nor key is.
    request.state.is_asking = True
    given = parse_authorization(request.headers.getlist("Authorization"))
    if token is not None and hmac.compare_digest(given.encode(), token.get_secret_value().encode()):
        return
    principal = await authenticate(request)
    if not principal.is_admin:
        raise AccessDeniedError("Metrics take an admin key, or the token of CODESEARCH_METRICS_TOKEN.")
