"""Translation: which language a query is in, and what its words are called in code."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.retrieval.translation.cognates import find_cognate
from codesearch.retrieval.translation.lexicon import build_lexicon
from codesearch.retrieval.translation.segmentation import Part, cut_parts
from codesearch.retrieval.translation.translation import LANGUAGES, Lexicons

QUESTIONS = Path(__file__).parents[4] / "training" / "questions"
LEXICONS = Lexicons()


def read_english_questions() -> list[str]:
    texts = [
        question["query"]
        for spec in json.loads((QUESTIONS / "lines.json").read_text())
        for question in spec["questions"]
    ]
    for file in sorted(QUESTIONS.glob("*/annotations/*.json")):
        texts += [item["query"] for item in json.loads(file.read_text())]
    return texts


def test_english_is_left_alone() -> None:
    texts = read_english_questions()
    assert len(texts) > 4_500
    assert [text for text in texts if LEXICONS.translate(text) is not None] == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "HttpClient",
        "die",
        "main",
        "src/net/retry.py:120",
        "config.get_or_default(key)",
        "TypeError: 'NoneType' object is not subscriptable",
        "SELECT * FROM users WHERE id = 1",
        "Fails on names like Müller when the file is read in the wrong encoding, see the log of the parser",
        "The parser stops at 中 and says nothing of the other lines of the file, which all are valid names",
    ],
)
def test_other_things_than_questions_are_left_alone(text: str) -> None:
    assert LEXICONS.translate(text) is None


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("de", "Wo werden fehlgeschlagene Anfragen wiederholt?", "fail request"),
        ("de", "Zeitüberschreitung der Datenbankverbindung", "database connection"),
        ("fr", "où sont validées les requêtes entrantes", "validate request"),
        ("es", "dónde se guardan los archivos temporales", "store file temporary"),
        ("pt", "onde a configuração é carregada", "configuration load"),
        ("ru", "где обрабатываются ошибки запроса", "error request"),
        ("zh", "请求失败后在哪里重试", "request fail retry"),
        ("ja", "リクエストはどこで検証されるか", "request validate"),
        ("ko", "요청을 어디에서 검증하나요", "request validate"),
    ],
)
def test_words_are_called_what_code_calls_them(language: str, text: str, words: str) -> None:
    translation = LEXICONS.translate(text)
    assert translation is not None
    assert translation.language == language
    said = {term for part in translation.parts for term in part.meanings or ()}
    assert [word for word in words.split() if not any(word[:5] in term for term in said)] == []


def test_names_of_code_stay() -> None:
    for text in (
        "wo wird HttpClient.max_retries gelesen",
        "HttpClient.max_retries 在哪里读取",
        "max_retries는 어디에서 읽나요",
    ):
        translation = LEXICONS.translate(text)
        assert translation is not None
        assert "max_retries" in translation.write()


def test_german_compounds_fall_apart() -> None:
    translation = LEXICONS.translate("wo ist die Anfragewarteschlange")
    assert translation is not None
    assert translation.write().split() == ["request", "queue"]


@pytest.mark.parametrize(
    ("language", "word", "english"),
    [
        ("de", "Serialisierung", "serialization"),
        ("de", "Konvention", "convention"),
        ("fr", "sécurité", "security"),
        ("es", "validación", "validation"),
        ("pt", "validação", "validation"),
    ],
)
def test_cognates_need_no_entry(language: str, word: str, english: str) -> None:
    assert find_cognate(word, language, {english}.__contains__) == english
    assert find_cognate(word, language, {"other"}.__contains__) is None


def test_words_joined_by_a_hyphen_may_have_a_meaning_of_their_own() -> None:
    lexicon = build_lexicon("fr", ["keyword\tmots clés", "word\tmot|mots"], [])
    assert list(cut_parts("mots-clés", lexicon, lambda _: False)) == [Part("mots-clés", ("keyword",))]


def test_lines_stay_lines() -> None:
    translation = LEXICONS.translate("Anfrage schlägt fehl\n\nDer Fehler tritt auf, wenn die Datei fehlt.")
    assert translation is not None
    assert translation.write().count("\n") == 2


def test_what_is_searched_decides_on_unknown_words() -> None:
    kept = LEXICONS.translate("wo wird Zod geprüft", lambda word: word == "Zod")
    assert kept is not None
    assert "Zod" in kept.write()


def test_each_word_says_what_it_was_taken_for() -> None:
    translation = LEXICONS.translate("wo wird die Anfrage und noch eine Anfrage geprüft")
    assert translation is not None
    described = translation.describe(2)
    assert [line for line in described if line.startswith("Anfrage: request")]
    assert len(described) == len(set(described))


@given(st.text(max_size=200))
def test_any_text_is_accepted(text: str) -> None:
    translation = LEXICONS.translate(text)
    if translation is not None:
        assert translation.write().count("\n") == text.count("\n")


class CountingMeanings(dict[str, tuple[str, ...]]):
    """Meanings that count how often they are asked."""

    asked = 0

    def __contains__(self, key: object) -> bool:
        self.asked += 1
        return super().__contains__(key)


@pytest.mark.parametrize(
    ("language", "word"),
    [("ko", "요청"), ("ko", "뷁"), ("zh", "请求"), ("ja", "再試行"), ("de", "anfrage"), ("ru", "запрос")],
)
def test_a_text_without_blanks_costs_no_more_than_in_proportion_to_its_length(language: str, word: str) -> None:
    asked = []
    for count in (200, 400):
        meanings = CountingMeanings(LEXICONS.get(language).meanings)
        list(cut_parts(word * count, replace(LEXICONS.get(language), meanings=meanings), lambda _: False))
        asked.append(meanings.asked)
    assert asked[1] <= 2.1 * asked[0]


def test_what_is_longer_than_any_compound_stays_as_it_is() -> None:
    form = "abfragewiederholung"
    lexicon = build_lexicon("de", [f"requery\t{form}"], [])
    assert [part.meanings for part in cut_parts(form * 3, lexicon, lambda _: False)] == [("requery",)] * 3
    assert list(cut_parts(form * 4, lexicon, lambda _: False)) == [Part(form * 4, None)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_entry_of_the_package_is_short_enough_to_be_found(language: str) -> None:
    assert max(map(len, LEXICONS.get(language).meanings)) <= 64
