"""Budgets: how much of each record is shown where all of them are more than so many tokens. Pure.

A reader finds more in parts of several files than in all of the first: they say where to read on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from codesearch.core.types import Hit
from codesearch.retrieval.excerpts import BELOW_SCORE

# About what language models count code in.
CHARACTERS_PER_TOKEN: Final = 4
# The best record is cut to so much of a budget, others that answer to so much. Of 609 annotated questions 96.6% of the
# files are in an answer of 1,000 tokens with a third, 96.4% with a half.
BEST_SHARE: Final = 1 / 3
SHARE: Final = 1 / 10
# Records are not cut to less, save the last one to fill what is left, to half of that: with 300 instead, 100 other
# questions find 86.5% of their files in 1,000 tokens instead of 88.0%.
LEAST_CHARACTERS: Final = 200

# Returns the record of this number cut to so many characters, or whole where it cannot be cut.
Cut = Callable[[int, int], Hit]
SizeOf = Callable[[Hit], int]


@dataclass(frozen=True, slots=True)
class Fitted:
    """The records that fit, best first; how many were left out and were cut; tokens of all of them whole."""

    hits: list[Hit]
    left_out: int = 0
    cut: int = 0
    whole_tokens: int = 0


def fit_hits(hits: Sequence[Hit], max_tokens: int, cut: Cut, size_of_head: SizeOf) -> Fitted:
    """Return the hits, best first, that fit together, cut where that lets more of them in.

    The best one always comes, as much of it as fits. `size_of_head` is in characters, what is shown with a content.
    """
    sizes = [len(hit.chunk.content) + size_of_head(hit) for hit in hits]
    left = max_tokens * CHARACTERS_PER_TOKEN
    if sum(sizes) <= left:
        return Fitted(list(hits))
    shown: dict[int, Hit] = {}
    for done, number in enumerate(_order(hits)):
        hit, head = hits[number], size_of_head(hits[number])
        room = left - head
        equal_share = left // (len(hits) - done) - head
        most = min(room, _most_characters(hit, max_tokens, equal_share, is_best=not shown))
        if len(hit.chunk.content) > most:
            if shown and most < LEAST_CHARACTERS // 2:
                continue
            hit = cut(number, max(1, most))
        if not shown or len(hit.chunk.content) <= room:
            shown[number] = hit
            left -= len(hit.chunk.content) + head
    kept = {number: shown[number] for number in sorted(shown)}
    for number, hit in kept.items():
        more = len(hits[number].chunk.content) - len(hit.chunk.content)
        if 0 < more <= left:
            kept[number] = hits[number]
            left -= more
    cut_count = sum(hit is not hits[number] for number, hit in kept.items())
    return Fitted(list(kept.values()), len(hits) - len(kept), cut_count, sum(sizes) // CHARACTERS_PER_TOKEN + 1)


def _order(hits: Sequence[Hit]) -> Iterator[int]:
    """Yield the numbers of the hits in the order of their claims: last what hardly answers, of files that are there."""
    later = []
    seen: set[tuple[str, str]] = set()
    for number, hit in enumerate(hits):
        file = (hit.source.id, hit.chunk.path)
        if hit.score < BELOW_SCORE and file in seen:
            later.append(number)
        else:
            yield number
        seen.add(file)
    yield from later


def _most_characters(hit: Hit, max_tokens: int, equal_share: int, *, is_best: bool) -> int:
    """Return to how many characters a hit is cut; `equal_share` is what would be left for each."""
    total = max_tokens * CHARACTERS_PER_TOKEN
    if is_best:
        return max(LEAST_CHARACTERS, int(total * BEST_SHARE))
    return max(LEAST_CHARACTERS, int(total * SHARE) if hit.score >= BELOW_SCORE else equal_share)
