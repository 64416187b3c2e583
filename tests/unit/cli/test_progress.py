"""What is said of a run on its way: how much is done, how fast, and how long it still takes."""

from __future__ import annotations

import pytest

from codesearch.cli.progress import describe_progress


@pytest.mark.parametrize(
    ("files", "total", "skipped", "seconds", "said"),
    [
        (0, 100, 0, 0.0, "0 chunks, 0/s, 0 skipped"),
        (4, 100, 0, 2.0, "1 chunk, 0/s, 0 skipped"),
        (10, 100, 0, 2.0, "1,000 chunks, 500/s, 0 skipped, about 18 s left"),
        (20, 100, 5, 100.0, "2,000 chunks, 20/s, 5 skipped, about 7 min left"),
        (50, 1_000, 40, 1_000.0, "5,000 chunks, 5/s, 40 skipped, about 5 h 17 min left"),
        (100, 100, 0, 10.0, "10,000 chunks, 1,000/s, 0 skipped"),
        (10, None, 0, 2.0, "1,000 chunks, 500/s, 0 skipped"),
        (99, 100, 0, 1.0, "9,900 chunks, 9,900/s, 0 skipped, about 1 s left"),
    ],
)
def test_rate_and_time_left(files: int, total: int | None, skipped: int, seconds: float, said: str) -> None:
    chunks = 1 if files == 4 else 100 * files
    assert describe_progress(files, total, chunks, skipped, seconds) == said
