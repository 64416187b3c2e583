"""From a template to an answer: every page with the same frame, and with headers that close what a page needs not."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from codesearch.web.sessions import Visitor
from codesearch.web.static_files import url_of

if TYPE_CHECKING:
    from jinja2 import Environment

# Nothing but our own files, no script and no style in the page itself, in nobody's frame.
_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
# Answers hold what only their reader may see: nothing keeps them.
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": _POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
# What the head of every page leads to: address and name.
NAVIGATION: Final[tuple[tuple[str, str], ...]] = (
    ("/", "Search"),
    ("/exact", "Exact search"),
    ("/sources", "Sources"),
    ("/docs", "API"),
)
# What it leads admins to besides.
ADMIN_NAVIGATION: Final[tuple[tuple[str, str], ...]] = (("/manage", "Manage"),)
HOME: Final = "/"


def render_page(
    request: Request,
    template: str,
    visitor: Visitor | None = None,
    /,
    *,
    status: int = 200,
    **values: Any,
) -> HTMLResponse:
    """Return a page. Templates see `values`, `visitor`, `page_path` and `navigation`."""
    is_admin = visitor is not None and visitor.principal.is_admin
    content = (
        environment()
        .get_template(template)
        .render(
            **values,
            visitor=visitor,
            page_path=request.url.path,
            navigation=NAVIGATION + ADMIN_NAVIGATION if is_admin else NAVIGATION,
        )
    )
    return HTMLResponse(content.encode("utf-8", "replace"), status_code=status, headers=HEADERS)


def redirect_to(address: str) -> RedirectResponse:
    """Send a browser on to an address of ours, by GET."""
    return RedirectResponse(address, status_code=303, headers=HEADERS)


def prepare_pages() -> None:
    """Compile every template, which the first visitors would otherwise wait for."""
    for name in environment().list_templates(extensions=["html"]):
        environment().get_template(name)


@cache
def environment() -> Environment:
    """Return the templates; every value that they show is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("codesearch.web")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.globals["static"] = url_of
    return made
