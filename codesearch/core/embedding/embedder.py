"""Embedder: texts to unit vectors, chunks for the indexer and queries for retrieval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from codesearch.core.embedding.static_model import StaticModel
from codesearch.core.text.chunk_text import MAX_HEAD_REPEATS, TEXT_VERSION, embedding_text, find_prefixes, query_text
from codesearch.core.types import Chunk


class TextModel(Protocol):
    """What turns texts into vectors of any length; `max_tokens` is its context."""

    dimension: int
    max_tokens: int

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts: (n, dimension), in order."""

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Embed one text: (1, dimension)."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text, without truncation or special tokens."""


class Embedder:
    """An embedding model, loaded. Safe to use from several threads.

    `fingerprint` changes whenever the same chunk would get another vector; `max_tokens` is the model's context.
    """

    def __init__(self, model: TextModel, name: str, fingerprint_model: Callable[[], str], *, is_static: bool) -> None:
        self.name = name
        self._model = model
        self._fingerprint_model = fingerprint_model
        # Attention finds a head that is said once.
        self._max_head_repeats = MAX_HEAD_REPEATS if is_static else 1
        self._prefixes = find_prefixes(name)
        self.dimension = model.dimension
        self.max_tokens = model.max_tokens

    @property
    def static_model(self) -> StaticModel | None:
        """The model where it is the bundled one, which gives words their token ids."""
        return self._model if isinstance(self._model, StaticModel) else None

    def embed_ids(self, ids: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.float32]:
        """Embed texts by the token ids of the bundled model, one text's after the other, each of such a length."""
        if not isinstance(self._model, StaticModel):
            raise TypeError("only the bundled model takes token ids")
        return _normalise(self._model.embed_ids(ids, lengths))

    @cached_property
    def fingerprint(self) -> str:
        """What tells the vectors of this model from others; to embed, nobody needs it."""
        return with_text_version(self._fingerprint_model())

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed chunk texts: (n, dimension), in order, rows of length 1; zero rows where there is nothing to embed.

        A text's vector does not depend on its neighbours beyond rounding. What is over `max_tokens` is cut.
        """
        filled = [index for index, text in enumerate(texts) if text.strip()]
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        if filled:
            prefix = self._prefixes.passage
            passages = [prefix + texts[index] for index in filled] if prefix else [texts[index] for index in filled]
            vectors[filled] = _normalise(self._model.embed_passages(passages))
        return vectors

    def embed_chunks(self, chunks: Sequence[Chunk]) -> NDArray[np.float32]:
        """Embed chunks by their `embedding_text`: (n, dimension), in order, rows of length 1."""
        return self.embed([embedding_text(chunk, max_repeats=self._max_head_repeats) for chunk in chunks])

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Embed a query: (dimension,), of length 1, or zeros for a query without words."""
        query = query_text(text)
        if not query:
            return np.zeros(self.dimension, dtype=np.float32)
        vector: NDArray[np.float32] = _normalise(self._model.embed_query(self._prefixes.query + query))[0]
        return vector

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the model's own tokens in each text, without truncation or special tokens; quick for many texts."""
        return self._model.count_tokens(texts)


def with_text_version(model_fingerprint: str) -> str:
    """Return the fingerprint of a model's vectors for the text that is composed today."""
    return f"{model_fingerprint}/text-{TEXT_VERSION}"


def _normalise(vectors: NDArray[Any]) -> NDArray[np.float32]:
    """Give vectors length 1; not every model of fastembed's does. Zero vectors stay zero."""
    vectors = vectors.astype(np.float32, copy=False)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    lengths[lengths == 0] = 1
    normalised: NDArray[np.float32] = vectors / lengths
    return normalised
