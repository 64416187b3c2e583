"""A notebook's text without its outputs, which do not count for the limit on size."""

from __future__ import annotations

import json
from pathlib import Path

from codesearch.core.config import load_settings
from indexer.notebook.outputs import without_outputs
from indexer.source.location import parse_location
from indexer.source.opening import open_source
from indexer.source.skipping import SkipReason
from indexer.source.walk import walk


def notebook(output: str, source: str) -> str:
    cell = {"cell_type": "code", "outputs": [{"data": {"image/png": output}}], "source": [source]}
    return json.dumps({"cells": [cell], "metadata": {}}, indent=1)


def test_outputs_are_taken_out_and_lines_stay() -> None:
    text = notebook("plot" * 50, "print(1)")
    assert without_outputs(text) == notebook("", "print(1)")


def test_what_is_no_json_stays_whole() -> None:
    for text in ("", '{"cells": [{"outputs": ["a"', "[" * 5000, "no", '{"a": "b"}]'):
        assert without_outputs(text) == text


def test_outputs_do_not_count_for_the_limit_on_size(tmp_path: Path) -> None:
    (tmp_path / "plot.ipynb").write_text(notebook("Q" * 5000, "print(1)"))
    (tmp_path / "long.ipynb").write_text(notebook("Q", "print(1)" * 1000))
    (tmp_path / "long.py").write_text("print(1)\n" * 1000)
    with open_source(
        parse_location(str(tmp_path)), branch=None, subdir=None, mirrors_dir=tmp_path, settings=load_settings()
    ) as snapshot:
        found = walk(snapshot, max_file_bytes=2000)
        assert [file.path for file in found] == ["plot.ipynb"]
    assert [(item.path, item.reason) for item in found.skipped] == [
        ("long.ipynb", SkipReason.TOO_LARGE),
        ("long.py", SkipReason.TOO_LARGE),
    ]
