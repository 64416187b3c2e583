"""A file's chunks as one text, which Dify cuts into the same pieces again, whatever is in them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.core.types import ArtifactKind, Chunk
from codesearch.dify.mirroring.texts import build_pieces, build_process_rule, choose_separator, join_pieces
from tests.e2e.dify.knowledge import cut


def make_chunk(content: str, start: int = 1, path: str = "src/a.py") -> Chunk:
    return Chunk(path, start, start + content.count("\n"), content, ArtifactKind.CHUNK)


TEXTS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=300)


def clean(text: str) -> str:
    """Return a text as Dify has it after the changes that no rule turns off."""
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe]", "", text.replace("<|", "<").replace("|>", ">"))


@given(st.lists(TEXTS.filter(str.strip), min_size=1, max_size=5))
def test_dify_makes_the_same_pieces_again(contents: list[str]) -> None:
    chunks = [(make_chunk(content), "") for content in contents]
    pieces = build_pieces("orders", chunks, 4000)
    separator = choose_separator(pieces)
    rule = build_process_rule(separator, 4000)["rules"]
    assert isinstance(rule, dict)
    assert cut(join_pieces(pieces, separator), rule) == [clean(piece).strip() for piece in pieces]


@pytest.mark.parametrize(
    "content",
    [
        "\ncodesearchpiece0end\n",
        "\ncodesearchpiece0end\ncodesearchpiece1end",
        # What only comes to be when Dify has taken something away.
        "\ncodesearch\x00piece0end\n",
        "codesearch<|piece0end",
        "CodeSearchPiece0End",
    ],
)
def test_the_separator_is_none_that_the_text_holds(content: str) -> None:
    pieces = build_pieces("orders", [(make_chunk(content), ""), (make_chunk("x", 9), "")], 4000)
    separator = choose_separator(pieces)
    assert "piece0end" not in separator
    assert separator.isascii()
    rule = build_process_rule(separator, 4000)["rules"]
    assert isinstance(rule, dict)
    assert len(cut(join_pieces(pieces, separator), rule)) == 2


def test_a_separator_that_occurs_is_refused() -> None:
    with pytest.raises(ValueError, match="occurs"):
        join_pieces(["a\nx\nb", "c"], "\nx\n")


@given(st.lists(TEXTS, min_size=1, max_size=8), st.integers(200, 600), st.text(max_size=200))
def test_no_piece_is_too_large_and_nothing_is_lost(lines: list[str], limit: int, symbol: str) -> None:
    lines = [line.replace("\n", " ").replace("\r", " ") for line in lines]
    chunk = make_chunk("\n".join(lines), 5, "deep/" * 40 + "ä.py")
    pieces = build_pieces("orders", [(chunk, symbol.replace("\n", " "))], limit)
    assert all(len(piece.encode()) <= limit for piece in pieces)
    kept = "".join(piece.split("\n\n", 1)[1] for piece in pieces)
    assert "".join(kept.split()) == "".join("".join(lines).split())


def test_parts_of_a_chunk_say_their_own_lines() -> None:
    chunk = make_chunk("\n".join(f"line {number} " + "x" * 60 for number in range(10, 20)), 10)
    pieces = build_pieces("orders", [(chunk, "Client.retry")], 300)
    found = [re.match(r"orders src/a\.py:(\d+)-(\d+) \(Client\.retry\)\n\nline (\d+)", piece) for piece in pieces]
    assert all(match is not None and match[1] == match[3] for match in found)
    assert [match[1] for match in found if match] == ["10", "13", "16", "19"]
