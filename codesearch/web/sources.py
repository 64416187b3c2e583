"""The page of repositories and workspaces: what can be searched, of which commit, how old and how large."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from itertools import accumulate
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from codesearch.api.deps import run_admitted, services_of
from codesearch.core.ages import say_age
from codesearch.web.access import SignedIn
from codesearch.web.addresses import tree_address
from codesearch.web.errors import PageRoute
from codesearch.web.pages import render_page

_SHOWN_LANGUAGES: Final = 6
# A page of more would be heavy, and nobody's way to find one.
_SHOWN_ITEMS: Final = 100
_CHART_WIDTH: Final = 100.0
_LEAST_SHARE: Final = 0.001

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/sources")
async def get_sources(request: Request, visitor: SignedIn) -> Response:
    """Show what the visitor's key may read."""
    toolbox = services_of(request).toolbox
    words = " ".join(request.query_params.get("name", "").split())
    arguments = {"ready_only": False, **({"query": words} if words else {})}
    answer = await run_admitted(
        request,
        visitor.principal,
        lambda work: toolbox.call("get_data_sources", visitor.principal, arguments, work),
    )
    found = answer.obj["data_sources"]
    items = sorted(found, key=lambda item: item["type"] != "workspace")[:_SHOWN_ITEMS]
    now = datetime.now(timezone.utc)
    return render_page(
        request,
        "sources.html",
        visitor,
        sources=[_describe(item, now) for item in items if item["type"] != "workspace"],
        workspaces=[item for item in items if item["type"] == "workspace"],
        words=words,
        left_out=len(found) - len(items),
    )


def _describe(item: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    indexed_at = item.get("indexed_at")
    return {
        **item,
        "age": say_age(datetime.fromisoformat(indexed_at.replace("Z", "+00:00")), now) if indexed_at else None,
        "size": size_of(item["bytes"]) if "bytes" in item else None,
        "tree": tree_address(item["name"]),
        "chart": chart_of(item.get("language_shares") or {}),
    }


def size_of(count: int) -> str:
    """Return a number of bytes for people: `913 bytes`, `1.2 MB`."""
    if count < 1000:
        return f"{count} bytes"
    value = float(count)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.5 or unit == "GB":
            break
    return f"{value:.0f} {unit}" if value >= 9.95 else f"{value:.1f} {unit}"


def chart_of(shares: Mapping[str, float]) -> list[dict[str, Any]]:
    """Return the bars of a chart that is 100 wide: name, percent, place and width; all others in one."""
    shown = list(shares.items())[:_SHOWN_LANGUAGES]
    # Also the files that have no language.
    rest = 1 - sum(share for _, share in shown)
    bars = [*shown, ("other", rest)] if shown and rest > _LEAST_SHARE else shown
    widths = [share * _CHART_WIDTH for _, share in bars]
    starts = [0.0, *accumulate(widths)]
    return [
        {
            "name": name,
            "percent": f"{width:.0f}" if width >= 1 else "<1",
            "x": round(start, 2),
            "width": round(width, 2),
        }
        for (name, _), start, width in zip(bars, starts, widths, strict=False)
    ]
