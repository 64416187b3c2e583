"""Rows of removed files that are still to be deleted, in indexes that are made anew between publishing and deleting."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

logger = logging.getLogger(__name__)

# Rows of removed files are deleted a moment after their run is published: who makes its index anew meanwhile waits so
# long for that. Where nobody deletes them, as after a kill, they are counted again so often.
DELETION_SECONDS = 2.0
COUNT_SECONDS = 5.0
_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Published:
    """Which run of a data source the catalog names now, and how many rows that has."""

    run_id: int
    row_count: int


class Surplus:
    """Knows which indexes have such rows. `find_published` asks the catalog, `count_rows` the store."""

    def __init__(self, find_published: Callable[[str], Published | None], count_rows: Callable[[str], int]) -> None:
        self._find_published = find_published
        self._count_rows = count_rows
        # When the rows of a data source are counted again.
        self._due: dict[str, float] = {}

    def __contains__(self, source_id: str) -> bool:
        return source_id in self._due

    def find_later_run(self, source_id: str, run_id: int) -> int | None:
        """Return the run that was published after this one, None for none.

        The catalog says so: files of a later run may be those of one that was killed.
        """
        named = self._find_published(source_id)
        return named.run_id if named is not None and named.run_id > run_id else None

    def measure(self, source_id: str, run_id: int, row_count: int) -> int:
        """Return how many rows of so many in an index its run did not publish: those of files that it removed."""
        named = self._find_published(source_id)
        return 0 if named is None or named.run_id != run_id else max(0, row_count - named.row_count)

    def await_deletion(self, source_id: str, run_id: int, lent_rows: int) -> bool:
        """Wait until the run has deleted what it replaced, for a moment; say whether it has."""
        logger.info("rows of removed files of %s are still to be deleted", source_id)
        until = time.monotonic() + DELETION_SECONDS
        while not (is_done := self.is_deleted(source_id, run_id, lent_rows)) and time.monotonic() < until:
            time.sleep(_POLL_SECONDS)
        return is_done

    def is_deleted(self, source_id: str, run_id: int, lent_rows: int) -> bool:
        """Say whether the store has no more rows than the run published, but for those that others lend."""
        named = self._find_published(source_id)
        if named is None or named.run_id != run_id:
            return False
        return self._count_rows(source_id) <= named.row_count - lent_rows

    def note(self, source_id: str) -> None:
        """Remember that the index of a data source has rows of removed files."""
        self._due[source_id] = time.monotonic() + COUNT_SECONDS

    def forget(self, source_id: str) -> None:
        """Remember that it has none."""
        self._due.pop(source_id, None)

    def is_due(self, source_id: str) -> bool:
        """Say whether the rows are to be counted again, once each time."""
        if time.monotonic() < self._due.get(source_id, float("inf")):
            return False
        self.note(source_id)
        return True
