"""A model that fastembed runs, as an Embedder wants it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from codesearch.core.embedding.word_tokenizer import WordTokenizer, splits_at_words

if TYPE_CHECKING:
    from fastembed import TextEmbedding
    from tokenizers import Tokenizer

_STATIC_BATCH_SIZE = 256
# A transformer pads a batch to its longest text and holds all of its activations.
_TRANSFORMER_BATCH_SIZE = 16


class FastembedModel:
    """A model that fastembed runs."""

    def __init__(self, model: TextEmbedding, *, is_static: bool) -> None:
        self._model = model
        # Every text model of fastembed has one, though their base class does not say so.
        self._tokenizer: Tokenizer = model.model.tokenizer  # type: ignore[attr-defined]
        self._words: WordTokenizer | None = None
        self._batch_size = _STATIC_BATCH_SIZE if is_static else _TRANSFORMER_BATCH_SIZE
        self.dimension = len(next(iter(model.embed(["dimension"]))))
        self.max_tokens: int = self._tokenizer.truncation["max_length"]
        if is_static and splits_at_words(self._tokenizer):
            self._tokenizer.no_truncation()
            self._words = model.model.tokenizer = WordTokenizer(self._tokenizer, self.max_tokens)  # type: ignore[attr-defined]

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.stack(list(self._model.passage_embed(texts, batch_size=self._batch_size)))

    def embed_query(self, text: str) -> NDArray[np.float32]:
        return np.stack(list(self._model.query_embed([text])))

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        if self._words is not None:
            return self._words.count_tokens(texts)
        encodings = self._counting_tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(encoding) for encoding in encodings]

    @cached_property
    def _counting_tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer

        # A copy: the model's own goes on truncating. Built on first use, as answering queries never counts.
        tokenizer = Tokenizer.from_str(self._tokenizer.to_str())
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer
