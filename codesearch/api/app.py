"""The ASGI application: opens the services in its lifespan, warms the model up, and wires layers, routes and errors."""

from __future__ import annotations

import logging
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
from starlette.middleware import Middleware

from codesearch.api.admission import Admission
from codesearch.api.application import Application
from codesearch.api.auditing import AuditedRetriever, AuditedToolbox, RetrieverLike
from codesearch.api.deps import AppState, KeysAlone, Services
from codesearch.api.errors import install_error_handlers
from codesearch.api.observation import Observation
from codesearch.api.pacing import Pacing
from codesearch.api.rates import Rates
from codesearch.api.request_log import RequestLog
from codesearch.api.request_paths import NormalizedPaths
from codesearch.api.responses import ApiResponse
from codesearch.api.retrieval_request import MAX_BODY_BYTES
from codesearch.api.routes import (
    datasources,
    description,
    health,
    mcp,
    metrics,
    peers,
    retrieval,
    search_code,
    tools,
    webhooks,
)
from codesearch.api.routes.manage import jobs, keys, organisations, sources, workspaces
from codesearch.api.webhooks.desk import open_desk, takes_webhooks
from codesearch.core.config import Settings
from codesearch.web.pages import prepare_pages
from codesearch.web.routers import PAGES, install_pages

if TYPE_CHECKING:
    from codesearch.mcp.http import HttpServer

logger = logging.getLogger(__name__)

# Each takes the interpreter from the search that works: a flood of requests is not to take all of it.
AUTHENTICATING_THREADS = 4
# Of these most wait: for a command, or an issuer's keys.
VERIFYING_THREADS = 8
WARM_UP_GRACE_SECONDS = 10.0


def create_app(settings: Settings, open_services: Callable[[Settings], Services]) -> Application:
    """Return the application; `open_services` is called once per server process, when it starts.

    Nothing is opened here, so a factory without arguments that calls this is all that a server with several worker
    processes needs.
    """

    @asynccontextmanager
    async def lifespan(_: Application) -> AsyncIterator[AppState]:
        mcp_server = await anyio.to_thread.run_sync(_open_mcp_server, settings)
        services = _audit(await anyio.to_thread.run_sync(open_services, settings))
        warming = threading.Thread(target=_warm_up, args=(services.retriever,), name="warm-up", daemon=True)
        warming.start()
        try:
            async with mcp_server.run():
                yield AppState(
                    services=services,
                    settings=settings,
                    door=services.door or KeysAlone(services.catalog),
                    audit=services.audit,
                    admission=Admission(
                        settings.max_requests_per_key,
                        settings.max_requests,
                        Rates(settings.max_requests_per_minute, settings.max_request_burst),
                    ),
                    pacing=Pacing(),
                    # One search works at a time. The others' threads wait for that, for the catalog, or for an index
                    # that is being made again: no key's requests keep another's from a thread.
                    threads=anyio.CapacityLimiter(settings.max_requests),
                    authenticating=anyio.CapacityLimiter(AUTHENTICATING_THREADS),
                    verifying=anyio.CapacityLimiter(VERIFYING_THREADS),
                    peers=anyio.CapacityLimiter(settings.max_requests),
                    mcp=mcp_server,
                    webhooks=open_desk(settings, services.management),
                )
        finally:
            await anyio.to_thread.run_sync(warming.join, WARM_UP_GRACE_SECONDS)
            await anyio.to_thread.run_sync(services.close)

    app = Application(
        max_conditions=settings.max_conditions,
        title="codesearch",
        version=version("codesearch"),
        description="Finds the lines of your repositories that answer a question. Made for Dify and scripts.",
        lifespan=lifespan,
        default_response_class=ApiResponse,
        # Some who import the document take at most 64 characters.
        generate_unique_id_function=lambda route: route.name,
        middleware=_layers(settings),
        # Where a provider of spans is there for the whole process, it would put addresses with their questions into
        # spans. Older versions know no such thing.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        # These pages would load scripts from the network.
        docs_url=None,
        redoc_url=None,
        # routes/description.py answers it, with the address of the service in it.
        openapi_url=None,
        redirect_slashes=False,
    )
    app.router.routes.append(mcp.route)
    watching = (metrics.router,) if settings.metrics else ()
    told = (webhooks.router,) if takes_webhooks(settings) else ()
    asking = (search_code.router, retrieval.router, tools.router, datasources.router)
    told = (webhooks.router,) if takes_webhooks(settings) else ()
    asking = (search_code.router, retrieval.router, tools.router, datasources.router)
    together = (peers.router,) if settings.peers and settings.peer_secret is not None else ()
    managing = (sources.router, organisations.router, workspaces.router, keys.router, jobs.router)
    routers = (*watching, *told, *together, *asking, *managing, health.router, description.router)
    api_routes = [*app.routes, *(route for router in routers for route in router.routes)]
    page_routes = [route for router in PAGES for route in router.routes]
    for router in (*routers, *PAGES):
        app.include_router(router)
    install_error_handlers(app, [*api_routes, *page_routes])
    install_pages(app, settings, api_routes)
    return app


def _audit(services: Services) -> Services:
    """Return the services with what the audit log needs around retriever and tools, where there is one."""
    if services.audit is None:
        return services
    return replace(services, retriever=AuditedRetriever(services.retriever), toolbox=AuditedToolbox(services.toolbox))


def _layers(settings: Settings) -> list[Middleware]:
    observing = [Middleware(Observation)] if settings.metrics or settings.traces else []
    return [Middleware(RequestLog), Middleware(NormalizedPaths), *observing]


def _open_mcp_server(settings: Settings) -> HttpServer:
    # The SDK takes half a second to import.
    from codesearch.mcp.http import HttpServer
    from codesearch.mcp.listing import list_tools
    from codesearch.tools.toolbox import TOOLS

    return HttpServer(list_tools(TOOLS, settings.mcp_max_tokens), MAX_BODY_BYTES)


def _warm_up(retriever: RetrieverLike) -> None:
    """Load the model, and then the page's templates, beside the first requests.

    A failure is logged; the service stays alive but not ready.
    """
    try:
        retriever.warm_up()
        prepare_pages()
    except Exception:
        logger.exception("Warm-up failed; /readyz stays at 503")
