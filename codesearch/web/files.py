"""A file as it was indexed, with its outline beside it, and the folders that files are in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from codesearch.api.deps import Services, run_admitted, services_of
from codesearch.core.types import DataSource, Principal
from codesearch.retrieval.links import line_url
from codesearch.retrieval.turns import Work
from codesearch.web.access import SignedIn
from codesearch.web.addresses import file_address, folders_above, page_address, tree_address
from codesearch.web.errors import PageRoute
from codesearch.web.highlighting import Highlighter
from codesearch.web.pages import render_page
from codesearch.web.wording import say_on_page

# What one page shows of a file: the weight of a page is a promise.
PAGE_LINES: Final = 500
PAGE_CHARACTERS: Final = 40_000
_SHOWN_SYMBOLS: Final = 200
_SHOWN_ENTRIES: Final = 600
_LINES_ABOVE: Final = 3
_LINES = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?")

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/file")
async def get_file(request: Request, visitor: SignedIn) -> Response:
    """Show lines of a file, those that the address names marked."""
    query = request.query_params
    source, path = query.get("source", ""), query.get("path", "")
    first, last = _read_lines(query.get("lines", ""))
    start = _read_lines(query.get("start", ""))[0]
    services = services_of(request)
    values = await run_admitted(
        request, visitor.principal, lambda work: _view(services, visitor.principal, work, source, path, start, first)
    )
    status = 200 if values["is_indexed"] else 404
    return render_page(request, "file.html", visitor, status=status, marked_first=first, marked_last=last, **values)


@router.get("/tree")
async def get_tree(request: Request, visitor: SignedIn) -> Response:
    """Show what is in a folder."""
    query = request.query_params
    source, path = query.get("source", ""), query.get("path", "").strip("/")
    arguments = {"data_source": source, "path": path or None, "max_depth": 1, "max_nodes": _SHOWN_ENTRIES}
    toolbox = services_of(request).toolbox
    answer = await run_admitted(
        request,
        visitor.principal,
        lambda work: toolbox.call("get_file_tree", visitor.principal, _given(arguments), work),
    )
    obj = answer.obj
    name = obj["data_source"]
    entries = [
        {
            **node,
            "name": node["path"].rpartition("/")[2],
            "address": tree_address(name, node["path"])
            if node["type"] == "folder"
            else file_address(name, node["path"]),
        }
        for node in obj["nodes"]
    ]
    return render_page(
        request,
        "tree.html",
        visitor,
        status=200 if entries else 404,
        source=name,
        folder=path,
        above=folders_above(name, path) if path else [],
        entries=entries,
        is_cut=len(entries) >= _SHOWN_ENTRIES,
        most=_SHOWN_ENTRIES,
        reason="" if entries else say_on_page(answer.rendered.split("\n\n", 1)[0]),
    )


def _view(
    services: Services,
    principal: Principal,
    work: Work,
    asked: str,
    path: str,
    start: int | None,
    target: int | None,
) -> dict[str, Any]:
    """Return what the template of a file shows: the lines from `start` on, or those around `target`."""
    wanted = start or ((target - 1) // PAGE_LINES * PAGE_LINES + 1 if target else 1)
    obj, lines = _read(services, principal, work, asked, path, wanted)
    if start is None and target is not None and target >= wanted + len(lines) > wanted:
        # Very long lines end a page early.
        wanted = max(1, target - _LINES_ABOVE)
        obj, lines = _read(services, principal, work, asked, path, wanted)
    source = next(
        item
        for item in services.catalog.list_sources()
        if item.name == obj["data_source"] and principal.may_read(item.id)
    )
    outline = services.toolbox.call("outline", principal, {"data_source": source.name, "path": path}, work).obj
    total = obj.get("total_lines", 0)
    end = wanted + len(lines) - 1
    return {
        "source": source.name,
        "path": obj["path"],
        "name": obj["path"].rpartition("/")[2],
        "above": folders_above(source.name, obj["path"]),
        "is_indexed": obj["is_indexed"],
        "reason": say_on_page(obj.get("reason", "")),
        "language": obj.get("language", ""),
        "total": total,
        "start": wanted,
        "end": end,
        "lines": list(enumerate(Highlighter().highlight(obj["path"], lines), wanted)),
        "before": page_address(source.name, path, max(1, wanted - PAGE_LINES)) if wanted > 1 else "",
        "after": page_address(source.name, path, end + 1) if lines and end < total else "",
        "url": _url(source, obj["path"], wanted, end) if lines else None,
        "symbols": _symbols(source.name, obj["path"], outline.get("symbols", []), wanted, end),
        "symbols_left_out": max(0, len(outline.get("symbols", [])) - _SHOWN_SYMBOLS) + outline.get("left_out", 0),
        "warnings": [text for item in obj["freshness"] for text in item.get("warnings", [])],
        "commit": source.commit_of(obj["path"]),
    }


def _read(
    services: Services, principal: Principal, work: Work, asked: str, path: str, start: int
) -> tuple[dict[str, Any], list[str]]:
    arguments = {"data_source": asked, "path": path, "start_line": start, "end_line": start + PAGE_LINES - 1}
    obj = services.toolbox.call("read_file", principal, _given(arguments), work).obj
    lines = obj["content"].split("\n") if "content" in obj else []
    size, count = 0, 0
    for line in lines:
        size += len(line)
        if count and size > PAGE_CHARACTERS:
            break
        count += 1
    return obj, lines[:count]


def _symbols(
    source: str, path: str, symbols: Sequence[Mapping[str, Any]], start: int, end: int
) -> list[dict[str, Any]]:
    """Return names, kinds and addresses, indented below what they are in; those on the page lead to their line."""
    around: list[int] = []
    shown = []
    for item in symbols[:_SHOWN_SYMBOLS]:
        first, last = item["start_line"], item["end_line"]
        while around and last > around[-1]:
            around.pop()
        on_page = start <= first <= end
        address = f"#L{first}" if on_page else file_address(source, path, first, last)
        name = item["symbol"].rpartition(".")[2] or item["symbol"]
        shown.append({"name": name, "kind": item["kind"], "address": address, "depth": min(len(around), 4)})
        around.append(last)
    return shown


def _url(source: DataSource, path: str, first: int, last: int) -> str | None:
    return line_url(source.location, source.commit_of(path), path, first, last)


def _read_lines(text: str) -> tuple[int | None, int | None]:
    """Return the first and the last of `41` or `41-60`; None for what is neither."""
    match = _LINES.fullmatch(text)
    if match is None or int(match[1]) < 1:
        return None, None
    first = int(match[1])
    return first, max(first, int(match[2] or first))


def _given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if value not in (None, "")}
