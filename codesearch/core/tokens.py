"""Identifier splitting: the same words for indexing and for querying."""

from __future__ import annotations

import re
from functools import lru_cache

# A run of letters and digits, underscores inside it kept so that `max_retry` is seen whole as well as in parts.
_WORD = re.compile(r"[^\W_]+(?:_+[^\W_]+)*")
# HTTPServer -> HTTP Server; parseJSON -> parse JSON; utf8 -> utf 8.
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
# Where other letters occur, a word is split at underscores and digits only: `größe_2` -> größe, 2.
_OTHER_PART = re.compile(r"\d+|[^\W\d_]+")
_MAX_WORD_LENGTH = 64


def split_identifier(word: str) -> list[str]:
    """Split one identifier into its lower-cased parts, in order: `parseHTTPResponse_2` -> parse, http, response, 2."""
    return [part.lower() for part in (_PART if word.isascii() else _OTHER_PART).findall(word)]


def tokenize(text: str) -> list[str]:
    """Return the search tokens of any text, in order, lower-cased.

    Each identifier gives its parts and, when there are several, the whole without separators:
    `HttpClient max_retry` -> httpclient, http, client, maxretry, max, retry. Words over 64 characters (hashes, encoded
    data) give nothing. Accepts any string.
    """
    tokens: list[str] = []
    for word in _WORD.findall(text):
        tokens += _tokens_of(word)
    return tokens


@lru_cache(maxsize=65_536)
def _tokens_of(word: str) -> tuple[str, ...]:
    if len(word) > _MAX_WORD_LENGTH:
        return ()
    parts = split_identifier(word)
    return ("".join(parts), *parts) if len(parts) > 1 else tuple(parts)


def split_words(text: str) -> str:
    """Return the text with identifiers split into space-separated lower-case parts, for embedding."""
    return " ".join(part for word in _WORD.findall(text) for part in split_identifier(word))
