"""semantic_search: the lines that answer a question, from one or several data sources in one ranking."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from codesearch.core.counts import say_count
from codesearch.core.types import Hit, SearchQuery
from codesearch.retrieval.budgets import Fitted
from codesearch.retrieval.records import build_record, describe_symbol
from codesearch.tools.filters import (
    EXCLUDE_MARKDOWN,
    EXCLUDE_TESTS,
    EXTENSIONS,
    LANGUAGES,
    PATHS,
    build_filter,
    clean_path,
)
from codesearch.tools.fresh_sources import FRESH_SECONDS, find_fresh_sources
from codesearch.tools.freshness import render
from codesearch.tools.lookups.artifacts import IDENTIFY, PlacesAsked, place_chunk
from codesearch.tools.lookups.asking import find_files_in, look_in_all
from codesearch.tools.scope import DATA_SOURCES
from codesearch.tools.staleness import assess_answer
from codesearch.tools.tool import Answer, Parameter, Tool, ToolContext
from codesearch.tools.unknown_values import explain_unknown_words

MAX_RESULTS = 500
# Whole texts of issues are asked, too; what is over the model's context is cut.
MAX_QUESTION_LENGTH = 32_768
_BETWEEN = "\n\n"


def run(context: ToolContext, arguments: Mapping[str, Any]) -> Answer:
    """Return the records that answer a question best, as of POST /retrieval, each with its identifier."""
    sources = find_fresh_sources(context, arguments["data_sources"], arguments["fresh_seconds"])
    predicate = build_filter(
        arguments["paths"],
        arguments["extensions"],
        arguments["languages"],
        exclude_tests=arguments["exclude_tests"],
        exclude_markdown=arguments["exclude_markdown"],
        files=find_files_in(context, sources, [clean_path(path) for path in arguments["paths"] or ()]),
    )
    budget = arguments["max_tokens"]
    query = SearchQuery("", arguments["question"], arguments["max_results"], predicate=predicate, max_tokens=budget)
    with_name = len(sources) > 1

    def size_of_head(hit: Hit) -> int:
        return len(_render(hit, with_name=with_name)) - len(hit.chunk.content) + len(_BETWEEN)

    found = context.retriever.search_within(sources, query, context.work, size_of_head)
    kept = found.hits
    identifiers = _identify(context, kept)
    records = [
        {"identifier": identifier, **build_record(hit, with_location=False)}
        for identifier, hit in zip(identifiers, kept, strict=True)
    ]
    parts = [_render(hit, with_name=with_name) for hit in kept]
    parts += _describe_limits(found, arguments["max_results"], budget)
    parts = parts or ["Nothing found."]
    parts += explain_unknown_words(context, sources, arguments, found=bool(kept))
    touched = {source.id: [hit.chunk.path for hit in kept if hit.source.id == source.id] for source in sources}
    freshness = [assess_answer(context, source, touched[source.id]) for source in sources]
    obj = {"records": records, "left_out": found.left_out, "freshness": [item.as_json() for item in freshness]}
    return Answer(obj, _BETWEEN.join([*parts, render(freshness)]))


def _identify(context: ToolContext, hits: Sequence[Hit]) -> list[str]:
    """Return the identifier of each hit, by which its whole content is fetched."""
    sources = list({hit.source.id: hit.source for hit in hits}.values())
    places = {
        source.id: tuple(place_chunk(source.name, hit.chunk) for hit in hits if hit.source.id == source.id)
        for source in sources
    }
    found: dict[str, Iterator[str]] = {}
    for part in look_in_all(context, sources, IDENTIFY, PlacesAsked(places)) if sources else []:
        found |= {source_id: iter(of_source) for source_id, of_source in part.told.identifiers.items()}
    return [next(found[hit.source.id]) for hit in hits]


def _render(hit: Hit, *, with_name: bool) -> str:
    chunk = hit.chunk
    name = f"{hit.source.name} " if with_name else ""
    symbol = f" ({described})" if (described := describe_symbol(chunk)) else ""
    # A path may hold a line end; the head may not.
    head = f"{name}{chunk.path}:{chunk.start_line}-{chunk.end_line}{symbol} {hit.score:.3f}"
    same = f"\nSame in: {', '.join(hit.duplicates)}" if hit.duplicates else ""
    return f"{' '.join(head.splitlines())}\n{chunk.content}{same}"


def _describe_limits(found: Fitted, max_results: int, budget: int | None) -> list[str]:
    """Return a line for each limit that cut the answer: what was left out, and how to ask for it."""
    lines = []
    count = len(found.hits) + found.left_out
    if found.left_out or found.cut:
        what = [f"{say_count(found.left_out, 'record is', 'records are')} left out"] if found.left_out else []
        what += [f"{say_count(found.cut, 'is', 'are')} cut to the lines that say most"] if found.cut else []
        lines.append(
            f"{' and '.join(what)}, as max_tokens is {budget}; all of these {count} have {found.whole_tokens} tokens."
        )
    if count == max_results:
        more = f"raise max_results, at most {MAX_RESULTS}" if max_results < MAX_RESULTS else "narrow with paths"
        lines.append(f"These are the first {max_results}; for more, {more}.")
    return lines


TOOL: Final = Tool(
    name="semantic_search",
    title="Search by meaning",
    description=(
        "Finds code and documents by what they do or mean, from a question or a description in plain words: 'where are "
        "failed requests retried'. Use it before reading files, when the exact text or place is not known. Answers "
        "with path:start-end (symbol), a score and the lines. For an exact string or name use grep_search."
    ),
    parameters=(
        Parameter("question", "string", "What is looked for, in words", required=True, maximum=MAX_QUESTION_LENGTH),
        DATA_SOURCES,
        PATHS,
        EXTENSIONS,
        LANGUAGES,
        Parameter("max_results", "integer", "At most so many records", 10, minimum=1, maximum=MAX_RESULTS),
        EXCLUDE_TESTS,
        EXCLUDE_MARKDOWN,
        Parameter(
            "max_tokens", "integer", "The records have at most so many tokens together", minimum=1, maximum=1_000_000
        ),
        FRESH_SECONDS,
    ),
    run=run,
)
