"""StaticModel: the bundled model, read without fastembed, whose import takes half a second."""

from __future__ import annotations

import json
import mmap
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesearch.core.embedding.word_pieces import WordPieces
from codesearch.core.embedding.word_tokenizer import WordTokenizer

MODEL_FILE, TOKENIZER_FILE = "model.safetensors", "tokenizer.json"
MAX_TOKENS = 512
# Chunks that stand together share tokens: few at once make a small matrix. Beside 256, these take two thirds of the
# time; 32 take as long.
_BATCH_SIZE = 64
# Texts times distinct tokens that one product of matrices takes: it bounds the memory.
_CELLS = 4_000_000
_SHORTEST = 1e-12
_TYPES = {"F32": "<f4", "I32": "<i4", "I8": "i1"}


class StaticModel:
    """Gives each text the vector that fastembed gives it, to the last bit. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        """Load the model. Raises OSError, ValueError or KeyError for files that are missing or damaged."""
        tensors = _map_tensors(folder / MODEL_FILE)
        self._embeddings, self._weights = tensors["embeddings"], tensors["weights"]
        # Many tokens share a row of the table, each with a weight of its own.
        self._mapping = tensors["mapping"]
        self._pieces = WordPieces(folder / TOKENIZER_FILE)
        self._unknown_id = self._pieces.unknown_id
        self._words = WordTokenizer(self._pieces, MAX_TOKENS)
        self.dimension: int = self._embeddings.shape[1]
        self.max_tokens = MAX_TOKENS

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts: (n, dimension), in order, of length 1 or 0."""
        id_lists = [encoding.ids for encoding in self._words.encode_batch_fast(texts)]
        lengths = np.fromiter(map(len, id_lists), np.int64, len(texts))
        return self.embed_ids(np.fromiter(chain.from_iterable(id_lists), np.int64, int(lengths.sum())), lengths)

    def embed_ids(self, ids: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.float32]:
        """Embed texts by their token ids, one text's after the other, of which each has so many."""
        ends = [0, *np.cumsum(lengths).tolist()]
        vectors = []
        for start in range(0, len(lengths), _BATCH_SIZE):
            end = min(start + _BATCH_SIZE, len(lengths))
            vectors.append(self._embed_batch(ids[ends[start] : ends[end]], lengths[start:end]))
        return np.concatenate(vectors)

    def encode_words(self, words: Sequence[str]) -> list[Sequence[int]]:
        """Return the token ids of each word, or line of words, not cut."""
        return self._pieces.encode(words)

    def encode_parts(self, parts: Sequence[str]) -> list[list[int]]:
        """Return the token ids of parts of identifiers in ASCII, as tokens.split_identifier finds them, case aside."""
        return self._pieces.cut_words(parts)

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Embed one text: (1, dimension)."""
        ids = self._pieces.encode_query(text, MAX_TOKENS)
        return self.embed_ids(np.array(ids, np.int64), np.array([len(ids)], np.int64))

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, not cut."""
        return self._words.count_tokens(texts)

    def _embed_batch(self, ids: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.float32]:
        known = ids != self._unknown_id
        if not known.all():
            lengths = np.bincount(np.repeat(np.arange(len(lengths)), lengths)[known], minlength=len(lengths))
            ids = ids[known]
        sums = self._sum_rows(ids, lengths)
        # The mean and the sum of vectors point the same way.
        sums /= np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), _SHORTEST)
        return sums

    def _sum_rows(self, ids: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.float32]:
        """Sum the weighted vectors of each text's tokens: how often each text has each token, times their vectors."""
        rows = self._mapping[ids]
        if len(lengths) == 1:
            vectors = self._embeddings[rows] * self._weights[ids, None]
            one: NDArray[np.float32] = vectors.sum(axis=0, keepdims=True, dtype=np.float32)
            return one
        is_there = np.zeros(len(self._embeddings), bool)
        is_there[rows] = True
        distinct = np.flatnonzero(is_there)
        column_of = np.empty(len(is_there), np.int64)
        column_of[distinct] = np.arange(len(distinct))
        columns = column_of[rows]
        cells = len(lengths) * len(distinct)
        if cells > _CELLS:
            half = len(lengths) // 2
            split = int(lengths[:half].sum())
            return np.concatenate(
                [self._sum_rows(ids[:split], lengths[:half]), self._sum_rows(ids[split:], lengths[half:])]
            )
        texts = np.repeat(np.arange(len(lengths)), lengths)
        counts = np.bincount(texts * len(distinct) + columns, self._weights[ids], cells).astype(np.float32)
        sums: NDArray[np.float32] = counts.reshape(len(lengths), len(distinct)) @ self._embeddings[distinct]
        return sums


def _map_tensors(path: Path) -> dict[str, NDArray[Any]]:
    """Map the tensors of a safetensors file: processes that read the same model share its memory."""
    with path.open("rb") as file:
        content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    begin = 8 + int.from_bytes(content[:8], "little")
    tensors = {}
    for name, said in json.loads(content[8:begin]).items():
        first, last = said["data_offsets"]
        kind = np.dtype(_TYPES[said["dtype"]])
        values = np.frombuffer(content, kind, (last - first) // kind.itemsize, begin + first)
        tensors[name] = values.reshape(said["shape"])
    return tensors
