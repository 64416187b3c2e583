"""Where a name stands: whole words, in code, each place once; calls by what follows."""

from __future__ import annotations

from pathlib import Path

import pytest

from codesearch.core.checks import do_not_check
from codesearch.tools.occurrences import find_occurrences, simple_name
from tests.unit.tools.indexed_files import index_texts


def places(folder: Path, path: str, text: str, name: str = "retry") -> list[tuple[int, int, bool]]:
    found = find_occurrences(index_texts(folder, {path: text}), name, do_not_check)
    return [(place.line, place.column, place.is_call) for place in found]


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a.py", "retry(1)\nx.retry (2)\ny = retry\n", [(1, 0, True), (2, 2, True), (3, 4, False)]),
        ("a.py", "retries(1)\n_retry(2)\nretry2()\nRetry()\n", []),
        ("a.py", "# retry()\nx = 1  # retry()\n", []),
        ("a.py", 'def f():\n    """Say that\n\n    retry() is called."""\n    retry()\n', [(5, 4, True)]),
        ("a.py", "from a import retry\n", [(1, 14, False)]),
        ("a.js", "// retry()\nlet u = 'http://retry';\nretry();\n", [(2, 16, False), (3, 0, True)]),
        ("a.js", "/*\n retry()\n*/\nretry();\n/* retry */\n", [(4, 0, True)]),
        ("a.rs", "retry::<u8>(1);\nretry!(2);\n", [(1, 0, True), (2, 0, True)]),
        ("a.cs", "Retry<int>(1); client?.Retry(2);\n", []),
        ("a.ts", "const retry = 1;\n$retry();\n", [(1, 6, False)]),
        ("a.rb", "retry 3\nretry = 4\n", [(1, 0, True), (2, 0, False)]),
        ("a.lua", "-- retry()\nretry()\n", [(2, 0, True)]),
        ("a.md", "Call retry() again.\n", []),
    ],
)
def test_places_of_a_name(tmp_path: Path, path: str, text: str, expected: list[tuple[int, int, bool]]) -> None:
    assert places(tmp_path, path, text) == expected


def test_names_of_several_words_and_other_scripts(tmp_path: Path) -> None:
    text = "größe_alt(1)\ngröße(2)\n在庫数(3)\n"
    assert places(tmp_path, "a.py", text, "größe") == [(2, 0, True)]
    assert places(tmp_path, "a.py", text, "在庫数") == [(3, 0, True)]
    assert places(tmp_path, "a.py", text, "größe_alt") == [(1, 0, True)]
    assert places(tmp_path, "a.py", "a = __\n", "__") == [(1, 4, False)]


@pytest.mark.parametrize(
    ("symbol", "name"), [("Client.retry", "retry"), ("ns::Client::retry", "retry"), ("retry", "retry"), ("a#b", "b")]
)
def test_the_simple_name_is_the_last_part(symbol: str, name: str) -> None:
    assert simple_name(symbol) == name
