"""Which lines of data sources hold a text or match an expression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from codesearch.core.checks import Check
from codesearch.core.errors import SearchTooLongError
from codesearch.retrieval.exact.lines import FoundLines, find_lines, find_nothing
from codesearch.retrieval.exact.needle import ExactQuery, compile_query
from codesearch.tools.filters import build_filter
from codesearch.tools.lookups.lookup import Lookup, Scope


@dataclass(frozen=True, slots=True)
class LinesAsked:
    """What is looked for and where, as `build_filter` takes it; at most so many lines, with so many around each."""

    query: ExactQuery
    paths: tuple[str, ...]
    extensions: tuple[str, ...]
    files: tuple[str, ...]
    max_lines: int
    context_lines: int


def _find_lines(scope: Scope, asked: LinesAsked, check: Check) -> FoundLines:
    predicate = build_filter(asked.paths, asked.extensions, files=asked.files)
    asked_of = [(index, predicate) for index in scope.values()]
    try:
        return find_lines(asked_of, compile_query(asked.query), asked.max_lines, asked.context_lines, check=check)
    except SearchTooLongError:
        # Others may have found something in their part.
        return find_nothing(list(scope.values()))


FIND_LINES: Final = Lookup("find_lines", LinesAsked, FoundLines, _find_lines, takes_time=True)
