"""Sizes and the chart of languages, as people read them."""

from __future__ import annotations

from itertools import pairwise

import pytest

from codesearch.web.sources import chart_of, size_of


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1_234, "1.2 kB"),
        (20_000, "20 kB"),
        (999_999, "1.0 MB"),
        (5 * 10**12, "5000 GB"),
    ],
)
def test_sizes(count: int, expected: str) -> None:
    assert size_of(count) == expected


def test_a_chart_is_full_and_its_bars_stand_side_by_side() -> None:
    bars = chart_of({"go": 0.5, **{f"l{n}": 0.04 for n in range(9)}})
    assert [bar["name"] for bar in bars] == ["go", "l0", "l1", "l2", "l3", "l4", "other"]
    for left, right in pairwise(bars):
        assert right["x"] == pytest.approx(left["x"] + left["width"], abs=0.02)
    assert bars[-1]["x"] + bars[-1]["width"] == pytest.approx(100, abs=0.02)
    assert chart_of({}) == []
