"""Cognates: words that English has with another ending, such as `Validierung`, `validación` and `validation`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from codesearch.retrieval.translation.lexicon import plain

# Ending -> English endings, the longest first, by language. Written without accents.
_ENDINGS: Final = {
    "de": (
        "isierungen ization|isierung ization|isieren ize|isiert ize|ierungen ation ing e|ierung ation ing e|"
        "ierten ate e ed|ierte ate e ed|ieren ate e ize|iert ate e ed|itaten ity|itat ity|ischen ic ical|"
        "ische ic ical|ischer ic ical|ischem ic ical|isches ic ical|isch ic ical|ionen ion|ien ies y|ie y|oren or|"
        "uren ure|ur ure|enzen ence|enz ence|anzen ance|anz ance|iven ive|ive ive|iver ive|iv ive|ellen al el|"
        "elle al el|ell al|aler al|ale al|ar ar ary|en e|er er e|em e|es e|e e|s|n"
    ),
    "fr": (
        "isations ization|isation ization|iser ize|isee ize|isees ize|ises ize|ise ize|tions tion|sions sion|"
        "iques ic ical|ique ic ical|eurs er or|eur er or|euses er|euse er|ites ity|ite ity|tes ty|te ty|aires ary|"
        "aire ary|ifs ive|if ive|ives ive|elles al|elle al|els al|el al|ances ance|ences ence|ismes ism|isme ism|"
        "ies y|ie y|ants ant ing|ant ant ing|ees ate e ed|ee ate e ed|es ate e ed|er ate e|e ate e ed|s"
    ),
    "es": (
        "izaciones ization|izacion ization|izar ize|izado ize|izada ize|izados ize|izadas ize|ciones tion|"
        "cion tion|siones sion|sion sion|idades ity|idad ity|dades ty|dad ty|icos ic ical|icas ic ical|"
        "ico ic ical|ica ic ical|adores ator er or|ador ator er or|adora ator er|encias ence|encia ence|"
        "ancias ance|ancia ance|arios ary|arias ary|ario ary|aria ary|ivos ive|ivas ive|ivo ive|iva ive|ismos ism|"
        "ismo ism|mente ly|ias y ia|ia y ia|ados ate e ed|adas ate e ed|ado ate e ed|ada ate e ed|idos e|ido e|"
        "ar ate e|er e|ir e|es|os e|as e|o e|a e|s"
    ),
    "pt": (
        "izacoes ization|izacao ization|izar ize|izado ize|izada ize|izados ize|izadas ize|coes tion|cao tion|"
        "soes sion|sao sion|idades ity|idade ity|dades ty|dade ty|icos ic ical|icas ic ical|ico ic ical|"
        "ica ic ical|adores ator er or|ador ator er or|adora ator er|encias ence|encia ence|ancias ance|"
        "ancia ance|arios ary|arias ary|ario ary|aria ary|ivos ive|ivas ive|ivo ive|iva ive|ismos ism|ismo ism|"
        "mente ly|ias y|ia y|ados ate e ed|adas ate e ed|ado ate e ed|ada ate e ed|idos e|ido e|ar ate e|er e|"
        "ir e|es|os e|as e|o e|a e|s"
    ),
}
_RULES: Final = {
    language: [tuple(rule.split()) for rule in endings.split("|")] for language, endings in _ENDINGS.items()
}
# Letters that English writes in another way.
_LETTERS: Final = {"de": (("k", "c"), ("z", "c")), "fr": (), "es": (("f", "ph"), ("cu", "qu")), "pt": (("f", "ph"),)}
_LEAST_BEGINNING = 3


def find_cognate(word: str, language: str, is_english: Callable[[str], bool]) -> str | None:
    """Return the English word that a word is but for its ending, None where there is none."""
    if language not in _RULES:
        return None
    return next(filter(is_english, _list_candidates(plain(word), language)), None)


def _list_candidates(word: str, language: str) -> Iterator[str]:
    for spelled in dict.fromkeys((word, *(word.replace(old, new) for old, new in _LETTERS[language]))):
        for ending, *english in _RULES[language]:
            beginning = spelled.removesuffix(ending)
            if beginning != spelled and len(beginning) >= _LEAST_BEGINNING:
                yield from (beginning + other for other in (*english, ""))
        yield spelled
