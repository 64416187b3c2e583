"""Which languages, file extensions and kinds there are in data sources, for whoever asked for others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from codesearch.core.checks import Check
from codesearch.core.paths import file_extension_of
from codesearch.tools.lookups.lookup import Lookup, Scope

_BLOCK_PATHS = 1_000


@dataclass(frozen=True, slots=True)
class ValuesAsked:
    """Nothing but which data sources."""


@dataclass(frozen=True, slots=True)
class Values:
    """Each sorted: languages, extensions with their dot, kinds of symbols."""

    languages: tuple[str, ...]
    extensions: tuple[str, ...]
    symbol_kinds: tuple[str, ...]


def _list_values(scope: Scope, _: ValuesAsked, check: Check) -> Values:
    languages, extensions, kinds = set[str](), set[str](), set[str]()
    for index in scope.values():
        languages.update(index.language_shares())
        kinds.update(kind for segment in index.segments for kind in segment.symbol_kinds if kind)
        for place, path in enumerate(index.paths()):
            if not place % _BLOCK_PATHS:
                check()
            if extension := file_extension_of(path):
                extensions.add(extension)
    return Values(tuple(sorted(languages)), tuple(sorted(extensions)), tuple(sorted(kinds)))


LIST_VALUES: Final = Lookup("values", ValuesAsked, Values, _list_values)
