"""Definitions of languages that are read line by line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.core.types import ArtifactKind, SourceFile
from indexer.chunking.chunker import Chunker
from indexer.chunking.languages.line_rules import Head, LineRules
from indexer.chunking.languages.table import all_languages
from indexer.chunking.line_reading import read_definitions

_BLOCKS = LineRules(
    heads=(
        Head("class", r"^[ \t]*class (?P<name>\w+)", "class", container=True),
        Head("function", r"^[ \t]*sub (?P<name>\w+)", "sub", nests=False),
        Head("property", r"^[ \t]*prop (?P<name>\w+)", "prop", nests=False),
    ),
    comment=r"#[^\n]*",
    text=r"\"[^\"\n]*\"?",
    attached=r"^[ \t]*@\w+[ \t]*$",
    end=r"^[ \t]*end(?: (?P<what>\w+))?\b",
)
_BY_LINES = [language for language in all_languages() if language.lines is not None]


def _found(text: str) -> list[tuple[str, str, int, int]]:
    return [(one.symbol, one.kind, one.start_line, one.end_line) for one in read_definitions(_BLOCKS, text)[0]]


def test_members_are_qualified_and_what_has_no_end_is_over_with_the_next() -> None:
    text = "# A lamp.\n@lit\nclass Lamp\nprop level\nsub light\n  x\nend sub\nprop last\nend class\nsub free\nend\n"
    assert _found(text) == [
        ("Lamp", "class", 1, 9),
        ("Lamp.level", "property", 4, 4),
        ("Lamp.light", "method", 5, 7),
        ("Lamp.last", "property", 8, 8),
        ("free", "function", 10, 11),
    ]


def test_an_end_that_belongs_to_nothing_closes_nothing() -> None:
    assert _found("sub a\nend class\nx\nend sub\n") == [("a", "function", 1, 4)]


def test_words_in_comments_and_strings_are_neither_heads_nor_ends() -> None:
    assert _found('sub a # sub b\n  x "end sub"\n  # end sub\nend sub\n') == [("a", "function", 1, 4)]


def test_a_comment_behind_code_belongs_to_that_code() -> None:
    assert _found("x = 1 # sets\nsub a\nend sub\n") == [("a", "function", 2, 3)]


def test_what_is_never_closed_reaches_the_end_without_its_blank_lines() -> None:
    assert _found("class A\nsub b\nx\n\n\n") == [("A", "class", 1, 3), ("A.b", "method", 2, 3)]


def test_long_definitions_are_split_between_their_members() -> None:
    text = "class A\n" + "".join(f"sub s{n}\n{'x ' * 30}\nend sub\n\n" for n in range(6)) + "end class\n"
    chunker = Chunker(lambda texts: [len(text) // 4 for text in texts], 40)
    chunks = chunker.chunk(SourceFile("a.bas", text.replace("end sub", "End Sub"), "", None))
    symbols = {chunk.symbol: (chunk.start_line, chunk.end_line) for chunk in chunks if chunk.symbol}
    assert symbols["A.s3"] == (14, 16)
    assert all(chunk.artifact_kind is ArtifactKind.SYMBOL for chunk in chunks if chunk.symbol)


@pytest.mark.parametrize("language", _BY_LINES, ids=lambda language: language.name)
@given(data=st.data())
def test_any_text_gives_definitions_within_its_lines(language: object, data: st.DataObject) -> None:
    rules = next(one.lines for one in _BY_LINES if one is language)
    assert rules is not None
    words = "module function end sub class def type interface ( ) ; : \" ' # ! % /* */ \\ . :- a B1 procedure division"
    text = data.draw(st.lists(st.sampled_from([*words.split(), "\n", "\n", " ", "      "]), max_size=60).map(" ".join))
    found, root = read_definitions(rules, text)
    lines = text.split("\n")
    for one in found:
        assert 1 <= one.start_line <= one.end_line <= len(lines)
        assert one.owner is None or one.owner.start_line <= one.start_line <= one.owner.end_line
    assert sum(one.owner is None for one in found) == len(root.named_children)
