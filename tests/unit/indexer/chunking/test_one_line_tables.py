"""Tables on one line, which some grammars take the square of their length for."""

from __future__ import annotations

import pytest

from indexer.chunking.languages.one_line_tables import shorten_tables
from tests.unit.indexer.chunking.definition_finding import found_in

_NUMBERS = ", ".join(map(str, range(4000)))


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("a.pl", f"my @a = ({_NUMBERS});\nsub after {{ 1 }}\n", 2),
        ("A.scala", f"object A {{\n  val all = List({_NUMBERS})\n  def after = 1\n}}\n", 3),
        ("a.d", f"int[] all = [{_NUMBERS}];\nint after() {{ return 1; }}\n", 2),
    ],
)
def test_definitions_behind_a_table_keep_their_lines(path: str, text: str, line: int) -> None:
    lines = {symbol.rsplit(".", 1)[-1]: (start, end) for symbol, _, start, end in found_in(path, text)}
    assert lines["after"] == (line, line)


def test_only_the_entries_of_long_lists_go() -> None:
    text = f"my %a = (one => [{_NUMBERS}], two => 'x, (y');\nmy @b = (1, 2, 3);\n".encode()
    short = shorten_tables(text)
    assert len(short) == len(text)
    assert b" ".join(short.split()).startswith(b"my %a = (one => [0, 1, 2")
    assert short.endswith(b" ], two => 'x, (y');\nmy @b = (1, 2, 3);\n")
    assert short.count(b",") < 60


def test_lists_that_hold_code_and_short_lines_stay() -> None:
    code = f"my @a = (sub {{ 1; }}, {_NUMBERS});\n".encode()
    lines = f"my @a = (\n{_NUMBERS.replace(' ', chr(10))});\n".encode()
    assert shorten_tables(code) == code
    assert shorten_tables(lines) == lines
