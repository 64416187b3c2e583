"""Where files are cut: every chunk of some files, one readable golden file for each.

`make golden` rewrites the files in chunks/; a new case is a file with its first line.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pytest

from codesearch.assembly import Assembly
from codesearch.core.types import Chunk, SourceFile
from indexer.batches import BatchIndexer
from indexer.source.folder import FolderSnapshot
from indexer.source.walk import walk
from tests.golden.golden_set import FIXTURES, GOLDEN

CASES = sorted((GOLDEN / "chunks").glob("*.txt"))


@lru_cache
def read_repository(name: str) -> dict[str, SourceFile]:
    """Return the repository's files as the indexer sees them, by path."""
    return {file.path: file for file in walk(FolderSnapshot((FIXTURES / name).resolve()))}


def describe(chunk: Chunk) -> str:
    named = f" {chunk.symbol_kind} {chunk.symbol}" if chunk.symbol else ""
    return f"{chunk.start_line}-{chunk.end_line} {chunk.artifact_kind.value}{named}"


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_chunks(fixtures_index: Assembly, golden_write: bool, case: Path) -> None:
    lines = case.read_text(encoding="utf-8").splitlines()
    repository, _, path = lines[0].removeprefix("file: ").partition("/")
    assert lines[0] == f"file: {repository}/{path}"
    file = read_repository(repository)[path]
    [chunked] = BatchIndexer(fixtures_index.embedder, fixtures_index.settings).chunk([file])
    found = [describe(chunk) for chunk in chunked.chunks]
    if golden_write:
        case.write_text("\n".join([lines[0], "", *found, ""]), encoding="utf-8")
        return
    assert found == [line for line in lines[1:] if line]


def test_many_languages_are_covered(fixtures_index: Assembly) -> None:
    suffixes = {case.read_text(encoding="utf-8").splitlines()[0].rpartition(".")[2] for case in CASES}
    assert len(suffixes) >= 16
