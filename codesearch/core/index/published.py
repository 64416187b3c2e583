"""SearchIndexes: the search index of each data source's published run, from its file or made from the store's rows."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Lock, Thread

from filelock import FileLock

from codesearch.core.errors import CodesearchError, StoreError
from codesearch.core.index.array_file import DamagedFileError, verify_arrays
from codesearch.core.index.builder import RowBatch, build_search_index
from codesearch.core.index.search_index import SearchIndex, open_search_index
from codesearch.core.locks import delete_path, file_lock

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
        check_rows: Callable[[str, int], None] = lambda source_id, row_count: None,
    ) -> None:
        """Keep the parts; `scan_rows` gives the published rows of a data source.

        `check_rows` raises StoreError when so few rows of it cannot be all: what was lost is not served as nothing.
        """
        self._check_rows = check_rows
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
                if opened[1].is_large:
                    # Reading gigabytes first would keep the query waiting; who asks again gets the mended one.
                    Thread(target=self._mend_quietly, args=(source_id, run_id), daemon=True).start()
        return opened[1]

    def mend(self, source_id: str, run_id: int) -> bool:
        """Read the whole file of a run, make it again when it is damaged or missing, and say whether it was.

        Raises StoreError.
        """
        path = self._path(source_id, run_id)
        try:
            verify_arrays(path)
            return False
        except FileNotFoundError:
            opened = self._opened.get(source_id)
            if opened is not None and opened[0] > run_id:
                return False
            logger.info("the search index of %s is missing and made again", source_id)
        except (DamagedFileError, OSError) as error:
            logger.warning("the search index of %s is made again: %s", source_id, error)
        with self._opening.setdefault(source_id, Lock()):
            with suppress(OSError):
                delete_path(path)
            self._opened[source_id] = (run_id, self._build_missing(source_id, run_id))
        return True

    def _mend_quietly(self, source_id: str, run_id: int) -> None:
        try:
            self.mend(source_id, run_id)
        except CodesearchError as error:
            logger.error("%s", error.message)

    def find_damage(self, source_id: str, run_id: int) -> str | None:
        """Read the whole file of a run and return what is wrong with it, None when nothing is."""
        path = self._path(source_id, run_id)
        try:
            verify_arrays(path)
        except FileNotFoundError:
            return f"{path} is missing"
        except DamagedFileError as error:
            return str(error)
        except OSError as error:
            return f"{path}: {error.strerror or error}"
        return None

    def source_ids(self) -> list[str]:
        """Return the data sources that have a folder here, in order."""
        return sorted(path.name for path in self._folder.iterdir()) if self._folder.is_dir() else []

    def prepare(self, source_id: str, run_id: int, scan_rows: Callable[[], Iterable[RowBatch]] | None = None) -> None:
        """Write the file of a run from its rows, by default from those that are published. Raises StoreError."""
        scan = scan_rows or partial(self._scan_rows, source_id)
        self._clear_place(self._path(source_id, run_id))
        for attempt in range(1, SCAN_ATTEMPTS + 1):
            try:
                build_search_index(scan(), self._dimension, self._path(source_id, run_id))
                break
            except OSError as error:
                raise self._cannot_write(error) from error
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
                        delete_path(path)
        except (OSError, CodesearchError) as error:
            logger.warning("older search indexes of %s stay: %s", source_id, error)

    def remove(self, source_id: str) -> None:
        """Delete every file of a data source."""
        self._opened.pop(source_id, None)
        with suppress(OSError):
            delete_path(self._folder / source_id)

    def _lock(self, source_id: str) -> FileLock:
        folder = self._folder / source_id
        self._clear_place(folder, is_folder=True)
        return file_lock(folder / _LOCK_NAME)

    def _clear_place(self, path: Path, *, is_folder: bool = False) -> None:
        """Delete what is where a file or folder of ours belongs and is of the other kind: it holds nothing of ours."""
        if path.exists() and path.is_dir() is not is_folder:
            logger.warning("%s is deleted: it is no %s", path, "folder" if is_folder else "file")
            try:
                delete_path(path)
            except OSError as error:
                raise self._cannot_write(error) from error

    def _cannot_write(self, error: OSError) -> StoreError:
        where = error.filename or self._folder
        return StoreError(
            f"Cannot write the search index at {where}: {error.strerror or error}. Mend that and run the same again; "
            "the vector store still has every row."
        )

    def _path(self, source_id: str, run_id: int) -> Path:
        return self._folder / source_id / f"{self._format_name}-{run_id}.index"

    def _open(self, source_id: str, run_id: int) -> SearchIndex | None:
        try:
            return open_search_index(self._path(source_id, run_id))
        except FileNotFoundError:
            return None
        except (DamagedFileError, IsADirectoryError, NotADirectoryError) as error:
            logger.warning("%s; it is made again", error)
            return None
        except OSError as error:
            raise StoreError(
                f"Cannot read the search index {self._path(source_id, run_id)}: {error.strerror or error}."
            ) from error

    def _build_missing(self, source_id: str, run_id: int) -> SearchIndex:
        """Make the file from the store's rows, unless another process did meanwhile."""
        try:
            with self._lock(source_id):
                index = self._open(source_id, run_id)
                if index is None:
                    logger.info("making the search index of %s again", source_id)
                    self.prepare(source_id, run_id)
                    index = self._open(source_id, run_id)
                    self._require_rows(source_id, run_id, index)
        except OSError as error:
            raise self._cannot_write(error) from error
        if index is None:
            raise StoreError(f"The search index in {self._folder} cannot be read back.")
        return index

    def _require_rows(self, source_id: str, run_id: int, index: SearchIndex | None) -> None:
        if index is None:
            return
        try:
            self._check_rows(source_id, index.row_count)
        except StoreError:
            self._path(source_id, run_id).unlink(missing_ok=True)
            raise
