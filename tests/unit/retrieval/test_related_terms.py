"""Related terms: words of one meaning find one another, and a term itself always counts most."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from codesearch.core.embedding.loading import identify_bundled_model
from codesearch.core.errors import ConfigurationError
from codesearch.core.index.array_file import map_arrays, write_arrays
from codesearch.core.index.search_index import SearchIndex
from codesearch.core.text.terms import IN_NAME, term_of
from codesearch.retrieval import related_terms
from codesearch.retrieval.lexical import payloads_of
from codesearch.retrieval.query.terms import parse_query
from codesearch.retrieval.related_terms import ANYWHERE, find_related, load_related_terms, related_in_fields
from tests.unit.retrieval.index_rows import index_of, make_row


def terms_of(*words: str) -> NDArray[np.uint32]:
    return np.array([term_of(word) for word in words], np.uint32)


def related_in(index: SearchIndex, terms: NDArray[np.uint32], *fields: int) -> NDArray[np.float32]:
    """Return how near all rows of an index come to the terms, (fields, terms, rows)."""
    related = find_related(terms)
    payloads = payloads_of(index.row_postings.find(related.terms), np.arange(index.row_count, dtype=np.int32))
    return related_in_fields(payloads, related, fields)


def test_the_bundled_table_is_whole() -> None:
    terms, starts, related, similarities = load_related_terms()
    assert load_related_terms()[0] is terms
    assert np.all(np.diff(terms.astype(np.int64)) > 0)
    assert starts[0] == 0
    assert starts[-1] == len(related) == len(similarities)
    assert len(starts) == len(terms) + 1
    counts = np.diff(starts)
    assert counts.min() >= 1
    assert not np.any(np.repeat(terms, counts) == related), "a term is related to itself"


@pytest.mark.parametrize(
    ("word", "other"),
    [
        ("initialize", "init"),
        ("validation", "validator"),
        ("delete", "remove"),
        ("timeout", "deadline"),
        ("retrieve", "get"),
    ],
)
def test_words_of_one_meaning_are_related(word: str, other: str) -> None:
    found = find_related(terms_of(word))
    assert term_of(other) in found.terms.tolist() or term_of(other) == term_of(word)


def test_the_table_is_of_the_bundled_model() -> None:
    _, header = map_arrays(related_terms._FILE)
    assert header["model"] == identify_bundled_model().fingerprint, "run training/related_terms.py"


def test_each_term_comes_first_with_all_its_weight() -> None:
    asked = terms_of("parse", "xqzvnonsense", "delete")
    found = find_related(asked)
    assert found.terms[found.firsts].tolist() == asked.tolist()
    assert found.weights[found.firsts].tolist() == [1, 1, 1]
    assert found.firsts[2] == found.firsts[1] + 1, "a word that nobody knows has relatives"
    others = np.delete(found.weights, found.firsts)
    assert len(others) > 2
    assert others.min() >= 0.39
    assert others.max() < 1


def test_no_terms_have_no_relatives() -> None:
    found = find_related(terms_of())
    assert len(found.terms) == len(found.weights) == len(found.firsts) == 0
    assert related_in_fields(np.zeros((0, 3), np.uint16), found, [ANYWHERE]).shape == (1, 0, 3)


def test_where_relatives_stand() -> None:
    rows = [
        make_row("a.py", "x", symbol="remove"),
        make_row("b.py", "it removes"),
        make_row("c.py", "def delete(): ...", symbol="delete"),
        make_row("d.py", "y"),
    ]
    index = index_of(rows)
    values = related_in(index, terms_of("delete"), ANYWHERE, IN_NAME)
    anywhere, in_name = values[:, 0]
    assert anywhere[2] == in_name[2] == 1
    assert 0.4 < in_name[0] == anywhere[0] == anywhere[1] < 1
    assert in_name[1] == anywhere[3] == in_name[3] == 0


@settings(max_examples=30)
@given(st.lists(st.sampled_from("parse parser retry retries client delete remove get fetch".split()), min_size=1))
def test_nothing_counts_more_than_the_term_itself(words: list[str]) -> None:
    index = index_of([make_row("a.py", " ".join(words)), make_row("b.py", "other")])
    terms = parse_query("parse retry remove").terms
    (values,) = related_in(index, terms, ANYWHERE)
    assert values.min() >= 0
    assert values.max() <= 1
    present = {term_of(word) for word in words}
    for number, term in enumerate(terms.tolist()):
        assert (values[number, 0] == 1) == (term in present)


@pytest.mark.parametrize("content", [b"", b"nothing of ours", None])
def test_a_damaged_table_is_a_clear_error(
    tmp_path: Path, content: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "related.bin"
    if content is None:
        write_arrays(path, {"terms": np.zeros(1, np.uint32)}, {})
    else:
        path.write_bytes(content)
    monkeypatch.setattr(related_terms, "_FILE", path)
    with pytest.raises(ConfigurationError, match="Install codesearch again"):
        load_related_terms.__wrapped__()
