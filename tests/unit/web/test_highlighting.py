"""Code as HTML: nothing of it is markup, every line comes back, and no file costs more than its share of time."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.web.highlighting import MAX_LINE_CHARACTERS, SHOWN_LINE_CHARACTERS, Highlighter, mark_spans


def plain(line: str) -> str:
    return unescape(re.sub(r"</?span[^>]*>", "", line))


@pytest.mark.parametrize(
    ("path", "code", "expected"),
    [
        ("a.py", "def f():  # <x>", '<span class="k">def</span> <span class="f">f</span>'),
        ("a.go", "return nil", '<span class="k">return</span>'),
        ("a.unknown", "def f(): <x>", "def f(): &lt;x&gt;"),
    ],
)
def test_colours(path: str, code: str, expected: str) -> None:
    (line,) = Highlighter().highlight(path, [code])
    assert expected in line


def test_what_goes_on_over_lines_is_coloured_on_each() -> None:
    lines = Highlighter().highlight("a.py", ['x = """one', "", 'two"""', "y = 1"])
    assert lines[0].endswith('<span class="s">&quot;&quot;&quot;</span><span class="s">one</span>')
    assert lines[1] == ""
    assert lines[2].startswith('<span class="s">two</span>')


@given(
    st.sampled_from(["a.py", "b.ts", "c.html", "d.yaml", "e.rs", "f.ipynb", "Makefile", "g.php", "h.md", "i"]),
    st.lists(
        st.text(alphabet=st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), max_size=30), max_size=6
    ),
)
def test_every_line_comes_back_as_it_is(path: str, lines: list[str]) -> None:
    coloured = Highlighter().highlight(path, lines)
    assert [plain(line) for line in coloured] == lines
    for line in coloured:
        assert "<" not in re.sub(r'<span class="[a-z]">|</span>', "", line)


def test_a_page_that_had_its_time_goes_on_without_colours() -> None:
    highlighter = Highlighter(max_seconds=0)
    assert highlighter.highlight("a.py", ["def f(): pass"]) == ["def f(): pass"]


def test_long_lines_have_no_colours_and_end_somewhere() -> None:
    short, long = "def f(): pass", "x" * (MAX_LINE_CHARACTERS + 1)
    assert Highlighter().highlight("a.py", [short, long]) == [short, long]
    (cut,) = Highlighter().highlight("a.py", ["y" * 10_000])
    assert len(cut) == SHOWN_LINE_CHARACTERS + 2


def test_colours_that_weigh_too_much_are_left_out() -> None:
    digits = ", ".join("1" * 300)
    assert Highlighter().highlight("a.py", [digits]) == [digits]


def test_marks_are_of_bytes() -> None:
    text = "für <b> für"
    first = text.encode().find("für".encode())
    last = text.encode().rfind("für".encode())
    assert mark_spans(text, [(first, first + 4), (last, last + 4)]) == "<mark>für</mark> &lt;b&gt; <mark>für</mark>"
