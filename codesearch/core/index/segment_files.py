"""SegmentFiles: the files of one folder of search indexes, by data source: segments, manifests, what is left over."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock

from codesearch.core.errors import CodesearchError, StoreError
from codesearch.core.index.array_file import DamagedFileError, verify_arrays
from codesearch.core.index.builder import RowBatch, build_search_index
from codesearch.core.index.manifest import (
    SegmentEntry,
    SegmentName,
    read_manifest,
    read_segment_name,
    write_manifest,
)
from codesearch.core.index.publication import SUFFIX as PUBLICATION
from codesearch.core.index.search_index import SearchIndex, open_search_index
from codesearch.core.index.source_index import SourceIndex
from codesearch.core.locks import delete_path, file_lock

logger = logging.getLogger(__name__)

Read = TypeVar("Read")
Part = tuple[SegmentEntry, SearchIndex]

_LOCK_NAME = "build.lock"
# Who has the search index of a data source open shares this lock: cache.py.
LEASE_NAME = "use.lock"
# So many files are remembered as read and found whole; then all are forgotten.
_REMEMBERED_FILES = 10_000
_MANIFEST = ".manifest"


class SegmentFiles:
    """Where segments and manifests of one index format lie. Safe to use from many threads and processes."""

    def __init__(self, folder: Path, format_name: str, dimension: int) -> None:
        self._folder = folder
        self._format_name = format_name
        self._dimension = dimension
        # Inode, size and time of change of the segments that were read here and found whole.
        self._whole: dict[Path, tuple[int, int, int]] = {}

    def source_ids(self) -> list[str]:
        """Return the data sources that have a folder here, in order."""
        return sorted(path.name for path in self._folder.iterdir()) if self._folder.is_dir() else []

    def manifest_path(self, source_id: str, run_id: int) -> Path:
        """Return where the manifest of a run is, once there is one."""
        return self._folder / source_id / f"{self._format_name}-{run_id}.manifest"

    def segment_path(self, source_id: str, name: SegmentName) -> Path:
        """Return where a segment is, once there is one."""
        return self._folder / source_id / f"{self._format_name}-{name}.segment"

    def segment_names(self, source_id: str) -> list[SegmentName]:
        """Return the segments of a data source that are here, published or not, in order."""
        prefix = f"{self._format_name}-"
        found = (self._folder / source_id).glob(f"{prefix}*.segment")
        names = (read_segment_name(path.name[len(prefix) :].removesuffix(".segment")) for path in found)
        return sorted(name for name in names if name is not None)

    def unused_name(self, source_id: str, run_id: int, others: Iterable[SegmentName] = ()) -> SegmentName:
        """Return a name that no segment of a run has, here or among `others`."""
        taken = [name.number for name in (*self.segment_names(source_id), *others) if name.run_id == run_id]
        return SegmentName(run_id, max(taken, default=-1) + 1)

    def write_segment(self, source_id: str, name: SegmentName, batches: Iterable[RowBatch]) -> None:
        """Write a segment of these rows. Raises StoreError, and what `batches` raise."""
        path = self.segment_path(source_id, name)
        self._clear_place(path)
        try:
            build_search_index(batches, self._dimension, path)
        except OSError as error:
            raise self.cannot_write(error) from error

    def write_manifest(self, source_id: str, run_id: int, entries: Sequence[SegmentEntry]) -> None:
        """Write the manifest of a run. Raises StoreError."""
        path = self.manifest_path(source_id, run_id)
        self._clear_place(path)
        try:
            write_manifest(path, entries)
        except OSError as error:
            raise self.cannot_write(error) from error

    def publication_path(self, source_id: str, run_id: int) -> Path:
        """Return where it is noted here as what a run was published."""
        return self._folder / source_id / f"{self._format_name}-{run_id}{PUBLICATION}"

    def write_publication(self, source_id: str, run_id: int, data: bytes) -> None:
        """Note as what a run was published. Raises StoreError."""
        path = self.publication_path(source_id, run_id)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        except OSError as error:
            raise self.cannot_write(error) from error

    def read_publications(self, source_id: str) -> list[bytes]:
        """Return what is noted here of the runs of a data source, the newest last."""
        paths = [self.publication_path(source_id, run) for run in self._runs_of(source_id)]
        found = []
        for path in paths:
            with suppress(OSError):
                found.append(path.read_bytes())
        return found

    def write_doomed(self, source_id: str, run_id: int, doomed: Sequence[Mapping[str, Any]]) -> None:
        """Note which rows of the store a run replaced, until they are deleted. Raises StoreError."""
        path = self._doomed_path(source_id, run_id)
        try:
            if doomed:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(json.dumps(doomed), encoding="utf-8")
            else:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise self.cannot_write(error) from error

    def read_doomed(self, source_id: str, run_id: int) -> list[Mapping[str, Any]]:
        """Return what a run noted, nothing when it is done or cannot be read."""
        try:
            found = json.loads(self._doomed_path(source_id, run_id).read_bytes())
        except (OSError, ValueError):
            # Rows that should be gone are found by their number, too.
            return []
        return found if isinstance(found, list) else []

    def forget_doomed(self, source_id: str, run_id: int) -> None:
        """Note that the rows are deleted."""
        with suppress(OSError):
            self._doomed_path(source_id, run_id).unlink(missing_ok=True)

    def _doomed_path(self, source_id: str, run_id: int) -> Path:
        return self._folder / source_id / f"{self._format_name}-{run_id}.doomed"

    def read_manifest(self, source_id: str, run_id: int) -> list[SegmentEntry] | None:
        """Return the segments of a run; None when it has no manifest that can be read. Raises StoreError."""
        return _read_if_whole(self.manifest_path(source_id, run_id), read_manifest)

    def _runs_of(self, source_id: str) -> list[int]:
        """Return the runs that have a manifest here, in order."""
        prefix = f"{self._format_name}-"
        names = (path.name for path in (self._folder / source_id).glob(f"{prefix}*.manifest"))
        runs = (name[len(prefix) :].removesuffix(".manifest") for name in names)
        return sorted(int(run) for run in runs if run.isascii() and run.isdigit())

    def open(self, source_id: str, entries: Sequence[SegmentEntry]) -> SourceIndex | None:
        """Open the segments; None when one of them is missing or cannot be read. Raises StoreError."""
        parts = self.open_parts(source_id, entries)
        if not parts:
            return None
        return SourceIndex([segment for _, segment in parts], [entry.dead_terms for entry, _ in parts])

    def open_parts(self, source_id: str, entries: Sequence[SegmentEntry]) -> list[Part] | None:
        """Return each entry with its segment; None when one of them is missing or cannot be read. Raises StoreError."""
        parts = [(entry, self.open_segment(source_id, entry)) for entry in entries]
        found = [(entry, segment) for entry, segment in parts if segment is not None]
        return found if len(found) == len(parts) else None

    def open_segment(self, source_id: str, entry: SegmentEntry) -> SearchIndex | None:
        """Open one segment; None when it is missing or cannot be read. Raises StoreError."""
        borrower = source_id if entry.lender else ""
        path = self.segment_path(source_id, entry.name)
        state = _state_of(path)
        segment = _read_if_whole(path, lambda path: open_search_index(path, entry.dead_files, borrower))
        if segment is not None and not segment.is_large:
            self._remember_whole(path, state)
        return segment

    def _remember_whole(self, path: Path, state: tuple[int, int, int] | None) -> None:
        """Remember that a file was read whole whose state was noted before."""
        if state is not None:
            if len(self._whole) >= _REMEMBERED_FILES:
                self._whole.clear()
            self._whole[path] = state

    def lend(self, lender_id: str, borrower_id: str, name: SegmentName) -> None:
        """Let another data source have a segment, too: the same file, or a copy where there can be no second name.

        Either may be removed without the other's losing it. Raises OSError.
        """
        there, here = self.segment_path(lender_id, name), self.segment_path(borrower_id, name)
        here.parent.mkdir(parents=True, exist_ok=True)
        here.unlink(missing_ok=True)
        try:
            os.link(there, here)
        except FileNotFoundError:
            raise
        except OSError:
            unfinished = here.with_name(f".{here.name}.new")
            try:
                shutil.copyfile(there, unfinished)
                unfinished.replace(here)
            finally:
                unfinished.unlink(missing_ok=True)

    def is_whole(self, source_id: str, name: SegmentName) -> bool:
        """Read a segment and say whether it is there, and what was written."""
        try:
            verify_arrays(self.segment_path(source_id, name))
        except (DamagedFileError, OSError):
            return False
        return True

    def find_damage(self, source_id: str, run_id: int, *, unread_only: bool = False) -> tuple[Path, str] | None:
        """Read all files of a run and return the one that is not what was written and why, '' when it is missing.

        `unread_only` leaves out segments that were read whole here before and did not change since.
        """
        manifest = self.manifest_path(source_id, run_id)
        for path in self._paths_of(source_id, manifest):
            try:
                state = _state_of(path)
                if path == manifest:
                    read_manifest(path)
                elif not unread_only or state is None or self._whole.get(path) != state:
                    verify_arrays(path)
                    self._remember_whole(path, state)
            except FileNotFoundError:
                return path, ""
            except DamagedFileError as error:
                return path, str(error)
            except OSError as error:
                return path, f"{path}: {error.strerror or error}"
        return None

    def _paths_of(self, source_id: str, manifest: Path) -> Iterator[Path]:
        yield manifest
        for entry in read_manifest(manifest) or []:
            yield self.segment_path(source_id, entry.name)

    def discard_others(self, source_id: str, run_id: int, kept: Iterable[SegmentName]) -> None:
        """Delete all but a run's manifest and its segments. Who has one open keeps it; what can't be deleted stays."""
        paths = {self.manifest_path(source_id, run_id), *(self.segment_path(source_id, name) for name in kept)}
        paths |= {self._doomed_path(source_id, run_id), self.publication_path(source_id, run_id)}
        paths |= {self._folder / source_id / name for name in (_LOCK_NAME, LEASE_NAME)}
        try:
            if not self._list_others(source_id, paths):
                return
            # Under the lock nobody is still writing what is deleted.
            with self.lock(source_id):
                others = self._list_others(source_id, paths)
                # Manifests first: who finds one finds its segments, too, or looks for a later run.
                for path in sorted(others, key=lambda path: path.suffix != _MANIFEST):
                    delete_path(path)
        except (OSError, CodesearchError) as error:
            logger.warning("older search indexes of %s stay: %s", source_id, error)

    def _list_others(self, source_id: str, kept: Collection[Path]) -> list[Path]:
        folder = self._folder / source_id
        return [path for path in folder.iterdir() if path not in kept] if folder.is_dir() else []

    def discard_earlier(self, source_id: str, run_id: int, kept: Collection[SegmentName]) -> None:
        """Delete the manifests of earlier runs with their segments, but for those `kept`. For who holds the lock.

        Segments in no such manifest stay: an indexer may be at work on them. It leaves no earlier manifest itself.
        """
        try:
            for run in self._runs_of(source_id):
                if run < run_id:
                    for entry in self.read_manifest(source_id, run) or ():
                        if entry.name not in kept:
                            delete_path(self.segment_path(source_id, entry.name))
                    delete_path(self.manifest_path(source_id, run))
                    delete_path(self.publication_path(source_id, run))
        except (OSError, CodesearchError) as error:
            logger.warning("older search indexes of %s stay: %s", source_id, error)

    def remove(self, source_id: str) -> None:
        """Delete every file of a data source."""
        with suppress(OSError):
            delete_path(self._folder / source_id)

    def lock(self, source_id: str) -> FileLock:
        """Return the lock that who makes an index again holds. Raises StoreError, ConfigurationError."""
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
                raise self.cannot_write(error) from error

    def cannot_write(self, error: OSError) -> StoreError:
        """Return what to say when a file could not be written."""
        where = error.filename or self._folder
        return StoreError(
            f"Cannot write the search index at {where}: {error.strerror or error}. Mend that and run the same again; "
            "the vector store still has every row."
        )


def _state_of(path: Path) -> tuple[int, int, int] | None:
    """Return what is another one when a file was changed; None when there is none that can be looked at."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def _read_if_whole(path: Path, read: Callable[[Path], Read | None]) -> Read | None:
    """Return what is read from a file; None when it is missing, or not one of ours, or not whole. Raises StoreError."""
    try:
        return read(path)
    except FileNotFoundError:
        return None
    except (DamagedFileError, IsADirectoryError, NotADirectoryError) as error:
        logger.warning("%s; it is made again", error)
        return None
    except OSError as error:
        raise StoreError(f"Cannot read the search index {path}: {error.strerror or error}.") from error
