"""outline: the symbols of one file with their kinds and lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from codesearch.core.counts import say_count
from codesearch.tools.definitions import Definition
from codesearch.tools.filters import clean_path
from codesearch.tools.freshness import render
from codesearch.tools.identifiers import identify_file
from codesearch.tools.lookups.asking import look_in
from codesearch.tools.lookups.files import OUTLINE, OutlineAsked
from codesearch.tools.missing import explain_missing
from codesearch.tools.scope import DATA_SOURCE, find_source
from codesearch.tools.staleness import assess_answer
from codesearch.tools.tool import Answer, Parameter, Tool, ToolContext

MAX_SYMBOLS = 2_000


def run(context: ToolContext, arguments: Mapping[str, Any]) -> Answer:
    """Return what a file defines, in the order of its lines."""
    source = find_source(context, arguments["data_source"])
    path = clean_path(arguments["path"])
    told = look_in(context, source, OUTLINE, OutlineAsked(path, MAX_SYMBOLS))
    shown, left_out = told.definitions, told.count - len(told.definitions)
    if told.absence is not None:
        text = explain_missing(context, source, path, told.absence)
    else:
        language = f", {told.language}" if told.language else ""
        size = f"{say_count(told.last_line, 'line')}{language}, {say_count(told.count, 'symbol')}"
        text = f"{' '.join(path.splitlines())}: {size}"
    lines = [text, *_render(shown)]
    if left_out:
        more = say_count(left_out, "more symbol is", "more symbols are")
        lines.append(f"{more} left out; read_file shows the rest.")
    freshness = assess_answer(context, source, [path])
    obj: dict[str, Any] = {
        "data_source": source.name,
        "path": path,
        "is_indexed": told.absence is None,
        "identifier": identify_file(source.name, path) if told.absence is None else None,
        "reason": text if told.absence is not None else None,
        "symbols": [_describe(item) for item in shown],
        "left_out": left_out,
        "freshness": [freshness.as_json()],
    }
    return Answer(
        {key: value for key, value in obj.items() if value is not None},
        "\n\n".join(["\n".join(lines), render([freshness])]),
        is_missing=told.absence is not None,
    )


def _describe(item: Definition) -> dict[str, Any]:
    values: dict[str, Any] = {
        "symbol": item.symbol,
        "kind": item.kind,
        "start_line": item.start_line,
        "end_line": item.end_line,
        "signature": item.signature or None,
    }
    return {key: value for key, value in values.items() if value is not None}


def _render(found: Sequence[Definition]) -> Iterator[str]:
    """Yield a line for each definition, indented below the one that it is in."""
    around: list[Definition] = []
    for item in found:
        while around and item.end_line > around[-1].end_line:
            around.pop()
        lines = f"{item.start_line}-{item.end_line}" if item.end_line > item.start_line else f"{item.start_line}"
        signature = f": {item.signature}" if item.signature and item.signature != item.symbol else ""
        yield f"{'  ' * len(around)}{lines} {item.kind} {item.symbol}{signature}"
        around.append(item)


TOOL: Final = Tool(
    name="outline",
    title="Outline a file",
    description=(
        "Lists the classes, functions, methods and other symbols of one file, with kinds, lines and signatures. Use it "
        "instead of reading a long file, to learn what is in it and which lines to read."
    ),
    parameters=(
        DATA_SOURCE,
        Parameter("path", "string", "The file's path from the repository's root", required=True),
    ),
    run=run,
)
