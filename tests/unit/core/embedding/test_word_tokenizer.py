"""WordTokenizer and WordPieces: the very ids of the tokenizer behind them, for any text."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

import codesearch
from codesearch.core.embedding import word_pieces, word_tokenizer
from codesearch.core.embedding.word_pieces import WordPieces
from codesearch.core.embedding.word_tokenizer import WordTokenizer, splits_at_words

MODEL = Path(codesearch.__path__[0]) / "bundled_model" / "tokenizer.json"
SOURCE = "def parseHTTPResponse_2(größe):\n    return 漢字かな.HttpClient(maxRetry=3)  # naïve Ωmega\n"
texts = st.lists(st.one_of(st.text(), st.text(alphabet="abAB_09 -.\né漢Ω\u0301²٣")), max_size=8)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(MODEL))


@pytest.fixture(scope="module")
def pieces() -> WordPieces:
    made = WordPieces(MODEL)
    # No single example should take as long as the tokenizer takes to load.
    made.encode_batch_fast(["漢"])
    return made


@pytest.fixture(scope="module")
def ascii_pieces() -> WordPieces:
    return WordPieces(MODEL)


def ids_of(tokenizer: Tokenizer, given_texts: list[str]) -> list[list[int]]:
    return [encoding.ids for encoding in tokenizer.encode_batch_fast(given_texts, add_special_tokens=False)]


@given(texts=texts)
def test_the_ids_are_those_of_the_tokenizer(tokenizer: Tokenizer, texts: list[str]) -> None:
    words = WordTokenizer(tokenizer, None)
    expected = ids_of(tokenizer, texts)
    assert [encoding.ids for encoding in words.encode_batch_fast(texts)] == expected
    assert words.count_tokens(texts) == [len(ids) for ids in expected]
    assert [encoding.ids for encoding in WordTokenizer(tokenizer, 3).encode_batch_fast(texts)] == [
        ids[:3] for ids in expected
    ]


def test_a_full_memory_starts_over(tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_tokenizer, "_REMEMBERED_RUNS", 5)
    words = WordTokenizer(tokenizer, None)
    for number in range(20):
        text = f"{SOURCE} {'x' * number} name{number}"
        assert [encoding.ids for encoding in words.encode_batch_fast([text])] == ids_of(tokenizer, [text])


def test_threads_share_one(tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_tokenizer, "_REMEMBERED_RUNS", 50)
    words = WordTokenizer(tokenizer, None)
    many = [f"{SOURCE} word{'a' * (number % 40)} {number}" for number in range(400)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda text: words.encode_batch_fast([text])[0].ids, many))
    assert found == ids_of(tokenizer, many)


def test_only_a_tokenizer_of_words_qualifies(tokenizer: Tokenizer) -> None:
    from tokenizers import models, normalizers, pre_tokenizers

    assert splits_at_words(tokenizer)
    lowering = Tokenizer.from_file(str(MODEL))
    lowering.normalizer = normalizers.Lowercase()
    assert not splits_at_words(lowering)
    other_words = Tokenizer.from_file(str(MODEL))
    other_words.pre_tokenizer = pre_tokenizers.Whitespace()
    assert not splits_at_words(other_words)
    assert not splits_at_words(Tokenizer(models.BPE()))


@given(texts=texts)
def test_pieces_are_those_of_the_tokenizer(tokenizer: Tokenizer, pieces: WordPieces, texts: list[str]) -> None:
    assert [encoding.ids for encoding in pieces.encode_batch_fast(texts)] == ids_of(tokenizer, texts)


@given(text=st.text(alphabet="abcdefghijklmnopqrstuvwxyzABCDEFGHXYZ0189", max_size=90))
def test_pieces_of_ascii_need_no_tokenizer(tokenizer: Tokenizer, ascii_pieces: WordPieces, text: str) -> None:
    assert [encoding.ids for encoding in ascii_pieces.encode_batch_fast([text])] == ids_of(tokenizer, [text])
    assert ascii_pieces._splitter is None


def test_pieces_of_every_plain_character_need_no_tokenizer(tokenizer: Tokenizer, ascii_pieces: WordPieces) -> None:
    plain = [chr(code) for code in range(0x80, 0x110000) if word_pieces._PLAIN.fullmatch(chr(code))]
    assert len(plain) > 70_000
    given_texts = [f"a{one}B {one}{one}ß {one}" for one in plain]
    assert [encoding.ids for encoding in ascii_pieces.encode_batch_fast(given_texts)] == ids_of(tokenizer, given_texts)
    assert ascii_pieces._splitter is None


def test_pieces_of_other_tokenizers_are_refused(tokenizer: Tokenizer, tmp_path: Path) -> None:
    from tokenizers import normalizers

    lowering = Tokenizer.from_file(str(MODEL))
    lowering.normalizer = normalizers.Lowercase()
    lowering.save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(ValueError, match="no tokenizer of words"):
        WordPieces(tmp_path / "tokenizer.json")


@given(text=st.one_of(st.text(), st.text(alphabet="abAB_09 -.\né漢Ω\u0301²٣")), limit=st.integers(1, 20))
def test_a_query_has_the_same_first_ids_and_leaves_nothing_behind(
    tokenizer: Tokenizer, pieces: WordPieces, text: str, limit: int
) -> None:
    before = dict(pieces._pieces)
    assert pieces.encode_query(text, limit) == ids_of(tokenizer, [text])[0][:limit]
    assert pieces._pieces == before
