"""What an index run says that it has done: only what tells something."""

from __future__ import annotations

import pytest

from codesearch.cli.reports import print_report
from codesearch.core.types import DataSource
from indexer.pipeline import IndexReport


@pytest.mark.parametrize(
    ("characters", "seconds", "rate"),
    [(300, 1.2, ""), (9_000_000, 0.9, ""), (999_999, 20.0, ""), (5_000_000, 2.0, " (2.5 MB/s)")],
)
def test_a_rate_is_said_of_much_text_alone(
    characters: int, seconds: float, rate: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source = DataSource(id="a" * 24, name="shop", location="/shop", type="repository")
    print_report(IndexReport(source, 1, 0, 0, 1, characters, seconds, {}))
    assert capsys.readouterr().out.splitlines()[1].endswith(f"removed in {seconds:.1f} s{rate}")
