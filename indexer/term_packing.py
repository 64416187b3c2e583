"""TermPacker: what terms.pack_terms gives for each of many chunks, worked out for all of them at once in arrays."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress, pairwise
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from codesearch.core.text.terms import (
    IN_COMMENT,
    IN_NAME,
    IN_QUALIFIER,
    IN_SIGNATURE,
    MAX_COUNT,
    comments_of,
    terms_of,
)
from codesearch.core.text.tokens import MAX_WORD_LENGTH, stem
from codesearch.core.text.word_parts import WordParts, add_others
from codesearch.core.text.word_table import Described, WordTable, WordValues, describe_in_order
from codesearch.core.types import Chunk

# A key is chunk, term and, in the lowest bits, the field where it stands: 0 for the chunk's lines.
_TERM_SHIFT, _CHUNK_SHIFT = np.uint64(4), np.uint64(36)
_FIELDS = np.uint64(15)


class TermPacker:
    """Packs the terms of chunks whose lines were read from a table of words: of each what terms.terms_of gives."""

    def __init__(self, table: WordTable, parts: WordParts) -> None:
        self._table = table
        self._parts = parts
        self._of_parts = WordValues(parts, self._describe_parts)
        self._terms = WordValues(table, self._describe)

    def _describe_parts(self, first: int, last: int) -> Described:
        terms = [crc32(stem(part.lower()).encode()) for part in self._parts.words[first:last]]
        return describe_in_order(terms, [1] * len(terms))

    def _describe(self, first: int, last: int) -> Described:
        """Return the terms of the words' parts and, behind them, of a word of several as a whole."""
        words = self._table.words[first:last]
        parts, part_counts = self._parts.of_words(first, last)
        is_short = np.fromiter(map(len, words), np.int64, len(words)) <= MAX_WORD_LENGTH
        is_whole = is_short & (part_counts > 1)
        counts = np.where(is_short, part_counts + is_whole, 0)
        ends = np.cumsum(counts)
        values = np.empty(int(ends[-1]), np.uint32)
        of_part = np.ones(len(values), bool)
        of_part[ends[is_whole] - 1] = False
        values[of_part] = self._of_parts.of(parts[np.repeat(is_short, part_counts)])[0]
        wholes = "\n".join(compress(words, is_whole.tolist())).replace("_", "").lower().split("\n")
        values[~of_part] = [crc32(stem(whole).encode()) for whole in wholes if whole]
        described = Described(values, counts, ends - counts)
        return add_others(self._table, first, last, described, lambda others: [terms_of(other) for other in others])

    def pack(self, chunks: Sequence[Chunk], words: Sequence[NDArray[np.int32]]) -> list[bytes]:
        """Return the packed terms of each chunk; `words` are those of its lines."""
        keys = [self._keys(np.concatenate(words), [len(found) for found in words], 0)] if words else []
        names = [(chunk.symbol or "").rpartition(".") for chunk in chunks]
        for field, texts in (
            (0, [chunk.outline for chunk in chunks]),
            (IN_NAME, [name for _, _, name in names]),
            (IN_QUALIFIER, [qualifier for qualifier, _, _ in names]),
            (IN_SIGNATURE, [chunk.signature for chunk in chunks]),
            (IN_COMMENT, [comments_of(chunk.content) for chunk in chunks]),
        ):
            read = self._table.read([text.replace("\n", " ") if text else "" for text in texts])
            keys.append(self._keys(read.numbers, np.diff(read.starts), field))
        return _pack(np.concatenate(keys), len(chunks))

    def _keys(
        self, numbers: NDArray[np.int32], counts: Sequence[int] | NDArray[np.int64], field: int
    ) -> NDArray[np.uint64]:
        terms, terms_of_word = self._terms.of(numbers)
        chunk_of_word = np.repeat(np.arange(len(counts), dtype=np.uint64) << _CHUNK_SHIFT, counts)
        keys: NDArray[np.uint64] = np.repeat(chunk_of_word, terms_of_word)
        keys |= terms.astype(np.uint64) << _TERM_SHIFT
        keys |= np.uint64(field)
        return keys


def _pack(keys: NDArray[np.uint64], chunk_count: int) -> list[bytes]:
    if not len(keys):
        return [b""] * chunk_count
    keys.sort()
    fields, keys = keys & _FIELDS, keys >> _TERM_SHIFT
    firsts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    counts = np.minimum(np.add.reduceat(fields == 0, firsts, dtype=np.int64), MAX_COUNT)
    payloads = (counts << 8).astype(np.uint16) | np.bitwise_or.reduceat(fields, firsts).astype(np.uint16)
    heads = keys[firsts]
    terms = heads.astype(np.uint32)
    bounds = np.searchsorted(heads, np.arange(chunk_count + 1, dtype=np.uint64) << np.uint64(32)).tolist()
    return [terms[start:end].tobytes() + payloads[start:end].tobytes() for start, end in pairwise(bounds)]
