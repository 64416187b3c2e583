"""A file's lines come back from its rows as they were, but for blanks of blank lines and the tails of giant lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codesearch.core.types import MAX_LINE_CHARACTERS
from codesearch.tools.file_text import FileText, read_file_text
from tests.unit.tools.indexed_files import index_texts

PATHS = st.sampled_from(
    [
        "a.py",
        "a.go",
        "a.java",
        "a.rs",
        "a.c",
        "a.rb",
        "a.sql",
        "a.md",
        "a.yaml",
        "a.json",
        "a.vue",
        "a.html",
        "a",
        "a.cob",
    ]
)
PIECES = st.sampled_from(
    ["def f(x):\n", "class A:\n", "    pass\n", "\n", "   \n", "\t\n", "}\n", "{\n", "func f() {\n", "fn f() {\n",
     "# Title\n", "key: value\n", "x = 1\n", "\r\n", "  y = 2\r\n", "\f\n", "<script>\n", "</script>\n", "/* c */\n",
     "create table t (a int);\n", "é ß 日本\n", "word " * 30 + "\n", "last"]
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("texts")


def read(folder: Path, path: str, text: str, max_tokens: int = 400) -> FileText | None:
    index = index_texts(folder, {path: text}, max_tokens)
    file = index.find_file(path)
    return None if file is None else read_file_text(*file)


@settings(max_examples=150)
@given(PATHS, st.lists(PIECES, max_size=40).map("".join), st.integers(3, 80))
def test_every_line_that_is_not_blank_comes_back_as_it_was(folder: Path, path: str, text: str, most: int) -> None:
    found = read(folder, path, text, most)
    lines = text.split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        assert found is None
        return
    assert found is not None
    assert found.last_line >= len(lines)
    shown = found.lines(1, found.last_line)
    for line, known in zip(lines, shown, strict=False):
        assert known == line or (not line.strip() and known == "")
    assert not any(line.strip() for line in shown[len(lines) :])


def test_a_giant_line_is_cut_and_named(folder: Path) -> None:
    found = read(folder, "a.js", f"let a = 1;\nlet b = '{'x' * 5000}';\nlet c = 3;\n")
    assert found is not None
    assert found.cut_lines(1, 3) == [2]
    assert len(found.known[2]) == MAX_LINE_CHARACTERS
    assert found.lines(3, 3) == ["let c = 3;"]


def test_of_a_notebook_the_cells_are_known(folder: Path) -> None:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Title\n", "Text."]},
        {
            "cell_type": "code",
            "metadata": {},
            "outputs": [],
            "execution_count": 1,
            "source": ["def f():\n", "    pass"],
        },
    ]
    content = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    for indent in (1, None):
        text = json.dumps(content, indent=indent)
        found = read(folder, "a.ipynb", text)
        assert found is not None
        assert found.is_notebook
        lines = text.split("\n")
        for number, line in found.known.items():
            assert all(part in lines[number - 1] for part in line.split(" ") if part)
        whole = "\n".join(found.known.values())
        assert "# Title" in whole
        assert "def f():" in whole
        assert "outputs" not in whole
