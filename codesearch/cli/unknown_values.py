"""Says of options that leave files out, on stderr, which of their words no file has, and which there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches

from codesearch.assembly import Assembly
from codesearch.cli.answers import note
from codesearch.cli.context import tool_context_of
from codesearch.cli.filters import Filters
from codesearch.core.types import ArtifactKind, DataSource

_SHOWN = 20
_NEAREST = 3


def note_unknown(assembly: Assembly, sources: Sequence[DataSource], filters: Filters, *, found: bool) -> None:
    """Print a line for each word of --lang, --ext and --kind that nothing in the data sources has.

    Where something was `found`, a word that stands alone has been found, and only of several one may be unknown.
    """
    least = 2 if found else 1
    if all(len(words) < least for words in (filters.languages, filters.extensions, filters.kinds)):
        return
    from codesearch.tools.filters import read_extension, read_word
    from codesearch.tools.lookups.asking import look_in_all
    from codesearch.tools.lookups.values import LIST_VALUES, ValuesAsked

    told = [part.told for part in look_in_all(tool_context_of(assembly), sources, LIST_VALUES, ValuesAsked())]
    languages = {value for values in told for value in values.languages}
    extensions = {value for values in told for value in values.extensions}
    kinds = {value for values in told for value in values.symbol_kinds} | {kind.value for kind in ArtifactKind}
    for line in (
        *_describe("--lang", map(read_word, filters.languages), languages, "no file here is in this language"),
        *_describe("--ext", map(read_extension, filters.extensions), extensions, "no file here ends so"),
        *_describe("--kind", map(read_word, filters.kinds), kinds, "nothing here is of this kind"),
    ):
        note(line)


def _describe(option: str, words: Iterable[str], known: set[str], what: str) -> Iterator[str]:
    for word in words:
        if word not in known:
            near = get_close_matches(word, sorted(known), n=_NEAREST)
            others = [value for value in sorted(known) if value not in near]
            shown = [*near, *others][:_SHOWN]
            more = len(known) - len(shown)
            there = f"; there are {', '.join(shown)}{f' and {more} more' if more else ''}" if shown else ""
            yield f"{option} {word}: {what}{there}."
