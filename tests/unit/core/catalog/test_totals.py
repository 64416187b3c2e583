"""What all runs came to: counted as each ends, kept for longer than their rows and than the data source."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from codesearch.core.catalog.catalog import Catalog, open_catalog
from codesearch.core.catalog.runs import RUNS_KEPT_PER_SOURCE, RunProgress
from codesearch.core.catalog.totals import RunTotals

ONE, TWO = "1" * 24, "2" * 24


class Clock:
    """A moment that tests move."""

    now = datetime(2026, 11, 30, 12, 0, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def catalog(tmp_path: Path, clock: Clock) -> Iterator[Catalog]:
    with open_catalog(f"sqlite:///{tmp_path / 'catalog.sqlite3'}", clock=clock) as catalog:
        for source_id in (ONE, TWO):
            catalog.add_source(id=source_id, location="/srv/shop", suggested_names=["shop"])
        yield catalog


def run(catalog: Catalog, clock: Clock, source_id: str, *, files: int = 3, message: str = "") -> None:
    """Have a run of two and a half seconds end, with a message if it fails."""
    run_id = catalog.start_run(source_id)
    catalog.report_progress(run_id, phase="indexing", files_done=files, chunks_done=10 * files)
    clock.now += timedelta(seconds=2.5)
    if message:
        catalog.fail_run(run_id, message)
    else:
        catalog.finish_run(run_id, commit=None, file_count=files, chunk_count=10 * files)


def test_what_a_run_has_done_is_noted_as_it_ends(catalog: Catalog) -> None:
    run_id = catalog.start_run(ONE)
    catalog.report_progress(run_id, phase="indexing", files_done=1, files_total=4, chunks_done=2)
    done = RunProgress("indexing", files_done=3, files_total=4, chunks_done=7)
    catalog.finish_run(run_id, commit=None, file_count=30, chunk_count=70, progress=done)
    found = catalog.latest_run(ONE)
    assert found is not None
    assert (found.phase, found.files_done, found.files_total, found.chunks_done) == ("indexing", 3, 4, 7)
    assert (catalog.read_run_totals()[ONE].files, catalog.read_run_totals()[ONE].chunks) == (3, 7)


def test_runs_are_counted_as_they_end(catalog: Catalog, clock: Clock) -> None:
    assert catalog.read_run_totals() == {}
    # One that is at work, or was killed, is not over.
    catalog.start_run(ONE)
    run(catalog, clock, ONE)
    run(catalog, clock, ONE, files=2, message="the host is away")
    run(catalog, clock, TWO, files=0)
    totals = catalog.read_run_totals()
    assert totals == {ONE: RunTotals(1, 1, 5, 50, 5.0), TWO: RunTotals(1, 0, 0, 0, 2.5)}
    assert sum(totals.values(), RunTotals()) == RunTotals(2, 1, 5, 50, 7.5)


def test_totals_outlive_the_rows_of_runs_and_the_source(catalog: Catalog, clock: Clock) -> None:
    count = RUNS_KEPT_PER_SOURCE + 5
    for _ in range(count):
        run(catalog, clock, ONE, files=1)
    assert catalog.list_removed_ids() == frozenset()
    catalog.remove_source(ONE)
    assert catalog.list_removed_ids() == {ONE}
    assert catalog.read_run_totals() == {ONE: RunTotals(count, 0, count, 10 * count, 2.5 * count)}
    # A merge is no run.
    catalog.publish_merged(catalog.get_source(TWO), catalog.reserve_run(TWO))
    assert list(catalog.read_run_totals()) == [ONE]
