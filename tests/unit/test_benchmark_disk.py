"""The benchmark of bytes on disk on a real index: what it counts is what lies there."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import lancedb
import pyarrow as pa
import pytest

from benchmarks.disk import describe, measure_arrays, rows_of
from benchmarks.lance_columns import measure_columns
from benchmarks.quality import open_assembly
from codesearch.assembly import open_indexer
from indexer.pipeline import SilentProgress


def test_columns_take_what_their_values_take(tmp_path: Path) -> None:
    count = 3_000
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(range(8 * count), pa.int64()).cast(pa.float32()), 8)
    rows = pa.table(
        {"number": pa.array([7] * count), "vector": vectors, "text": [f"text {row}" for row in range(count)]}
    )
    lancedb.connect(tmp_path).create_table("rows", rows)
    sizes = measure_columns(tmp_path / "rows.lance")
    assert sizes.keys() == {"number", "vector", "text"}
    assert sizes["vector"] >= 4 * 8 * count > 10 * sizes["number"], "the same number everywhere takes next to nothing"
    (file,) = (tmp_path / "rows.lance" / "data").glob("*.lance")
    assert 0.9 * file.stat().st_size < sizes.total() <= file.stat().st_size


def test_every_byte_is_in_the_report(tmp_path: Path) -> None:
    folder = tmp_path / "source"
    folder.mkdir()
    for number in range(3):
        (folder / f"part{number}.py").write_text(f"def part_{number}():\n    return {number}\n")
    with closing(open_assembly(tmp_path / "data")) as assembly:
        open_indexer(assembly).index(str(folder), name="s", branch=None, subdir=None, progress=SilentProgress())
        report = "\n".join(describe(assembly, tmp_path / "data", 0.0))
        _, text_bytes, chunks = measure_arrays(tmp_path / "data")
    assert (chunks, text_bytes) == (3, 3 * len("def part_0():\n    return 0\n"))
    assert report.startswith(f"3 chunks, {text_bytes} bytes of text")
    for name in ("vector", "file_text", "symbol", "text_blocks", "row_entries"):
        assert f"| {name} | " in report
    assert rows_of({"a": 30, "b": 2, "c": 1}, 10, 1) == [("a", "3.0"), ("2 others", "0.3"), ("all", "3.3")]


def test_nothing_indexed_is_no_report(tmp_path: Path) -> None:
    with closing(open_assembly(tmp_path)) as assembly, pytest.raises(ValueError, match="no index"):
        list(describe(assembly, tmp_path, 0.0))
