"""WordIndexer: counts, embeds and packs the words of files, which it reads once. For the bundled model."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from codesearch.core.embedding.embedder import Embedder
from codesearch.core.embedding.static_model import StaticModel
from codesearch.core.text.chunk_text import embedding_parts
from codesearch.core.text.word_parts import WordParts, values_by_part
from codesearch.core.text.word_table import Described, LineWords, Words, WordTable, WordValues, describe_in_order
from codesearch.core.types import Chunk
from indexer.term_packing import TermPacker


@dataclass(frozen=True, slots=True)
class _ReadLines:
    """Lines whose words are known, before they are counted."""

    lines: list[str]
    words: LineWords
    counts: list[int]


class WordIndexer:
    """Gives chunks the vectors and terms that their texts have. For one thread at a time."""

    def __init__(self, embedder: Embedder, model: StaticModel) -> None:
        self._embedder = embedder
        self._table = WordTable()
        parts = WordParts(self._table)
        of_parts = WordValues(parts, lambda first, last: _describe(model, parts.words[first:last]))
        self._token_ids = values_by_part(self._table, parts, of_parts, model.encode_words)
        self._packer = TermPacker(self._table, parts)
        self._latest: LineWords | None = None
        self._ahead: deque[_ReadLines] = deque()

    def read_ahead(self, lines_of_files: Sequence[list[str]]) -> None:
        """Read the lines of files, in the order in which they will be counted: all at once costs less."""
        self._ahead.clear()
        words, counts = self._read(list(chain.from_iterable(lines_of_files)))
        first = 0
        for lines in lines_of_files:
            last = first + len(lines)
            self._ahead.append(_ReadLines(lines, words.of_file(first, last), counts[first:last]))
            first = last

    def count_tokens(self, lines: Sequence[str]) -> list[int]:
        """Return the number of tokens of each line, and keep the words for `take_words`.

        Lines are known by the list that was read ahead.
        """
        if self._ahead and self._ahead[0].lines is lines:
            read = self._ahead.popleft()
            self._latest = read.words
            return read.counts
        self._latest, counts = self._read(lines)
        return counts

    def _read(self, lines: Sequence[str]) -> tuple[LineWords, list[int]]:
        words = self._table.read(lines)
        sums = np.concatenate(([0], np.cumsum(self._token_ids.count(words.numbers))))
        counts: list[int] = np.diff(sums[words.starts]).tolist()
        return words, counts

    def take_words(self) -> LineWords | None:
        """Return the words of the lines that were counted last."""
        words, self._latest = self._latest, None
        return words

    def forget_many(self) -> None:
        """Keep the memory small, between groups of files. What was taken before may be refused from then on."""
        self._ahead.clear()
        self._table.forget_many()

    def embed(self, chunks: Sequence[Chunk], words: Sequence[Words]) -> NDArray[np.float32]:
        """Return the vectors of chunks; `words` are those of their lines. Raises RuntimeError for forgotten words."""
        contents = self._table.numbers_of(words)
        parts = [embedding_parts(chunk) for chunk in chunks]
        heads = self._table.read([head.rstrip("\n") for head, _, _ in parts])
        signatures = self._table.read([signature.replace("\n", " ") for _, _, signature in parts])
        repeats = np.array([repeats for _, repeats, _ in parts], np.int64)
        numbers, sizes = _compose(contents, heads, repeats, signatures)
        ids, counts = self._token_ids.of(numbers)
        ends = np.concatenate(([0], np.cumsum(counts)))[np.cumsum(sizes)]
        lengths = np.diff(ends, prepend=0)
        # The context cuts what is longer.
        within = np.arange(len(ids)) - np.repeat(ends - lengths, lengths)
        longest = self._embedder.max_tokens
        return self._embedder.embed_ids(ids[within < longest].astype(np.int64), np.minimum(lengths, longest))

    def pack_terms(self, chunks: Sequence[Chunk], words: Sequence[Words]) -> list[bytes]:
        """Return the packed terms of chunks; `words` are those of their lines. Raises RuntimeError as `embed`."""
        return self._packer.pack(chunks, self._table.numbers_of(words))


def _compose(
    contents: Sequence[NDArray[np.int32]], heads: LineWords, repeats: NDArray[np.int64], signatures: LineWords
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the words of texts, each its content, its head so many times and its signature, and how many each has."""
    content_counts = np.fromiter(map(len, contents), np.int64, len(contents))
    ends = np.cumsum(content_counts)
    known = np.concatenate([*contents, heads.numbers, signatures.numbers])
    heads_start = int(ends[-1])
    signatures_start = heads_start + len(heads.numbers)
    # A text is as many runs of neighbouring words in `known`.
    firsts = np.concatenate(([0], np.cumsum(repeats + 2)[:-1]))
    starts = np.repeat(heads.starts[:-1] + heads_start, repeats + 2)
    counts = np.repeat(np.diff(heads.starts), repeats + 2)
    starts[firsts], counts[firsts] = ends - content_counts, content_counts
    lasts = firsts + repeats + 1
    starts[lasts], counts[lasts] = signatures.starts[:-1] + signatures_start, np.diff(signatures.starts)
    shifts = starts - (np.cumsum(counts) - counts)
    numbers: NDArray[np.int32] = known[np.arange(int(counts.sum())) + np.repeat(shifts, counts)]
    return numbers, np.add.reduceat(counts, firsts)


def _describe(model: StaticModel, parts: Sequence[str]) -> Described:
    ids = model.encode_parts(parts)
    return describe_in_order(chain.from_iterable(ids), list(map(len, ids)))
