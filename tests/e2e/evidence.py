"""What the end-to-end tests look at: rows as they lie in the store, files on disk, processes, real command lines."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import lancedb
import numpy as np
import pytest

from codesearch.assembly import LOCAL_PRINCIPAL, Assembly
from codesearch.core.index.array_file import map_arrays
from codesearch.core.types import MAX_LINE_CHARACTERS, DataSource, Hit, SearchQuery
from tests.e2e.service import PATIENCE_SECONDS
from tests.floats import ABSOLUTE, RELATIVE

Row = dict[str, Any]
ROOT = Path(__file__).parents[2]


def read_rows(assembly: Assembly, source_id: str | None = None) -> dict[str, Row]:
    """Return the store's rows by document id, read past our own store classes; `content` and that are put together."""
    database = lancedb.connect(assembly.settings.resolved_store_uri)
    table = database.open_table(assembly.index_format.table_name)
    rows: list[Row] = table.to_arrow().to_pylist()
    found = [row for row in rows if source_id is None or row["data_source_id"] == source_id]
    texts = {
        (row["data_source_id"], row["path"], row["segment"]): row["file_text"] for row in found if row["file_text"]
    }
    for row in found:
        text = texts[row["data_source_id"], row["path"], row["segment"]].encode()
        row["content"] = text[row["content_start"] : row["content_start"] + row["content_length"]].decode()
        parts = (row[name] for name in ("data_source_id", "path", "start_line", "end_line", "symbol", "content"))
        row["document_id"] = hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:32]
    by_id = {row["document_id"]: row for row in found}
    assert len(by_id) == len(found), "document ids are not unique"
    return by_id


def check_same_rows(
    ours: Mapping[str, Row], theirs: Mapping[str, Row], *, apart_from: Collection[str] = ("segment",)
) -> None:
    """Hold that both are the same rows, apart from some columns; vectors up to rounding, for batches differ."""
    assert ours.keys() == theirs.keys()
    for key, row in ours.items():
        other = theirs[key]
        names = row.keys() - {"vector", "vector_scale", *apart_from}
        assert {name: row[name] for name in names} == {name: other[name] for name in names}
        assert np.allclose(row["vector_scale"], other["vector_scale"], RELATIVE, ABSOLUTE)
        assert np.abs(np.subtract(row["vector"], other["vector"])).max() <= 1, "whole numbers, rounded"


def check_same_segments(ours: Path, theirs: Path) -> None:
    """Hold that two segments are the same, vectors up to rounding; the signs are those of the vectors."""
    (our_arrays, our_header), (their_arrays, their_header) = map_arrays(ours), map_arrays(theirs)
    assert our_header == their_header
    assert our_arrays.keys() == their_arrays.keys()
    for name in our_arrays.keys() - {"signs"}:
        array, other = our_arrays[name], their_arrays[name]
        if name.endswith("vectors"):
            assert np.abs(np.subtract(array, other, dtype=np.int16)).max() <= 1, name
        elif array.dtype.kind == "f":
            assert np.allclose(array, other, RELATIVE, ABSOLUTE), name
        else:
            assert np.array_equal(array, other), name


def table_version(assembly: Assembly) -> int:
    database = lancedb.connect(assembly.settings.resolved_store_uri)
    return int(database.open_table(assembly.index_format.table_name).version)


