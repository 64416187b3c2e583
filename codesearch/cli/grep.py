"""`codesearch grep`: every line that holds a text or matches an expression, as grep prints them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from codesearch.cli.answers import NOTHING_FOUND, call_tool, note, print_freshness_warnings
from codesearch.cli.completion import complete_sources
from codesearch.cli.context import LazyAssembly
from codesearch.cli.filters import Filters, Form, form_options, path_options
from codesearch.cli.output import console, print_json, visible
from codesearch.cli.places import link_to, shown_path
from codesearch.cli.scopes import Scope, choose_scope
from codesearch.cli.sources import all_option, fresh_option, in_option
from codesearch.cli.unknown_values import note_unknown
from codesearch.core.counts import say_count
from codesearch.core.types import DataSource

if TYPE_CHECKING:
    from rich.text import Text

MAX_RESULTS = 1_000


@click.command()
@click.argument("pattern")
@click.argument("named", nargs=-1, metavar="[SOURCE]...", shell_complete=complete_sources)
@in_option
@all_option
@click.option("--regex", is_flag=True, help="PATTERN is a regular expression (RE2), not a text.")
@click.option("-i", "ignore_case", is_flag=True, help="Ignore case.")
@click.option("-w", "whole_word", is_flag=True, help="Only whole words.")
@path_options
@click.option("-C", "context_lines", type=click.IntRange(0, 20), default=0, help="So many lines around each.")
@click.option(
    "--max-results", type=click.IntRange(1, MAX_RESULTS), default=50, show_default=True, help="At most so many lines."
)
@fresh_option
@form_options
@click.pass_context
def grep(
    context: click.Context,
    pattern: str,
    named: tuple[str, ...],
    within: tuple[str, ...],
    everything: bool,
    regex: bool,
    ignore_case: bool,
    whole_word: bool,
    paths: tuple[str, ...],
    extensions: tuple[str, ...],
    context_lines: int,
    max_results: int,
    fresh_seconds: int,
    only_files: bool,
    only_lines: bool,
    as_json: bool,
    as_jsonl: bool,
) -> None:
    """Print every line of each SOURCE that holds PATTERN, as path:line:column:text.

    SOURCE is as `search` has it: a folder or file in a repository is searched alone. Nothing found is exit status 1.

    \b
    codesearch grep "session cookie"
    codesearch grep --regex "def (open|save)_session" flask
    codesearch grep TODO src/ docs/conf.py
    codesearch grep TODO --all --ext py -C 2
    """
    holder: LazyAssembly = context.obj
    form = Form(only_files, only_lines, as_json, as_jsonl)
    scope = choose_scope(holder, [*named, *within], everything=everything)
    if fresh_seconds:
        from codesearch.cli.freshening import freshen_at_shell

        scope = replace(scope, sources=freshen_at_shell(holder.get(), scope.sources, fresh_seconds, note))
    arguments = {
        "query": pattern,
        "regex": regex,
        "case_sensitive": not ignore_case,
        "whole_word": whole_word,
        "extensions": list(extensions),
        "max_results": max_results,
        "context_lines": context_lines,
    }
    obj, rendered = _search(holder, scope, paths, arguments)
    length = None if regex else len(pattern)
    _Printer(scope.sources, holder.get().settings.editor_link, length).print(obj, form)
    if not (form.as_json or form.as_jsonl):
        _print_notes(obj, rendered, max_results, form)
    is_found = bool(obj["matches"] or obj["files"])
    note_unknown(holder.get(), scope, Filters(paths, extensions), found=is_found)
    if not is_found:
        context.exit(NOTHING_FOUND)


def _search(
    holder: LazyAssembly, scope: Scope, paths: Sequence[str], arguments: Mapping[str, Any]
) -> tuple[dict[str, Any], str]:
    """Return what is found and its text, of several data sources that are searched in parts as of one call."""
    merged: dict[str, Any] = {}
    rendered = ""
    for sources, prefixes in scope.group(paths):
        left = arguments["max_results"] - len(merged.get("matches", ()))
        asked = {"data_sources": [source.id for source in sources], "paths": prefixes, "max_results": max(1, left)}
        answer = call_tool(holder, "grep_search", {**arguments, **asked})
        obj = answer.obj
        if not left:
            # One cannot ask for none.
            obj = {**obj, "matches": [], "more": obj["more"] + len(obj["matches"])}
        rendered = rendered or answer.rendered
        merged = {name: _join(merged[name], value) for name, value in obj.items()} if merged else obj
    return merged, rendered


def _join(first: Any, second: Any) -> Any:
    """Return what two answers say together: both, where each says whether; the first, where one says what it lacks."""
    if first is None or second is None:
        return second if first is None else first
    if isinstance(first, bool):
        return first and second
    return first if isinstance(first, dict) else first + second


def _print_notes(obj: Mapping[str, Any], rendered: str, max_results: int, form: Form) -> None:
    """Say on stderr what is no line of the answer: names of files, what was left out, that nothing was found."""
    if obj["files"] and not form.only_files:
        names = ", ".join(item["path"] for item in obj["files"][:5])
        more = len(obj["files"]) - 5 + obj["more_files"]
        note(f"Names of files that match: {names}{f' and {more} more' if more > 0 else ''}.")
    if obj["more"]:
        at_least = "" if obj["more_is_exact"] else "At least "
        wider = "" if max_results >= MAX_RESULTS else f"; --max-results {MAX_RESULTS} shows more"
        note(f"{at_least}{say_count(obj['more'], 'more line matches', 'more lines match')}{wider}.")
    if left := obj["not_searched"]:
        note(f"Not all was searched: it took too long; from {left['path']} of {left['data_source']} on nothing was.")
    if not obj["matches"] and not obj["files"]:
        note(rendered.split("\n\n")[0])
    print_freshness_warnings(obj)


class _Printer:
    """Prints matches, on a terminal with colours and links."""

    def __init__(self, sources: Sequence[DataSource], editor_link: str, length: int | None) -> None:
        self._sources = {source.name: source for source in sources}
        self._editor_link = editor_link
        self._length = length
        self._here = Path.cwd()

    def print(self, obj: Mapping[str, Any], form: Form) -> None:
        """Print all matches in one of the forms."""
        if form.as_json:
            print_json(obj)
        elif form.as_jsonl:
            for match in obj["matches"]:
                print_json(match)
        elif form.only_files:
            places = {self._place(item): item for item in (*obj["matches"], *obj["files"])}
            for place, item in places.items():
                self._print_line(self._linked(place, item))
        elif form.only_lines:
            for match in obj["matches"]:
                self._print_line(self._linked(f"{self._place(match)}:{match['line']}", match))
        else:
            self._print_matches(obj["matches"])

    def _print_matches(self, matches: Sequence[Mapping[str, Any]]) -> None:
        has_context = any("before" in match or "after" in match for match in matches)
        last: tuple[str, int] | None = None
        for position, match in enumerate(matches):
            place = self._place(match)
            following = matches[position + 1] if position + 1 < len(matches) else None
            next_line = following["line"] if following and self._place(following) == place else None
            first = match["line"] - len(match.get("before", ()))
            if has_context and last is not None and (last[0] != place or first > last[1] + 1):
                print("--")
            done = last[1] if last is not None and last[0] == place else 0
            for line in match.get("before", ()):
                if line["line"] > done:
                    self._print_around(place, line)
            for offset, text in enumerate(match["text"].split("\n")):
                self._print_match(place, match, match["line"] + offset, text, is_first=not offset)
            end = match.get("end_line", match["line"])
            for line in match.get("after", ()):
                if next_line is None or line["line"] < next_line:
                    self._print_around(place, line)
                    end = line["line"]
            last = place, end

    def _print_match(self, place: str, match: Mapping[str, Any], number: int, text: str, *, is_first: bool) -> None:
        from rich.text import Text

        shown = visible(text.removesuffix("\r"))
        code = Text(shown)
        # Where nothing was spelled out, columns are places in what is shown.
        if is_first and self._length and shown == text:
            code.stylize("bold red", match["column"] - 1, match["column"] - 1 + self._length)
        at = f":{number}:{match['column']}:" if is_first else f":{number}:"
        self._print_line(Text.assemble(self._linked(place, match, "magenta"), (at, "green"), code))

    def _print_around(self, place: str, line: Mapping[str, Any]) -> None:
        from rich.text import Text

        text = visible(line["text"].removesuffix("\r"))
        self._print_line(Text.assemble((visible(place), "magenta"), (f"-{line['line']}-", "green"), text))

    def _print_line(self, text: Text) -> None:
        console().print(text, soft_wrap=True) if console().is_terminal else print(text.plain)

    def _place(self, item: Mapping[str, Any]) -> str:
        source = self._sources[item["data_source"]]
        return shown_path(source, item["path"], self._here, is_alone=len(self._sources) == 1)

    def _linked(self, shown: str, item: Mapping[str, Any], style: str = "") -> Text:
        from codesearch.cli.hits import linked

        source = self._sources[item["data_source"]]
        is_seen = console().is_terminal
        link = link_to(self._editor_link, source, item["path"], item.get("line", 1), None) if is_seen else None
        return linked(shown, link, style)
