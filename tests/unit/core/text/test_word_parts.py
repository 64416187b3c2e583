"""WordParts: the parts of words, by number, are those that tokens gives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from codesearch.core.text.tokens import split_identifier
from codesearch.core.text.word_parts import WordParts
from codesearch.core.text.word_table import WordTable

WORDS = st.from_regex(r"[a-zA-Z0-9]+(?:_+[a-zA-Z0-9]+){0,3}", fullmatch=True)


@given(st.lists(st.lists(st.one_of(WORDS, st.just("größe"), st.just("__init__")), max_size=6), min_size=1, max_size=4))
def test_parts_are_those_of_each_word(lines_of_texts: list[list[str]]) -> None:
    table = WordTable()
    parts = WordParts(table)
    known = 0
    for words in lines_of_texts:
        table.read(words)
        numbers, counts = parts.of_words(known, len(table.words))
        found = iter([parts.words[number] for number in numbers.tolist()])
        for word, count in zip(table.words[known:], counts.tolist(), strict=True):
            expected = split_identifier(word) if word.isascii() else []
            assert [next(found).lower() for _ in range(count)] == expected
        assert next(found, None) is None
        known = len(table.words)


def test_underscores_around_a_word_are_no_part_of_it() -> None:
    table = WordTable()
    read = table.read(["__init__ init _ __ _init", "a_b __"])
    assert [table.words[number] for number in read.numbers.tolist()] == ["init", "init", "init", "a_b"]
    assert read.starts.tolist() == [0, 3, 4]
