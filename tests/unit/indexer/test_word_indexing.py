"""WordIndexer: the token counts, terms and vectors that each chunk's text alone gives, for any text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.core.config import load_settings
from codesearch.core.embedding.embedder import Embedder
from codesearch.core.embedding.loading import load_embedder
from codesearch.core.text import word_table
from codesearch.core.text.terms import pack_terms
from codesearch.core.types import ArtifactKind, Chunk, SourceFile
from indexer.batches import BatchIndexer
from indexer.word_indexing import WordIndexer
from tests.floats import near

LINES = st.one_of(
    st.text(alphabet=st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=60),
    st.text(alphabet="abAB_09 -.é漢\u0301²٣#/'\"\r\t", max_size=60),
    st.sampled_from(
        ["# größe of HTTPServer_2", '"""', "    return max_retry * maxRetry", "// never", "#include <x.h>", ""]
    ),
)
TEXTS = st.one_of(st.none(), LINES)


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    loaded = load_embedder(load_settings(embedding_model="bundled"))
    # No single example should take as long as the tokenizer takes to load.
    loaded.embed(["漢"])
    return loaded


def make_indexer(embedder: Embedder) -> WordIndexer:
    assert embedder.static_model is not None
    return WordIndexer(embedder, embedder.static_model)


@st.composite
def chunks_of_files(draw: st.DrawFn) -> tuple[list[str], list[Chunk]]:
    """Return a file's lines and chunks of them, each with a word at least."""
    lines = [*draw(st.lists(LINES, max_size=12)), "word"]
    chunks = []
    for _ in range(draw(st.integers(1, 4))):
        first = draw(st.integers(1, len(lines)))
        last = draw(st.integers(first, len(lines)))
        content = "\n".join(lines[first - 1 : last])
        symbol, signature, outline = draw(TEXTS), draw(TEXTS), draw(st.one_of(TEXTS, st.just("a b\nb_c d")))
        # A path may have no word, either.
        path = draw(st.sampled_from(["src/some_file.py", "+"]))
        chunks.append(Chunk(path, first, last, content, ArtifactKind.SYMBOL, None, symbol, None, signature, outline))
    return lines, [chunk for chunk in chunks if chunk.content.strip()] or [
        Chunk("a.py", len(lines), len(lines), "word", ArtifactKind.CHUNK)
    ]


@given(file=chunks_of_files())
def test_chunks_get_what_their_texts_get(embedder: Embedder, file: tuple[list[str], list[Chunk]]) -> None:
    lines, chunks = file
    indexer = make_indexer(embedder)
    assert indexer.count_tokens(lines) == embedder.count_tokens(lines)
    read = indexer.take_words()
    assert read is not None
    words = [read.of_lines(chunk.start_line, chunk.end_line) for chunk in chunks]
    assert indexer.pack_terms(chunks, words) == [pack_terms(chunk) for chunk in chunks]
    assert indexer.embed(chunks, words) == near(embedder.embed_chunks(chunks))


@given(files=st.lists(st.lists(LINES, max_size=8), max_size=4), skipped=st.integers(0, 4))
def test_what_is_read_ahead_is_what_is_read_alone(embedder: Embedder, files: list[list[str]], skipped: int) -> None:
    ahead, alone = make_indexer(embedder), make_indexer(embedder)
    ahead.read_ahead(files)
    for number, lines in enumerate(files):
        if number == skipped:
            # Others may be asked for in between.
            assert ahead.count_tokens(["in_between"]) == alone.count_tokens(["in_between"])
        assert ahead.count_tokens(lines) == alone.count_tokens(lines)
        ours, theirs = ahead.take_words(), alone.take_words()
        assert ours is not None
        assert theirs is not None
        assert ours.starts.tolist() == theirs.starts.tolist()
        chunk = Chunk("a.py", 1, max(1, len(lines)), "\n".join(lines), ArtifactKind.FILE)
        if lines:
            words = [read.of_lines(1, len(lines)) for read in (ours, theirs)]
            assert ahead.pack_terms([chunk], words[:1]) == alone.pack_terms([chunk], words[1:])


def test_chunks_without_a_word_come_first_and_keep_their_order(embedder: Embedder) -> None:
    lines = ["---", "{}", "word"]
    chunks = [
        Chunk("+", 1, 2, "---\n{}", ArtifactKind.FILE),
        Chunk("-", 1, 1, "---", ArtifactKind.FILE),
        Chunk("a.py", 3, 3, "word", ArtifactKind.FILE),
    ]
    indexer = make_indexer(embedder)
    indexer.count_tokens(lines)
    read = indexer.take_words()
    assert read is not None
    vectors = indexer.embed(chunks, [read.of_lines(chunk.start_line, chunk.end_line) for chunk in chunks])
    assert vectors == near(embedder.embed_chunks(chunks))
    assert np.linalg.norm(vectors, axis=1).tolist() == near([0, 0, 1])


def test_a_long_chunk_is_cut_where_its_text_is(embedder: Embedder) -> None:
    indexer = make_indexer(embedder)
    lines = [f"word{'a' * (number % 30)} number_{number}" for number in range(900)]
    chunks = [
        Chunk("a.py", 1, last, "\n".join(lines[:last]), ArtifactKind.CHUNK, signature="def other()")
        for last in (40, 900)
    ]
    indexer.count_tokens(lines)
    read = indexer.take_words()
    assert read is not None
    words = [read.of_lines(chunk.start_line, chunk.end_line) for chunk in chunks]
    assert indexer.embed(chunks, words) == near(embedder.embed_chunks(chunks))
    assert indexer.pack_terms(chunks, words) == [pack_terms(chunk) for chunk in chunks]


def test_what_is_forgotten_is_read_again(embedder: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_table, "REMEMBERED_WORDS", 20)
    forgetful, settings = BatchIndexer(embedder, load_settings()), load_settings()
    for number in range(10):
        content = "\n".join(f"def name_{number}_{line}(größe):\n    return value{line}" for line in range(number))
        files = [SourceFile("a.py", content or "x", str(number), None)]
        ours = forgetful.embed(forgetful.chunk(files), "0" * 24).rows
        fresh = BatchIndexer(embedder, settings)
        theirs = fresh.embed(fresh.chunk(files), "0" * 24).rows
        assert ours is not None
        assert theirs is not None
        assert ours.terms == theirs.terms
        assert ours.texts == theirs.texts
        assert ours.vectors == near(theirs.vectors)


def test_words_of_before_the_table_began_again_are_refused(embedder: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their numbers mean other words by now: wrong vectors and terms, and nothing that shows it."""
    monkeypatch.setattr(word_table, "REMEMBERED_WORDS", 3)
    indexer = BatchIndexer(embedder, load_settings())
    earlier = indexer.chunk([SourceFile("a.py", "one two three four", "1", None)])
    later = indexer.chunk([SourceFile("b.py", "five six", "2", None)])
    with pytest.raises(RuntimeError, match="began again"):
        indexer.embed(earlier, "0" * 24)
    assert indexer.embed(later, "0" * 24).chunk_count == 1
    words = make_indexer(embedder)
    words.count_tokens(["one two three four"])
    taken = words.take_words()
    assert taken is not None
    of_chunk, chunk = taken.of_lines(1, 1), Chunk("a.py", 1, 1, "one two three four", ArtifactKind.FILE)
    assert words.embed([chunk], [of_chunk]).shape == (1, embedder.dimension)
    words.forget_many()
    for use in (words.embed, words.pack_terms):
        with pytest.raises(RuntimeError, match="began again"):
            use([chunk], [of_chunk])
