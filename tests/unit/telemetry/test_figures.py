"""What is indexed, in figures: from a real catalog and files on disk."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from codesearch.core.catalog.catalog import Catalog, open_catalog
from codesearch.core.index.usage import list_segments
from codesearch.telemetry import figures as module
from codesearch.telemetry.figures import InstallationFigures, measure_installation

FORMAT = "chunks_1"


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now = datetime.now(timezone.utc)

    def __call__(self) -> datetime:
        return self.now

    def go_on(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def catalog(tmp_path: Path, clock: Clock) -> Iterator[Catalog]:
    with open_catalog(f"sqlite:///{tmp_path / 'catalog.sqlite3'}", clock=clock) as catalog:
        yield catalog


def add(catalog: Catalog, digit: str) -> str:
    return catalog.add_source(id=digit * 24, name=f"repo-{digit}", location=f"/srv/{digit}").id


def index(
    catalog: Catalog, clock: Clock, digit: str, *, chunks: int, seconds: float, index_format: str = FORMAT
) -> str:
    source_id = add(catalog, digit)
    run = catalog.start_run(source_id)
    catalog.report_progress(run, phase="indexing", chunks_done=chunks)
    clock.go_on(seconds)
    catalog.finish_run(run, commit=None, file_count=1, chunk_count=chunks, index_format=index_format)
    return source_id


def measure(catalog: Catalog, clock: Clock, folder: Path) -> InstallationFigures:
    return measure_installation(catalog, lambda name: list_segments(folder / "search" / name), FORMAT, clock.now)


def test_sources_runs_and_sizes(catalog: Catalog, clock: Clock, tmp_path: Path) -> None:
    first = index(catalog, clock, "1", chunks=300, seconds=2)
    published = clock.now
    clock.go_on(60)
    index(catalog, clock, "2", chunks=50, seconds=5, index_format="chunks_0")
    add(catalog, "3")
    failed = catalog.start_run(add(catalog, "4"))
    catalog.fail_run(failed, "no such branch")
    catalog.start_run(first)
    clock.go_on(7)
    for name, size in ((f"{first}/a.segment", 1000), (f"{first}/b.segment", 24), (f"{first}/build.lock", 5)):
        path = tmp_path / "search" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)
    found = measure(catalog, clock, tmp_path)
    assert found.states == {"pending": 1, "indexing": 0, "ready": 1, "failed": 1, "outdated": 1}
    assert (found.failing, found.running, found.longest_run_seconds) == (1, 1, 7.0)
    assert (found.files, found.chunks, found.oldest_indexed_at) == (2, 350, published)
    assert (found.index_bytes, found.segments) == (1024, 2)
    assert (found.totals.finished, found.totals.failed) == (2, 1)
    sources = {source.name: source for source in found.sources}
    assert list(sources) == ["repo-1", "repo-2", "repo-3", "repo-4"]
    runs = {name: source.run for name, source in sources.items()}
    assert runs["repo-1"] is not None
    assert (runs["repo-1"].state, runs["repo-1"].seconds, runs["repo-1"].chunks_per_second) == ("running", 7.0, None)
    assert runs["repo-2"] is not None
    assert (runs["repo-2"].state, runs["repo-2"].seconds, runs["repo-2"].chunks_per_second) == ("finished", 5.0, 10.0)
    assert runs["repo-3"] is None
    assert runs["repo-4"] is not None
    assert runs["repo-4"].state == "failed"


def test_only_the_largest_have_figures_of_their_own(
    catalog: Catalog, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_SOURCES", 2)
    for digit, chunks in (("1", 5), ("2", 70), ("3", 6)):
        index(catalog, clock, digit, chunks=chunks, seconds=1)
    found = measure(catalog, clock, tmp_path)
    assert [source.name for source in found.sources] == ["repo-2", "repo-3"]
    assert found.chunks == 81


def test_nothing_at_all(catalog: Catalog, clock: Clock, tmp_path: Path) -> None:
    found = measure(catalog, clock, tmp_path)
    assert (found.chunks, found.segments, found.oldest_indexed_at, list(found.sources)) == (0, 0, None, [])


def test_what_sources_lend_each_other_is_on_the_disk_once(catalog: Catalog, clock: Clock, tmp_path: Path) -> None:
    lender, borrower = (tmp_path / "search" / add(catalog, digit) for digit in "12")
    for folder in (lender, borrower):
        folder.mkdir(parents=True)
    (lender / "a.segment").write_bytes(b"x" * 1000)
    (borrower / "a.segment").hardlink_to(lender / "a.segment")
    (borrower / "b.segment").write_bytes(b"x" * 24)
    found = measure(catalog, clock, tmp_path)
    assert [(source.index_bytes, source.segments) for source in found.sources] == [(1000, 1), (1024, 2)]
    assert (found.index_bytes, found.segments) == (1024, 2)
