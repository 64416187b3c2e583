"""SearchIndexes: the search index of each data source's published run, from its file or made from the store's rows."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from threading import Lock

from filelock import FileLock

from codesearch.core.errors import StoreError
from codesearch.core.index.array_file import DamagedFileError
from codesearch.core.index.builder import RowBatch, build_search_index
from codesearch.core.index.search_index import SearchIndex, open_search_index

logger = logging.getLogger(__name__)

# A scan whose version another writer has just cleaned up begins again with the newest.
SCAN_ATTEMPTS = 4
_LOCK_NAME = "build.lock"


class SearchIndexes:
    """The search indexes in one folder, for the rows of one index format.

    A run's file is complete before the catalog names the run, so that whoever asks for the catalog's run sees the old
    index or the new one. A file that is missing is made again. Safe to use from many threads and processes.
    """

    def __init__(
        self,
        folder: Path,
        format_name: str,
        dimension: int,
        scan_rows: Callable[[str], Iterable[RowBatch]],
    ) -> None:
        """Keep the parts; `scan_rows` gives the published rows of a data source."""
        self._folder = folder
        self._format_name = format_name
        self._dimension = dimension
        self._scan_rows = scan_rows
        self._opened: dict[str, tuple[int, SearchIndex]] = {}
        self._opening: dict[str, Lock] = {}

    def get(self, source_id: str, run_id: int) -> SearchIndex:
        """Return the index of the data source's published run, or of a later one. Raises StoreError.

        The file of an earlier run is gone once a later one is published.
        """
        opened = self._opened.get(source_id)
        if opened is not None and opened[0] >= run_id:
            return opened[1]
        with self._opening.setdefault(source_id, Lock()):
            opened = self._opened.get(source_id)
            if opened is None or opened[0] < run_id:
                opened = (run_id, self._open(source_id, run_id) or self._build_missing(source_id, run_id))
                self._opened[source_id] = opened
        return opened[1]

    def prepare(self, source_id: str, run_id: int, scan_rows: Callable[[], Iterable[RowBatch]] | None = None) -> None:
        """Write the file of a run from its rows, by default from those that are published. Raises StoreError."""
        scan = scan_rows or partial(self._scan_rows, source_id)
        for attempt in range(1, SCAN_ATTEMPTS + 1):
            try:
                build_search_index(scan(), self._dimension, self._path(source_id, run_id))
                break
            except OSError as error:
                raise StoreError(f"Cannot write the search index in {self._folder}: {error}") from error
            except StoreError as error:
                if attempt == SCAN_ATTEMPTS:
                    raise
                logger.info("reading the rows again after: %s", error)

    def carry_over(self, source_id: str, old_run_id: int, run_id: int) -> None:
        """Let a run that changed no row have the file of the one before."""
        old, new = self._path(source_id, old_run_id), self._path(source_id, run_id)
        try:
            new.unlink(missing_ok=True)
            os.link(old, new)
        except OSError:
            self.prepare(source_id, run_id)

    def discard_others(self, source_id: str, run_id: int) -> None:
        """Delete the files of other runs. Who has one of them open keeps it; what cannot be deleted stays."""
        kept = self._path(source_id, run_id)
        try:
            # Under the lock nobody is still writing what is deleted.
            with self._lock(source_id):
                for path in kept.parent.glob("*"):
                    if path not in (kept, kept.parent / _LOCK_NAME):
                        path.unlink(missing_ok=True)
        except OSError as error:
            logger.warning("older search indexes of %s stay: %s", source_id, error)

    def remove(self, source_id: str) -> None:
        """Delete every file of a data source."""
        self._opened.pop(source_id, None)
        shutil.rmtree(self._folder / source_id, ignore_errors=True)

    def _lock(self, source_id: str) -> FileLock:
        folder = self._folder / source_id
        folder.mkdir(parents=True, exist_ok=True)
        return FileLock(folder / _LOCK_NAME)

    def _path(self, source_id: str, run_id: int) -> Path:
        return self._folder / source_id / f"{self._format_name}-{run_id}.index"

    def _open(self, source_id: str, run_id: int) -> SearchIndex | None:
        try:
            return open_search_index(self._path(source_id, run_id))
        except FileNotFoundError:
            return None
        except DamagedFileError as error:
            logger.warning("%s; it is made again", error)
            return None
        except OSError as error:
            raise StoreError(f"Cannot read the search index in {self._folder}: {error}") from error

    def _build_missing(self, source_id: str, run_id: int) -> SearchIndex:
        """Make the file from the store's rows, unless another process did meanwhile."""
        try:
            with self._lock(source_id):
                index = self._open(source_id, run_id)
                if index is None:
                    logger.info("making the search index of %s again", source_id)
                    self.prepare(source_id, run_id)
                    index = self._open(source_id, run_id)
        except OSError as error:
            raise StoreError(f"Cannot write the search index in {self._folder}: {error}") from error
        if index is None:
            raise StoreError(f"The search index in {self._folder} cannot be read back.")
        return index