def list_files(folder: Path) -> dict[str, tuple[int, int]]:
    """Return every file below a folder with its size in bytes and its modification time in nanoseconds."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file():
            status = path.stat()
            found[str(path.relative_to(folder))] = (status.st_size, status.st_mtime_ns)
    return found


def folder_bytes(folder: Path) -> int:
    return sum(size for size, _ in list_files(folder).values())


def read_indexed(assembly: Assembly, source: DataSource) -> dict[str, Row]:
    """Return what queries read of a data source, by document id: its own rows and those that another one lends."""
    index = assembly.search_indexes.get(source.id, source.run_id)
    found: dict[str, Row] = {}
    for segment in index.segments:
        for row in segment.live_row_numbers().tolist():
            found[segment.document_id_of(row)] = asdict(segment.chunk_of(row))
    assert len(found) == index.row_count, "document ids are not unique"
    return found


def check_rows_match(rows: Mapping[str, Row], texts: Mapping[str, str]) -> None:
    """Hold that the rows are the files' own lines, that they leave no non-blank line out, and are of no other file."""
    lines = {path: [line[:MAX_LINE_CHARACTERS] for line in text.split("\n")] for path, text in texts.items()}
    covered: dict[str, set[int]] = {path: set() for path in texts}
    for row in rows.values():
        first, last = row["start_line"], row["end_line"]
        assert 1 <= first <= last
        assert row["content"] == "\n".join(lines[row["path"]][first - 1 : last]), (row["path"], first, last)
        covered[row["path"]].update(range(first, last + 1))
    for path, texts_of_file in lines.items():
        wanted = {number for number, line in enumerate(texts_of_file, 1) if line.strip()}
        assert wanted <= covered[path], (path, sorted(wanted - covered[path]))


def ask(assembly: Assembly, knowledge_id: str, query: str, top_k: int = 10) -> list[Hit]:
    return assembly.retriever.retrieve(LOCAL_PRINCIPAL, SearchQuery(knowledge_id, query, top_k))


def answers(assembly: Assembly, knowledge_id: str, query: str, top_k: int = 10) -> list[tuple[str, str, float]]:
    """Ask, and return what a client can tell answers apart by."""
    return [(hit.document_id, hit.chunk.content, hit.score) for hit in ask(assembly, knowledge_id, query, top_k)]


def check_same_answers(
    ours: Sequence[tuple[str, str, float]], theirs: Sequence[tuple[str, str, float]], *, within: float = 0.01
) -> None:
    """Hold that both are the same answers, of vectors that differ by rounding: those of nearly one score may swap."""
    assert [score for _, _, score in ours] == pytest.approx([score for _, _, score in theirs], abs=within)
    scores = {key: score for key, _, score in theirs}
    assert {key: score for key, _, score in ours if key in scores} == pytest.approx(
        {key: scores[key] for key, _, _ in ours if key in scores}, abs=within
    )
    last = min(scores.values(), default=0.0)
    assert all(key in scores or score < last + within for key, _, score in ours)


def command_line(*arguments: object, module: str = "codesearch.cli") -> list[str]:
    return [sys.executable, "-m", module, *map(str, arguments)]


def environment(data_dir: Path, **settings: object) -> dict[str, str]:
    own = {f"CODESEARCH_{name.upper()}": str(value) for name, value in settings.items()}
    return {**os.environ, "CODESEARCH_DATA_DIR": str(data_dir), **own}


def run_codesearch(data_dir: Path, *arguments: object, **settings: object) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own and wait for it."""
    return subprocess.run(
        command_line(*arguments),
        env={**environment(data_dir, **settings), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def start_codesearch(
    data_dir: Path, *arguments: object, module: str = "codesearch.cli", **settings: str
) -> subprocess.Popen[str]:
    """Start the command line as the leader of a process group of its own."""
    return subprocess.Popen(
        command_line(*arguments, module=module),
        env={**environment(data_dir, **settings), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def processes_of_group(group_id: int) -> list[int]:
    """Return the living processes of a process group, zombies left out."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,pgid=,stat="], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in listed.splitlines()]
    return [int(row[0]) for row in rows if row[1] == str(group_id) and not row[2].startswith("Z")]


def wait_until(
    condition: Callable[[], bool], *, timeout_seconds: float = PATIENCE_SECONDS, interval_seconds: float = 0.01
) -> bool:
    """Look until the condition holds; say whether it came to that."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(interval_seconds)
    return True
