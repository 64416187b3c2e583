"""Which language a query is in: by its script, or by the short words that only one language has."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from codesearch.retrieval.query.terms import STOP_WORDS
from codesearch.retrieval.related_terms import is_code_word
from codesearch.retrieval.translation.lexicon import Lexicon, plain

# Letters of scripts, as a regular expression has them between brackets.
KANA, HANGUL = "\u3041-\u30ff\u31f0-\u31ff", "\uac00-\ud7af"
HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
CYRILLIC = "\u0400-\u04ff"
_SCRIPTS: Final = {
    language: re.compile(f"[{letters}]")
    for language, letters in (("ja", KANA), ("ko", HANGUL), ("zh", HAN), ("ru", CYRILLIC))
}
_ACCENTED = re.compile("[\u00df-\u00f6\u00f8-\u00ff\u0153]")
_LATIN = re.compile("[A-Za-z]")
_WORD = re.compile(r"(?<![\w./:-])[^\W\d_]+(?:[-'’][^\W\d_]+)*(?![\w(]|[./:]\w)")
# A text is in what its beginning is in.
_READ_CHARACTERS = 2_000
# A quoted message in another script does not make a text one in that language: so many of its letters have to be in it.
# A word of Han or Hangul has few letters.
_LEAST_SHARE, _LEAST_CYRILLIC_SHARE = 0.08, 0.3
# What a short word that English has, too, says for a language, and a word that has a meaning there.
_SHARED_WORD, _MEANT_WORD = 0.4, 0.6
_KNOWN_WORD, _OWN_LETTER = 0.05, 0.5
_OWN_LETTERS: Final = {
    "de": re.compile("[äöüß]"),
    "es": re.compile("[ñ¿¡]"),
    "fr": re.compile("[èêëîïûœ]|\\b[dlmnst]['’]"),
    "pt": re.compile("[ãõâêôç]"),
}
_NOTHING: Final = re.compile("(?!)")
_LEAST_EVIDENCE: Final = 1.0


def find_script(text: str) -> str | None:
    """Return the language that the script of a text belongs to, None for a Latin one."""
    if text.isascii():
        return None
    text = text[:_READ_CHARACTERS]
    counts = {name: len(script.findall(text)) for name, script in _SCRIPTS.items()}
    latin = len(_LATIN.findall(text))
    if counts["ru"] >= max(3, _LEAST_CYRILLIC_SHARE * (counts["ru"] + latin)):
        return "ru"
    found = counts["ja"] + counts["ko"] + counts["zh"]
    if found < max(1, _LEAST_SHARE * (found + latin)):
        return None
    if counts["ja"]:
        return "ja"
    return "ko" if counts["ko"] > counts["zh"] else "zh"


def find_latin(text: str, lexicons: Sequence[Lexicon]) -> Lexicon | None:
    """Return the lexicon of the language that a text in Latin letters is in; None for English and where none fits."""
    text = text[:_READ_CHARACTERS]
    words = list(dict.fromkeys(word.lower() for word in _WORD.findall(text)))
    plain_words = words if text.isascii() else [plain(word) for word in words]
    against = {word for word in words if word in STOP_WORDS}
    if against and text.isascii() and all(lexicon.own.isdisjoint(words) for lexicon in lexicons):
        return None
    # Without a short word that is English, the meanings of words that English lacks decide, as they do with accents.
    asks_meanings = not against or _ACCENTED.search(text)
    unknown = [word for word in words if not is_code_word(word)] if asks_meanings else []
    best, most = None, _LEAST_EVIDENCE - 1e-9
    for lexicon in lexicons:
        short = [word for word in plain_words if word in lexicon.stop and len(word) > 1]
        own = sum(word in lexicon.own for word in short)
        meant = sum(any(key in lexicon.meanings for key in lexicon.keys_of(word)) for word in unknown)
        # Short words that English has, too, say nothing alone.
        evidence = own + _MEANT_WORD * meant + _SHARED_WORD * (len(short) - own) * bool(own or meant)
        if evidence:
            # Of sister languages the one that has more of the words as they are.
            evidence += _KNOWN_WORD * sum(word in lexicon.meanings for word in plain_words)
            evidence += _OWN_LETTER * bool(_OWN_LETTERS.get(lexicon.language, _NOTHING).search(text))
        if evidence > max(most, len(against - lexicon.stop)):
            best, most = lexicon, evidence
    return best
