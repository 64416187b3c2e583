"""A long record that hardly answers is told by the lines that say most of what is asked."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from codesearch.core.types import ArtifactKind, Chunk
from codesearch.retrieval.excerpts import (
    BELOW_SCORE,
    MAX_EXCERPT_CHARACTERS,
    cut_chunk,
    find_roots,
    is_cut,
    name_excerpt,
)

FILLER = "    unrelated_statement(with_arguments, of_some_length)\n"


def chunk_of(content: str, **fields: object) -> Chunk:
    values: dict[str, object] = {
        "path": "a/b.py",
        "start_line": 11,
        "end_line": 11 + content.count("\n"),
        "content": content,
        "artifact_kind": ArtifactKind.SYMBOL,
        "symbol": "Client.send",
    }
    return Chunk(**{**values, **fields})  # type: ignore[arg-type]


def test_the_lines_with_most_of_the_words_are_kept() -> None:
    content = (
        "def send(self):\n" + FILLER * 60 + "    wait_for(retry_delay)\n    give_up()\n" + FILLER * 60 + "    end()"
    )
    cut = cut_chunk(chunk_of(content), [("retry", 3.0), ("delay", 2.0), ("unrelated", 0.1)])
    assert "wait_for(retry_delay)" in cut.content
    assert "give_up" in cut.content
    assert len(cut.content) <= MAX_EXCERPT_CHARACTERS
    assert (cut.symbol, cut.symbol_lines) == ("Client.send", (11, 11 + content.count("\n")))


def test_the_head_is_kept_where_nothing_says_more() -> None:
    content = "@decorated\ndef send(self):\n" + FILLER * 60 + "    end()"
    cut = cut_chunk(chunk_of(content), find_roots(["sending"], [1.0]))
    assert cut.start_line == 11


def test_a_piece_of_a_definition_stays_one() -> None:
    piece = chunk_of(FILLER * 60 + "    end()", symbol_lines=(1, 99), holds_head=False, signature="def send(self):")
    cut = cut_chunk(piece, [("end", 1.0)])
    assert cut.content.endswith("    end()")
    assert (cut.symbol_lines, cut.holds_head, cut.signature) == ((1, 99), False, "def send(self):")


def test_a_part_of_a_file_is_no_file() -> None:
    whole = chunk_of("line\n" * 400 + "end", artifact_kind=ArtifactKind.FILE, symbol=None)
    assert cut_chunk(whole, [("end", 1.0)]).artifact_kind is ArtifactKind.CHUNK


def test_what_fits_and_a_single_long_line_stay_whole() -> None:
    short, long = chunk_of("a\nb"), chunk_of("word " * 1_000)
    assert cut_chunk(short, [("b", 1.0)]) is short
    assert cut_chunk(long, [("word", 1.0)]) is long


def test_cells_of_a_notebook_are_not_cut() -> None:
    cells = chunk_of(FILLER * 60 + "end", start_line=5, end_line=5)
    assert cut_chunk(cells, [("end", 1.0)]) is cells


def test_only_long_records_with_low_scores_are_cut() -> None:
    assert is_cut(BELOW_SCORE - 0.01, MAX_EXCERPT_CHARACTERS + 1)
    assert not is_cut(BELOW_SCORE, MAX_EXCERPT_CHARACTERS + 1)
    assert not is_cut(0.0, MAX_EXCERPT_CHARACTERS)


def test_an_excerpt_has_an_id_of_its_own() -> None:
    chunk, other = chunk_of("a"), chunk_of("a", start_line=12, end_line=12)
    assert name_excerpt("id", chunk) == name_excerpt("id", chunk) != name_excerpt("id", other)
    assert name_excerpt("id", chunk) != name_excerpt("another", chunk)


@given(st.lists(st.text("aben éİ\r", max_size=90), min_size=1, max_size=80), st.integers(0, 3))
def test_the_lines_are_those_of_the_record(lines: list[str], count: int) -> None:
    chunk = chunk_of("\n".join(lines))
    words = [("ben", 2.0), ("a", 1.0), ("née", 1.0)][:count]
    cut = cut_chunk(chunk, words)
    first, last = cut.start_line - chunk.start_line, cut.end_line - chunk.start_line
    assert cut.content == "\n".join(lines[first : last + 1])
    assert len(cut.content) <= MAX_EXCERPT_CHARACTERS or first == last or cut is chunk
    assert len(chunk.content) > MAX_EXCERPT_CHARACTERS or cut is chunk
