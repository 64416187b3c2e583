"""A text in one language -> its parts in order, each with what it is called in code."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple
from unicodedata import normalize

from codesearch.core.text.tokens import has_cjk
from codesearch.retrieval.related_terms import is_code_word
from codesearch.retrieval.translation.cognates import find_cognate
from codesearch.retrieval.translation.detection import HAN, HANGUL, KANA
from codesearch.retrieval.translation.lexicon import AGGLUTINATING, UNSPACED, Lexicon, plain

# What is written as one: words with what joins the parts of a path, of a name or of a number.
_CHUNK = re.compile(r"[^\W_](?:[\w'’]|[./:#@\\-](?=\w))*|[_$@]\w+")
_CODE = re.compile(r"[a-z\d][A-Z]|_|\d|::|[a-z]\.[a-z]|/|#|@")
_UNSPACED_RUN, _HANGUL_RUN = re.compile(f"[\u3005-\u3007\u3040{KANA}{HAN}]+"), re.compile(f"[{HANGUL}]+")
# Languages that write compounds as one word, and what German puts between their parts.
COMPOUNDING = frozenset({"da", "de", "nl", "no", "sv"})
_LINKS = ("", "s", "es", "n", "en", "e")
_LEAST_PART, _LEAST_ENGLISH_PART = 3, 4
# Entries and compounds are no longer, in characters. What is would cost the square of its length, and is no word.
_LONGEST_ENTRY = 64
# Parts of compounds are words: `internationalisierung` has 21 letters.
_LONGEST_PART = 26


class Part(NamedTuple):
    """A part of a text as written, and the English terms for it, the likeliest first; none where it means nothing.

    None: it stays as it is.
    """

    written: str
    meanings: tuple[str, ...] | None


def cut_parts(text: str, lexicon: Lexicon, is_there: Callable[[str], bool]) -> Iterator[Part]:
    """Yield the parts of one line in order. Names of code and what the lexicon lacks stay as they are.

    `is_there` says of a word that the lexicon lacks whether it is one of what is searched.
    """
    if lexicon.language in UNSPACED:
        yield from _cut_unspaced(text, lexicon)
    elif lexicon.language in AGGLUTINATING:
        yield from _cut_agglutinated(text, lexicon)
    else:
        yield from _cut_words(_CHUNK.findall(text), lexicon, is_there)


def _cut_unspaced(text: str, lexicon: Lexicon) -> Iterator[Part]:
    end = 0
    for run in _UNSPACED_RUN.finditer(text):
        yield from _keep(text[end : run.start()])
        yield from _match_longest(normalize("NFKC", run.group()), lexicon)
        end = run.end()
    yield from _keep(text[end:])


def _keep(text: str) -> Iterator[Part]:
    yield from (Part(chunk, None) for chunk in _CHUNK.findall(text))


def _match_longest(run: str, lexicon: Lexicon) -> Iterator[Part]:
    """Take the longest entry at each place; characters that begin none stay together as they are."""
    place, unknown = 0, ""
    while place < len(run):
        for length in range(min(lexicon.longest, len(run) - place), 0, -1):
            piece = run[place : place + length]
            if piece in lexicon.stop or piece in lexicon.meanings:
                if unknown:
                    yield Part(unknown, None)
                unknown = ""
                yield Part(piece, () if piece in lexicon.stop else lexicon.meanings[piece])
                break
        else:
            unknown += run[place]
            length = 1
        place += length
    if unknown:
        yield Part(unknown, None)


def _cut_agglutinated(text: str, lexicon: Lexicon) -> Iterator[Part]:
    """Of each word take the longest entries from its beginning on; what is left are endings."""
    words = text.split()
    number = 0
    while number < len(words):
        taken = 1
        for count in range(min(lexicon.longest, len(words) - number), 1, -1):
            several = words[number : number + count]
            # Of the last of them at least a letter.
            found = _begin_of(" ".join(several), lexicon, least=len(" ".join(several[:-1])) + 2)
            if found is not None:
                yield Part(found, lexicon.meanings.get(found, ()))
                taken = count
                break
        else:
            yield from _cut_agglutinated_word(words[number], lexicon)
        number += taken


def _cut_agglutinated_word(word: str, lexicon: Lexicon) -> Iterator[Part]:
    end = 0
    for run in _HANGUL_RUN.finditer(word):
        yield from _keep(word[end : run.start()])
        end, rest, is_first = run.end(), run.group(), True
        while rest:
            if rest in lexicon.stop:
                break
            # After the first, an entry of one syllable is rather an ending.
            found = _begin_of(rest, lexicon, least=1 if is_first else 2)
            if found is None:
                if is_first:
                    yield Part(rest, None)
                break
            if found not in lexicon.stop:
                # With its endings, as it may stand in a comment.
                yield Part(run.group() if is_first else found, lexicon.meanings[found])
            rest, is_first = rest[len(found) :], False
    yield from _keep(word[end:])


def _begin_of(text: str, lexicon: Lexicon, least: int) -> str | None:
    """Return the longest entry of at least so many characters that a text begins with."""
    for length in range(min(len(text), _LONGEST_ENTRY), least - 1, -1):
        piece = text[:length]
        # A word that begins with a short one that means nothing need not be that one.
        if piece in lexicon.meanings or (piece in lexicon.stop and (length > 1 or piece == text)):
            return piece
    return None


def _cut_words(words: list[str], lexicon: Lexicon, is_there: Callable[[str], bool]) -> Iterator[Part]:
    number = 0
    while number < len(words):
        for count in range(min(lexicon.longest, len(words) - number), 1, -1):
            several = " ".join(words[number : number + count])
            meanings = _look_up(several, lexicon)
            if meanings is not None:
                yield Part(several, meanings)
                number += count
                break
        else:
            yield from _cut_word(words[number], lexicon, is_there)
            number += 1


def _cut_word(word: str, lexicon: Lexicon, is_there: Callable[[str], bool]) -> Iterator[Part]:
    # mots-clés has a meaning of its own; d'une, l'appel and HTTP-Anfrage have those of their parts.
    if "-" in word and (meanings := _look_up(word.replace("-", " "), lexicon) or _look_up(word, lexicon)):
        yield Part(word, meanings)
        return
    for piece in filter(None, re.split(r"['’-]", word)):
        if len(piece) > _LONGEST_ENTRY or _CODE.search(piece) or has_cjk(piece):
            yield Part(piece, None)
            continue
        meanings = _look_up(piece, lexicon)
        if meanings is not None:
            yield Part(piece, meanings)
        elif is_code_word(piece) or is_there(piece):
            yield Part(piece, None)
        elif cognate := find_cognate(piece, lexicon.language, is_code_word):
            yield Part(piece, (cognate,))
        elif lexicon.language in COMPOUNDING and (parts := _split_compound(piece, lexicon)):
            yield from parts
        else:
            yield Part(piece, None)


def _look_up(words: str, lexicon: Lexicon) -> tuple[str, ...] | None:
    if len(words) > _LONGEST_ENTRY:
        return None
    if plain(words) in lexicon.stop:
        return ()
    for key in lexicon.keys_of(words):
        if key in lexicon.meanings:
            return lexicon.meanings[key]
    return None


def _split_compound(word: str, lexicon: Lexicon, depth: int = 2) -> list[Part]:
    """Return the parts of a compound, the longest last part first tried; nothing where it has none.

    A part may be an English word.
    """
    for cut in range(_LEAST_PART, len(word) - _LEAST_PART + 1):
        last = _look_up_part(word[cut:], lexicon)
        if not last:
            continue
        for link in _LINKS:
            first = word[: cut - len(link)]
            if len(first) < _LEAST_PART or not word[:cut].lower().endswith(link):
                continue
            if meanings := _look_up_part(first, lexicon):
                return [Part(first, meanings), Part(word[cut:], last)]
            if depth and (parts := _split_compound(first, lexicon, depth - 1)):
                return [*parts, Part(word[cut:], last)]
    return []


def _look_up_part(word: str, lexicon: Lexicon) -> tuple[str, ...] | None:
    if len(word) > _LONGEST_PART:
        return None
    meanings = _look_up(word, lexicon)
    if not meanings and len(word) >= _LEAST_ENGLISH_PART:
        english = word.lower() if is_code_word(word) else find_cognate(word, lexicon.language, is_code_word)
        return (english,) if english else None
    return meanings
