"""WordPieces: what the bundled model's tokenizer gives, worked out in Python for nearly all text in source code.

Loading the tokenizer takes a sixth of a second in each process. Of the scripts that are not listed here, its library is
asked where words begin and end; what a word's pieces are follows from the vocabulary in any script.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from codesearch.core.embedding.word_tokenizer import WORD_PATTERN, WORD_SPLIT, WordEncoding

if TYPE_CHECKING:
    from tokenizers.pre_tokenizers import Split

# Latin, Greek and Cyrillic letters, and what is in no word: of these both engines of regular expressions agree.
_LATIN = "\u00aa\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u017f"
_GREEK = "\u0388-\u038a\u038c\u038e-\u03a1\u03a3-\u03f5\u03f7-\u03ff\U0001d6fc-\U0001d714"
_CYRILLIC = "\u0400-\u0481\u048a-\u052f"
# What makes a character a picture counts as a letter.
_LETTERS = f"{_LATIN}{_GREEK}{_CYRILLIC}\ufe0f"
_LATIN_OTHERS = "\u00a0-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u00d7\u00f7"
_PUNCTUATION = "\u2002-\u200a\u2010-\u2027\u2030-\u203e\u2041-\u2053\u2055-\u205e\u3000-\u3003\ufeff"
_SYMBOLS = "\u20a0-\u20bf\u2122\u2190-\u2426\u2500-\u2775\u2794-\u2bff\ufffd\U0001f300-\U0001fbca"
_PRIVATE = "\ue000-\uf8ff\U000f0000-\U000ffffd"
_OUTSIDE_WORDS = f"{_LATIN_OTHERS}{_PUNCTUATION}{_SYMBOLS}{_PRIVATE}"
_PLAIN = re.compile(rf"[\x00-\x7f{_LETTERS}{_OUTSIDE_WORDS}]*")
# What WORD_PATTERN finds in such text.
_PLAIN_WORD = re.compile(rf"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[{_LETTERS}]+")
_REMEMBERED_WORDS = 100_000
_BARE: dict[str, object] = {
    "truncation": None,
    "padding": None,
    "normalizer": None,
    "post_processor": None,
    "added_tokens": [],
}


class _Pieces(dict[str, list[int]]):
    """Remembers the pieces of words."""

    def __init__(self, cut: Callable[[str], list[int]]) -> None:
        super().__init__()
        self._cut = cut

    def __missing__(self, word: str) -> list[int]:
        pieces = self[word] = self._cut(word)
        return pieces


class WordPieces:
    """The WordPiece tokenizer of a file, which splits at WORD_PATTERN. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        """Read the vocabulary. Raises ValueError, KeyError or OSError for a file that is no such tokenizer."""
        self._splitter: Split | None = None
        self._pieces = _Pieces(self._cut)
        description = json.loads(path.read_bytes())
        model = description["model"]
        others = {name: description[name] for name in _BARE}
        if model["type"] != "WordPiece" or others != _BARE or description["pre_tokenizer"] != WORD_SPLIT:
            raise ValueError(f"{path.name} is no tokenizer of words matching {WORD_PATTERN}")
        self._vocabulary: dict[str, int] = model["vocab"]
        self._prefix: str = model["continuing_subword_prefix"]
        self._longest_word: int = model["max_input_chars_per_word"]
        self._longest_piece = max(map(len, self._vocabulary))
        if self._longest_piece > self._longest_word:
            raise ValueError(f"{path.name} has pieces that are longer than its longest word")
        self.unknown_id = self._vocabulary[model["unk_token"]]

    def encode_batch_fast(self, texts: Sequence[str], add_special_tokens: bool = False) -> list[WordEncoding]:
        """Return the ids of each text; there are no special tokens to add."""
        return [WordEncoding(list(ids)) for ids in self.encode(texts)]

    def encode(self, texts: Sequence[str]) -> list[Sequence[int]]:
        """Return the ids of each text."""
        others = [text for text in texts if not text.isascii() and not _PLAIN.fullmatch(text)]
        encoded = dict(zip(others, self._encode_others(others), strict=True)) if others else {}
        pieces = self._pieces
        if len(pieces) > _REMEMBERED_WORDS:
            pieces = self._pieces = _Pieces(self._cut)
        return [
            encoded[text]
            if text in encoded
            else pieces[words[0]]
            if len(words := _PLAIN_WORD.findall(text)) == 1
            else list(chain.from_iterable(map(pieces.__getitem__, words)))
            for text in texts
        ]

    def cut_words(self, words: Sequence[str]) -> list[list[int]]:
        """Return the ids of each word; each is one that WORD_PATTERN finds whole, or empty. Remembers none of them."""
        return [self._cut(word) if word else [] for word in words]

    def encode_query(self, text: str, max_length: int) -> list[int]:
        """Return the first ids of one text; remembers nothing of it, as nobody knows what clients will send."""
        if not text.isascii() and not _PLAIN.fullmatch(text):
            return next(self._encode_others([text]))[:max_length]
        known = self._pieces
        ids: list[int] = []
        for match in _PLAIN_WORD.finditer(text):
            word = match.group()
            ids += known.get(word) or self._cut(word)
            if len(ids) >= max_length:
                break
        return ids[:max_length]

    def _cut(self, word: str) -> list[int]:
        """Cut a word into the longest pieces that the vocabulary has, from left to right."""
        find = self._vocabulary.get
        if (whole := find(word)) is not None:
            return [whole]
        if len(word) > self._longest_word:
            return [self.unknown_id]
        pieces: list[int] = []
        start, prefix = 0, ""
        while start < len(word):
            rest, head = prefix + word[start : start + self._longest_piece], len(prefix)
            for end in range(len(rest), head, -1):
                if (piece := find(rest[:end])) is not None:
                    break
            else:
                return [self.unknown_id]
            pieces.append(piece)
            start, prefix = start + end - head, self._prefix
        return pieces

    def _encode_others(self, texts: Sequence[str]) -> Iterator[list[int]]:
        if self._splitter is None:
            from tokenizers import Regex
            from tokenizers.pre_tokenizers import Split

            self._splitter = Split(Regex(WORD_PATTERN), behavior="removed", invert=True)
        for text in texts:
            words = self._splitter.pre_tokenize_str(text)
            yield list(chain.from_iterable(self._cut(word) for word, _ in words))
