"""SearchIndexes: the search index of each data source's published run, from its files or made from the store's rows."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Lock, Thread

from codesearch.core.errors import CodesearchError, StoreError
from codesearch.core.index.builder import RowBatch
from codesearch.core.index.cache import SegmentCache
from codesearch.core.index.manifest import SegmentEntry, SegmentName
from codesearch.core.index.objects import Objects
from codesearch.core.index.segment_files import Part, SegmentFiles
from codesearch.core.index.shared_segments import SharedSegments
from codesearch.core.index.source_index import SourceIndex
from codesearch.core.index.surplus import Published, Surplus

logger = logging.getLogger(__name__)

# A scan whose version another writer has just cleaned up begins again with the newest.
SCAN_ATTEMPTS = 4

# Gives the rows of a data source's published run, in parts that each become a segment.
ScanRows = Callable[[str, int], Iterable[Iterable[RowBatch]]]


class SearchIndexes:
    """The search indexes in one folder, for the rows of one index format.

    A run's files are complete before the catalog names the run, so that whoever asks for the catalog's run sees the old
    index or the new one. With object storage, a run's files are published there, and whoever lacks them fetches them:
    the folder is then a cache. Files that are missing are made again. Safe to use from many threads and processes.
    """

    def __init__(
        self,
        folder: Path,
        format_name: str,
        dimension: int,
        scan_rows: ScanRows,
        check_rows: Callable[[str, int], None] = lambda source_id, row_count: None,
        objects: Objects | None = None,
        cache_bytes: int = 0,
        find_published: Callable[[str], Published | None] = lambda source_id: None,
        count_rows: Callable[[str], int] = lambda source_id: 0,
    ) -> None:
        """Keep the parts; `scan_rows` gives the rows of a data source's published run, a part for each segment.

        `check_rows` raises StoreError when so few rows of it cannot be all: what was lost is not served as if it had
        never been. `objects` is where other machines find the files; the folder then takes `cache_bytes` at most, 0 for
        any number. `find_published` asks the catalog; `count_rows` says how many rows of a data source are stored.
        """
        self.files = SegmentFiles(folder, format_name, dimension)
        self._check_rows = check_rows
        self._surplus = Surplus(find_published, count_rows)
        self._scan_rows = scan_rows
        self._opened: dict[str, tuple[int, SourceIndex]] = {}
        self._opening: dict[str, Lock] = {}
        self._cache: SegmentCache | None = None
        self._shared: SharedSegments | None = None
        self._fetched: dict[str, int] = {}
        if objects is not None:
            self._cache = SegmentCache(folder, self.files, cache_bytes, self._let_go)
            self._shared = SharedSegments(objects, self.files, format_name, self._cache.make_room)

    def get(self, source_id: str, run_id: int) -> SourceIndex:
        """Return the index of the data source's published run, or of a later one. Raises StoreError.

        The files of an earlier run are gone once a later one is published.
        """
        opened = self._opened.get(source_id)
        if opened is not None and opened[0] >= run_id:
            if self._surplus.is_due(source_id):
                Thread(target=self._remove_surplus_quietly, args=(source_id, opened[0]), daemon=True).start()
            if self._cache is not None:
                self._cache.note_use(source_id)
            return opened[1]
        with self._opening.setdefault(source_id, Lock()):
            opened = self._opened.get(source_id)
            if opened is None or opened[0] < run_id:
                self._surplus.forget(source_id)
                found = self._open(source_id, run_id)
                if found is None and not self.files.manifest_path(source_id, run_id).exists():
                    # What the catalog named a moment ago goes when a later run is published.
                    later = self._surplus.find_later_run(source_id, run_id)
                    found = None if later is None else self._open(source_id, later)
                    run_id = run_id if found is None or later is None else later
                opened = (run_id, found or self._build_missing(source_id, run_id))
                self._opened[source_id] = opened
                # What was just fetched was compared with its checksums as it came.
                if opened[1].is_large and self._fetched.get(source_id) != run_id:
                    # Reading gigabytes first would keep the query waiting; who asks again gets the mended one.
                    Thread(target=self._mend_quietly, args=(source_id, run_id), daemon=True).start()
        return opened[1]

    def _let_go(self, source_id: str) -> None:
        """Close an index that can be opened again; who is asking it keeps it."""
        self._opened.pop(source_id, None)

    def close(self) -> None:
        """Stop what works in the background."""
        if self._cache is not None:
            self._cache.close()

    def connect(self) -> None:
        """Make the first request to object storage, if there is one, which takes longer than others."""
        if self._shared is not None:
            try:
                self._shared.connect()
            except StoreError as error:
                # What is here answers all the same.
                logger.warning("%s", error.message)

    @contextmanager
    def hold(self, source_id: str) -> Iterator[None]:
        """Keep the files of a data source in their place, whoever needs room meanwhile. Raises StoreError."""
        lease = self._lease(source_id)
        try:
            yield
        finally:
            del lease

    def _lease(self, source_id: str) -> object:
        try:
            return None if self._cache is None else self._cache.hold(source_id)
        except OSError as error:
            raise self.files.cannot_write(error) from error

    def upload_segment(self, source_id: str, name: SegmentName) -> None:
        """Put a segment of a run under way where others find it, if there is such a place. Raises StoreError."""
        if self._shared is not None:
            self._shared.upload_segment(source_id, name)

    def publish(self, source_id: str, run_id: int) -> None:
        """Put the files of a run where others find them, if there is such a place. Raises StoreError."""
        if self._shared is not None:
            self._shared.publish(source_id, run_id)

    def fetch_unfinished(self, source_id: str, run_id: int, newest_run: int) -> None:
        """Fetch the segments that killed runs after a published one left on other machines. Raises StoreError."""
        if self._shared is not None:
            self._shared.fetch_unfinished(source_id, run_id, newest_run)

    def find_lost_objects(self, source_id: str, run_id: int) -> list[str]:
        """Return what of a run others would look for in vain, nothing without object storage. Raises StoreError."""
        return [] if self._shared is None else self._shared.find_lost(source_id, run_id)

    def count_open(self) -> int:
        """Return how many data sources have their index open here."""
        return len(self._opened)

    def open_parts(self, source_id: str, run_id: int) -> list[Part]:
        """Return the segments of the data source's published run with their entries in its manifest.

        All are made again where some is missing. Raises StoreError.
        """
        parts = self._find_parts(source_id, run_id)
        if not parts:
            self._rebuild(source_id, run_id, lambda: False)
            parts = self._find_parts(source_id, run_id)
        if not parts:
            raise self._cannot_read_back(source_id)
        return parts

    def _find_parts(self, source_id: str, run_id: int) -> list[Part] | None:
        entries = self.files.read_manifest(source_id, run_id)
        return None if entries is None else self.files.open_parts(source_id, entries)

    def rebuild(self, source_id: str, run_id: int) -> list[Part]:
        """Make the files of a run again from the store's rows and return its parts. Raises StoreError."""
        self._rebuild(source_id, run_id, lambda: True)
        return self.open_parts(source_id, run_id)

    def _rebuild(self, source_id: str, run_id: int, is_stale: Callable[[], object]) -> None:
        with self._opening.setdefault(source_id, Lock()):
            self._opened[source_id] = (run_id, self._build_missing(source_id, run_id, is_stale=is_stale))

    def _cannot_read_back(self, source_id: str) -> StoreError:
        """Return what to say when files that were just written are not there."""
        return StoreError(f"The search index of {source_id} cannot be read back.")

    def mend(self, source_id: str, run_id: int) -> bool:
        """Read all files of a run, make them again when one is damaged or missing, and say whether it was.

        What was read here before and did not change since is not read again. Raises StoreError.
        """
        damage = self.files.find_damage(source_id, run_id, unread_only=True)
        if damage is None:
            return False
        path, what = damage
        if what:
            logger.warning("the search index of %s is made again: %s", source_id, what)
        else:
            opened = self._opened.get(source_id)
            if opened is not None and opened[0] > run_id:
                return False
            logger.info("%s is missing: the search index of %s is made again", path, source_id)
        self._rebuild(source_id, run_id, partial(self.files.find_damage, source_id, run_id))
        return True

    def is_elsewhere(self, source_id: str, run_id: int) -> bool:
        """Say whether nothing of a run is here, and object storage has it."""
        return self._shared is not None and not self.files.manifest_path(source_id, run_id).exists()

    def publish_lost(self, source_id: str, run_id: int) -> None:
        """Put there what of a published run others look for in vain: its files have to be here. Raises StoreError."""
        lost = self.find_lost_objects(source_id, run_id)
        if lost:
            logger.warning("%s is published again, and whatever else of its run is lost", lost[0])
            self.publish(source_id, run_id)

    def _mend_quietly(self, source_id: str, run_id: int) -> None:
        try:
            self.mend(source_id, run_id)
        except CodesearchError as error:
            logger.error("%s", error.message)

    def find_damage(self, source_id: str, run_id: int) -> str | None:
        """Read all files of a run and return what is wrong with one, None when nothing is."""
        damage = self.files.find_damage(source_id, run_id)
        if damage is None:
            return None
        path, what = damage
        return what or f"{path} is missing"

    def source_ids(self) -> list[str]:
        """Return the data sources that have a folder here, in order."""
        return self.files.source_ids()

    def prepare(self, source_id: str, run_id: int) -> None:
        """Write the files of a run from the rows that are published. Raises StoreError.

        Segments that are lent to it have no rows of its own: they stay, or are taken from who lends them again.
        """
        lent = self._restore_lent(source_id, run_id)
        others = () if self._shared is None else self._shared.used_names(source_id)
        for attempt in range(1, SCAN_ATTEMPTS + 1):
            try:
                entries = list(lent)
                for part in self._scan_rows(source_id, run_id):
                    name = self.files.unused_name(source_id, run_id, others)
                    self.files.write_segment(source_id, name, part)
                    entries.append(SegmentEntry(name))
                self.files.write_manifest(source_id, run_id, entries)
                break
            except StoreError as error:
                if attempt == SCAN_ATTEMPTS or isinstance(error.__cause__, OSError):
                    raise
                logger.info("reading the rows again after: %s", error)

    def _restore_lent(self, source_id: str, run_id: int) -> list[SegmentEntry]:
        """Return the lent segments of a run that are whole here, or where they come from."""
        entries = [entry for entry in self.files.read_manifest(source_id, run_id) or [] if entry.lender]
        for entry in entries:
            if not self.files.is_whole(source_id, entry.name) and self.files.is_whole(entry.lender, entry.name):
                try:
                    self.files.lend(entry.lender, source_id, entry.name)
                except OSError as error:
                    raise self.files.cannot_write(error) from error
        return [entry for entry in entries if self.files.is_whole(source_id, entry.name)]

    def find_lost_lender(self, source_id: str, run_id: int) -> str | None:
        """Return which data source lends a segment of a run that is lost or damaged here; None where none is.

        It reads these segments whole.
        """
        entries = self.files.read_manifest(source_id, run_id) or []
        lost = (entry for entry in entries if entry.lender and not self.files.is_whole(source_id, entry.name))
        return next((entry.lender for entry in lost), None)

    def count_lent_rows(self, source_id: str, run_id: int) -> int:
        """Return how many of the live rows of a run are in segments that another data source lends to it."""
        return sum(segment.live_row_count for _, segment in self._find_lent(source_id, run_id))

    def _find_lent(self, source_id: str, run_id: int) -> list[Part]:
        entries = self.files.read_manifest(source_id, run_id) or []
        lent = [(entry, self.files.open_segment(source_id, entry)) for entry in entries if entry.lender]
        return [(entry, segment) for entry, segment in lent if segment is not None]

    def discard_others(self, source_id: str, run_id: int) -> None:
        """Delete the files of other runs. Who has one of them open keeps it; what cannot be deleted stays."""
        entries = self.files.read_manifest(source_id, run_id)
        if entries is not None:
            self.files.discard_others(source_id, run_id, [entry.name for entry in entries])
        if self._shared is not None:
            try:
                self._shared.discard_garbage(source_id, run_id)
            except StoreError as error:
                logger.warning("older objects of %s stay: %s", source_id, error)

    def remove(self, source_id: str) -> None:
        """Delete every file of a data source, and every object. Raises StoreError."""
        self._opened.pop(source_id, None)
        self._surplus.forget(source_id)
        self.files.remove(source_id)
        if self._shared is not None:
            self._shared.remove(source_id)

    def _open(self, source_id: str, run_id: int) -> SourceIndex | None:
        entries = self.files.read_manifest(source_id, run_id)
        if entries is None:
            return None
        lease = self._lease(source_id)
        index = self.files.open(source_id, entries)
        if index is not None:
            index.lease = lease
        return index

    def _build_missing(
        self, source_id: str, run_id: int, *, is_stale: Callable[[], object] = lambda: False
    ) -> SourceIndex:
        """Fetch the files, or make them from the store's rows, unless another process did and they are not stale."""
        try:
            with self.files.lock(source_id):
                index = self._open(source_id, run_id)
                is_here = index is not None
                if index is None or is_stale():
                    index = self._fetch(source_id, run_id, is_stale, is_doubted=is_here)
                    if index is None:
                        index = self._make_again(source_id, run_id)
                    self._discard_earlier(source_id, run_id)
        except OSError as error:
            raise self.files.cannot_write(error) from error
        if index is None:
            raise self._cannot_read_back(source_id)
        return index

    def _fetch(
        self, source_id: str, run_id: int, is_stale: Callable[[], object], *, is_doubted: bool
    ) -> SourceIndex | None:
        """Return the index as it was published, or that of a later run; None where it is not to be had."""
        if self._shared is None:
            return None
        later_run = partial(self._surplus.find_later_run, source_id, run_id)
        fetched = self._shared.fetch(source_id, run_id, later_run, is_doubted=is_doubted)
        index = None if fetched is None else self._open(source_id, fetched)
        if fetched is not None:
            self._fetched[source_id] = fetched
        return None if index is not None and fetched == run_id and is_stale() else index

    def _make_again(self, source_id: str, run_id: int) -> SourceIndex | None:
        logger.info("making the search index of %s again", source_id)
        self.prepare(source_id, run_id)
        index = self._open(source_id, run_id)
        self._require_rows(source_id, run_id, index)
        if self._has_surplus(source_id, run_id, index) and self._surplus.await_deletion(
            source_id, run_id, self.count_lent_rows(source_id, run_id)
        ):
            self.prepare(source_id, run_id)
            index = self._open(source_id, run_id)
        if self._has_surplus(source_id, run_id, index):
            # Removed files answer here for now, and nowhere else.
            self._surplus.note(source_id)
            return index
        self._surplus.forget(source_id)
        if index is not None and self._shared is not None:
            try:
                # So that nobody else has to.
                self._shared.publish(source_id, run_id)
            except StoreError as error:
                logger.warning("the search index of %s is here alone: %s", source_id, error)
        return index

    def _has_surplus(self, source_id: str, run_id: int, index: SourceIndex | None) -> bool:
        return index is not None and self._surplus.measure(source_id, run_id, index.row_count) > 0

    def _remove_surplus_quietly(self, source_id: str, run_id: int) -> None:
        """Make an index with rows of removed files again once these are deleted."""
        try:
            if self._surplus.is_deleted(source_id, run_id, self.count_lent_rows(source_id, run_id)):
                self._rebuild(source_id, run_id, lambda: source_id in self._surplus)
        except CodesearchError as error:
            logger.error("%s", error.message)

    def _discard_earlier(self, source_id: str, run_id: int) -> None:
        """Delete the files of earlier runs: a machine without an indexer would keep those of all."""
        entries = self.files.read_manifest(source_id, run_id)
        if entries is not None:
            self.files.discard_earlier(source_id, run_id, [entry.name for entry in entries])

    def _require_rows(self, source_id: str, run_id: int, index: SourceIndex | None) -> None:
        if index is None:
            return
        try:
            self._check_rows(source_id, index.row_count)
        except StoreError:
            self.files.manifest_path(source_id, run_id).unlink(missing_ok=True)
            raise
