"""Genuine webhooks to the catalog: which data sources follow what has moved, noted for the workers to refresh."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

from codesearch.api.webhooks.matching import SourceMap
from codesearch.api.webhooks.payloads import read_payload, read_push
from codesearch.api.webhooks.push import Host, Push
from codesearch.api.webhooks.signatures import identify_delivery
from codesearch.core.catalog.catalog import Catalog
from codesearch.core.catalog.deliveries import Delivery
from codesearch.core.types import DataSource

# A burst of pushes reads the catalog once in this time. What was added since is found by the next push, or a schedule.
SOURCES_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Told:
    """A webhook whose signature holds: what tells it from others, whose it is, and what it says."""

    delivery: str
    host: Host
    push: Push


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a webhook: the names of the data sources that will be refreshed, and a sentence."""

    sources: tuple[str, ...]
    message: str


NOTHING = Outcome((), "Nothing is to be done about this event.")
_UNFOLLOWED = Outcome((), "No data source follows what has moved.")
_REPEATED = Outcome((), "This delivery was taken before.")
_TAKEN = "What follows it is brought up to date."
_PAUSED = "What follows it is paused, and brought up to date when it goes on."


def read_told(host: Host, headers: Mapping[str, str], body: bytes) -> Told | None:
    """Return what a webhook says; None for an event of no interest. Names of headers are in lower case.

    Raises InvalidRequestError for a body that cannot be read.
    """
    push = read_push(host, headers, read_payload(headers, body))
    return None if push is None else Told(identify_delivery(host, headers, body), host, push)


class Receiver:
    """Takes what webhooks say. Safe to use from many threads."""

    def __init__(self, catalog: Catalog, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        self._catalog = catalog
        self._clock = clock
        self._lock = Lock()
        self._map: SourceMap | None = None
        self._mapped_at = 0.0

    def receive(self, told: Sequence[Told]) -> list[Outcome]:
        """Note in one transaction what follows the pushes, and return what came of each, in their order.

        At most DELIVERIES_AT_ONCE. What was noted survives this process. A delivery that was taken before does nothing,
        and one that nothing follows is not remembered. Of a source that is paused it is noted for when that goes on.
        Where this raises CatalogError, none was taken.
        """
        sources = self._sources()
        found = [sources.find(item.push) for item in told]
        deliveries = [
            Delivery(item.delivery, tuple(source.id for source in followers), f"webhook of {item.host.value}")
            for item, followers in zip(told, found, strict=True)
            if followers
        ]
        new = self._catalog.take_deliveries(deliveries) if deliveries else frozenset()
        return [
            _UNFOLLOWED if not followers else _REPEATED if item.delivery not in new else _describe_taken(followers)
            for item, followers in zip(told, found, strict=True)
        ]

    def _sources(self) -> SourceMap:
        with self._lock:
            if self._map is None or self._clock() - self._mapped_at > SOURCES_SECONDS:
                self._map, self._mapped_at = SourceMap(self._catalog.list_sources()), self._clock()
            return self._map


def _describe_taken(followers: Sequence[DataSource]) -> Outcome:
    # As of a moment ago; what is done about it goes by the catalog.
    names = tuple(source.name for source in followers if not source.is_paused)
    return Outcome(names, _TAKEN if names else _PAUSED)
