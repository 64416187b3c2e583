"""Removals of data sources: noted before the first step, so that whatever stops one, the next run finishes it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from codesearch.core.errors import CodesearchError
from codesearch.core.locks import delete_path, require_folder, source_lock

logger = logging.getLogger(__name__)

# Of a data folder, each with a folder for a data source.
_FOLDERS = ("search", "mirrors", "histories", "trees", "verdicts")


class Removals:
    """What is left of removed data sources in one data folder and its store, by id."""

    def __init__(
        self,
        data_dir: Path,
        *,
        is_known: Callable[[str], bool],
        list_removed: Callable[[], Collection[str]],
        turn_of: Callable[[str, float], AbstractContextManager[None]],
        remove_rows: Callable[[str], None],
        remove_search_index: Callable[[str], None],
    ) -> None:
        """Keep the parts; `is_known` says whether the catalog has a data source, `list_removed` which ones it had once.

        `turn_of` waits for so many seconds until no other machine works on one, and raises TimeoutError.
        """
        self._data_dir = data_dir
        self._is_known = is_known
        self._list_removed = list_removed
        self._turn_of = turn_of
        self._remove_rows = remove_rows
        self._remove_search_index = remove_search_index

    def note(self, source_id: str) -> None:
        """Say that a data source is about to be removed. Raises ConfigurationError, OSError."""
        require_folder(self._folder)
        (self._folder / source_id).touch(mode=0o600)

    def noted(self) -> list[str]:
        """Return the data sources whose removal has begun and not ended, in order."""
        return sorted(path.name for path in self._folder.iterdir()) if self._folder.is_dir() else []

    def finish(self, source_id: str, *, timeout_seconds: float = -1) -> bool:
        """Delete rows and files of a data source that the catalog no longer has; False while an indexer holds it.

        An indexer that is at work on it stops when it next reports to the catalog. A data source that was added again
        meanwhile stays. Raises StoreError, CatalogError.
        """
        try:
            with (
                source_lock(self._data_dir, source_id, timeout_seconds=timeout_seconds),
                self._turn_of(source_id, timeout_seconds),
            ):
                if not self._is_known(source_id):
                    self._remove_rows(source_id)
                    self._remove_search_index(source_id)
                    self._remove_files(source_id)
                (self._folder / source_id).unlink(missing_ok=True)
        # filelock's own is one, too.
        except TimeoutError:
            return False
        return True

    def finish_all(self) -> None:
        """Finish what others have begun and nobody is at, here or on another machine that has the same catalog.

        What cannot be finished now is logged, and left to the next call.
        """
        for source_id in sorted({*self.noted(), *self._left_here()}):
            try:
                if self.finish(source_id, timeout_seconds=0):
                    logger.info("what was left of the removed data source %s is deleted", source_id)
            except (CodesearchError, OSError) as error:
                logger.warning("what is left of the removed data source %s stays: %s", source_id, error)

    def _left_here(self) -> set[str]:
        """Return the data sources that were removed and have files here: whoever did that has another data folder."""
        here = {path.name for name in _FOLDERS for path in (self._data_dir / name).glob("?" * 24)}
        return here.intersection(self._list_removed()) if here else here

    def files_of(self, source_id: str) -> list[Path]:
        """Return the files and folders of a data source beside the store, in order."""
        staged = sorted((self._data_dir / "staging").glob(f"{source_id}-*"))
        folders = [self._data_dir / name / source_id for name in _FOLDERS]
        return [path for path in (*folders, *staged) if path.exists()]

    def unknown_ids(self) -> list[str]:
        """Return the ids that have files here and are in no catalog, in order."""
        found = {path.name for name in _FOLDERS for path in (self._data_dir / name).glob("?" * 24)}
        found |= {path.name.partition("-")[0] for path in (self._data_dir / "staging").glob("*.arrow")}
        return sorted(source_id for source_id in found if not self._is_known(source_id))

    def _remove_files(self, source_id: str) -> None:
        for path in self.files_of(source_id):
            with suppress(OSError):
                delete_path(path)

    @property
    def _folder(self) -> Path:
        return self._data_dir / "removals"
