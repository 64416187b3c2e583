"""The turn of a data source among all machines that share the catalog: one indexer of a source at a time, anywhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from codesearch.core.catalog.sources import CatalogPart

_RETRY_SECONDS: Final = 0.5


class TurnCatalog(CatalogPart):
    """Turns, which end with the process that has them, however that ends."""

    @contextmanager
    def turn_of(
        self, source_id: str, say_waiting: Callable[[], object], *, timeout_seconds: float = -1
    ) -> Iterator[None]:
        """Wait for the turn of a data source, 24 hex digits, and hold it; `say_waiting` is called before a wait.

        Processes of one machine take turns by a lock in the data folder, so with a catalog in SQLite this does
        nothing. In PostgreSQL it is an advisory lock of a connection: who loses that goes on, and what it publishes
        after a later run is refused. Raises CatalogError, and TimeoutError after this time; a negative one is no limit.
        """
        if self._database.file is not None:
            yield
            return
        number = int(source_id[:16], 16) - (1 << 63)
        with self._database.holding(number) as is_held:
            has_said, until = False, time.monotonic() + timeout_seconds
            while not is_held():
                if timeout_seconds >= 0 and time.monotonic() >= until:
                    raise TimeoutError(f"{source_id} is being indexed on another machine")
                if not has_said:
                    say_waiting()
                    has_said = True
                time.sleep(_RETRY_SECONDS)
            yield
