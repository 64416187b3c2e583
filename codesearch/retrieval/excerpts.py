"""Excerpts: of a long record that hardly answers, the lines that say most of what is asked. Pure.

Such a record comes so that nothing is overlooked; whole, seven of them are most of what ten records make a reader read.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Final

from codesearch.core.text.tokens import stem
from codesearch.core.types import ArtifactKind, Chunk

# A record with a lower score is cut to so many characters. Of ten records, this leaves 2,400 of 3,700 tokens.
BELOW_SCORE: Final = 0.1
MAX_EXCERPT_CHARACTERS: Final = 1_000
# A word counts once for a window, and where it stands once more for so much of that.
_REPEATED = 0.1
_MIN_STEM_LENGTH = 3


def find_roots(words: Sequence[str], weights: Sequence[float]) -> list[tuple[str, float]]:
    """Return what is looked for of a query's lower-case words, their stems, with their weights."""
    roots = [root if len(root := stem(word)) >= _MIN_STEM_LENGTH else word for word in words]
    return list(zip(roots, weights, strict=True))


def is_cut(score: float, size: int) -> bool:
    """Say whether a record of this score and so many characters is told by an excerpt."""
    return score < BELOW_SCORE and size > MAX_EXCERPT_CHARACTERS


def cut_chunk(chunk: Chunk, roots: Sequence[tuple[str, float]], max_characters: int = MAX_EXCERPT_CHARACTERS) -> Chunk:
    """Return the lines of a chunk, `max_characters` at most, that hold most of the roots, each with its weight.

    The first of those that hold as much, with the lines around that still fit. A single longer line stays whole. Of a
    definition `symbol_lines` are those of the whole.
    """
    lines = chunk.content.split("\n")
    if len(lines) != chunk.end_line - chunk.start_line + 1:
        # A notebook's, whose cells are no lines of its file.
        return chunk
    first, end = _choose_lines(lines, roots, max_characters)
    if (first, end) == (0, len(lines)):
        return chunk
    is_symbol = chunk.artifact_kind is ArtifactKind.SYMBOL
    return replace(
        chunk,
        start_line=chunk.start_line + first,
        end_line=chunk.start_line + end - 1,
        content="\n".join(lines[first:end]),
        artifact_kind=chunk.artifact_kind if is_symbol else ArtifactKind.CHUNK,
        symbol_lines=(chunk.symbol_lines or (chunk.start_line, chunk.end_line)) if is_symbol else chunk.symbol_lines,
    )


def name_excerpt(document_id: str, chunk: Chunk) -> str:
    """Return the id of the record that is an excerpt of this one: 32 hex digits."""
    return hashlib.sha256(f"{document_id}\0{chunk.start_line}-{chunk.end_line}".encode()).hexdigest()[:32]


def _choose_lines(lines: Sequence[str], roots: Sequence[tuple[str, float]], max_characters: int) -> tuple[int, int]:
    """Return the first line of the best window, from 0, and the one after its last."""
    # Where each line is over, its line break included.
    ends = list(accumulate(len(line) + 1 for line in lines))
    found = _find_roots("\n".join(lines).lower(), ends, roots)
    best, chosen = 0.0, (0, 1)
    counts = [0] * len(roots)
    value, begin = 0.0, 0
    for last, number in found:
        value += roots[number][1] * (_REPEATED if counts[number] else 1.0)
        counts[number] += 1
        while (first := found[begin][0]) < last and ends[last] - _start_of(first, ends) > max_characters + 1:
            left = found[begin][1]
            counts[left] -= 1
            value -= roots[left][1] * (_REPEATED if counts[left] else 1.0)
            begin += 1
        if value > best + 1e-9:
            best, chosen = value, (first, last + 1)
    return _widen(ends, *chosen, max_characters)


def _start_of(line: int, ends: Sequence[int]) -> int:
    return ends[line - 1] if line else 0


def _widen(ends: Sequence[int], begin: int, end: int, max_characters: int) -> tuple[int, int]:
    """Add the lines that still fit, after the window and then before it: what follows a name is its meaning."""
    highest = _start_of(begin, ends) + max_characters + 1
    while end < len(ends) and ends[end] <= highest:
        end += 1
    lowest = ends[end - 1] - max_characters - 1
    while begin and _start_of(begin - 1, ends) >= lowest:
        begin -= 1
    return begin, end


def _find_roots(text: str, ends: Sequence[int], roots: Sequence[tuple[str, float]]) -> list[tuple[int, int]]:
    """Return the line and the number of each root that stands in a text, as often as it does, in order."""
    found = []
    for number, (root, _) in enumerate(roots):
        place = text.find(root)
        while place >= 0:
            # A few letters are longer in lower case.
            found.append((min(bisect_right(ends, place), len(ends) - 1), number))
            place = text.find(root, place + len(root))
    return sorted(found)
