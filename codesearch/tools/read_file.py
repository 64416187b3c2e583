"""read_file: the lines of one file as they were indexed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from codesearch.core.counts import say_count
from codesearch.core.errors import InvalidRequestError
from codesearch.tools.file_text import FileText
from codesearch.tools.filters import clean_path
from codesearch.tools.freshness import render
from codesearch.tools.identifiers import identify_lines
from codesearch.tools.lookups.asking import look_in
from codesearch.tools.lookups.files import READ_FILE, LinesOfFile
from codesearch.tools.missing import explain_missing
from codesearch.tools.scope import DATA_SOURCE, find_source
from codesearch.tools.staleness import assess_answer
from codesearch.tools.tool import Answer, Parameter, Tool, ToolContext

MAX_LINES = 1_000


def run(context: ToolContext, arguments: Mapping[str, Any]) -> Answer:
    """Return lines of a file; without an end, as many as one call gives."""
    source = find_source(context, arguments["data_source"])
    path = clean_path(arguments["path"])
    start, end = arguments["start_line"], arguments["end_line"]
    if end is not None and end < start:
        raise InvalidRequestError(f"end_line {end} is before start_line {start}.")
    told = look_in(context, source, READ_FILE, LinesOfFile(path, start, MAX_LINES))
    text = told.text
    freshness = assess_answer(context, source, [path])
    obj: dict[str, Any] = {"data_source": source.name, "path": path, "is_indexed": text is not None}
    is_missing = text is None or start > max(1, text.last_line)
    if text is None:
        obj["reason"] = explain_missing(context, source, path, told.absence)
        parts = [obj["reason"]]
    else:
        shown = min(text.last_line, start + MAX_LINES - 1, end or text.last_line)
        obj |= _describe(source.name, text, start, shown)
        parts = [_render(text, start, shown, end)]
    obj["freshness"] = [freshness.as_json()]
    return Answer(obj, "\n\n".join([*parts, render([freshness])]), is_missing)


def _describe(repository: str, text: FileText, start: int, end: int) -> dict[str, Any]:
    values: dict[str, Any] = {"language": text.language, "total_lines": text.last_line}
    if start <= end:
        values |= {
            "identifier": identify_lines(repository, text.path, start, end),
            "start_line": start,
            "end_line": end,
            "content": "\n".join(text.lines(start, end)),
            "cut_lines": text.cut_lines(start, end) or None,
        }
    return {key: value for key, value in values.items() if value is not None}


def _render(text: FileText, start: int, shown: int, end: int | None) -> str:
    language = f", {text.language}" if text.language else ""
    head = f"{text.path}:{start}-{shown} of {say_count(text.last_line, 'line')}{language}"
    if start > shown:
        return f"{text.path} has {say_count(text.last_line, 'line')}; there is none from {start} on."
    parts = [" ".join(head.splitlines()), number_lines(text, start, shown)]
    wanted = text.last_line if end is None else min(end, text.last_line)
    if shown < wanted:
        parts.append(f"Lines {shown + 1}-{wanted} are left out; to read on, start_line {shown + 1}.")
    return "\n".join([*parts, *describe_gaps(text, start, shown)])


def number_lines(text: FileText, start: int, end: int) -> str:
    """Return lines with their numbers; of a notebook those alone that are indexed."""
    width = len(str(end))
    numbers = (n for n in range(start, end + 1) if not text.is_notebook or n in text.known)
    return "\n".join(f"{n:>{width}}\t{text.known.get(n, '').removesuffix(chr(13))}" for n in numbers)


def describe_gaps(text: FileText, start: int, end: int) -> list[str]:
    """Return a line for each way in which these lines are not all that the file has."""
    notes = []
    if text.is_notebook:
        notes.append("Of a notebook only the sources of its cells are indexed.")
    if cut := text.cut_lines(start, end):
        notes.append(f"Cut, as they are very long: lines {', '.join(map(str, cut[:10]))}{', …' if cut[10:] else ''}.")
    return notes


TOOL: Final = Tool(
    name="read_file",
    title="Read a file",
    description=(
        "Reads lines of one indexed file, with their numbers. Use it to see what stands around a search result, or a "
        "whole file; at most 1,000 lines a call."
    ),
    parameters=(
        DATA_SOURCE,
        Parameter("path", "string", "The file's path from the repository's root", required=True),
        Parameter("start_line", "integer", "The first line, from 1 on", 1, minimum=1),
        Parameter("end_line", "integer", "The last line, inclusive; left out: as many as one call gives", minimum=1),
    ),
    run=run,
)
