"""A genuine webhook to jobs: which data sources follow what has moved, and a refresh of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock

from codesearch.api.management import JobKind, JobRequest, Management
from codesearch.api.webhooks.matching import SourceMap
from codesearch.api.webhooks.payloads import read_payload, read_push
from codesearch.api.webhooks.push import Host
from codesearch.api.webhooks.signatures import identify_delivery

# A burst of pushes reads the catalog once in this time. What was added since is found by the next push, or a schedule.
SOURCES_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a webhook: the names of the data sources that are refreshed with their jobs, and a sentence."""

    jobs: tuple[tuple[str, str], ...]
    message: str


class Receiver:
    """Takes webhooks whose signature holds. Safe to use from many threads."""

    def __init__(self, management: Management, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        self._catalog = management.catalog
        self._jobs = management.jobs
        self._clock = clock
        self._lock = Lock()
        self._map: SourceMap | None = None
        self._mapped_at = 0.0

    def receive(self, host: Host, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Have refreshed what follows the push. Names of headers are in lower case.

        A delivery that was taken before does nothing; one over which this raises may come again: InvalidRequestError
        for a body that cannot be read, TooManyRequestsError when no more jobs are taken, CatalogError.
        """
        push = read_push(host, headers, read_payload(headers, body))
        if push is None:
            return Outcome((), "Nothing is to be done about this event.")
        delivery = identify_delivery(host, headers, body)
        if self._catalog.has_delivery(delivery):
            return Outcome((), "This delivery was taken before.")
        sources = self._sources().find(push)
        requested_by = f"webhook of {host.value}"
        jobs = tuple(
            (source.name, self._jobs.submit(JobRequest(JobKind.REFRESH, source.name, source.id), requested_by).id)
            for source in sources
        )
        self._catalog.note_delivery(delivery)
        if not jobs:
            return Outcome((), "No data source follows what has moved.")
        return Outcome(jobs, "What follows it is brought up to date.")

    def _sources(self) -> SourceMap:
        with self._lock:
            if self._map is None or self._clock() - self._mapped_at > SOURCES_SECONDS:
                self._map, self._mapped_at = SourceMap(self._catalog.list_sources()), self._clock()
            return self._map
