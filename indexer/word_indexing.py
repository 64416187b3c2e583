"""WordIndexer: counts, embeds and packs the words of files, which it reads once. For the bundled model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from codesearch.core.embedding.embedder import Embedder
from codesearch.core.embedding.static_model import StaticModel
from codesearch.core.text.chunk_text import embedding_parts
from codesearch.core.text.word_table import LineWords, Words, WordTable, WordValues
from codesearch.core.types import Chunk
from indexer.term_packing import TermPacker


class WordIndexer:
    """Gives chunks the vectors and terms that their texts have. For one thread at a time."""

    def __init__(self, embedder: Embedder, model: StaticModel) -> None:
        self._embedder = embedder
        self._table = WordTable()
        self._token_ids = WordValues(self._table, model.encode_words)
        self._packer = TermPacker(self._table)
        self._latest: LineWords | None = None

    def count_tokens(self, lines: Sequence[str]) -> list[int]:
        """Return the number of tokens of each line, and keep the words for `take_words`."""
        self._latest = words = self._table.read(lines)
        sums = np.concatenate(([0], np.cumsum(self._token_ids.count(words.numbers))))
        counts: list[int] = np.diff(sums[words.starts]).tolist()
        return counts

    def take_words(self) -> LineWords | None:
        """Return the words of the lines that were counted last."""
        words, self._latest = self._latest, None
        return words

    def forget_many(self) -> None:
        """Keep the memory small, between groups of files. What was taken before may be refused from then on."""
        self._table.forget_many()

    def embed(self, chunks: Sequence[Chunk], words: Sequence[Words]) -> NDArray[np.float32]:
        """Return the vectors of chunks; `words` are those of their lines. Raises RuntimeError for forgotten words."""
        contents = self._table.numbers_of(words)
        parts = [embedding_parts(chunk) for chunk in chunks]
        heads = self._table.read([head.rstrip("\n") for head, _, _ in parts])
        signatures = self._table.read([signature.replace("\n", " ") for _, _, signature in parts])
        pieces: list[NDArray[np.int32]] = []
        sizes = []
        for index, (content, (_, repeats, _)) in enumerate(zip(contents, parts, strict=True), 1):
            head, signature = heads.of_lines(index, index).numbers, signatures.of_lines(index, index).numbers
            pieces += [content, *[head] * repeats, signature]
            sizes.append(len(content) + repeats * len(head) + len(signature))
        ids, counts = self._token_ids.of(np.concatenate(pieces))
        ends = np.concatenate(([0], np.cumsum(counts)))[np.cumsum(sizes)]
        lengths = np.diff(ends, prepend=0)
        # The context cuts what is longer.
        within = np.arange(len(ids)) - np.repeat(ends - lengths, lengths)
        longest = self._embedder.max_tokens
        return self._embedder.embed_ids(ids[within < longest].astype(np.int64), np.minimum(lengths, longest))

    def pack_terms(self, chunks: Sequence[Chunk], words: Sequence[Words]) -> list[bytes]:
        """Return the packed terms of chunks; `words` are those of their lines. Raises RuntimeError as `embed`."""
        return self._packer.pack(chunks, self._table.numbers_of(words))
