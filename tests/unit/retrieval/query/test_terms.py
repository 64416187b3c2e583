"""Taking queries apart: tokens without stop words, terms that join a word's forms, names of code."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.core.text.terms import name_term, term_of
from codesearch.core.text.tokens import stem, tokenize, tokens_of_word
from codesearch.retrieval.query.terms import MAX_QUERY_NAMES, MAX_QUERY_TOKENS, STOP_WORDS, parse_query


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("how does the client retry", ("client", "retry")),
        ("HttpClient", ("httpclient", "http", "client")),
        ("max_retry of HttpClient", ("maxretry", "max", "retry", "httpclient", "http", "client")),
        ("retry the retry", ("retry",)),
        ("parse JSON; then, write!", ("parse", "json", "then", "write")),
        # Nothing but stop words: then they are what is asked for.
        ("how to get it", ("how", "to", "get", "it")),
        ("With", ("with",)),
        ("", ()),
        ("?! -- ()", ()),
        ("файл не найден", ("файл", "не", "найден")),
        ("読み込み", ("読み", "み込", "込み")),
    ],
)
def test_tokens(text: str, tokens: tuple[str, ...]) -> None:
    assert set(parse_query(text).tokens) == set(tokens)
    assert len(parse_query(text).tokens) == len(tokens)


def test_tokens_keep_the_order_of_the_words() -> None:
    assert parse_query("zebra apple zebra mango").tokens == ("zebra", "apple", "mango")


def test_a_long_query_keeps_its_first_words() -> None:
    words = [f"{first}{second}word" for first in "abcdefghij" for second in "klmnopqrst"]
    assert parse_query(" ".join(words)).tokens == tuple(words[:MAX_QUERY_TOKENS])


@pytest.mark.parametrize(
    ("text", "names", "simple_names"),
    [
        ("retry", {"retry"}, {"retry"}),
        ("Client.retry", {"client.retry"}, {"retry"}),
        ("Client::retry", {"client.retry"}, {"retry"}),
        ("Client#retry", {"client.retry"}, {"retry"}),
        ("client->retry", {"client.retry"}, {"retry"}),
        (r"App\Http\Client", {"app.http.client"}, {"client"}),
        ("Client:retry", {"client.retry", "client:retry"}, {"retry", "client:retry"}),
        ("when does Client:retry stop", {"client.retry"}, {"retry"}),
        ("a note: retry", set(), set()),
        ("net/http/Client", {"net.http.client"}, {"client"}),
        ("std::vec::Vec", {"std.vec.vec"}, {"vec"}),
        ("retry()", {"retry"}, {"retry"}),
        ("__init__", {"__init__"}, {"__init__"}),
        ("save!", {"save", "save!"}, {"save", "save!"}),
        ("send:to:", {"send", "to", "send:to:"}, {"send", "to", "send:to:"}),
        ("busiest-paths", {"busiest", "paths", "busiest-paths"}, {"busiest", "paths", "busiest-paths"}),
        ("where is Client::retry called", {"client.retry"}, {"retry"}),
        ("which one calls sendRequest or max_retry", {"sendrequest", "max_retry"}, {"sendrequest", "max_retry"}),
        ("how do HTTPServers stop", {"httpservers"}, {"httpservers"}),
        ("a plain question. Another one", set(), set()),
        ("42", set(), set()),
        ("", set(), set()),
    ],
)
def test_names(text: str, names: set[str], simple_names: set[str]) -> None:
    terms = parse_query(text)
    assert terms.names == names
    assert terms.simple_names == simple_names


@pytest.mark.parametrize(
    ("text", "is_name"),
    [("retry", True), ("  Client.retry\n", True), ("Client retry", False), ("Client\tretry", False), ("", False)],
)
def test_one_word_is_a_name(text: str, is_name: bool) -> None:
    assert parse_query(text).is_name == is_name


@pytest.mark.parametrize(
    "forms",
    [
        "retry retries retried",
        "parse parses parser parsers parsing parsed",
        "configure configuration configurations configuring",
        "cache caches cached caching",
        "test tests testing tester",
    ],
)
def test_forms_of_a_word_are_one_term(forms: str) -> None:
    assert parse_query(forms).terms.tolist() == [term_of(form) for form in forms.split()][:1]


@pytest.mark.parametrize(("left", "right"), [("cache", "catch"), ("red", "ring"), ("string", "stream")])
def test_different_words_are_different_terms(left: str, right: str) -> None:
    assert len(parse_query(f"{left} {right}").terms) == 2


@given(st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=1, max_size=30))
def test_a_stem_begins_its_word_and_keeps_three_letters(word: str) -> None:
    assert word.startswith(stem(word))
    assert len(stem(word)) >= min(3, len(word))


@pytest.mark.parametrize(
    ("asked", "written"),
    [
        ("retries", "retry"),
        ("parsing", "parsers"),
        ("configuration", "configure"),
        ("HttpClients", "httpClient"),
        ("max_retry", "MaxRetries"),
    ],
)
def test_forms_and_spellings_of_a_word_are_the_same_terms(asked: str, written: str) -> None:
    assert parse_query(asked).terms.tolist() == parse_query(written).terms.tolist()


def test_a_word_in_two_forms_is_one_term() -> None:
    terms = parse_query("retry after retries")
    assert terms.tokens == ("retry", "after", "retries")
    assert terms.terms.tolist() == [term_of("retry"), term_of("after")]
    assert terms.asked == {stem("retry"), stem("after")}


def test_neighbouring_words_may_be_one_name() -> None:
    terms = parse_query("the rate limiter of a token bucket")
    written = [term_of(name) for name in ("ratelimiter", "limitertoken", "tokenbucket")]
    assert terms.compounds.tolist() == written
    assert parse_query("RateLimiter").compounds.tolist() == parse_query("limiter").compounds.tolist() == []


def test_names_are_hashed_without_regard_to_case_but_whole() -> None:
    asked = parse_query("Client::maxRetry or Server.stop_all")
    assert asked.name_hashes == sorted([name_term("MAXRETRY"), name_term("stop_all")])
    assert asked.name_hashes != parse_query("Client::maxRetries or Server.stop_all").name_hashes
    assert parse_query("a plain question").name_hashes == []


@given(
    st.text(max_size=300) | st.lists(st.sampled_from([*STOP_WORDS, "Client::retry", "a.b#c", "\ud800"])).map(" ".join)
)
def test_any_text_is_accepted(text: str) -> None:
    terms = parse_query(text)
    known = tokenize(text)
    assert len(set(terms.tokens)) == len(terms.tokens) <= MAX_QUERY_TOKENS
    assert set(terms.tokens) <= set(known)
    assert bool(terms.tokens) == bool(known)
    assert terms.asked == {stem(token) for token in terms.tokens}
    assert terms.texts == (text,)
    assert frozenset(name.lower() for name in terms.written_names) == terms.names
    assert terms.terms.tolist() == list(dict.fromkeys(map(term_of, terms.tokens)))
    assert terms.simple_names == {name.rpartition(".")[2] for name in terms.names}
    assert all(name and name == name.lower() for name in terms.names)


@pytest.mark.parametrize(
    ("text", "is_task"),
    [
        ("fix the crash when a file is empty", True),
        ("Adds a timeout to the client", True),
        ("Removed support for old tokens", True),
        ("removing a stale lock", False),
        ("how is a stale lock removed", False),
        ("JSON writer", False),
        ("fix", False),
        ("", False),
    ],
)
def test_a_task_begins_with_what_is_to_be_done(text: str, is_task: bool) -> None:
    assert parse_query(text).is_task == is_task


def test_a_question_without_a_blank_is_no_name() -> None:
    assert parse_query("retryLimit").is_name
    asked = parse_query("库存不足时怎么预留")
    assert not asked.is_name
    assert asked.tokens[:2] == ("库存", "存不")
    # A definition may have such a name, and is found by it.
    assert parse_query("計算する").simple_names == {"計算する"}


def test_a_query_of_many_names_keeps_its_first() -> None:
    names = [f"part{number}.save_{number}" for number in range(3000)]
    terms = parse_query(" ".join(names))
    assert terms.names == frozenset(names[:MAX_QUERY_NAMES])
    assert len(terms.terms) <= MAX_QUERY_TOKENS
    assert len(terms.compounds) <= MAX_QUERY_TOKENS


def test_queries_do_not_fill_the_memory_for_words() -> None:
    before = tokens_of_word.cache_info().currsize, term_of.cache_info().currsize
    parse_query(" ".join(f"unheardOf{number} word_{number}" for number in range(500)))
    assert (tokens_of_word.cache_info().currsize, term_of.cache_info().currsize) == before


# How the patterns were written before.
OLD_PUNCTUATED = re.compile(r"[^\W\d]\w*(?:[-!?]\w*|:(?!:)\w*)+")
OLD_CODE_LIKE = re.compile(r"[a-z\d][A-Z]|_|\.|::|->|#|[A-Z]{2,}[a-z]")


@given(st.text(alphabet="aB1_-!?: .\n", max_size=12) | st.text(max_size=6))
def test_punctuated_names_are_found_as_before(text: str) -> None:
    stripped = text.strip()
    names = {name for name in parse_query(text).names if any(sign in name for sign in "-!?:")}
    assert names == ({stripped.lower()} if OLD_PUNCTUATED.fullmatch(stripped) else set())


@given(st.lists(st.text(alphabet="aAB1", min_size=1, max_size=8), min_size=2, max_size=4))
def test_code_is_told_from_words_as_before(words: list[str]) -> None:
    names = {word.lower() for word in words if OLD_CODE_LIKE.search(word) and not word[0].isdigit()}
    text = " ".join(words)
    found = {match for match in re.findall(r"[^\W\d]\w*", text) if OLD_CODE_LIKE.search(match)}
    assert parse_query(text).names == {name.lower() for name in found} | names
