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
from codesearch.core.catalog.sources import MarkedSources
from codesearch.core.types import DataSource

# A burst of pushes reads the catalog once in this time, unless sources were added or removed. Their names, and which of
# them are paused, may be as old in answers.
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
        self._known: _Known | None = None

    def receive(self, told: Sequence[Told]) -> list[Outcome]:
        """Note in one transaction what follows the pushes, and return what came of each, in their order.

        At most DELIVERIES_AT_ONCE. What follows a push is asked of the catalog as it is when that is noted, whoever
        added a source just before. What was noted survives this process. A delivery that was taken before does nothing,
        and one that nothing follows is not remembered. Of a source that is paused it is noted for when that goes on.
        Where this raises CatalogError, none was taken.
        """
        known = self._look()
        followers = known.find(told)
        if not any(followers) and self._catalog.mark_sources() != known.mark:
            known = self._look(is_outdated=True)
            followers = known.find(told)
        new: frozenset[str] = frozenset()
        if any(followers):

            def list_deliveries(sources: MarkedSources | None) -> list[Delivery]:
                nonlocal followers
                if sources is not None:
                    followers = self._take(sources).find(told)
                return _list_deliveries(told, followers)

            new = self._catalog.take_deliveries(known.mark, list_deliveries)
        return [_describe(item, found, new) for item, found in zip(told, followers, strict=True)]

    def _look(self, *, is_outdated: bool = False) -> _Known:
        with self._lock:
            known = self._known
        if known is not None and not is_outdated and self._clock() - known.at <= SOURCES_SECONDS:
            return known
        return self._take(self._catalog.list_marked_sources())

    def _take(self, sources: MarkedSources) -> _Known:
        known = _Known(sources.mark, SourceMap(sources.sources), self._clock())
        with self._lock:
            self._known = known
        return known


@dataclass(frozen=True, slots=True)
class _Known:
    """The data sources of one moment, and their mark."""

    mark: str
    sources: SourceMap
    at: float

    def find(self, told: Sequence[Told]) -> list[list[DataSource]]:
        """Return for each webhook the data sources that follow what it says."""
        return [self.sources.find(item.push) for item in told]


def _list_deliveries(told: Sequence[Told], followers: Sequence[Sequence[DataSource]]) -> list[Delivery]:
    return [
        Delivery(item.delivery, tuple(source.id for source in found), f"webhook of {item.host.value}")
        for item, found in zip(told, followers, strict=True)
        if found
    ]


def _describe(told: Told, followers: Sequence[DataSource], new: frozenset[str]) -> Outcome:
    if not followers:
        return _UNFOLLOWED
    return _describe_taken(followers) if told.delivery in new else _REPEATED


def _describe_taken(followers: Sequence[DataSource]) -> Outcome:
    # As of a moment ago; what is done about it goes by the catalog.
    names = tuple(source.name for source in followers if not source.is_paused)
    return Outcome(names, _TAKEN if names else _PAUSED)
