"""grep_search: the lines that hold a text or match a regular expression, all of them, in order; and files by name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from codesearch.core.counts import say_count
from codesearch.core.errors import SearchTooLongError
from codesearch.core.types import DataSource
from codesearch.retrieval.exact.joined_lines import join_lines
from codesearch.retrieval.exact.lines import FoundLine, FoundLines, NotSearched
from codesearch.retrieval.exact.needle import MAX_QUERY_LENGTH, ExactQuery, compile_query
from codesearch.tools.filters import EXTENSIONS, PATHS, clean_path
from codesearch.tools.fresh_sources import FRESH_SECONDS, find_fresh_sources
from codesearch.tools.freshness import render
from codesearch.tools.lookups.asking import find_files_in, look_in_all
from codesearch.tools.lookups.lines import FIND_LINES, LinesAsked
from codesearch.tools.scope import DATA_SOURCES
from codesearch.tools.staleness import assess_answer
from codesearch.tools.tool import Answer, Parameter, Tool, ToolContext
from codesearch.tools.unknown_values import explain_unknown_words

MAX_RESULTS: Final = 1_000
MAX_CONTEXT_LINES: Final = 20
# A request works no longer than this, whatever it is allowed otherwise; it lets others go first every few milliseconds.
MAX_SECONDS: Final = 2.0
_NARROWER: Final = (
    "Narrow it with paths, extensions or data_sources, or give the expression a fixed word of three letters or more"
)
_SHOWN_PARTS: Final = 10
_LOOKS_LIKE_REGEX = re.compile(r"\\[wdsbWDSB.()\[\]]|\.[*+]|\w\|\w|\[\^?[\w-]+\][*+]?|^\^|\$$")


def run(context: ToolContext, arguments: Mapping[str, Any]) -> Answer:
    """Return the lines that match, in the order of repository, path and line; what is over max_results is counted."""
    sources = find_fresh_sources(context, arguments["data_sources"], arguments["fresh_seconds"])
    query = ExactQuery(
        text=arguments["query"],
        is_regex=arguments["regex"],
        ignores_case=not arguments["case_sensitive"],
        whole_word=arguments["whole_word"],
    )
    # What cannot be searched is refused before anybody is asked.
    compile_query(query)
    if context.work.max_seconds is not None:
        context.work.max_seconds = min(context.work.max_seconds, MAX_SECONDS)
    found = _find(context, sources, query, arguments)
    touched = {
        position: {one.path for one in found.lines if one.position == position} for position in range(len(sources))
    }
    freshness = [assess_answer(context, source, touched[position]) for position, source in enumerate(sources)]
    obj = {
        "matches": [_describe(line, sources) for line in found.lines],
        "more": found.more,
        "more_is_exact": found.is_whole,
        "files": [{"data_source": sources[name.position].name, "path": name.path} for name in found.names],
        "more_files": found.more_names,
        "not_searched": _describe_not_searched(found, sources),
        "freshness": [item.as_json() for item in freshness],
    }
    parts = [*_render_names(found, sources), *_render_lines(found, sources), *_describe_limits(found)]
    parts = parts or [_explain_nothing(query)]
    parts += explain_unknown_words(context, sources, arguments, found=bool(found.lines or found.names))
    if found.not_searched is not None:
        parts.append(_render_not_searched(found.left, sources, context.work.max_seconds))
    return Answer(obj, "\n\n".join([*parts, render(freshness)]))


def _find(
    context: ToolContext, sources: Sequence[DataSource], query: ExactQuery, arguments: Mapping[str, Any]
) -> FoundLines:
    paths, most = arguments["paths"] or (), arguments["max_results"]
    asked = LinesAsked(
        query,
        tuple(paths),
        tuple(arguments["extensions"] or ()),
        find_files_in(context, sources, [clean_path(path) for path in paths]),
        most,
        arguments["context_lines"],
    )
    parts = look_in_all(context, sources, FIND_LINES, asked)
    found = join_lines([(part.positions, part.told) for part in parts], most)
    if not found.has_begun:
        raise SearchTooLongError(
            f"The search was ended after {context.work.max_seconds:g} s of work, without an answer. {_NARROWER}."
        )
    return found


def _describe_not_searched(found: FoundLines, sources: Sequence[DataSource]) -> dict[str, Any] | None:
    left = found.not_searched
    if left is None:
        return None
    described: dict[str, Any] = {
        "data_source": sources[left.position].name,
        "path": left.path,
        "files": left.files,
    }
    if not _is_all_after(found.left, sources):
        # Services go through their own data sources, each for as long as it may.
        described["parts"] = [
            {"data_source": sources[one.position].name, "path": one.path, "files": one.files} for one in found.left
        ]
    return described


def _is_all_after(left: Sequence[NotSearched], sources: Sequence[DataSource]) -> bool:
    """Say whether nothing was searched behind where what is left begins."""
    return len(left) == len(sources) - left[0].position


def _render_not_searched(left: Sequence[NotSearched], sources: Sequence[DataSource], max_seconds: float | None) -> str:
    files = sum(one.files for one in left)
    shown = left[:1] if _is_all_after(left, sources) else left[:_SHOWN_PARTS]
    places = ", ".join(f"from {_place(one.position, one.path, sources)} on" for one in shown)
    others = len(left) - len(shown) if len(shown) > 1 else 0
    more = f" and in {say_count(others, 'more repository', 'more repositories')}" if others else ""
    return (
        f"NOT ALL WAS SEARCHED: the search was ended after {max_seconds:g} s of work, and "
        f"{say_count(files, 'file is', 'files are')} left, {places}{more}. {_NARROWER}."
    )


def _describe(line: FoundLine, sources: Sequence[DataSource]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "data_source": sources[line.position].name,
        "path": line.path,
        "line": line.line,
        "column": line.column,
        "text": "\n".join(one.text for one in line.lines),
    }
    if len(line.lines) > 1:
        described["end_line"] = line.lines[-1].number
    for name, around in (("before", line.before), ("after", line.after)):
        if around:
            described[name] = [{"line": one.number, "text": one.text} for one in around]
    return described


def _render_names(found: FoundLines, sources: Sequence[DataSource]) -> list[str]:
    if not found.names:
        return []
    paths = [_place(name.position, name.path, sources) for name in found.names]
    more = f"\nand {found.more_names} more" if found.more_names else ""
    return ["\n".join(["Files whose names match:", *paths]) + more]


def _render_lines(found: FoundLines, sources: Sequence[DataSource]) -> list[str]:
    """Return for each file its path and under it the lines, `line:column: text`, those around them `line- text`."""
    by_name = {(name.position, name.path) for name in found.names}
    parts = []
    for (position, path), lines in groupby(found.lines, key=lambda one: (one.position, one.path)):
        mark = " (its name matches)" if (position, path) in by_name else ""
        parts.append("\n".join([f"{_place(position, path, sources)}{mark}", *_render_file(list(lines))]))
    return parts


def _render_file(lines: Sequence[FoundLine]) -> list[str]:
    """Return the lines of one file with those around them, each once, `--` where some are left out between."""
    texts: dict[int, str] = {}
    for line in lines:
        around = (*line.before, *line.lines[1:], *line.after)
        for one in around:
            texts.setdefault(one.number, f"{one.number}- {one.text}")
    for line in lines:
        texts[line.line] = f"{line.line}:{line.column}: {line.lines[0].text}"
    has_context = any(line.before or line.after for line in lines)
    rendered: list[str] = []
    last: int | None = None
    for number in sorted(texts):
        if has_context and last is not None and number > last + 1:
            rendered.append("--")
        rendered.append(texts[number])
        last = number
    return rendered


def _place(position: int, path: str, sources: Sequence[DataSource]) -> str:
    # A path may hold a line end; a line of the answer may not.
    shown = " ".join(path.splitlines())
    return f"{sources[position].name} {shown}" if len(sources) > 1 else shown


def _describe_limits(found: FoundLines) -> list[str]:
    if not found.more:
        return []
    shown = len(found.lines)
    count = f"{'' if found.is_whole else 'At least '}{say_count(found.more, 'more line matches', 'more lines match')}"
    asked = shown + found.more
    more = (
        f"max_results={min(asked, MAX_RESULTS)} shows {'them' if found.is_whole and asked <= MAX_RESULTS else 'more'}"
    )
    narrower = "paths, extensions or a longer query narrow it"
    return [f"{count} than the {shown} shown; {f'{more}, ' if shown < MAX_RESULTS else ''}{narrower}."]


def _explain_nothing(query: ExactQuery) -> str:
    """Say that nothing was found, and what of the call may be why."""
    hints = []
    if not query.is_regex and _LOOKS_LIKE_REGEX.search(query.text):
        hints.append("the query was searched as it stands, regex=true reads it as an expression")
    if not query.ignores_case and query.text.lower() != query.text.upper():
        hints.append("case_sensitive=false ignores case")
    return f"Nothing found{': ' if hints else ''}{'; '.join(hints)}."


TOOL: Final = Tool(
    name="grep_search",
    title="Search for exact text",
    description=(
        "Finds every line that holds a text or matches a regular expression (RE2 syntax), and files by their names. "
        "Use it for names, error messages, configuration keys and all else whose spelling is known; several lines can "
        "be pasted. Answers with path and line:column: text, complete and in order; says how many more lines match. To "
        "find code by what it does use semantic_search."
    ),
    parameters=(
        Parameter("query", "string", "The text, or the regular expression", required=True, maximum=MAX_QUERY_LENGTH),
        Parameter("regex", "boolean", "Read the query as a regular expression", False),
        Parameter("case_sensitive", "boolean", "false: ignore case", True),
        Parameter("whole_word", "boolean", "Only where no letter, digit or _ stands beside the match", False),
        DATA_SOURCES,
        PATHS,
        EXTENSIONS,
        Parameter("max_results", "integer", "At most so many lines", 50, minimum=1, maximum=MAX_RESULTS),
        Parameter(
            "context_lines", "integer", "So many lines before and after each", 0, minimum=0, maximum=MAX_CONTEXT_LINES
        ),
        FRESH_SECONDS,
    ),
    run=run,
)
