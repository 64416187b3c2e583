"""Excerpts: of a long record that hardly answers, the lines that say most of what is asked. Pure.

Such a record comes so that nothing is overlooked; whole, seven of them are most of what ten records make a reader read.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Final

from codesearch.core.text.tokens import stem
from codesearch.core.types import ArtifactKind, Chunk

# A record with a lower score is cut to so many bytes. Of ten records, this leaves 2,400 of 3,700 tokens.
BELOW_SCORE: Final = 0.1
MAX_EXCERPT_BYTES: Final = 1_000
# A word counts once for a window, and once more where it stands a second time for so much of that.
_REPEATED = 0.1
_MIN_STEM_LENGTH = 3


def is_cut(score: float, size: int) -> bool:
    """Say whether a record of this score and so many characters is told by an excerpt."""
    return score < BELOW_SCORE and size > MAX_EXCERPT_BYTES


def cut_chunk(chunk: Chunk, words: Sequence[tuple[str, float]]) -> Chunk:
    """Return the lines of a chunk, MAX_EXCERPT_BYTES at most, that hold most of the words, each with its weight.

    The first of those that hold as much. A single longer line stays whole. The rest of the chunk is told as it is of a
    piece of a definition: `symbol_lines`, `holds_head` and `signature` say what it is a part of.
    """
    lines = chunk.content.split("\n")
    if len(lines) != chunk.end_line - chunk.start_line + 1:
        # A notebook's, whose cells are no lines of its file.
        return chunk
    first, end = _choose_lines(lines, words)
    if (first, end) == (0, len(lines)):
        return chunk
    is_symbol = chunk.artifact_kind is ArtifactKind.SYMBOL
    head = _find_head(lines, chunk) if is_symbol and chunk.holds_head else None
    holds_head = chunk.holds_head and (head is None or first <= head < end)
    return replace(
        chunk,
        start_line=chunk.start_line + first,
        end_line=chunk.start_line + end - 1,
        content="\n".join(lines[first:end]),
        artifact_kind=chunk.artifact_kind if is_symbol else ArtifactKind.CHUNK,
        symbol_lines=(chunk.symbol_lines or (chunk.start_line, chunk.end_line)) if is_symbol else chunk.symbol_lines,
        holds_head=holds_head,
        signature=chunk.signature if holds_head or head is None else lines[head].strip() or None,
    )


def name_excerpt(document_id: str, chunk: Chunk) -> str:
    """Return the id of the record that is an excerpt of this one: 32 hex digits."""
    return hashlib.sha256(f"{document_id}\0{chunk.start_line}-{chunk.end_line}".encode()).hexdigest()[:32]


def _choose_lines(lines: Sequence[str], words: Sequence[tuple[str, float]]) -> tuple[int, int]:
    """Return the first line of the best window, from 0, and the one after its last."""
    sizes = [len(line.encode()) + 1 for line in lines]
    found = _find_words(lines, words)
    weights = [weight for _, weight in words]
    counts = [0] * len(words)
    best, chosen = -1.0, (0, 1)
    begin = size = 0
    value = 0.0
    for end, line_size in enumerate(sizes, 1):
        size += line_size
        for number in found[end - 1]:
            value += weights[number] * (_REPEATED if counts[number] else 1.0)
            counts[number] += 1
        while size - 1 > MAX_EXCERPT_BYTES and begin < end - 1:
            size -= sizes[begin]
            for number in found[begin]:
                counts[number] -= 1
                value -= weights[number] * (_REPEATED if counts[number] else 1.0)
            begin += 1
        if value > best + 1e-9:
            best, chosen = value, (begin, end)
    return _widen(sizes, *chosen)


def _widen(sizes: Sequence[int], begin: int, end: int) -> tuple[int, int]:
    """Add the lines that still fit, after the window and then before it: what follows a name is its meaning."""
    size = sum(sizes[begin:end]) - 1
    while end < len(sizes) and size + sizes[end] <= MAX_EXCERPT_BYTES:
        size += sizes[end]
        end += 1
    while begin and size + sizes[begin - 1] <= MAX_EXCERPT_BYTES:
        begin -= 1
        size += sizes[begin]
    return begin, end


def _find_words(lines: Sequence[str], words: Sequence[tuple[str, float]]) -> list[list[int]]:
    """Return for each line which of the words stand in it, by their stems, as often as they do."""
    text = "\n".join(lines).lower()
    ends = list(accumulate(len(line) + 1 for line in text.split("\n")))
    found: list[list[int]] = [[] for _ in lines]
    for number, (word, _) in enumerate(words):
        root = stem(word)
        wanted = root if len(root) >= _MIN_STEM_LENGTH else word
        place, line = text.find(wanted), 0
        while place >= 0:
            while ends[line] <= place:
                line += 1
            found[line].append(number)
            place = text.find(wanted, place + len(wanted))
    return found


def _find_head(lines: Sequence[str], chunk: Chunk) -> int | None:
    """Return the number of the line on which a definition's name stands first, None where it does not."""
    name = (chunk.symbol or "").rpartition(".")[2]
    pattern = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)") if name else None
    return next((number for number, line in enumerate(lines) if pattern and pattern.search(line)), None)
