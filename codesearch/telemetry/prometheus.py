"""Metrics for Prometheus: what server processes count, joined, and what is indexed. The only import of its library.

Several processes of one service write what they count to files of a folder that they share, which prometheus_client
does where the environment names one before it is imported: any of them answers for all.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, values
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.core import Metric as MetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from codesearch.core.errors import CodesearchError
from codesearch.core.stages import Stage
from codesearch.telemetry import table
from codesearch.telemetry.figures import InstallationFigures, SourceFigures
from codesearch.telemetry.observing import ObservedRequest
from codesearch.telemetry.table import Metric

logger = logging.getLogger(__name__)

CONTENT_TYPE = CONTENT_TYPE_LATEST
_JOINED = {"sum": "livesum", "max": "livemax"}


class PrometheusMetrics:
    """Counts requests in this process, and writes what all processes of the service have counted."""

    def __init__(
        self,
        measure: Callable[[], InstallationFigures],
        count_open_indexes: Callable[[], int],
        info: Mapping[str, str],
    ) -> None:
        """Keep what is asked at each scrape, what at each request, and the labels of `codesearch_info`."""
        self._count_open_indexes = count_open_indexes
        self._open_count = -1
        own = CollectorRegistry()
        counted = {metric.name: _create(metric, own) for metric in table.COUNTED}
        self._requests, self._request_seconds = counted[table.REQUESTS.name], counted[table.REQUEST_SECONDS.name]
        self._in_progress, self._waiting = counted[table.IN_PROGRESS.name], counted[table.WAITING.name]
        self._refused, self._errors = counted[table.REFUSED.name], counted[table.ERRORS.name]
        self._open_indexes = counted[table.OPEN_INDEXES.name]
        stages = counted[table.STAGE_SECONDS.name]
        self._stages = {stage: stages.labels(stage.value) for stage in Stage}
        self._by_route: dict[str, Any] = {}
        self._by_outcome: dict[tuple[str, int], Any] = {}
        self._registry = own
        if values.ValueClass is not values.MutexValue:
            self._registry = CollectorRegistry()
            MultiProcessCollector(self._registry)  # type: ignore[no-untyped-call]
        self._registry.register(_Installation(measure, info))

    def begin(self) -> None:
        """Count a request that begins."""
        self._in_progress.inc()

    def end(self, request: ObservedRequest) -> None:
        """Count a request that is over, its stages, and what it was refused for."""
        self._in_progress.dec()
        if (count := self._count_open_indexes()) != self._open_count:
            self._open_count = count
            self._open_indexes.set(count)
        outcome = (request.route, request.status)
        if (counter := self._by_outcome.get(outcome)) is None:
            counter = self._by_outcome[outcome] = self._requests.labels(request.route, str(request.status))
        counter.inc()
        if (histogram := self._by_route.get(request.route)) is None:
            histogram = self._by_route[request.route] = self._request_seconds.labels(request.route)
        histogram.observe(request.ended - request.began)
        seconds = request.stages.seconds
        if Stage.UNDERSTAND in seconds:
            # Those that waited for nobody count, too: of all searches, how many wait for how long.
            seconds.setdefault(Stage.WAIT, 0.0)
        for stage, taken in seconds.items():
            self._stages[stage].observe(taken)
        if (limit := request.limit) is not None:
            self._refused.labels(limit).inc()
        if (kind := request.error_kind) is not None:
            self._errors.labels(kind).inc()

    def count_waiting(self, change: int) -> None:
        """Count one that begins (1) or ends (-1) to wait for its turn; from any thread."""
        self._waiting.inc(change)

    def render(self) -> bytes:
        """Return the text that Prometheus reads; takes milliseconds, and longer with many sources."""
        return generate_latest(self._registry)

    def close(self) -> None:
        """Hold nothing back."""


class _Installation:
    """The figures of what is indexed, read anew at each scrape."""

    def __init__(self, measure: Callable[[], InstallationFigures], info: Mapping[str, str]) -> None:
        self._measure = measure
        self._info = info

    def describe(self) -> list[MetricFamily]:
        """Name nothing in advance: the catalog is not read when this is registered."""
        return []

    def collect(self) -> Iterator[MetricFamily]:
        """Yield each metric of table.READ; without the catalog only that there is none."""
        yield _family(table.INFO, [([self._info[name] for name in table.INFO.labels], 1.0)])
        try:
            figures = self._measure()
        except CodesearchError as error:
            logger.warning("metrics without what is indexed: %s", error.message)
            yield _family(table.UP, [([], 0.0)])
            return
        yield _family(table.UP, [([], 1.0)])
        yield from _collect_sums(figures)
        yield from _collect_sources(figures)


def _collect_sums(figures: InstallationFigures) -> Iterator[MetricFamily]:
    yield _family(table.SOURCES, [([state], float(count)) for state, count in figures.states.items()])
    jobs, oldest = figures.jobs, figures.oldest_indexed_at
    counts = {} if jobs is None else jobs.counts
    yield _family(table.JOBS, [([state], float(count)) for state, count in counts.items()])
    totals = figures.totals
    yield _family(table.RUNS, [(["finished"], float(totals.finished)), (["failed"], float(totals.failed))])
    for metric, value in (
        (table.RUN_FILES, totals.files),
        (table.ALL_RUN_CHUNKS, totals.chunks),
        (table.ALL_RUN_SECONDS, totals.seconds),
        (table.FAILING, figures.failing),
        (table.RUNNING, figures.running),
        (table.LONGEST_RUN, figures.longest_run_seconds),
        (table.JOB_WAIT, None if jobs is None else jobs.longest_wait_seconds),
        (table.FILES, figures.files),
        (table.CHUNKS, figures.chunks),
        (table.INDEX_BYTES, figures.index_bytes),
        (table.SEGMENTS, figures.segments),
        (table.OLDEST, None if oldest is None else oldest.timestamp()),
    ):
        yield _family(metric, [] if value is None else [([], float(value))])


def _collect_sources(figures: InstallationFigures) -> Iterator[MetricFamily]:
    def each(metric: Metric, value_of: Callable[[SourceFigures], float | None]) -> MetricFamily:
        values = [(source, value_of(source)) for source in figures.sources]
        return _family(metric, [([source.name], value) for source, value in values if value is not None])

    yield each(table.SOURCE_CHUNKS, lambda source: source.chunks)
    yield each(table.SOURCE_BYTES, lambda source: source.index_bytes)
    yield each(table.SOURCE_SEGMENTS, lambda source: source.segments)
    yield each(
        table.SOURCE_INDEXED, lambda source: None if source.indexed_at is None else source.indexed_at.timestamp()
    )
    runs = [(source.name, source.run) for source in figures.sources if source.run is not None]
    yield _family(table.RUN_STARTED, [([name, run.state], run.started_at.timestamp()) for name, run in runs])
    yield _family(table.RUN_SECONDS, [([name], run.seconds) for name, run in runs])
    yield _family(table.RUN_CHUNKS, [([name], run.chunks) for name, run in runs])
    rates = [(name, run.chunks_per_second) for name, run in runs]
    yield _family(table.RUN_RATE, [([name], rate) for name, rate in rates if rate is not None])


def _family(metric: Metric, samples: list[tuple[list[str], float]]) -> MetricFamily:
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = kind(metric.name, metric.meaning, labels=metric.labels)
    for labels, value in samples:
        family.add_metric(labels, value)
    return family


def _create(metric: Metric, registry: CollectorRegistry) -> Any:
    if metric.kind == "counter":
        return Counter(metric.name, metric.meaning, metric.labels, registry=registry)
    if metric.kind == "histogram":
        return Histogram(metric.name, metric.meaning, metric.labels, registry=registry, buckets=metric.buckets)
    mode: Any = _JOINED[metric.joined]
    return Gauge(metric.name, metric.meaning, metric.labels, registry=registry, multiprocess_mode=mode)


def forget_processes(folder: Path, is_alive: Callable[[int], bool]) -> None:
    """Leave processes that are gone out of what is counted now; what they have counted up stays."""
    for path in folder.glob("gauge_live*.db"):
        number = path.stem.rpartition("_")[2]
        if number.isdecimal() and not is_alive(int(number)):
            with suppress(OSError):
                mark_process_dead(int(number), str(folder))  # type: ignore[no-untyped-call]
