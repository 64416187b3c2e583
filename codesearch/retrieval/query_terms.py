"""A query as ranking sees it: search tokens, their terms, and names of code. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from codesearch.core.text.terms import hash_token, name_term
from codesearch.core.text.tokens import has_cjk, iterate_parts, iterate_tokens, stem

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
_NAME = re.compile(r"[^\W\d]\w*(?:(?:\.|::|->|#|\\|/)[^\W\d]\w*)*")
_PUNCTUATED_NAME = re.compile(r"[^\W\d][\w!?:-]*")
_PUNCTUATION = re.compile(r"[!?:-]")
_SEPARATOR = re.compile(r"\.|::|->|#|\\|/")
_CODE_LIKE = re.compile(r"[a-z\d][A-Z]|_|\.|::|->|#|[A-Z]{2}[a-z]")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class QueryTerms:
    """A query, taken apart: at most MAX_QUERY_TOKENS tokens, terms and compounds, and MAX_QUERY_NAMES names.

    tokens: distinct search tokens without stop words, in order. terms: their distinct terms, in order. words: the first
    token of each term. compounds: the terms of each two neighbouring words written as one (`rate limiter` ->
    RateLimiter). names: what looks like names of code, qualified as written with `.` between parts, lower case.
    simple_names: their last parts. is_name: the whole query is one name. is_task: it begins with what is to be done, as
    a commit's subject or an agent's task does.
    """

    tokens: tuple[str, ...]
    terms: NDArray[np.uint32]
    words: tuple[str, ...]
    compounds: NDArray[np.uint32]
    names: frozenset[str]
    simple_names: frozenset[str]
    is_name: bool
    is_task: bool

    @property
    def stems(self) -> frozenset[str]:
        """The distinct stems of the query's words."""
        return frozenset(map(stem, self.tokens))

    @property
    def name_hashes(self) -> list[int]:
        """The hashes of the simple names, in ascending order."""
        return sorted(map(name_term, self.simple_names))


def parse_query(text: str) -> QueryTerms:
    """Take a query apart. Accepts any text; without a letter or digit there are no tokens."""
    tokens = _first_distinct((token for token in iterate_tokens(text) if token not in STOP_WORDS), MAX_QUERY_TOKENS)
    tokens = tokens or _first_distinct(iterate_tokens(text), MAX_QUERY_TOKENS)
    is_word = len(text.split(maxsplit=1)) == 1
    # A whole question without a blank; where it is a name all the same, that is one of the names below.
    is_name = is_word and not has_cjk(text)
    neighbours = pairwise(word for word in iterate_parts(text) if word not in STOP_WORDS)
    compounds = _first_distinct((hash_token(first + second) for first, second in neighbours), MAX_QUERY_TOKENS)
    names = _find_names(text, is_word=is_word)
    first_tokens = {hash_token(token): token for token in reversed(tokens)}
    terms = list(dict.fromkeys(map(hash_token, tokens)))
    return QueryTerms(
        tokens=tuple(tokens),
        terms=np.array(terms, np.uint32),
        words=tuple(first_tokens[term] for term in terms),
        compounds=np.array([] if is_name else compounds, np.uint32),
        names=frozenset(names),
        simple_names=frozenset(name.rpartition(".")[2] for name in names),
        is_name=is_name,
        is_task=not is_name and _is_task(text),
    )


def _first_distinct(values: Iterable[T], limit: int) -> list[T]:
    """Return the first so many distinct values in order; what comes after them is not asked for."""
    found: dict[T, None] = {}
    for value in values:
        found[value] = None
        if len(found) == limit:
            break
    return list(found)


def _find_names(text: str, *, is_word: bool) -> list[str]:
    words = (match.group() for match in _NAME.finditer(text))
    looks_like_code = (word for word in words if is_word or _CODE_LIKE.search(word))
    names = _first_distinct((_SEPARATOR.sub(".", word.lower()) for word in looks_like_code), MAX_QUERY_NAMES)
    return [*names, whole] if (whole := _read_punctuated_name(text.strip())) else names


def _read_punctuated_name(text: str) -> str | None:
    """Return the whole text where it is Lisp's `busiest-paths`, Ruby's `save!` or Objective-C's `send:to:`."""
    is_one = _PUNCTUATED_NAME.fullmatch(text) and "::" not in text and _PUNCTUATION.search(text)
    return text.lower() if is_one else None


def _is_task(text: str) -> bool:
    first = (text.split(maxsplit=1) or [""])[0].lower()
    # `parsing a date` asks for what is there.
    return stem(first) in _TASKS and not first.endswith("ing")
