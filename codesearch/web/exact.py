"""The page of exact search: every line that holds a text or matches an expression, marked, file by file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from codesearch.api.deps import Services, run_admitted, services_of
from codesearch.api.errors import note_error, status_of
from codesearch.core.counts import say_count
from codesearch.core.errors import CodesearchError, ErrorCode, NotFoundError
from codesearch.core.types import Principal
from codesearch.retrieval.exact.needle import ExactQuery, Needle, compile_query
from codesearch.retrieval.turns import Work
from codesearch.tools.tool import MAX_ITEMS
from codesearch.web.access import SignedIn
from codesearch.web.addresses import file_address
from codesearch.web.choices import Choice, list_choices
from codesearch.web.errors import PageRoute
from codesearch.web.fields import first_of
from codesearch.web.highlighting import mark_spans, shorten
from codesearch.web.pages import render_page
from codesearch.web.search import read_fields
from codesearch.web.wording import say_on_page

_MAX_RESULTS: Final = 200
_MAX_MARKS: Final = 50
# Of a line, or of several that match as one, so much is shown, beginning so far before the match.
_SHOWN_CHARACTERS: Final = 400
_BEFORE_MATCH: Final = 80
_AT: Final = {"query": "q", "paths": "paths", "extensions": "extensions"}

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@dataclass(frozen=True, slots=True)
class _Asked:
    text: str
    source: str
    is_regex: bool
    ignores_case: bool
    whole_word: bool
    paths: str
    extensions: str


@dataclass(slots=True)
class _Found:
    choices: list[Choice]
    files: list[dict[str, Any]] = field(default_factory=list)
    names: list[dict[str, Any]] = field(default_factory=list)
    count: int = 0
    more: str = ""
    hint: str = ""
    problem: str = ""
    problem_at: str = ""
    error: CodesearchError | None = None
    status: int = 200


@router.get("/exact")
async def get_exact(request: Request, visitor: SignedIn) -> Response:
    """Show the form, and the lines that the address asks for."""
    services, asked = services_of(request), _read(read_fields(request))

    def answer(work: Work) -> _Found:
        found = _Found(list_choices(services.catalog, visitor.principal))
        if asked.text.strip():
            _search(services, visitor.principal, asked, found, work)
        return found

    found = await run_admitted(request, visitor.principal, answer)
    if found.error is not None:
        note_error(request, found.error)
    is_asked = bool(asked.text.strip())
    return render_page(request, "exact.html", visitor, status=found.status, asked=asked, found=found, is_asked=is_asked)


def _read(fields: Mapping[str, Sequence[str]]) -> _Asked:
    return _Asked(
        text=first_of(fields, "q"),
        source=first_of(fields, "source").strip(),
        is_regex=first_of(fields, "regex") == "1",
        ignores_case=first_of(fields, "ignore_case") == "1",
        whole_word=first_of(fields, "whole_word") == "1",
        paths=first_of(fields, "paths"),
        extensions=first_of(fields, "extensions"),
    )


def _search(services: Services, principal: Principal, asked: _Asked, found: _Found, work: Work) -> None:
    arguments = {
        "query": asked.text,
        "regex": asked.is_regex,
        "case_sensitive": not asked.ignores_case,
        "whole_word": asked.whole_word,
        "paths": _split(asked.paths),
        "extensions": _split(asked.extensions),
        "max_results": _MAX_RESULTS,
    }
    try:
        arguments["data_sources"] = _sources(asked, found.choices)
        answer = services.toolbox.call("grep_search", principal, arguments, work)
    except CodesearchError as error:
        if error.code is ErrorCode.INTERNAL:
            raise
        start = error.message.split(" ", 1)[0]
        is_of_source = isinstance(error, NotFoundError) or error.code is ErrorCode.ACCESS_DENIED
        found.problem_at = "source" if is_of_source else _AT.get(start, "q")
        found.problem, found.error, found.status = say_on_page(error.message), error, status_of(error)
        return
    needle = compile_query(ExactQuery(asked.text, asked.is_regex, asked.ignores_case, asked.whole_word))
    _fill(found, answer.obj, needle)
    if not found.count and not found.names:
        # The last paragraph is on the age of the indexes.
        found.hint = say_on_page(" ".join(answer.rendered.split("\n\n")[:-1]))


def _sources(asked: _Asked, choices: Sequence[Choice]) -> list[str]:
    """Return what is asked: without a name, all that can be."""
    if asked.source:
        return [asked.source]
    names = [choice.name for choice in choices if choice.is_ready and not choice.is_workspace]
    if not names:
        raise NotFoundError("There is nothing yet that could be searched.")
    if len(names) > MAX_ITEMS:
        raise NotFoundError(f"There are more than {MAX_ITEMS} sources: choose one, or a workspace.")
    return names


def _fill(found: _Found, obj: Mapping[str, Any], needle: Needle) -> None:
    matches = obj["matches"]
    found.count = len(matches)
    for (source, path), lines in groupby(matches, key=lambda one: (one["data_source"], one["path"])):
        shown = [
            {
                "line": line["line"],
                "address": file_address(source, path, line["line"], line.get("end_line")),
                "html": _mark(needle, line["text"], line["column"]),
            }
            for line in lines
        ]
        found.files.append({"source": source, "path": path, "address": file_address(source, path), "lines": shown})
    found.names = [
        {
            "source": item["data_source"],
            "path": item["path"],
            "address": file_address(item["data_source"], item["path"]),
        }
        for item in obj["files"]
    ]
    if obj["more"]:
        count = say_count(obj["more"], "more line matches", "more lines match")
        found.more = f"{'' if obj['more_is_exact'] else 'at least '}{count}"


def _mark(needle: Needle, text: str, column: int) -> Any:
    """Return lines as HTML with the matches in them marked; of long ones what is around the first, at `column`."""
    start = max(0, column - 1 - _BEFORE_MATCH) if len(text) > _SHOWN_CHARACTERS else 0
    shown = ("… " if start else "") + shorten(text[start:], _SHOWN_CHARACTERS)
    encoded = shown.encode("utf-8", "replace")
    spans: list[tuple[int, int]] = []
    position = 0
    while position <= len(encoded) and len(spans) < _MAX_MARKS:
        span = needle.matcher.find(encoded, position, len(encoded))
        if span is None:
            break
        if span[1] > span[0]:
            spans.append(span)
        position = max(span[1], position + 1)
    return mark_spans(shown, spans)


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
