"""A column of several segments gives what one array of them would, for rows in any order."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from codesearch.core.index.numbering import count_on
from codesearch.core.index.split_column import SplitColumn

PARTS = st.lists(st.lists(st.integers(0, 200), max_size=6), min_size=1, max_size=5).filter(any)


@given(PARTS, st.data())
def test_rows_have_the_values_of_their_segments(parts: list[list[int]], data: st.DataObject) -> None:
    columns = [np.array(part, np.uint8) for part in parts]
    joined = np.concatenate(columns)
    rows = np.array(data.draw(st.lists(st.integers(0, len(joined) - 1), max_size=20)), np.int64)
    firsts = count_on([len(part) for part in parts])
    assert SplitColumn(columns, firsts)[rows].tolist() == joined[rows].tolist()
    added = np.arange(len(parts)) * 1_000
    expected = joined + np.repeat(added, [len(part) for part in parts])
    assert SplitColumn(columns, firsts, added)[rows].tolist() == expected[rows].tolist()
