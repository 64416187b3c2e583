"""Which data sources follow what a webhook says has moved. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from codesearch.api.webhooks.addresses import Place, find_place
from codesearch.api.webhooks.push import Push
from codesearch.core.types import DataSource

_BRANCHES, _TAGS = "refs/heads/", "refs/tags/"


class SourceMap:
    """Data sources by where they lie."""

    def __init__(self, sources: Iterable[DataSource]) -> None:
        self._by_place: dict[Place, list[DataSource]] = defaultdict(list)
        self._by_path: dict[str, list[DataSource]] = defaultdict(list)
        for source in sources:
            place = find_place(source.location)
            if place is not None:
                self._by_place[place].append(source)
                self._by_path[place.path].append(source)

    def find(self, push: Push) -> list[DataSource]:
        """Return the data sources that follow what has moved, in id order.

        Where none lies at the host, those with the same path count: a host is known by several names, and a service
        beside it may know it by one that the payload has not.
        """
        places = [place for address in push.addresses if (place := find_place(address)) is not None]
        found = {source.id: source for place in places for source in self._by_place.get(place, ())}
        if not found:
            found = {
                source.id: source
                for place in places
                if "/" in place.path
                for source in self._by_path.get(place.path, ())
            }
        return sorted((source for source in found.values() if follows(source, push)), key=lambda source: source.id)


def follows(source: DataSource, push: Push) -> bool:
    """Say whether a push moves what a data source is of: its branch or tag, else the default branch.

    Where the payload does not say which is the default one, any branch may be it.
    """
    if source.branch:
        return f"{_BRANCHES}{source.branch}" in push.references or f"{_TAGS}{source.branch}" in push.references
    if push.concerns_default:
        return True
    if push.default_branch is None:
        return any(name.startswith(_BRANCHES) for name in push.references)
    return f"{_BRANCHES}{push.default_branch}" in push.references
