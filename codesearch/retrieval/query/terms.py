"""A query as ranking sees it: search tokens, their terms, and names of code. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from codesearch.core.text.terms import hash_token, name_term
from codesearch.core.text.tokens import has_cjk, iterate_parts, iterate_tokens, stem
from codesearch.retrieval.query.names import find_names
from codesearch.retrieval.query.phrases import Phrase, find_phrases
from codesearch.retrieval.query.places import Place, find_places
from codesearch.retrieval.query.quotations import Quotation, find_quotation

# So many of each kind count; the rest of a longer text is passed over.
MAX_QUERY_TOKENS = MAX_QUERY_NAMES = 64
# Words of questions. Names of code that look like them are searched all the same when nothing else is asked for.
STOP_WORDS = frozenset(
    "a an and are as at be by can do does for from get how i if in into is it its of on or set that the this to what "
    "when where which who why with".split()
)
# What a task begins with, rather than a question: `fix the crash`, `Adds a timeout`.
_TASKS = frozenset(
    map(
        stem,
        "add adjust allow apply avoid bump change check clarify clean convert correct create deprecate disable do "
        "drop enable ensure expose extend extract fix guard handle implement improve include introduce keep let "
        "limit make mark merge move optimize pass prefer prevent properly provide raise reduce refactor reject "
        "remove rename replace respect restore return rework rewrite set show simplify skip sort split start stop "
        "support switch treat trigger try tweak unify update upgrade use validate warn wrap".split(),
    )
)
T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class QueryTerms:
    """A query, taken apart: at most MAX_QUERY_TOKENS tokens, terms and compounds, and MAX_QUERY_NAMES names.

    tokens: distinct search tokens without stop words, in order. terms: their distinct terms, in order. words: the first
    token of each term. compounds: the terms of each two neighbouring words written as one (`rate limiter` ->
    RateLimiter). written_names: what looks like names of code, as written, with `.` between their parts; names: the
    same, lower case; simple_names: their last parts. asked: the stems of the words that say what kind of file is
    asked for. places: files and lines that it names. phrases: what may stand in the code as it is. quotation: the
    text in double quotes that the query is. texts: what is embedded, each counting the same. is_name: the whole query
    is one name. is_place: it is one path, or a line of one. is_task: it begins with what is to be done, as a commit's
    subject or an agent's task does. is_message: it tells of something at length.
    alternatives: of a query in another language, for each of the terms those that stand for it, too;
    read_as: what its words were taken for.
    """

    tokens: tuple[str, ...]
    terms: NDArray[np.uint32]
    words: tuple[str, ...]
    compounds: NDArray[np.uint32]
    written_names: tuple[str, ...]
    names: frozenset[str]
    simple_names: frozenset[str]
    asked: frozenset[str]
    places: tuple[Place, ...]
    phrases: tuple[Phrase, ...]
    texts: tuple[str, ...]
    is_name: bool
    is_place: bool
    is_task: bool
    quotation: Quotation | None = None
    is_message: bool = False
    alternatives: tuple[NDArray[np.uint32], ...] = ()
    read_as: tuple[str, ...] = ()

    @property
    def name_hashes(self) -> list[int]:
        """The hashes of the simple names, in ascending order."""
        return sorted(map(name_term, self.simple_names))


def parse_query(text: str) -> QueryTerms:
    """Take a query apart. Accepts any text; without a letter or digit there are no tokens."""
    tokens = first_distinct((token for token in iterate_tokens(text) if token not in STOP_WORDS), MAX_QUERY_TOKENS)
    tokens = tokens or first_distinct(iterate_tokens(text), MAX_QUERY_TOKENS)
    # A whole question without a blank; where it is a name all the same, that is one of the names below.
    is_word = len(text.split(maxsplit=1)) == 1
    is_name = is_word and not has_cjk(text)
    places = find_places(text)
    written = find_names(text, MAX_QUERY_NAMES)
    names = [name.lower() for name in written]
    hashes = list(map(hash_token, tokens))
    first_tokens = dict(zip(reversed(hashes), reversed(tokens), strict=True))
    terms = list(dict.fromkeys(hashes))
    return QueryTerms(
        tokens=tuple(tokens),
        terms=np.array(terms, np.uint32),
        words=tuple(first_tokens[term] for term in terms),
        compounds=np.array([], np.uint32) if is_name else find_compounds(text),
        written_names=tuple(written),
        names=frozenset(names),
        simple_names=frozenset(name.rpartition(".")[2] for name in names),
        asked=frozenset(map(stem, tokens)),
        places=tuple(places),
        phrases=tuple(find_phrases(text)),
        texts=(text,),
        is_name=is_name,
        is_place=is_word and bool(places),
        is_task=not is_name and _is_task(text),
        quotation=find_quotation(text),
    )


def find_compounds(text: str) -> NDArray[np.uint32]:
    """Return the terms of each two neighbouring words of a text written as one, at most MAX_QUERY_TOKENS."""
    neighbours = pairwise(word for word in iterate_parts(text) if word not in STOP_WORDS)
    return np.array(
        first_distinct((hash_token(first + second) for first, second in neighbours), MAX_QUERY_TOKENS), np.uint32
    )


def first_distinct(values: Iterable[T], limit: int) -> list[T]:
    """Return the first so many distinct values in order; what comes after them is not asked for."""
    found: dict[T, None] = {}
    for value in values:
        found[value] = None
        if len(found) == limit:
            break
    return list(found)


def _is_task(text: str) -> bool:
    first = (text.split(maxsplit=1) or [""])[0].lower()
    # `parsing a date` asks for what is there.
    return stem(first) in _TASKS and not first.endswith("ing")
