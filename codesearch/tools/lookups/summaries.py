"""How much text data sources have, and in which languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from codesearch.core.checks import Check
from codesearch.tools.lookups.lookup import Lookup, Scope


@dataclass(frozen=True, slots=True)
class SummariesAsked:
    """Nothing but which data sources."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Bytes of text, and which share of the files is in each language, the largest first."""

    text_bytes: int
    language_shares: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Summaries:
    """By the ids of data sources."""

    summaries: Mapping[str, Summary]


def _summarize(scope: Scope, _: SummariesAsked, check: Check) -> Summaries:
    found: dict[str, Summary] = {}
    for source_id, index in scope.items():
        check()
        found[source_id] = Summary(index.text_bytes, index.language_shares())
    return Summaries(found)


SUMMARIZE: Final = Lookup("summarize", SummariesAsked, Summaries, _summarize)
