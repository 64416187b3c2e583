"""Pushes that webhooks told of become refreshes, whichever service was told, and whoever is killed meanwhile."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from codesearch.api.management import JobKind, JobRequest
from codesearch.jobs.queue import JobQueue

if TYPE_CHECKING:
    from codesearch.core.catalog.catalog import Catalog


class Pushes:
    """The pushes that the catalog has."""

    def __init__(self, catalog: Catalog, queue: JobQueue) -> None:
        self._catalog = catalog
        self._queue = queue

    def enqueue(self) -> None:
        """Put a refresh of each data source that was pushed to into the queue, of some hundred at once, and forget it.

        However many there were of one, it is one refresh. Pushes are forgotten when that is in the queue: whoever ends
        between the two steps, another one does both again. Raises CatalogError, JobsUnavailableError,
        TooManyRequestsError.
        """
        claimed = self._catalog.claim_pushes() if self._catalog.has_pushes() else []
        for requested_by, group in groupby(
            sorted(claimed, key=lambda push: (push.requested_by, push.source_id)), key=lambda push: push.requested_by
        ):
            pushes = list(group)
            requests = [JobRequest(JobKind.REFRESH, push.source_name, push.source_id) for push in pushes]
            self._queue.submit_all(requests, requested_by)
            self._catalog.forget_pushes(pushes)
