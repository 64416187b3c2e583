"""Lexicon: what the words of one language are called in code, by keys that their inflected forms share."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from unicodedata import combining, normalize

import Stemmer

from codesearch.retrieval.query.terms import STOP_WORDS

# Which algorithm of Snowball brings the forms of a word together; languages without one keep words as they are.
STEMMERS: Final = {
    "da": "danish", "de": "german", "es": "spanish", "fi": "finnish", "fr": "french", "hu": "hungarian",
    "it": "italian", "nl": "dutch", "no": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian",
    "sv": "swedish", "tr": "turkish",
}  # fmt: skip
# Written without blanks between words; with blanks, and endings that grow onto them.
UNSPACED: Final = frozenset({"zh", "ja"})
AGGLUTINATING: Final = frozenset({"ko"})
# Short English words that other languages have, too.
ENGLISH: Final = STOP_WORDS | frozenset(
    "all also but die had has have he her him his key like man me mine more my no not one or our pour see she so son "
    "than they us use war was we will you your all any chat date des do does file hat main men now old per plus same "
    "set still such then there time van via".split()
)


@dataclass(frozen=True, slots=True, eq=False)
class Lexicon:
    """One language.

    meanings: key -> English terms, the likeliest first. stop: words that mean nothing to a search, as `plain` gives
    them. own: those of `stop`, of more than a letter, that English lacks. longest: of all of these, in characters where
    the language is written without blanks, else in words.
    """

    language: str
    meanings: Mapping[str, tuple[str, ...]]
    stop: frozenset[str]
    own: frozenset[str]
    longest: int

    def keys_of(self, word: str) -> tuple[str, ...]:
        """Return the keys under which a word may be found, the likeliest first."""
        return keys_of(self.language, word)


@lru_cache(maxsize=8192)
def keys_of(language: str, words: str) -> tuple[str, ...]:
    """Return the keys of one word, or of several with blanks between them, the likeliest first.

    The word as it is, and what its forms have in common, marked by `~`: found with accents as written, and without any.
    """
    lower = normalize("NFC", words.lower())
    if language in UNSPACED or language in AGGLUTINATING:
        return (normalize("NFKC", lower),)
    stem = _stemmer_of(language)
    stems = " ".join(fold(stem(word)) for word in lower.split())
    bare = " ".join(fold(stem(fold(word))) for word in lower.split())
    return tuple(dict.fromkeys((plain(words), f"{stems}~", f"{bare}~")))


@lru_cache(maxsize=len(STEMMERS) + 1)
def _stemmer_of(language: str) -> Callable[[str], str]:
    name = STEMMERS.get(language)
    if name is None:
        return str
    # It may be used by one thread at a time, as a query is read in its search's turn.
    stem: Callable[[str], str] = Stemmer.Stemmer(name).stemWord
    return stem


def plain(words: str) -> str:
    """Return words as they are compared whole: lower case, without accents."""
    return fold(normalize("NFKC", words.lower()))


def fold(word: str) -> str:
    """Return a word without accents: `größe` -> `grosse`, `ё` -> `е`."""
    if word.isascii():
        return word
    letters = normalize("NFD", word.replace("ß", "ss"))
    # Only what stands on a Latin or Cyrillic letter: elsewhere a mark makes another letter.
    return normalize("NFC", "".join(c for c in letters if not (combining(c) and c < "\u0370")))


def build_lexicon(
    language: str, lines: Iterable[str], stop_words: Iterable[str], english_words: Collection[str] = ENGLISH
) -> Lexicon:
    """Make a lexicon of lines `english<TAB>form|form`, those of English terms that are asked for more before others.

    Of several terms with one form, that comes first of which it is said earlier. Raises ValueError, which names the
    line, for one without a tab or a form.
    """
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        english, tab, forms = line.rstrip("\r\n").partition("\t")
        if not tab or not english.strip() or not forms.strip(" |"):
            raise ValueError(f"line {number} has to be an English term, a tab, and words for it with | between")
        for place, form in enumerate(filter(None, map(str.strip, forms.split("|")))):
            for key in keys_of(language, form):
                said = found.setdefault(key, {})
                said[english.strip()] = min(said.get(english.strip(), (place, number)), (place, number))
    stop = {plain(word.strip()) for word in stop_words if word.strip()}
    meanings = {key: tuple(sorted(said, key=said.__getitem__)) for key, said in found.items() if key}
    longest = max((_length_of(language, key) for key in (*meanings, *stop)), default=0)
    return Lexicon(
        language,
        meanings,
        frozenset(stop),
        frozenset(word for word in stop - set(english_words) if len(word) > 1),
        longest,
    )


def _length_of(language: str, key: str) -> int:
    return len(key) if language in UNSPACED else len(key.split())


def write_lexicon(lexicon: Lexicon) -> str:
    """Return a lexicon as JSON, for `read_lexicon`."""
    content = {
        "meanings": dict(sorted(lexicon.meanings.items())),
        "stop": sorted(lexicon.stop),
        "own": sorted(lexicon.own),
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n"


def read_lexicon(language: str, text: str) -> Lexicon:
    """Return what `write_lexicon` wrote. Raises ValueError, KeyError."""
    content = json.loads(text)
    meanings = {key: tuple(terms) for key, terms in content["meanings"].items()}
    stop = frozenset(content["stop"])
    longest = max((_length_of(language, key) for key in (*meanings, *stop)), default=0)
    return Lexicon(language, meanings, stop, frozenset(content["own"]), longest)


def join_lexicons(first: Lexicon, second: Lexicon) -> Lexicon:
    """Return both in one; what the first says of a word comes first."""
    meanings = dict(second.meanings)
    for key, terms in first.meanings.items():
        meanings[key] = tuple(dict.fromkeys((*terms, *meanings.get(key, ()))))
    own = (first.own | second.own) - (first.stop - first.own) - (second.stop - second.own)
    longest = max(first.longest, second.longest)
    return Lexicon(first.language, meanings, first.stop | second.stop, own, longest)
