"""What cannot be searched says what to write instead; required strings are in every match."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.core.errors import InvalidRequestError
from codesearch.core.text.matching import Matcher, MatcherError
from codesearch.retrieval.exact.expressions import read_expression
from codesearch.retrieval.exact.needle import MAX_QUERY_LENGTH, ExactQuery, compile_query


@pytest.mark.parametrize(
    ("expression", "advice"),
    [
        ("foo(?=bar)", "looking around"),
        ("foo(?!bar)", "looking around"),
        ("(?<=foo)bar", "looking around"),
        ("(?<!foo)bar", "looking around"),
        (r"(['\"]).*\1", "earlier group"),
        ("(?P<a>x)(?P=a)", "earlier group"),
        (r"(?<a>x)\k<a>", "earlier group"),
        ("(?>a)", "atomic"),
        ("a++", "possessive"),
        ("(?x)a b", "flags"),
        ("(?#a)b", "flags"),
        (r"\hfoo", r"[ \t]"),
        (r"\u00e9", r"\x{00e9}"),
        (r"\y", "backslash"),
        ("a{2000}", "1000 times"),
        ("(?:a{1000}){1000}", "1000 times"),
        ("(?:\\pL{500}){2}", "too large"),
        ("foo(", "backslash before"),
        ("foo)", "backslash before"),
        ("[a", "backslash before"),
        ("*a", "backslash before"),
        ("[z-a]", "backslash before"),
        (r"\p{Foo}", "backslash before"),
    ],
)
@pytest.mark.parametrize("whole_word", [False, True])
def test_an_expression_that_cannot_be_searched_says_what_to_write(
    expression: str, advice: str, whole_word: bool
) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        compile_query(ExactQuery(expression, is_regex=True, whole_word=whole_word))
    assert advice in caught.value.message
    assert "\n" not in caught.value.message
    assert "(?m)" not in caught.value.message


@pytest.mark.parametrize("text", ["", "\n\n", "  \n "])
def test_a_blank_query_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError, match="blank"):
        compile_query(ExactQuery(text))


def test_a_query_that_is_too_long_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="characters"):
        compile_query(ExactQuery("a" * (MAX_QUERY_LENGTH + 1)))
    assert compile_query(ExactQuery("é" * MAX_QUERY_LENGTH))


@pytest.mark.parametrize(
    ("expression", "required"),
    [
        ("foobar", ("foobar",)),
        (r"foo\.bar\(", ("foo.bar(",)),
        (r"\w+_suffix\b", ("_suffix",)),
        ("fo+bar", ("bar",)),
        ("foob+r", ("foob",)),
        ("fooo?bar", ("foo",)),
        ("(foo|barbaz)qux", ("fooqux", "barbazqux")),
        (r"(open|close)_(a|bb|cc)\(", ("open_", "close_")),
        ("(foo|b.r)qux", ("qux",)),
        ("(a|b)(c|d)(e|f)", ()),
        ("(a|b)(c|d)efg", ("acefg", "adefg", "bcefg", "bdefg")),
        ("(foo|)bar", ("foobar", "bar")),
        ("x(foo|bar)y", ("xfooy", "xbary")),
        ("(?:foo)?bar", ("bar",)),
        ("(foo)*", ()),
        ("foo|", ()),
        ("foo|b.r", ()),
        (r"\Qa.b\E+", ("a.b",)),
        (r"\x66oo\x{2e}", ("foo.",)),
        ("[abc]def[^x]ghij", ("ghij",)),
        ("a{2}bcd{0,2}efg", ("efg",)),
        ("ab", ()),
        ("aaa|bbb|ccc|ddd|eee", ()),
        ("(((((foo)))))", ("foo",)),
        ("(" * 150 + "foo" + ")" * 150 + "|bar", ()),
        ("foo)", ()),
    ],
)
def test_required_strings(expression: str, required: tuple[str, ...]) -> None:
    assert read_expression(expression).required == required


PIECES = st.sampled_from(
    [
        "abc",
        "bcd",
        "d",
        ".",
        "[ab]",
        "(abc|bcd)",
        "(abc|)",
        "(?:abc)?",
        "(bcd)+",
        "a*",
        "c{2}",
        "|",
        r"\w",
        r"\d",
        "(?i)",
        "(?i:abc)",
        "^",
        "$",
    ]
)


@given(st.lists(PIECES, min_size=1, max_size=6), st.text("abcdABCD12", max_size=14))
def test_every_match_holds_a_required_string(pieces: list[str], text: str) -> None:
    expression = read_expression("".join(pieces))
    try:
        matcher = Matcher(expression.text, in_lines=True)
    except MatcherError:
        return
    found = matcher.find(text.encode(), 0, len(text))
    if found is not None and expression.required:
        flags = re.IGNORECASE if expression.ignores_case else 0
        matched = text[found[0] : found[1]]
        assert any(re.search(re.escape(part), matched, flags) for part in expression.required)
