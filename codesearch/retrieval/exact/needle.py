"""What is looked for, compiled: a literal or an expression, with what tells quickly where it cannot be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from codesearch.core.errors import InvalidRequestError
from codesearch.core.text.matching import Matcher, MatcherError, quote
from codesearch.retrieval.exact.expressions import LEAST_REQUIRED_LENGTH, LINE_BREAK, LINE_END, read_expression

MAX_QUERY_LENGTH: Final = 4_096
# The larger the program of an expression is, the longer each byte may take; of a literal's, only some steps are tried.
MAX_PROGRAM_SIZE: Final = 10_000
_WORD: Final = r"[\pL\pN_]"
_NO_WORD: Final = r"[^\pL\pN_]"
# The most frequent characters of code, in 49 MB of 31 repositories, first the blank with 23%; the last has 0.5%.
_FREQUENT: Final = ' etrnaiso\nlcdupm*fh)(._,gy-b/"=;vTSEwxC'
_RARE_ENOUGH: Final = 10
_LINE_BREAKS = re.compile(r"\r\n?|\n")


@dataclass(frozen=True, slots=True)
class ExactQuery:
    """What to look for: `text` as it stands, or as an expression. `whole_word`: no letter, digit or `_` beside it."""

    text: str
    is_regex: bool = False
    ignores_case: bool = False
    whole_word: bool = False


@dataclass(frozen=True, slots=True)
class Needle:
    """A compiled query. Every match holds a match of one of `signs`; without any, nothing is known.

    `spans_lines`: a match may go on over line ends. `asks_path`: it names a folder, so that whole paths are looked at.
    """

    matcher: Matcher
    signs: tuple[Matcher, ...]
    spans_lines: bool
    asks_path: bool


def compile_query(query: ExactQuery) -> Needle:
    """Compile a query. Raises InvalidRequestError, which says what to write instead."""
    text = query.text.strip("\r\n")
    if not text or not (query.is_regex or text.strip()):
        raise InvalidRequestError("query is blank: give the text or the expression to look for.")
    if len(text) > MAX_QUERY_LENGTH:
        raise InvalidRequestError(f"query has {len(text)} characters; at most {MAX_QUERY_LENGTH} are taken.")
    return _compile_regex(query, text) if query.is_regex else _compile_literal(query, text)


def _compile_literal(query: ExactQuery, text: str) -> Needle:
    lines = _LINE_BREAKS.split(text)
    spans_lines = len(lines) > 1
    expression = LINE_BREAK.join(_quote_line(line) for line in lines)
    before = query.whole_word and _is_word(text[0])
    after = query.whole_word and _is_word(text[-1])
    matcher = _surround(
        expression, before=before, after=after, ignore_case=query.ignores_case, in_lines=not spans_lines
    )
    longest = max(lines, key=lambda line: len(line.strip()))
    sign = _find_sign(longest, ignores_case=query.ignores_case)
    signs: tuple[Matcher, ...] = ()
    if longest.strip() and (spans_lines or before or after or sign != longest):
        signs = (Matcher(quote(sign), ignore_case=query.ignores_case, in_lines=True),)
    return Needle(matcher, signs, spans_lines, "/" in text)


def _quote_line(line: str) -> str:
    # Of a blank line between two chunks the index keeps no blanks.
    return quote(line) if line.strip() else r"[ \t]*"


def _compile_regex(query: ExactQuery, text: str) -> Needle:
    expression = read_expression(text)
    ignores_case = query.ignores_case or expression.ignores_case
    word = query.whole_word
    try:
        # First as it was written: brackets that are not closed must not end in what is put around it.
        matcher = Matcher(expression.text, ignore_case=query.ignores_case, in_lines=not expression.spans_lines)
        if word:
            matcher = _surround(
                expression.text,
                before=True,
                after=True,
                ignore_case=query.ignores_case,
                in_lines=not expression.spans_lines,
            )
        if matcher.size > MAX_PROGRAM_SIZE:
            raise MatcherError("pattern too large")
    except MatcherError as error:
        raise InvalidRequestError(explain_error(str(error))) from error
    parts = (_find_sign(part, ignores_case=ignores_case) for part in expression.required)
    signs = tuple(Matcher(quote(part), ignore_case=ignores_case) for part in parts)
    return Needle(matcher, signs, expression.spans_lines, "/" in text)


def _surround(expression: str, *, before: bool, after: bool, ignore_case: bool, in_lines: bool) -> Matcher:
    """Compile an expression that has no letter, digit or `_` before or after it where that is asked for."""
    if not before and not after:
        return Matcher(expression, ignore_case=ignore_case, in_lines=in_lines)
    head, tail = f"(?:^|{_NO_WORD})" if before else "", f"(?:{LINE_END}|{_NO_WORD})" if after else ""
    return Matcher(f"{head}({expression}){tail}", ignore_case=ignore_case, in_lines=in_lines, group=1)


def _find_sign(text: str, *, ignores_case: bool) -> str:
    """Return the part of a text, at least its second half, that is quickest to look for.

    RE2 goes from one first byte to the next, in any case it looks at every byte.
    """
    if ignores_case or _rarity(text[0]) >= _RARE_ENOUGH:
        return text
    starts = range(max(1, min(len(text) // 2, len(text) - LEAST_REQUIRED_LENGTH) + 1))
    return text[max(starts, key=lambda start: (_rarity(text[start]), -start)) :]


def _rarity(character: str) -> int:
    place = _FREQUENT.find(character)
    return len(_FREQUENT) if place < 0 else place


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


# What RE2 says of an expression, and what to do about it; the last holds for all else.
_ADVICE: Final = (
    (
        r"perl operator: \(\?<?[=!]",
        "looking around with (?=, (?!, (?<= or (?<! is not supported: search for what is in the middle, and leave out "
        "of its lines those that do not fit",
    ),
    (
        r"perl operator: \(\?>|bad repetition operator",
        "possessive and atomic repetition is not supported, and not needed, as nothing backtracks here: write a+ for "
        "a++ and (?:a+) for (?>a+)",
    ),
    (
        r"perl operator: \(\?P|escape sequence: \\[1-9kg]",
        "a reference to an earlier group is not supported: write out what it may be, as in (\"\\w+\"|'\\w+') for "
        "([\"'])\\w+\\1",
    ),
    (r"perl operator: \(\?", "the flags are i, s, m and U, as in (?i)word; comments and conditions are not supported"),
    (r"escape sequence: \\[hH]", "write [ \\t] for \\h"),
    (r"escape sequence: \\[uU]", "write \\x{00e9} for \\u00e9, or the character itself"),
    (r"escape sequence", "a backslash stands before signs; without regex the text is searched as it stands"),
    (r"repetition size", "a part is repeated at most 1000 times, repetitions in repetitions multiplied"),
    (r"too large", "it is too large when compiled: make it shorter, repeat less, or search for a part of it"),
    (
        r"",
        "put a backslash before ( ) [ ] { } + * ? . | to search for the sign itself; without regex the text is "
        "searched as it stands",
    ),
)


def explain_error(message: str) -> str:
    """Return one sentence on an expression that RE2 does not take: what is wrong, and what to write instead."""
    advice = next(advice for form, advice in _ADVICE if re.search(form, message))
    short = message if len(message) <= 100 else f"{message[:97]}..."
    return f"The regular expression cannot be searched ({' '.join(short.split())}): {advice}."
