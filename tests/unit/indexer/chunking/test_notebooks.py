"""Notebooks: cells in order, at the lines of the JSON file, without outputs."""

from __future__ import annotations

import json

from codesearch.core.types import Chunk, SourceFile
from indexer.chunking.chunker import Chunker
from tests.unit.indexer.chunking.test_chunker import count_words, described

_CELLS = [
    {"cell_type": "markdown", "metadata": {}, "source": ["# Tides\n", "\n", "How high the water stands."]},
    {
        "cell_type": "code",
        "metadata": {},
        "outputs": [{"output_type": "stream", "text": ["NEVER 1\n", "def never(): pass\n"]}],
        "source": [
            "%matplotlib inline\n",
            "def tide(hours):\n",
            '    """Say "high"."""\n',
            "    return hours * 2\n",
            "\n",
            "tide(3)",
        ],
    },
    {"cell_type": "code", "metadata": {}, "outputs": [], "source": ["%%bash\n", "fetch() {\n", "  curl x\n", "}"]},
    {"cell_type": "code", "metadata": {}, "outputs": [], "source": []},
    {"cell_type": "markdown", "metadata": {}, "attachments": {"a.png": {"image/png": "NEVER"}}, "source": ["## Ebb"]},
    {
        "cell_type": "code",
        "metadata": {},
        "outputs": [],
        "source": ["class Ebb:\n", "    def fall(self):\n", "        pass"],
    },
    {"cell_type": "code", "metadata": {}, "outputs": [], "source": "x = 1\nprint(x)"},
]


def notebook(language: str = "python") -> dict[str, object]:
    return {"cells": _CELLS, "metadata": {"kernelspec": {"language": language}}, "nbformat": 4, "nbformat_minor": 5}


def chunk_notebook(text: str) -> list[Chunk]:
    return Chunker(count_words, 60).chunk(SourceFile("tides.ipynb", text, "id", None))


def test_a_notebook_is_chunked_by_cell_at_its_own_lines() -> None:
    text = json.dumps(notebook(), indent=1)
    lines = text.split("\n")
    chunks = chunk_notebook(text)
    assert [(kind, symbol) for _, _, kind, symbol in described(chunks)] == [
        ("chunk", None),
        ("chunk", None),
        ("function", "tide"),
        ("chunk", None),
        ("chunk", None),
        ("function", "fetch"),
        ("chunk", None),
        ("class", "Ebb"),
        ("method", "Ebb.fall"),
        ("variable", "x"),
        ("chunk", None),
    ]
    for found in chunks[:-2]:
        assert found.content == "\n".join(lines[found.start_line - 1 : found.end_line])
    assert chunks[2].content.split("\n")[0].strip() == '"def tide(hours):\\n",'
    assert chunks[2].end_line - chunks[2].start_line == 2
    assert {found.language for found in chunks} == {"notebook"}


def test_no_output_is_in_any_chunk() -> None:
    for text in (
        json.dumps(notebook(), indent=1),
        json.dumps(notebook()),
        json.dumps(notebook(), indent=None, sort_keys=True),
    ):
        chunks = chunk_notebook(text)
        assert len(chunks) >= 9
        assert not [found for found in chunks if "never" in f"{found.content} {found.symbol}".lower()]


def test_a_piece_without_a_definition_has_the_heading_above_it() -> None:
    titles = [found.signature for found in chunk_notebook(json.dumps(notebook(), indent=1)) if found.symbol is None]
    assert titles == ["Tides", "Tides", "Tides", "Tides", "Ebb", "Ebb"]


def test_a_notebook_on_one_line_gives_the_parts_of_its_line() -> None:
    text = json.dumps(notebook())
    chunks = chunk_notebook(text)
    assert all(found.content in text and (found.start_line, found.end_line) == (1, 1) for found in chunks)
    assert next(found for found in chunks if found.symbol == "x").content == "x = 1"
    assert len({(found.symbol, found.content) for found in chunks}) == len(chunks)


def test_code_cells_are_read_in_the_language_of_the_notebook() -> None:
    cell = {"cell_type": "code", "source": ["area <- function(w, h) {\n", "  w * h\n", "}"], "outputs": []}
    text = json.dumps({"cells": [cell], "metadata": {"language_info": {"name": "R"}}}, indent=1)
    assert described(chunk_notebook(text)) == [(6, 8, "function", "area")]


def test_cells_of_the_third_version_are_read() -> None:
    cell = {
        "cell_type": "code",
        "language": "python",
        "input": ["def old():\n", "    pass"],
        "outputs": [{"text": "NEVER"}],
    }
    text = json.dumps({"worksheets": [{"cells": [cell]}], "nbformat": 3}, indent=1)
    assert [found.symbol for found in chunk_notebook(text)] == ["old"]


def test_what_is_no_notebook_is_read_as_json() -> None:
    for text in ('{"cells": [', '{"cells": []}', "[1, 2", "<<<<<<< HEAD\n{}", '{"cells": [{"source": ["a\n"]}]}', '"'):
        assert [found.content for found in chunk_notebook(text)] == [text]


def test_half_a_surrogate_pair_and_nested_escapes_are_read() -> None:
    cell = {"cell_type": "code", "source": ["a = '\\\\n \ud83d'\n", "def f():\n", "    return '\\n'"], "outputs": []}
    assert [found.symbol for found in chunk_notebook(json.dumps({"cells": [cell]}, indent=1))] == ["a", "f"]
