"""`codesearch search`: asks here, without a service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from codesearch.assembly import LOCAL_PRINCIPAL, Assembly
from codesearch.cli.answers import note
from codesearch.cli.completion import complete_sources
from codesearch.cli.context import LazyAssembly, tool_context_of
from codesearch.cli.filters import Filters, Form, filter_options, form_options
from codesearch.cli.limits import require_room_to_search
from codesearch.cli.scopes import choose_scope, split_query
from codesearch.cli.sources import all_option, fresh_option, in_option
from codesearch.cli.unknown_values import note_unknown
from codesearch.core.errors import NotFoundError
from codesearch.core.types import DataSource, Hit, SearchQuery


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="[SOURCE]... QUERY", shell_complete=complete_sources)
@in_option
@all_option
@filter_options
@click.option("--top-k", type=click.IntRange(1, 100), default=5, show_default=True, help="How many records.")
@click.option("--threshold", type=click.FloatRange(0, 1), default=0.0, help="Leave out records with a lower score.")
@click.option("-C", "context_lines", type=click.IntRange(0, 100), default=0, help="So many lines around each record.")
@click.option("--explain", is_flag=True, help="Say of each record why it has its score.")
@fresh_option
@form_options
@click.pass_obj
def search(
    holder: LazyAssembly,
    words: tuple[str, ...],
    within: tuple[str, ...],
    everything: bool,
    top_k: int,
    threshold: float,
    context_lines: int,
    explain: bool,
    fresh_seconds: int,
    paths: tuple[str, ...],
    extensions: tuple[str, ...],
    languages: tuple[str, ...],
    kinds: tuple[str, ...],
    no_tests: bool,
    only_files: bool,
    only_lines: bool,
    as_json: bool,
    as_jsonl: bool,
) -> None:
    """Ask each SOURCE and print the lines that answer QUERY.

    SOURCE is an id or name of a repository or workspace, what a clone URL is known by, or a path: a folder or file in
    a repository is asked alone. Without one, or for `.`, what holds the current folder is asked. A QUERY of several
    words goes in quotes.

    \b
    codesearch search "where are cookies signed?"
    codesearch search flask "where are cookies signed?" --no-tests
    codesearch search flask make_response --top-k 20 --json
    codesearch search --all "retry with backoff" --lang python --files
    """
    form = Form(only_files, only_lines, as_json, as_jsonl)
    named, query = split_query(holder, words)
    if not query.strip():
        raise click.UsageError("The query is blank.")
    if context_lines and form != Form():
        raise click.UsageError("-C goes with none of --files, --lines, --json and --jsonl.")
    # Bytes of another encoding arrive from the shell as halves of surrogate pairs, which no model can read.
    text = query.encode("utf-8", "replace").decode("utf-8")
    require_room_to_search()
    try:
        scope = choose_scope(holder, [*named, *within], everything=everything)
    except NotFoundError as error:
        hint = " A query of several words goes in quotes." if len(named) > 1 else ""
        raise NotFoundError(f"{error.message}{hint}") from error
    assembly = holder.get()
    if fresh_seconds:
        from codesearch.cli.freshening import freshen_at_shell

        scope = replace(scope, sources=freshen_at_shell(assembly, scope.sources, fresh_seconds, note))
    sources = scope.sources
    filters = Filters(paths, extensions, languages, kinds, no_tests)
    predicate = filters.predicate(scope, partial(_find_files, assembly))
    asked = SearchQuery("", text, top_k, threshold, predicate, explain=explain)
    from codesearch.cli.hits import View, print_hits
    from codesearch.retrieval.turns import Work

    hits = assembly.retriever.search(sources, asked, Work(LOCAL_PRINCIPAL.key_id))
    around = (lambda hit: _read_around(assembly, hit, context_lines)) if context_lines else None
    view = View(Path.cwd(), len(sources) == 1, assembly.settings.editor_link, around)
    print_hits(hits, form, view)
    _warn_of_age(assembly, sources, hits)
    note_unknown(assembly, scope, filters, found=bool(hits))


def _find_files(assembly: Assembly, sources: Sequence[DataSource], paths: Sequence[str]) -> Sequence[str]:
    from codesearch.tools.lookups.asking import find_files_in

    return find_files_in(tool_context_of(assembly), sources, paths)


def _warn_of_age(assembly: Assembly, sources: Sequence[DataSource], hits: Sequence[Hit]) -> None:
    """Say on stderr which of the data sources are known to have moved on since they were indexed."""
    from codesearch.tools.staleness import assess_answer

    context = tool_context_of(assembly)
    for source in sources:
        paths = [hit.chunk.path for hit in hits if hit.source.id == source.id]
        for warning in assess_answer(context, source, paths).warnings:
            note(f"warning: {source.name}: {warning}")


def _read_around(assembly: Assembly, hit: Hit, context_lines: int) -> tuple[int, list[str]]:
    """Return a hit's lines with those before and behind it, as they were indexed, and the number of the first."""
    from codesearch.tools.lookups.asking import look_in
    from codesearch.tools.lookups.files import READ_FILE, LinesOfFile

    chunk = hit.chunk
    first, last = max(1, chunk.start_line - context_lines), chunk.end_line + context_lines
    asked = LinesOfFile(chunk.path, first, last - first + 1)
    text = look_in(tool_context_of(assembly), hit.source, READ_FILE, asked).text
    if text is None:
        return chunk.start_line, chunk.content.split("\n")
    return first, text.lines(first, min(text.last_line, last))
