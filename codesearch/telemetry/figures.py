"""What is indexed, in figures: from the catalog and the sizes of files, for /metrics and `codesearch doctor` alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from codesearch.core.catalog.runs import IndexRun, RunState
from codesearch.core.catalog.totals import RunTotals
from codesearch.core.types import DataSource, SourceState

# Only so many data sources have figures of their own: those with the most chunks. All of them are in the sums.
MAX_SOURCES: Final = 100
OUTDATED: Final = "outdated"
SOURCE_STATES: Final = (*(state.value for state in SourceState), OUTDATED)


class CatalogLike(Protocol):
    """What is asked of the catalog."""

    def list_sources(self) -> list[DataSource]:
        """Return every data source, in name order."""

    def list_running(self) -> dict[str, IndexRun]:
        """Return the runs that are at work now, by the ids of their data sources."""

    def latest_run(self, source_id: str) -> IndexRun | None:
        """Return the data source's latest run, whatever became of it."""

    def read_run_totals(self) -> Mapping[str, RunTotals]:
        """Return what all runs came to, by the ids of data sources."""


class JobsLike(Protocol):
    """Figures of the queue of jobs."""

    @property
    def counts(self) -> Mapping[str, int]:
        """How many jobs are in each state."""

    @property
    def longest_wait_seconds(self) -> float:
        """For how long the oldest one in the queue has waited."""


@dataclass(frozen=True, slots=True)
class RunFigures:
    """The latest run of a data source. `state` is of RunState, or `stopped` for one whose process is gone."""

    state: str
    started_at: datetime
    seconds: float
    chunks: int

    @property
    def chunks_per_second(self) -> float | None:
        """How fast it embedded, with all else that a run does; None for a run that changed nothing."""
        return self.chunks / self.seconds if self.chunks and self.seconds > 0 else None


@dataclass(frozen=True, slots=True)
class SourceFigures:
    """A data source. `index_bytes` are those of its search index on disk, in so many `segments`."""

    name: str
    files: int
    chunks: int
    index_bytes: int
    segments: int
    indexed_at: datetime | None
    run: RunFigures | None


@dataclass(frozen=True, slots=True)
class InstallationFigures:
    """All data sources together, and those with the most chunks one by one.

    `states` has how many are in each of SOURCE_STATES; `failing`, of how many the last run failed; `running`, how many
    runs are at work; `longest_run_seconds`, for how long the oldest of those has been; `totals` what all runs came to,
    those of removed data sources, too. `jobs` are None where their
    database is out of reach.
    """

    states: Mapping[str, int]
    failing: int
    running: int
    longest_run_seconds: float
    files: int
    chunks: int
    index_bytes: int
    segments: int
    oldest_indexed_at: datetime | None
    sources: Sequence[SourceFigures]
    jobs: JobsLike | None = None
    totals: RunTotals = field(default_factory=RunTotals)


def measure_installation(
    catalog: CatalogLike,
    list_segments: Callable[[str], Mapping[tuple[int, int], int]],
    index_format: str,
    now: datetime,
    jobs: JobsLike | None = None,
) -> InstallationFigures:
    """Return the figures of this moment. Raises CatalogError.

    `list_segments` returns the bytes of a data source's segments, under the same key for one that several share;
    `index_format` is the one that can be read.
    """
    sources = catalog.list_sources()
    running = catalog.list_running()
    segments = {source.id: list_segments(source.id) for source in sources}
    on_disk = {key: size for of_source in segments.values() for key, size in of_source.items()}
    states = Counter(_state_of(source, index_format) for source in sources)
    indexed = [source.indexed_at for source in sources if source.indexed_at is not None]
    largest = sorted(sources, key=lambda source: (-source.chunk_count, source.name))[:MAX_SOURCES]
    return InstallationFigures(
        states={state: states[state] for state in SOURCE_STATES},
        failing=sum(bool(source.message) and source.id not in running for source in sources),
        running=len(running),
        longest_run_seconds=max((_seconds_of(run, now) for run in running.values()), default=0.0),
        files=sum(source.file_count for source in sources),
        chunks=sum(source.chunk_count for source in sources),
        index_bytes=sum(on_disk.values()),
        segments=len(on_disk),
        oldest_indexed_at=min(indexed, default=None),
        sources=[_describe(source, segments[source.id], catalog.latest_run(source.id), now) for source in largest],
        jobs=jobs,
        totals=sum(catalog.read_run_totals().values(), RunTotals()),
    )


def _state_of(source: DataSource, index_format: str) -> str:
    is_outdated = source.state is SourceState.READY and source.index_format != index_format
    return OUTDATED if is_outdated else source.state.value


def _describe(
    source: DataSource, segments: Mapping[tuple[int, int], int], run: IndexRun | None, now: datetime
) -> SourceFigures:
    return SourceFigures(
        name=source.name,
        files=source.file_count,
        chunks=source.chunk_count,
        index_bytes=sum(segments.values()),
        segments=len(segments),
        indexed_at=source.indexed_at,
        run=None if run is None else _describe_run(run, now),
    )


def _describe_run(run: IndexRun, now: datetime) -> RunFigures:
    state = "stopped" if run.has_stopped(now) else run.state.value
    return RunFigures(state, run.started_at, _seconds_of(run, now), run.chunks_done)


def _seconds_of(run: IndexRun, now: datetime) -> float:
    """Return how long a run took, or has taken until it was last heard of."""
    if run.finished_at is not None:
        ended = run.finished_at
    else:
        ended = now if run.state is RunState.RUNNING and not run.has_stopped(now) else run.updated_at
    return max(0.0, (ended - run.started_at).total_seconds())
