"""The table of metrics: what each is called, counts and is told apart by. docs/operations.md shows the same. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

# In seconds. A search is some milliseconds; CODESEARCH_SEARCH_SECONDS ends it after four.
STAGE_BUCKETS: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
REQUEST_BUCKETS: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. `labels` have few values each: routes, statuses, stages, and at most MAX_SOURCES sources.

    A gauge with `joined` is counted in each server process: `sum` of those that live, or the `max`. One without is read
    from the catalog when it is asked for.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    meaning: str
    buckets: tuple[float, ...] = ()
    joined: Literal["sum", "max", ""] = ""


REQUESTS: Final = Metric(
    "codesearch_requests_total",
    "counter",
    ("route", "status"),
    "Requests that were answered, by address and HTTP status",
)
REQUEST_SECONDS: Final = Metric(
    "codesearch_request_seconds", "histogram", ("route",), "How long they took, with sending", REQUEST_BUCKETS
)
IN_PROGRESS: Final = Metric(
    "codesearch_requests_in_progress", "gauge", (), "Requests that are being answered now", joined="sum"
)
STAGE_SECONDS: Final = Metric(
    "codesearch_stage_seconds", "histogram", ("stage",), "How long a request was in a stage", STAGE_BUCKETS
)
WAITING: Final = Metric("codesearch_turns_waiting", "gauge", (), "Searches that wait for their turn now", joined="sum")
REFUSED: Final = Metric(
    "codesearch_refused_total",
    "counter",
    ("limit",),
    "Requests over a limit: `rate`, `key`, `process` (at once), `turn` (waited too long), `time` (worked too long), "
    "`jobs`, `stopping`",
)
ERRORS: Final = Metric(
    "codesearch_errors_total",
    "counter",
    ("kind",),
    "What went wrong inside: `CatalogError`, `StoreError` and others of their tree, `unforeseen` for the rest",
)
OPEN_INDEXES: Final = Metric(
    "codesearch_open_indexes", "gauge", (), "Data sources whose index a server process has open", joined="max"
)
INFO: Final = Metric("codesearch_info", "gauge", ("version", "embedding_model"), "1, with what runs here")
UP: Final = Metric("codesearch_catalog_up", "gauge", (), "1 where the catalog could be read, 0 without what follows")
SOURCES: Final = Metric("codesearch_sources", "gauge", ("state",), "Data sources; `outdated`: to be indexed again")
FAILING: Final = Metric("codesearch_sources_failing", "gauge", (), "Data sources whose last run failed")
RUNNING: Final = Metric("codesearch_index_runs_running", "gauge", (), "Index runs that are at work now")
LONGEST_RUN: Final = Metric(
    "codesearch_index_runs_longest_seconds", "gauge", (), "For how long the longest of them has been"
)
RUNS: Final = Metric(
    "codesearch_index_runs_total", "counter", ("outcome",), "Index runs that are over: `finished`, `failed`"
)
RUN_FILES: Final = Metric("codesearch_index_run_files_total", "counter", (), "Files that they have indexed")
ALL_RUN_CHUNKS: Final = Metric("codesearch_index_run_chunks_total", "counter", (), "Chunks that they have embedded")
ALL_RUN_SECONDS: Final = Metric("codesearch_index_run_seconds_total", "counter", (), "How long all of them took")
JOBS: Final = Metric(
    "codesearch_jobs",
    "gauge",
    ("state",),
    "Jobs: `queued`, `running`, and of the last 200 that are over `done`, `failed`, `cancelled`",
)
JOB_WAIT: Final = Metric(
    "codesearch_jobs_longest_wait_seconds", "gauge", (), "For how long the oldest job in the queue has waited; 0: none"
)
FILES: Final = Metric("codesearch_files", "gauge", (), "Files that are indexed, of all data sources")
CHUNKS: Final = Metric("codesearch_chunks", "gauge", (), "Chunks of all data sources")
INDEX_BYTES: Final = Metric(
    "codesearch_index_bytes", "gauge", (), "Bytes of all search indexes on disk, what several share counted once"
)
SEGMENTS: Final = Metric("codesearch_index_segments", "gauge", (), "Segments that they consist of")
OLDEST: Final = Metric(
    "codesearch_oldest_indexed_timestamp_seconds", "gauge", (), "When the oldest index was published, in Unix seconds"
)
SOURCE_CHUNKS: Final = Metric("codesearch_source_chunks", "gauge", ("source",), "Chunks of a data source")
SOURCE_BYTES: Final = Metric("codesearch_source_index_bytes", "gauge", ("source",), "Bytes of its search index on disk")
SOURCE_SEGMENTS: Final = Metric(
    "codesearch_source_index_segments", "gauge", ("source",), "Segments that it consists of"
)
SOURCE_INDEXED: Final = Metric(
    "codesearch_source_indexed_timestamp_seconds", "gauge", ("source",), "When its index was published, in Unix seconds"
)
RUN_STARTED: Final = Metric(
    "codesearch_source_run_timestamp_seconds",
    "gauge",
    ("source", "state"),
    "When its latest run started; `state`: `running`, `finished`, `failed`, `stopped`",
)
RUN_SECONDS: Final = Metric(
    "codesearch_source_run_seconds", "gauge", ("source",), "How long that took, or has taken until now"
)
RUN_CHUNKS: Final = Metric("codesearch_source_run_chunks", "gauge", ("source",), "Chunks that it has embedded")
RUN_RATE: Final = Metric(
    "codesearch_source_run_chunks_per_second", "gauge", ("source",), "How fast; absent where nothing had changed"
)

# What server processes count.
COUNTED: Final = (REQUESTS, REQUEST_SECONDS, IN_PROGRESS, STAGE_SECONDS, WAITING, REFUSED, ERRORS, OPEN_INDEXES)
# What is read when it is asked for. Those of a source are there for the MAX_SOURCES with the most chunks.
READ: Final = (
    INFO, UP, SOURCES, FAILING, RUNNING, LONGEST_RUN, RUNS, RUN_FILES, ALL_RUN_CHUNKS, ALL_RUN_SECONDS,
    JOBS, JOB_WAIT, FILES, CHUNKS, INDEX_BYTES, SEGMENTS, OLDEST,
    SOURCE_CHUNKS, SOURCE_BYTES, SOURCE_SEGMENTS, SOURCE_INDEXED, RUN_STARTED, RUN_SECONDS, RUN_CHUNKS, RUN_RATE,
)  # fmt: skip
TABLE: Final = (*COUNTED, *READ)
