"""WordPieces: what the bundled model's tokenizer gives for ASCII words, in Python; the tokenizer itself for all others.

Loading the tokenizer takes a tenth of a second in each process; most source has no word that needs it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from codesearch.core.word_tokenizer import WORD_PATTERN, WORD_SPLIT, WordEncoding

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# What WORD_PATTERN finds in ASCII text.
_ASCII_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_BARE: dict[str, object] = {
    "truncation": None,
    "padding": None,
    "normalizer": None,
    "post_processor": None,
    "added_tokens": [],
}


class WordPieces:
    """The WordPiece tokenizer of a file, which splits at WORD_PATTERN. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        """Read the vocabulary. Raises ValueError, KeyError or OSError for a file that is no such tokenizer."""
        self._path = path
        self._tokenizer: Tokenizer | None = None
        description = json.loads(path.read_bytes())
        model = description["model"]
        others = {name: description[name] for name in _BARE}
        if model["type"] != "WordPiece" or others != _BARE or description["pre_tokenizer"] != WORD_SPLIT:
            raise ValueError(f"{path.name} is no tokenizer of words matching {WORD_PATTERN}")
        self._vocabulary: dict[str, int] = model["vocab"]
        self._prefix: str = model["continuing_subword_prefix"]
        self._longest_word: int = model["max_input_chars_per_word"]
        self._longest_piece = max(map(len, self._vocabulary))
        self.unknown_id = self._vocabulary[model["unk_token"]]

    def encode_batch_fast(self, texts: Sequence[str], add_special_tokens: bool = False) -> list[WordEncoding]:
        """Return the ids of each text; there are no special tokens to add."""
        others = [text for text in texts if not text.isascii()]
        encoded = iter(self._encode_others(others) if others else ())
        return [WordEncoding(self._encode_ascii(text) if text.isascii() else next(encoded)) for text in texts]

    def _encode_ascii(self, text: str) -> list[int]:
        if (whole := self._vocabulary.get(text)) is not None and _ASCII_WORD.fullmatch(text):
            return [whole]
        return [piece for word in _ASCII_WORD.findall(text) for piece in self._cut(word)]

    def _cut(self, word: str) -> list[int]:
        """Cut a word into the longest pieces that the vocabulary has, from left to right."""
        find = self._vocabulary.get
        if len(word) > self._longest_word:
            return [self.unknown_id]
        pieces: list[int] = []
        start, prefix = 0, ""
        while start < len(word):
            for end in range(min(len(word), start + self._longest_piece), start, -1):
                if (piece := find(prefix + word[start:end])) is not None:
                    break
            else:
                return [self.unknown_id]
            pieces.append(piece)
            start, prefix = end, self._prefix
        return pieces

    def _encode_others(self, texts: Sequence[str]) -> Iterable[list[int]]:
        if self._tokenizer is None:
            from tokenizers import Tokenizer

            self._tokenizer = Tokenizer.from_file(str(self._path))
        return (encoding.ids for encoding in self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False))
