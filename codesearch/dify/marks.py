"""How a knowledge base says that `codesearch dify` made it, and for which data source: in its description. Pure.

Also which names it may have: at most 40 characters, and no name that another one has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass

from codesearch.dify.knowledge_api import MOST_DESCRIPTION_CHARACTERS, MOST_NAME_CHARACTERS
from codesearch.dify.values import KnowledgeBase

CONNECTED = "connected"
PUSHED = "pushed"
_MARK = re.compile(r"\[codesearch (connected|pushed)( unfinished)? ([0-9a-f]{24})(?: (\d{1,9}))?\]")
_MOST_SHOWN_NAME = 200


@dataclass(frozen=True, slots=True)
class Mark:
    """What made a knowledge base, `connected` or `pushed`, the data source's id, and whether it got to its end.

    `max_tokens` is how large the pieces of a copy may be, where that was asked for.
    """

    kind: str
    source_id: str
    is_finished: bool
    max_tokens: int | None = None


def describe(
    kind: str, source_id: str, source_name: str, *, is_finished: bool = True, max_tokens: int | None = None
) -> str:
    """Return the description of a knowledge base, with the mark that `read_mark` finds."""
    shown = " ".join(source_name.split())[:_MOST_SHOWN_NAME]
    what = f"Code of {shown}, " + (
        "which codesearch answers for." if kind == CONNECTED else "a copy: what is changed here is overwritten."
    )
    size = "" if max_tokens is None else f" {max_tokens}"
    mark = f"[codesearch {kind}{'' if is_finished else ' unfinished'} {source_id}{size}]"
    return f"{what} {mark}"[-MOST_DESCRIPTION_CHARACTERS:]


def read_mark(base: KnowledgeBase) -> Mark | None:
    """Return the mark of a knowledge base; None for one that somebody else made."""
    match = _MARK.search(base.description)
    if match is None or base.is_external != (match[1] == CONNECTED):
        return None
    return Mark(match[1], match[3], match[2] is None, int(match[4]) if match[4] else None)


def propose_names(source_name: str, source_id: str, taken: Set[str]) -> Iterator[str]:
    """Yield names for a data source's knowledge base that none of `taken` is, in any case; always the same ones."""
    whole = " ".join(source_name.split()) or source_id
    folded = {name.casefold() for name in taken}
    for ending in ("", *(f" {source_id[:length]}" for length in (6, 12, 24))):
        name = whole[: MOST_NAME_CHARACTERS - len(ending)].rstrip() + ending
        is_cut = not ending and len(whole) > MOST_NAME_CHARACTERS
        # Two long names may begin the same way: what is cut is told apart by its id.
        if not is_cut and name.casefold() not in folded:
            yield name
