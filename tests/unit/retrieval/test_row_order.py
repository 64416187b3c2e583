"""RowOrder: rows of several segments are in the order that one index would have them in."""

from __future__ import annotations

import numpy as np

from codesearch.core.index.source_index import SourceIndex
from codesearch.retrieval.row_order import RowOrder
from tests.unit.retrieval.index_rows import index_of, make_row

# Enough that a file's place and a row's do not fit 32 bits together.
FILES = 600


def test_rows_of_many_files_in_several_segments_are_ordered_by_path_and_line() -> None:
    paths = [f"{number * 7919 % FILES:04}.py" for number in range(FILES)]
    rows = [make_row(path, f"value = {line}", start=line) for path in paths for line in (1, 5)]
    segments = [index_of(rows[: FILES // 2]), index_of(rows[FILES // 2 :])]
    source = SourceIndex(segments)
    every_row = [segment.all_rows for segment in segments]
    expected = [
        (segment.path_of(int(segment.file_of_row[row])), int(segment.start_lines[row]))
        for segment in segments
        for row in range(segment.row_count)
    ]
    of_source = RowOrder(segments, [source]).keys_of(range(2), every_row)
    assert [expected[number] for number in np.argsort(of_source)] == sorted(expected)
    # Beside another data source each segment is asked for itself.
    other = SourceIndex([index_of([make_row("0.py", "a")])])
    beside = RowOrder([*segments, *other.segments], [source, other])
    assert beside.keys_of(range(2), every_row).tolist() == of_source.tolist()
    assert int(beside.keys_of(range(2, 3), [other.segments[0].all_rows])[0]) > int(of_source.max())
