"""Says of options that leave files out, on stderr, which of their words no file has, and which there are."""

from __future__ import annotations

from pathlib import Path

from codesearch.assembly import Assembly
from codesearch.cli.answers import note
from codesearch.cli.context import tool_context_of
from codesearch.cli.filters import Filters
from codesearch.cli.places import path_in_index
from codesearch.cli.scopes import Scope

_OPTIONS = {"paths": "--path", "languages": "--lang", "extensions": "--ext", "kinds": "--kind"}


def note_unknown(assembly: Assembly, scope: Scope, filters: Filters, *, found: bool) -> None:
    """Print a line for each word of --path, --lang, --ext and --kind that nothing in the data sources has.

    Also for each path that was given as a SOURCE, of which nothing is indexed.

    Where something was `found`, a word that stands alone has been found, and only of several one may be unknown.
    """
    if not (scope.limits or filters.paths or filters.languages or filters.extensions or filters.kinds):
        return
    from codesearch.tools.unknown_values import FilterWords, find_unknown_words

    context = tool_context_of(assembly)
    for source in scope.sources:
        limits = FilterWords(scope.limits.get(source.id, ()))
        for one in find_unknown_words(context, [source], limits, found=False) if limits.paths else ():
            note(f"{one.word} of {source.name}: {one.problem}.")
    paths = [path_in_index(scope.sources, path, Path.cwd()) for path in filters.paths]
    words = FilterWords(paths, filters.extensions, filters.languages, filters.kinds)
    for one in find_unknown_words(context, scope.sources, words, found=found):
        note(f"{_OPTIONS[one.filter]} {one.word}: {one.problem}.")
