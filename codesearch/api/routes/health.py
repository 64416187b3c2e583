"""What probes and curious people ask: alive, ready, what is this. No key needed."""

from __future__ import annotations

from fastapi import APIRouter, Request

from codesearch.api.deps import services_of
from codesearch.api.responses import ApiResponse
from codesearch.api.routes.description import OPENAPI_PATH
from codesearch.api.schemas import AboutResponse, HealthResponse

router = APIRouter(tags=["health"])


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", summary="Alive", response_model=HealthResponse)
async def get_health() -> ApiResponse:
    """Say that the process answers."""
    return ApiResponse({"status": "ok"})


@router.head("/readyz", include_in_schema=False)
@router.get(
    "/readyz",
    summary="Ready",
    response_model=HealthResponse,
    responses={
        503: {"model": HealthResponse, "description": "The model is not loaded yet, or the process is about to end"}
    },
)
async def get_readiness(request: Request) -> ApiResponse:
    """Say whether the model is loaded; until then 503, and again when the process is about to end."""
    if services_of(request).is_stopping():
        return ApiResponse({"status": "stopping"}, status_code=503)
    if services_of(request).retriever.is_warm:
        return ApiResponse({"status": "ok"})
    return ApiResponse({"status": "starting"}, status_code=503)


@router.head("/about", include_in_schema=False)
@router.get("/about", summary="About", response_model=AboutResponse)
async def get_about(request: Request) -> ApiResponse:
    """Say what this service is and where its API is described."""
    app = request.app
    return ApiResponse({"name": app.title, "version": app.version, "openapi": OPENAPI_PATH})
