"""Identifier splitting: the same words for indexing and for querying."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from unicodedata import normalize

# A run of letters and digits, underscores inside it kept so that `max_retry` is seen whole as well as in parts.
_WORD = re.compile(r"[^\W_]+(?:_+[^\W_]+)*")
# HTTPServer -> HTTP Server; parseJSON -> parse JSON; utf8 -> utf 8.
ASCII_PART = r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+"
_PART = re.compile(ASCII_PART)
# Where other letters occur, a word is split at underscores and digits only: `größe_2` -> größe, 2.
_OTHER_PART = re.compile(r"\d+|[^\W\d_]+")
# Han, Kana and Hangul, which are written without blanks between words, or with endings that grow onto them.
_CJK = (
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
_CJK_RUN = re.compile(f"[{_CJK}]+")
_SCRIPT_RUN = re.compile(f"[{_CJK}]+|[^{_CJK}]+")
MAX_WORD_LENGTH = 64
# Longest first. `retry`, `retries` and `retrying` must lose the same part.
SUFFIXES = (
    "ations", "ation", "ying", "ings", "iers", "ing", "ier", "ies", "ied", "ers", "er", "es", "ed", "s", "e", "y", "",
)  # fmt: skip
_SUFFIXES_BY_LAST_LETTER = {
    letter: tuple(suffix for suffix in SUFFIXES if suffix[-1:] == letter) for letter in {s[-1:] for s in SUFFIXES if s}
}
_MIN_STEM_LENGTH = 3


def split_identifier(word: str) -> list[str]:
    """Split one identifier into its lower-cased parts, in order: `parseHTTPResponse_2` -> parse, http, response, 2."""
    return [part.lower() for part in (_PART if word.isascii() else _OTHER_PART).findall(word)]


def find_words(text: str) -> list[str]:
    """Return the identifiers, words and numbers of any text, in order, as they are written.

    Characters that have several forms, such as full-width letters or accents apart from their letter, come in one.
    """
    return _WORD.findall(text if text.isascii() else normalize("NFKC", text))


def has_cjk(text: str) -> bool:
    """Say whether a text holds Han, Kana or Hangul."""
    return not text.isascii() and _CJK_RUN.search(text) is not None


def tokenize(text: str) -> list[str]:
    """Return the search tokens of any text, in order, lower-cased.

    Each identifier gives its parts and, when there are several, the whole without separators:
    `HttpClient max_retry` -> httpclient, http, client, maxretry, max, retry. Runs of Han, Kana and Hangul give each two
    neighbours: `在庫を確認` -> 在庫, 庫を, を確, 確認. Other words over 64 characters (hashes, encoded data) give
    nothing. Accepts any string.
    """
    tokens: list[str] = []
    for word in find_words(text):
        tokens += tokens_of_word(word)
    return tokens


def iterate_tokens(text: str) -> Iterator[str]:
    """Yield what `tokenize` gives, one by one, and remember nothing of the text."""
    for word in find_words(text):
        yield from _split_word(word)


@lru_cache(maxsize=65_536)
def tokens_of_word(word: str) -> tuple[str, ...]:
    """Return the search tokens of one word, as `tokenize` gives them; remembers words, for indexing."""
    return _split_word(word)


def _split_word(word: str) -> tuple[str, ...]:
    if has_cjk(word):
        return tuple(token for run in _SCRIPT_RUN.findall(word) for token in _split_run(run))
    if len(word) > MAX_WORD_LENGTH:
        return ()
    parts = split_identifier(word)
    return ("".join(parts), *parts) if len(parts) > 1 else tuple(parts)


def _split_run(run: str) -> tuple[str, ...]:
    """Return the tokens of a part of a word that is all in such a script, or all in others."""
    if not _CJK_RUN.match(run):
        return _split_word(run)
    return tuple(first + second for first, second in pairwise(run)) or (run,)


def stem(word: str) -> str:
    """Cut a common English ending off a lower-case word, leaving at least three letters."""
    for suffix in _SUFFIXES_BY_LAST_LETTER.get(word[-1:], ()):
        if word.endswith(suffix) and len(word) - len(suffix) >= _MIN_STEM_LENGTH:
            return word[: len(word) - len(suffix)]
    return word


def iterate_parts(text: str) -> Iterator[str]:
    """Yield the lower-case parts of the identifiers of any text, in order."""
    for match in _WORD.finditer(text):
        yield from split_identifier(match.group())


def split_words(text: str) -> str:
    """Return the text with identifiers split into space-separated lower-case parts, for embedding."""
    if text.isascii():
        # No part reaches over the end of a word.
        return " ".join(_PART.findall(text)).lower()
    return " ".join(iterate_parts(text))
