"""Terms: what lexical search compares. A word is stemmed and hashed; a chunk's terms say how often and where."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from zlib import crc32

from codesearch.core.text.tokens import find_words, stem, tokens_of_word
from codesearch.core.types import Chunk

# Where in a chunk a term stands besides its lines, one bit each.
IN_NAME, IN_QUALIFIER, IN_SIGNATURE, IN_COMMENT = 1, 2, 4, 8
# Where in a path.
IN_STEM, IN_FOLDER = 1, 2
MAX_COUNT = 255
_DIRECTIVE = r"(?!\s*(?:include|define|if(?:n?def)?|else|elif|endif|pragma|undef)\b)"
# Begins with the end of the line before: to leap from one to the next is three times as fast as to try everywhere.
_COMMENT_LINE = re.compile(rf"\n[ \t]*(?:#{_DIRECTIVE}|//|/\*|\*|--|;;|%|\"\"\"|''')(.*)")
_DOCSTRING = re.compile(r"(?:\"\"\"|''')(.*?)(?:\"\"\"|''')", re.DOTALL)


def hash_token(token: str) -> int:
    """Return the term of a search token: the hash of its stem, 32 bits."""
    return crc32(stem(token).encode("utf-8", "surrogatepass"))


@lru_cache(maxsize=1 << 16)
def term_of(token: str) -> int:
    """Return what `hash_token` gives; remembers tokens, for indexing."""
    return hash_token(token)


def terms_of(text: str) -> list[int]:
    """Return the terms of a text in order, repeated as they occur."""
    return [term for word in find_words(text) for term in _terms_of_word(word)]


@lru_cache(maxsize=1 << 17)
def _terms_of_word(word: str) -> tuple[int, ...]:
    return tuple(map(term_of, tokens_of_word(word)))


def pack_terms(chunk: Chunk) -> bytes:
    """Return a chunk's distinct terms in ascending order, and for each its payload: count << 8 | fields.

    All terms (uint32) come first, then all payloads (uint16). The count is that in content and outline, at most 255;
    a term that is only in the name has count 0.
    """
    body = f"{chunk.content}\n{chunk.outline}" if chunk.outline else chunk.content
    payloads: dict[int, int] = {}
    for word, count in Counter(find_words(body)).items():
        for term in _terms_of_word(word):
            payloads[term] = payloads.get(term, 0) + (count << 8)
    if len(body) > MAX_COUNT:
        payloads = {term: min(payload, MAX_COUNT << 8) for term, payload in payloads.items()}
    if chunk.symbol:
        qualifier, _, name = chunk.symbol.rpartition(".")
        _mark(payloads, IN_NAME, terms_of(name))
        _mark(payloads, IN_QUALIFIER, terms_of(qualifier))
    if chunk.signature:
        _mark(payloads, IN_SIGNATURE, terms_of(chunk.signature))
    _mark(payloads, IN_COMMENT, terms_of(comments_of(chunk.content)))
    terms = sorted(payloads)
    return array("I", terms).tobytes() + array("H", [payloads[term] for term in terms]).tobytes()


def _mark(fields: dict[int, int], field: int, terms: Iterable[int]) -> None:
    for term in terms:
        fields[term] = fields.get(term, 0) | field


def comments_of(content: str) -> str:
    """Return the text of what looks like comment lines and docstrings, in any language."""
    found = _COMMENT_LINE.findall(f"\n{content}")
    if '"""' in content or "'''" in content:
        found += _DOCSTRING.findall(content)
    return "\n".join(found)


def path_terms(path: str) -> dict[int, int]:
    """Return the terms of a path with their fields: in the file's name without its extension, or in the folders."""
    folder, _, name = path.rpartition("/")
    file_stem, dot, extension = name.rpartition(".")
    fields: dict[int, int] = {}
    _mark(fields, IN_STEM, terms_of(file_stem if dot and file_stem else name))
    _mark(fields, IN_FOLDER, terms_of(f"{folder} {extension}" if dot and file_stem else folder))
    return fields


def name_term(name: str) -> int:
    """Return the hash of a symbol's name, case aside; no stemming, so that it stands for that name alone."""
    return crc32(name.lower().encode("utf-8", "surrogatepass"))
