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
    index = SourceIndex(segments).joined
    places = [
        (segment.path_of(int(segment.file_of_row[row])), int(segment.start_lines[row]))
        for segment in segments
        for row in range(segment.row_count)
    ]
    order = RowOrder([index])
    of_source = order.keys_of([index.all_rows], index.all_rows)
    assert [places[number] for number in np.argsort(of_source)] == sorted(places)
    (first,) = order.take_first([index.all_rows], 7)
    assert np.all(np.diff(first) > 0)
    assert sorted(places[row] for row in first) == sorted(places)[:7]
    # Beside another data source.
    other = index_of([make_row("0.py", "a")])
    beside = RowOrder([index, other])
    rows_of_both = [index.all_rows, other.all_rows]
    keys = beside.keys_of(rows_of_both, np.arange(len(places) + 1))
    assert keys[:-1].tolist() == of_source.tolist()
    assert keys[-1] > of_source.max()
    assert beside.keys_of(rows_of_both, np.array([3, len(places)])).tolist() == keys[[3, -1]].tolist()
