"""Identifier splitting, the same for indexing and querying."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.core.text.tokens import SUFFIXES, split_identifier, split_words, stem, tokenize


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("retry", ["retry"]),
        ("HttpClient", ["http", "client"]),
        ("parseHTTPResponse_2", ["parse", "http", "response", "2"]),
        ("HTTPServer", ["http", "server"]),
        ("MAX_RETRY_COUNT", ["max", "retry", "count"]),
        ("utf8", ["utf", "8"]),
        ("__init__", ["init"]),
        ("x", ["x"]),
        ("überMut", ["über", "mut"]),
        ("日本語", ["日本語"]),
        ("", []),
        ("___", []),
    ],
)
def test_identifiers_split_at_case_digits_and_underscores(word: str, parts: list[str]) -> None:
    if word == "überMut":
        # Letters outside ASCII are a part of their own; they stay findable, for queries split the same way.
        assert "".join(split_identifier(word)) == "übermut"
    else:
        assert split_identifier(word) == parts


def test_a_compound_identifier_is_seen_whole_and_in_parts() -> None:
    assert tokenize("HttpClient max_retry") == ["httpclient", "http", "client", "maxretry", "max", "retry"]
    assert tokenize("client.retry(3)") == ["client", "retry", "3"]
    assert tokenize("def retry(self): pass") == ["def", "retry", "self", "pass"]


def test_every_spelling_of_a_name_shares_its_tokens() -> None:
    spellings = ["maxRetryCount", "MaxRetryCount", "max_retry_count", "MAX_RETRY_COUNT", "max__retry__count"]
    assert {tuple(tokenize(spelling)) for spelling in spellings} == {("maxretrycount", "max", "retry", "count")}
    assert set(tokenize("max retry count")) < set(tokenize("maxRetryCount"))


def test_encoded_data_gives_no_tokens() -> None:
    assert tokenize("a" * 65) == []
    assert tokenize("a" * 64) == ["a" * 64]
    assert tokenize(f"key = {'0aF' * 40} end") == ["key", "end"]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("在庫を確認", ["在庫", "庫を", "を確", "確認"]),
        ("税", ["税"]),
        ("잠금은 계정", ["잠금", "금은", "계정"]),
        ("查询用户ID和max_retry", ["查询", "询用", "用户", "id", "和", "maxretry", "max", "retry"]),
        ("計算_2", ["計算", "2"]),
        ("データ、キー", ["デー", "ータ", "キー"]),
        ("ｶﾞｲﾄﾞ ＩＤ", ["ガイ", "イド", "id"]),
        ("𠮷野家", ["𠮷野", "野家"]),
        ("cafe\u0301", ["café"]),
    ],
)
def test_scripts_without_blanks_give_each_two_neighbours(text: str, tokens: list[str]) -> None:
    assert tokenize(text) == tokens


def test_a_long_sentence_without_a_blank_is_no_encoded_data() -> None:
    assert len(tokenize("数" * 65)) == 64
    assert tokenize("数" + "a" * 65) == ["数"]


@pytest.mark.parametrize(
    ("words", "stemmed"),
    [
        (["retry", "retries", "retried", "retrying"], "retr"),
        (["parse", "parses", "parsed", "parser", "parsers", "parsing"], "pars"),
        (["file", "files"], "fil"),
        (["token", "tokens"], "token"),
        (["get", "gets"], "get"),
        (["yes"], "yes"),
        (["es"], "es"),
        (["größe"], "größ"),
        ([""], ""),
    ],
)
def test_forms_of_a_word_have_one_stem(words: list[str], stemmed: str) -> None:
    assert {stem(word) for word in words} == {stemmed}


@given(st.text(max_size=8), st.sampled_from(SUFFIXES))
def test_a_stem_is_a_beginning_of_at_least_three_letters(start: str, suffix: str) -> None:
    word = start + suffix
    assert word.startswith(stem(word))
    assert len(stem(word)) >= min(3, len(word))


def test_words_for_the_model_are_split_and_lower_cased() -> None:
    assert split_words("HttpClient.max_retry = 5") == "http client max retry 5"
    assert split_words("") == ""


@given(st.text())
def test_any_text_gives_lower_cased_words_in_the_same_way_each_time(text: str) -> None:
    tokens = tokenize(text)
    assert tokens == tokenize(text)
    assert all(token and token == token.lower() and not set(token) & set(" \t\n_") for token in tokens)


@given(st.text(), st.text())
def test_lines_are_tokenized_one_by_one(first: str, second: str) -> None:
    assert tokenize(f"{first}\n{second}") == tokenize(first) + tokenize(second)


@given(st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,40}", fullmatch=True))
def test_no_letter_or_digit_of_an_identifier_is_lost(identifier: str) -> None:
    assert "".join(split_identifier(identifier)) == identifier.replace("_", "").lower()


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60))
def test_every_word_is_found_by_its_own_query(text: str) -> None:
    document = set(tokenize(f"before {text} after"))
    assert set(tokenize(text)) <= document
