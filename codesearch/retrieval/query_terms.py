"""A query as ranking sees it: search tokens, word stems with their surface forms, and names of code. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from codesearch.core.tokens import tokenize

MAX_QUERY_TOKENS = 64
# Words of questions. Names of code that look like them are searched all the same when nothing else is asked for.
STOP_WORDS = frozenset(
    "a an and are as at be by can do does for from get how i if in into is it its of on or set that the this to what "
    "when where which who why with".split()
)
# Longest first. `retry`, `retries` and `retrying` must lose the same part.
_SUFFIXES = (
    "ations", "ation", "ying", "ings", "iers", "ing", "ier", "ies", "ied", "ers", "er", "es", "ed", "s", "e", "y", "",
)  # fmt: skip
_MIN_STEM_LENGTH = 3
_NAME = re.compile(r"[^\W\d]\w*(?:(?:\.|::|->|#|\\|/)[^\W\d]\w*)*")
# Lisp's `busiest-paths`, Ruby's `save!`, Objective-C's `send:to:`.
_PUNCTUATED_NAME = re.compile(r"[^\W\d]\w*(?:[-!?]\w*|:(?!:)\w*)+")
_SEPARATOR = re.compile(r"\.|::|->|#|\\|/")
_CODE_LIKE = re.compile(r"[a-z\d][A-Z]|_|\.|::|->|#|[A-Z]{2,}[a-z]")


@dataclass(frozen=True, slots=True)
class QueryTerms:
    """A query, taken apart.

    tokens: distinct search tokens without stop words, in order. forms: every form a query word may take in a text ->
    its stem. names: what looks like names of code, qualified as written with `.` between parts, lower case.
    simple_names: their last parts. is_name: the whole query is one name.
    """

    tokens: tuple[str, ...]
    forms: Mapping[str, str]
    names: frozenset[str]
    simple_names: frozenset[str]
    is_name: bool

    @property
    def stems(self) -> frozenset[str]:
        """The distinct stems of the query's words."""
        return frozenset(self.forms.values())


def stem(word: str) -> str:
    """Cut a common English ending off a lower-case word, leaving at least three letters."""
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= _MIN_STEM_LENGTH:
            return word[: len(word) - len(suffix)]
    return word


def parse_query(text: str) -> QueryTerms:
    """Take a query apart. Accepts any text; without a letter or digit there are no tokens."""
    tokens = list(dict.fromkeys(tokenize(text)))
    tokens = ([token for token in tokens if token not in STOP_WORDS] or tokens)[:MAX_QUERY_TOKENS]
    stems = dict.fromkeys(stem(token) for token in tokens)
    forms = {form + suffix: form for form in stems for suffix in _SUFFIXES} | {token: stem(token) for token in tokens}
    is_name = len(text.split()) == 1
    words = _NAME.findall(text)
    names = [_SEPARATOR.sub(".", word.lower()) for word in words if is_name or _CODE_LIKE.search(word)]
    if _PUNCTUATED_NAME.fullmatch(text.strip()):
        names.append(text.strip().lower())
    return QueryTerms(
        tokens=tuple(tokens),
        forms=forms,
        names=frozenset(names),
        simple_names=frozenset(name.rpartition(".")[2] for name in names),
        is_name=is_name,
    )
