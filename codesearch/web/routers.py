"""All routes of the page, and how an application gets them."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import FastAPI
from starlette.routing import BaseRoute

from codesearch.core.config import Settings
from codesearch.web import exact, files, search, sign_in, sources, static_files
from codesearch.web.errors import install_page_errors
from codesearch.web.manage import keys, organisations, source, workspaces
from codesearch.web.manage import sources as managed_sources
from codesearch.web.reference import routes as reference
from codesearch.web.sessions import Sessions

MANAGEMENT = (managed_sources.router, source.router, organisations.router, workspaces.router, keys.router)
PAGES = (
    static_files.router,
    sign_in.router,
    search.router,
    exact.router,
    sources.router,
    files.router,
    reference.router,
    *MANAGEMENT,
)


def install_pages(app: FastAPI, settings: Settings, api_routes: Sequence[BaseRoute]) -> None:
    """Make an application that has the error handlers of the API, and the routes, answer people with pages.

    Failed requests to `api_routes` are answered as before.
    """
    app.state.sessions = Sessions(settings.data_dir)
    install_page_errors(app, api_routes)
