"""A query as it is searched: what it says, and of a long text the words that are worth asking these indexes for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from codesearch.core.text.terms import hash_token
from codesearch.core.text.tokens import iterate_tokens, stem
from codesearch.retrieval.lexical import SearchedText, count_dead
from codesearch.retrieval.query.message import Message, read_message
from codesearch.retrieval.query.phrases import find_phrases_of_message
from codesearch.retrieval.query.terms import STOP_WORDS, QueryTerms, find_compounds, first_distinct, parse_query
from codesearch.retrieval.related_terms import is_code_word
from codesearch.retrieval.translation.translation import Lexicons, Translation

# A text of more distinct words is a message: so many of them are searched. Of 66 to 69 issue texts, all files that
# were to be found were among the first five / ten for 80 / 86% with 24 words, 81 / 85% with 20, 78 / 87% with 32,
# and for 70 / 75% with the first 64 words of the text.
MESSAGE_WORDS = 24
# Among so many words of a message's body the rare ones are looked for.
_MAX_BODY_WORDS = 1_000
# Those of the package alone.
BUNDLED_LEXICONS = Lexicons()
# Says how many live rows have each of some tokens' terms, (t,).
CountRows: TypeAlias = Callable[[Sequence[str]], NDArray[np.int64]]
# A word of another language stands for so many English ones at most.
MEANINGS = 3


def understand_query(text: str, indexes: Sequence[SearchedText], lexicons: Lexicons = BUNDLED_LEXICONS) -> QueryTerms:
    """Take a query apart, for these indexes. Accepts any text; one in a language of the lexicons is read in English."""
    return understand_counted(text, lambda tokens: count_rows(tokens, indexes), lexicons)


def understand_counted(text: str, count: CountRows, lexicons: Lexicons = BUNDLED_LEXICONS) -> QueryTerms:
    """Return what `understand_query` does; `count` says how many live rows have each of some tokens' terms."""

    @cache
    def is_there(word: str) -> bool:
        return bool(count(list(iterate_tokens(word))).any())

    translation = lexicons.translate(text, is_there)
    if translation is None:
        return _understand(text, count)
    unknown = {part.written for part in translation.parts if part.meanings is None}
    english = translation.write({word for word in unknown if is_code_word(word) or is_there(word)})
    return _join_languages(parse_query(text), _understand(english, count), translation)


def _join_languages(original: QueryTerms, terms: QueryTerms, translation: Translation) -> QueryTerms:
    """Return the translated terms with what stands in the query as it is: names, places and phrases.

    What else a word may mean, and the word itself, as in comments, stands for its term.
    """
    others: dict[int, set[int]] = {}
    for part in translation.parts:
        if part.meanings:
            likeliest = [hash_token(token) for token in iterate_tokens(part.meanings[0])]
            also = (*part.meanings[1:MEANINGS], part.written)
            others.setdefault(likeliest[-1], set()).update(
                hash_token(token) for meaning in also for token in _stand_ins(meaning)
            )
    known = set(terms.terms.tolist())
    return replace(
        terms,
        alternatives=tuple(
            np.array(sorted(others.get(term, set()) - known), np.uint32) for term in terms.terms.tolist()
        ),
        written_names=original.written_names,
        names=original.names,
        simple_names=original.simple_names,
        places=original.places,
        phrases=original.phrases,
        quotation=original.quotation,
        is_name=original.is_name,
        is_place=original.is_place,
        read_as=tuple(translation.describe(MEANINGS)),
    )


def _stand_ins(meaning: str) -> list[str]:
    """Return the tokens that stand for a meaning: of two words the two as one, as names write them."""
    words = meaning.split()
    return list(iterate_tokens(meaning)) if len(words) == 1 else ["".join(words).lower()]


def _understand(text: str, count: CountRows) -> QueryTerms:
    """Take a query apart that is in English.

    Of a message, the words are those of its title and then the rarest that these indexes have; its title is said twice,
    alone and before the rest, for the vector; and only the title tells what kind of file is asked for.
    """
    terms = parse_query(text)
    if len(terms.tokens) <= MESSAGE_WORDS or terms.quotation is not None:
        return terms
    message = read_message(text)
    words = _choose_words(message, count)
    if not words:
        return terms
    hashes = {hash_token(word): word for word in reversed(words)}
    chosen = list(dict.fromkeys(map(hash_token, words)))
    whole = f"{message.title}\n{message.prose}".strip() or text
    return replace(
        terms,
        tokens=tuple(words),
        terms=np.array(chosen, np.uint32),
        words=tuple(hashes[term] for term in chosen),
        compounds=find_compounds(message.title or message.prose),
        phrases=tuple(find_phrases_of_message(message.title, text)),
        is_message=True,
        asked=frozenset(map(stem, iterate_tokens(message.title))),
        texts=(message.title, whole) if message.title else (whole,),
    )


def _choose_words(message: Message, count: CountRows) -> list[str]:
    """Return the words of the title, then those of the body by how few rows have them, one for each term."""
    title = [token for token in iterate_tokens(message.title) if token not in STOP_WORDS]
    chosen = {hash_token(token): token for token in reversed(first_distinct(title, MESSAGE_WORDS))}
    words = dict(sorted(chosen.items(), key=lambda item: title.index(item[1])))
    body = (token for token in iterate_tokens(f"{message.prose}\n{message.code}") if token not in STOP_WORDS)
    others = [token for token in first_distinct(body, _MAX_BODY_WORDS) if hash_token(token) not in words]
    frequencies = count(others)
    for number in np.lexsort((np.arange(len(others)), frequencies)).tolist():
        if len(words) >= MESSAGE_WORDS:
            break
        if frequencies[number]:
            words.setdefault(hash_token(others[number]), others[number])
    return list(words.values())


def count_rows(tokens: Sequence[str], indexes: Sequence[SearchedText]) -> NDArray[np.int64]:
    """Return how many live rows of all indexes have each of the tokens' terms, (t,)."""
    terms = np.array(list(map(hash_token, tokens)), np.uint32)
    counts = np.zeros(len(terms), np.int64)
    for index in indexes:
        if not len(index.dead_rows):
            counts += index.postings.count_rows(terms)
            continue
        hits = index.postings.find_rows(terms)
        counts += [len(ids) for ids, _ in hits]
        counts -= count_dead(index.dead_rows, index.live_rows, hits)
    return counts
