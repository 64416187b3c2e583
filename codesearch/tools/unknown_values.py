"""Which words of a call's filters no file has, and which there are: why an answer has less than was meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from typing import Any

from codesearch.core.errors import SearchTooLongError
from codesearch.core.types import ArtifactKind, DataSource
from codesearch.tools.filters import clean_path, read_extension, read_word
from codesearch.tools.lookups.asking import look_in_all
from codesearch.tools.lookups.beginnings import FIND_UNKNOWN_BEGINNINGS, BeginningsAsked
from codesearch.tools.lookups.values import LIST_VALUES, ValuesAsked
from codesearch.tools.tool import ToolContext

_SHOWN = 20
_NEAREST = 3


@dataclass(frozen=True, slots=True)
class FilterWords:
    """The words of each filter, as they were written."""

    paths: Sequence[str] = ()
    extensions: Sequence[str] = ()
    languages: Sequence[str] = ()
    kinds: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class UnknownWord:
    """A word that no file has, by the name of its filter, and a sentence on it without its full stop."""

    filter: str
    word: str
    problem: str


def find_unknown_words(
    context: ToolContext, sources: Sequence[DataSource], words: FilterWords, *, found: bool
) -> list[UnknownWord]:
    """Return the words that nothing in the data sources has.

    Where something was `found`, a word that stands alone has been found, and only of several one may be unknown.
    """
    least = 2 if found else 1
    unknown = [*_find_unknown_paths(context, sources, words.paths)] if len(words.paths) >= least else []
    if any(len(given) >= least for given in (words.extensions, words.languages, words.kinds)):
        unknown += _find_unknown_values(context, sources, words)
    return unknown


def explain_unknown_words(
    context: ToolContext, sources: Sequence[DataSource], arguments: Mapping[str, Any], *, found: bool
) -> list[str]:
    """Return a line for each word of a tool's arguments that no file has.

    Where something was found, of paths alone: others take a look at every file.
    """
    given = {name: arguments.get(name) or () for name in ("paths", "extensions", "languages")}
    words = FilterWords(given["paths"]) if found else FilterWords(**given)
    try:
        unknown = find_unknown_words(context, sources, words, found=found)
    except SearchTooLongError:
        # What was found is answered all the same.
        return []
    return [f"{one.filter} {one.word}: {one.problem}." for one in unknown]


def _find_unknown_paths(
    context: ToolContext, sources: Sequence[DataSource], paths: Sequence[str]
) -> Iterator[UnknownWord]:
    cleaned = {path: clean_path(path) for path in paths}
    asked = BeginningsAsked(tuple(dict.fromkeys(filter(None, cleaned.values()))))
    if not asked.beginnings:
        return
    told = [part.told for part in look_in_all(context, sources, FIND_UNKNOWN_BEGINNINGS, asked)]
    tops = sorted({top for each in told for top in each.tops})
    for path, beginning in cleaned.items():
        if beginning and told and all(beginning in each.unknown for each in told):
            near = _sort_nearest(beginning, {other for each in told for other in each.unknown[beginning]})
            shown = " or ".join(near[:_NEAREST])
            there = f"; like it: {shown}" if shown else _say_there(tops[:_SHOWN], len(tops))
            literal = ", * stands for itself" if "*" in beginning else ""
            yield UnknownWord("paths", path, f"no path here begins so{literal}{there}")


def _sort_nearest(text: str, others: Iterable[str]) -> list[str]:
    wanted = text.rstrip("/").lower()

    def order(other: str) -> tuple[float, str]:
        return -SequenceMatcher(None, wanted, other.rstrip("/").lower()).ratio(), other

    return sorted(others, key=order)


def _find_unknown_values(
    context: ToolContext, sources: Sequence[DataSource], words: FilterWords
) -> Iterator[UnknownWord]:
    told = [part.told for part in look_in_all(context, sources, LIST_VALUES, ValuesAsked())]
    languages = {value for values in told for value in values.languages}
    extensions = {value for values in told for value in values.extensions}
    kinds = {value for values in told for value in values.symbol_kinds} | {kind.value for kind in ArtifactKind}
    languages_given, extensions_given = map(read_word, words.languages), map(read_extension, words.extensions)
    yield from _compare("languages", languages_given, languages, "no file here is in this language")
    yield from _compare("extensions", extensions_given, extensions, "no file here ends so")
    yield from _compare("kinds", map(read_word, words.kinds), kinds, "nothing here is of this kind")


def _compare(name: str, words: Iterable[str], known: set[str], what: str) -> Iterator[UnknownWord]:
    for word in words:
        if word not in known:
            near = get_close_matches(word, sorted(known), n=_NEAREST)
            others = [value for value in sorted(known) if value not in near]
            yield UnknownWord(name, word, f"{what}{_say_there([*near, *others][:_SHOWN], len(known))}")


def _say_there(shown: Sequence[str], count: int) -> str:
    more = count - len(shown)
    return f"; there are {', '.join(shown)}{f' and {more} more' if more else ''}" if shown else ""
