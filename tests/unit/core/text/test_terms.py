"""Terms: how often and where the words of a chunk and of a path stand."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.core.text.terms import (
    IN_COMMENT,
    IN_FOLDER,
    IN_NAME,
    IN_QUALIFIER,
    IN_SIGNATURE,
    IN_STEM,
    MAX_COUNT,
    comments_of,
    name_term,
    pack_terms,
    path_terms,
    term_of,
    terms_of,
)
from codesearch.core.text.tokens import tokenize
from codesearch.core.types import ArtifactKind, Chunk
from tests.unit.core.store.indexed_chunks import unpack_terms


def make_chunk(
    content: str, symbol: str | None = None, signature: str | None = None, outline: str | None = None
) -> Chunk:
    end_line = content.count("\n") + 1
    return Chunk("a.py", 1, end_line, content, ArtifactKind.CHUNK, symbol=symbol, signature=signature, outline=outline)


def unpacked(chunk: Chunk) -> dict[int, tuple[int, int]]:
    """Return term -> count and fields."""
    terms, payloads = unpack_terms(pack_terms(chunk))
    assert len(terms) == len(payloads)
    assert (np.diff(terms.astype(np.int64)) > 0).all(), "ascending, each once"
    pairs = zip(terms.tolist(), payloads.tolist(), strict=True)
    return {term: (payload >> 8, payload & 0xFF) for term, payload in pairs}


def test_forms_of_a_word_are_one_term_and_other_words_another() -> None:
    assert len({term_of(word) for word in ("retry", "retries", "retried", "retrying")}) == 1
    assert len({term_of(word) for word in ("retry", "parse", "client", "größe", "日本語", "a", "b")}) == 7
    assert all(0 <= term_of(word) < 2**32 for word in ("retry", "größe", "\ud800"))


def test_terms_are_those_of_the_tokens_in_order() -> None:
    assert terms_of("HttpClient retries") == [term_of(token) for token in ("httpclient", "http", "client", "retry")]
    assert terms_of("a a") == [term_of("a")] * 2
    assert terms_of(" ... ") == []


def test_a_term_says_how_often_and_where_it_stands() -> None:
    chunk = make_chunk(
        "def retry(request):\n    # Sends the request again.\n    return send(request)",
        symbol="Client.retry",
        signature="def retry(request)",
        outline="timeout",
    )
    found = unpacked(chunk)
    assert found[term_of("request")] == (3, IN_SIGNATURE | IN_COMMENT)
    assert found[term_of("retry")] == (1, IN_NAME | IN_SIGNATURE)
    assert found[term_of("client")] == (0, IN_QUALIFIER), "only in the name"
    assert found[term_of("send")] == (2, IN_COMMENT), "`Sends` and `send`"
    assert found[term_of("timeout")] == (1, 0), "the outline is searched"
    assert found.keys() == {term_of(word) for word in tokenize(f"{chunk.content} {chunk.symbol} timeout")}


def test_a_count_ends_at_its_limit() -> None:
    for count in (MAX_COUNT - 1, MAX_COUNT, MAX_COUNT + 1, 5000):
        found = unpacked(make_chunk("word " * count, symbol="word"))
        assert found == {term_of("word"): (min(count, MAX_COUNT), IN_NAME)}


def test_a_chunk_without_words_has_no_terms() -> None:
    assert pack_terms(make_chunk("{}\n  ;\n")) == b""
    terms, payloads = unpack_terms(b"")
    assert (terms.dtype.name, payloads.dtype.name, len(terms), len(payloads)) == ("uint32", "uint16", 0, 0)


@given(st.text(), st.none() | st.text(), st.none() | st.text(), st.none() | st.text())
def test_any_chunk_packs_and_unpacks(
    content: str, symbol: str | None, signature: str | None, outline: str | None
) -> None:
    found = unpacked(make_chunk(content, symbol, signature, outline))
    counts = Counter(terms_of(f"{content}\n{outline or ''}"))
    assert {term: count for term, (count, _) in found.items() if count} == {
        term: min(count, MAX_COUNT) for term, count in counts.items()
    }
    assert all(fields for count, fields in found.values() if not count), "every term stands somewhere"
    assert {term for term, (_, fields) in found.items() if fields & IN_SIGNATURE} == set(terms_of(signature or ""))
    named = {term for term, (_, fields) in found.items() if fields & (IN_NAME | IN_QUALIFIER)}
    assert named >= set(terms_of((symbol or "").rpartition(".")[2]))


@pytest.mark.parametrize(
    ("content", "comment"),
    [
        ("# one\nx = 1", ["one"]),
        ("x = 1\n    // two\n", ["two"]),
        ("/* three\n * four\n */", ["three", "four"]),
        ("-- five", ["five"]),
        (";; six", ["six"]),
        ('def f():\n    """Seven.\n\n    Eight nine\n    """\n    x', ["seven", "eight", "nine"]),
        ("'''ten'''", ["ten"]),
        ("#include <stdio.h>\n#define MAX 3\n# if MAX\n", []),
        ("x = 1  # not looked for", []),
        ("plain code", []),
    ],
)
def test_comments_are_found_in_any_language(content: str, comment: list[str]) -> None:
    assert set(tokenize(comments_of(content))) == set(comment)


@pytest.mark.parametrize(
    ("path", "in_stem", "in_folder"),
    [
        ("src/http_client.py", "http_client", "src py"),
        ("Makefile", "Makefile", ""),
        (".gitignore", ".gitignore", ""),
        ("a/b/archive.tar.gz", "archive.tar", "a b gz"),
        ("größe/日本語", "日本語", "größe"),
        ("", "", ""),
    ],
)
def test_a_path_has_words_in_its_name_and_in_its_folders(path: str, in_stem: str, in_folder: str) -> None:
    found = path_terms(path)
    assert {term for term, fields in found.items() if fields & IN_STEM} == set(terms_of(in_stem))
    assert {term for term, fields in found.items() if fields & IN_FOLDER} == set(terms_of(in_folder))


def test_a_word_in_name_and_folder_has_both_fields() -> None:
    assert path_terms("client/client.py")[term_of("client")] == IN_STEM | IN_FOLDER


@given(st.text())
def test_any_path_has_terms_with_fields(path: str) -> None:
    found = path_terms(path)
    assert found.keys() == set(terms_of(path.replace("/", " ")))
    assert all(fields in (IN_STEM, IN_FOLDER, IN_STEM | IN_FOLDER) for fields in found.values())


def test_a_name_stands_for_itself_whatever_its_case() -> None:
    assert name_term("parseURL") == name_term("PARSEurl") != name_term("parse_url")
    assert name_term("retry") != name_term("retries"), "no stemming"
