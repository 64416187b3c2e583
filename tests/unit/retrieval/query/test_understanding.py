"""Queries as they are searched: which words of a long text count, and what is embedded of it."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from codesearch.core.index.search_index import SearchIndex
from codesearch.core.text.terms import hash_token
from codesearch.core.text.tokens import stem, tokenize
from codesearch.retrieval.lexical import find_hits
from codesearch.retrieval.query.terms import STOP_WORDS, parse_query
from codesearch.retrieval.query.understanding import MESSAGE_WORDS, count_rows, understand_query
from tests.unit.retrieval.index_rows import index_of, make_row

FILLER = " ".join(f"filler{letter}word" for letter in "abcdefghijklmnopqrstuvwxyz")
INDEX = index_of(
    [make_row(f"src/common{number}.py", f"common words of many rows {FILLER}") for number in range(8)]
    + [make_row("src/rare.py", "rareness and quokka live here, tested")]
)


def test_a_short_query_is_as_it_is_parsed() -> None:
    for text in ("retry", "how does the client retry", ""):
        understood, parsed = understand_query(text, [INDEX]), parse_query(text)
        assert understood.tokens == parsed.tokens
        assert understood.texts == (text,)
        assert not understood.is_message


def test_a_message_asks_for_its_title_and_the_rarest_words_of_its_body_that_are_known() -> None:
    text = f"Common title of tests\n\n{FILLER} and then there is quokka, and an unheard word."
    terms = understand_query(text, [INDEX])
    assert terms.is_message
    assert terms.tokens[:3] == ("common", "title", "tests")
    assert terms.tokens[3] == "quokka"
    assert "unheard" not in terms.tokens
    assert len(terms.tokens) == len(terms.terms) == len(terms.words) == MESSAGE_WORDS
    assert terms.texts == ("Common title of tests", text.replace("\n\n", "\n"))


def test_only_the_title_of_a_message_says_what_kind_of_file_is_asked_for() -> None:
    body = f"\n\n{FILLER} and the documentation and an example of a spec."
    assert understand_query(f"A title{body}", [INDEX]).asked == {stem(word) for word in ("a", "title")}
    assert stem("test") in understand_query(f"A failing test{body}", [INDEX]).asked
    assert understand_query(FILLER + " documentation", [INDEX]).asked == frozenset()


def test_a_message_without_a_known_word_is_asked_as_it_is() -> None:
    text = " ".join(f"never{letter}known" for letter in "abcdefghijklmnopqrstuvwxyz")
    assert understand_query(text, [INDEX]).tokens == parse_query(text).tokens


def test_rows_are_counted_over_all_indexes() -> None:
    assert count_rows(["common", "quokka", "never"], [INDEX, INDEX]).tolist() == [16, 2, 0]


@settings(max_examples=50)
@given(st.text(max_size=400) | st.lists(st.sampled_from([*FILLER.split(), "quokka", "\n", "the", "a"])).map(" ".join))
def test_any_text_is_accepted(text: str) -> None:
    terms = understand_query(text, [INDEX])
    assert terms.terms.tolist() == list(dict.fromkeys(map(hash_token, terms.tokens)))
    assert set(terms.tokens) <= set(tokenize(text))
    assert len(terms.tokens) <= 64
    assert all(part for part in terms.texts) or terms.texts == (text,)
    assert not terms.is_message or not set(terms.tokens) & STOP_WORDS


def test_a_question_in_another_language_asks_for_what_code_calls_it() -> None:
    index = index_of([make_row("src/a.py", "retry a failed request"), make_row("src/b.py", "parse a date")])
    for text in (
        "wo werden fehlgeschlagene Anfragen wiederholt",
        "失败的请求在哪里重试",
        "где повторяются неудачные запросы",
    ):
        terms = understand_query(text, [index])
        assert hash_token("request") in terms.terms.tolist()
        assert len(terms.alternatives) == len(terms.terms)
        assert terms.read_as
        assert not terms.is_name


def test_what_stands_in_a_question_as_it_is_stays() -> None:
    text = "wo wird HttpClient.max_retries in src/net/retry.py:120 gelesen"
    english, terms = parse_query(text), understand_query(text, [INDEX])
    assert (terms.names, terms.places, terms.phrases) == (english.names, english.places, english.phrases)


def test_a_word_of_a_comment_stands_beside_its_english_terms() -> None:
    index = index_of(
        [make_row("src/a.py", "# 请求超时后重试\nself.backoff()"), make_row("src/b.py", "def handle(request): pass")]
    )
    hits = find_hits(index, *_terms_and_alternatives("请求在哪里处理", index))
    held = {index.path_of(int(index.file_of_row[row])) for rows, _ in hits.rows for row in rows.tolist()}
    assert held == {"src/a.py", "src/b.py"}
    first = hits.rows[0][0].tolist()
    assert sorted(first) == sorted(set(first))
    assert len(first) == 2


def _terms_and_alternatives(text: str, index: SearchIndex) -> tuple[NDArray[np.uint32], tuple[NDArray[np.uint32], ...]]:
    terms = understand_query(text, [index])
    return terms.terms, terms.alternatives
