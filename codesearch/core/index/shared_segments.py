"""SharedSegments: the search indexes that one machine published in object storage, so that no other builds them again.

What a run made is uploaded before the catalog names the run: its segments, its manifest, and last the publication that
names these objects. Objects are named by their content and never changed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, timezone

from codesearch.core.counts import say_bytes
from codesearch.core.errors import StoreError
from codesearch.core.index.array_file import DamagedFileError
from codesearch.core.index.fetching import fetch_files, fetch_unlisted, is_whole
from codesearch.core.index.manifest import SegmentName, read_segment_name
from codesearch.core.index.objects import Objects, StoredObject
from codesearch.core.index.publication import SUFFIX, SharedFile, describe_file, read_publication, write_publication
from codesearch.core.index.segment_files import SegmentFiles

logger = logging.getLogger(__name__)

FOLDER = "search"
# What no longer counts stays for so long: another machine may just be fetching it.
GRACE = timedelta(hours=1)
# What a run uploaded that was killed may be gone on from for so long.
UNFINISHED = timedelta(days=7)


class SharedSegments:
    """The objects of the search indexes of one index format. Safe to use from many threads and processes.

    Whoever writes or removes for a data source holds its lock. Everything raises StoreError where the storage cannot be
    reached or refuses.
    """

    def __init__(
        self,
        objects: Objects,
        files: SegmentFiles,
        format_name: str,
        make_room: Callable[[str, int], None] = lambda source_id, size_bytes: None,
    ) -> None:
        """Stand between the storage and the folder of `files`; `make_room` is called before so much is put there."""
        self._make_room = make_room
        self._objects = objects
        self._files = files
        self._format_name = format_name
        self._uploaded: dict[tuple[str, SegmentName], SharedFile] = {}

    def connect(self) -> None:
        """Make a first request: it loads the client and opens a connection."""
        self._objects.list(f"{FOLDER}/none")

    def upload_segment(self, source_id: str, name: SegmentName) -> None:
        """Upload a segment of a run that is under way: who goes on from it may be on another machine."""
        path = self._files.segment_path(source_id, name)
        try:
            shared = describe_file(path)
            self._objects.upload(self._place(source_id, shared.object_name), path)
        except OSError as error:
            raise self._cannot_read(error) from error
        self._uploaded[source_id, name] = shared

    def publish(self, source_id: str, run_id: int) -> None:
        """Upload what a run consists of and is not there yet, and then what names it."""
        entries = self._files.read_manifest(source_id, run_id)
        if entries is None:
            raise StoreError(f"The search index of {source_id} cannot be read back.")
        there = {item.name: item.size_bytes for item in self._list(source_id)}
        known = {file.name: file for file in self._read_local(source_id)}
        paths = [*(self._files.segment_path(source_id, entry.name) for entry in entries)]
        paths.append(self._files.manifest_path(source_id, run_id))
        made = {shared.name: shared for (source, _), shared in self._uploaded.items() if source == source_id}
        listed = []
        try:
            for path in paths:
                shared = made.get(path.name) or known.get(path.name)
                if shared is None or shared.size_bytes != path.stat().st_size or path == paths[-1]:
                    shared = describe_file(path)
                if there.get(shared.object_name) != shared.size_bytes:
                    self._objects.upload(self._place(source_id, shared.object_name), path)
                listed.append(shared)
        except OSError as error:
            raise self._cannot_read(error) from error
        data = write_publication(listed)
        self._objects.write(self._place(source_id, self._publication_name(run_id)), data)
        self._files.write_publication(source_id, run_id, data)
        self._forget(source_id)

    def fetch(
        self, source_id: str, run_id: int, find_later_run: Callable[[], int | None], *, is_doubted: bool = False
    ) -> int | None:
        """Fetch the files of a run, or of the later one that took its place, that are not here yet.

        Return which run it was, None when it is not there or not what was published. Files here that are `is_doubted`
        are compared with their checksums first. Whoever calls it holds the lock of the source's files.
        """
        found = self._read(source_id, run_id)
        if found is None:
            # What was uploaded last may be of a run that was killed before the catalog named it.
            later = find_later_run()
            found = None if later is None else self._read(source_id, later)
            run_id = run_id if later is None else later
        if found is None:
            return None
        files, data = found
        known = {file.name: file for file in self._read_local(source_id)}
        folder = self._files.manifest_path(source_id, run_id).parent
        missing = [
            file
            for file in files
            if known.get(file.name) != file or not is_whole(folder / file.name, file, only_size=not is_doubted)
        ]
        size = sum(file.size_bytes for file in missing)
        logger.info("fetching %s of the search index of %s", say_bytes(size), source_id)
        self._make_room(source_id, size)
        try:
            fetch_files(self._objects, f"{FOLDER}/{source_id}", missing, folder)
        except (FileNotFoundError, DamagedFileError) as error:
            logger.warning("the search index of %s is not what was published: %s", source_id, error)
            return None
        except OSError as error:
            raise self._files.cannot_write(error) from error
        self._files.write_publication(source_id, run_id, data)
        return run_id

    def fetch_unfinished(self, source_id: str, run_id: int, newest_run: int) -> None:
        """Fetch the segments that killed runs after a published one uploaded, so that the next goes on from them."""
        here = set(self._files.segment_names(source_id))
        for item in self._list(source_id):
            name = self._segment_name(item.name)
            if name is None or not run_id < name.run_id <= newest_run or name in here:
                continue
            path = self._files.segment_path(source_id, name)
            try:
                self._make_room(source_id, item.size_bytes)
                fetch_unlisted(self._objects, self._place(source_id, item.name), item.size_bytes, path)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise self._files.cannot_write(error) from error

    def find_lost(self, source_id: str, run_id: int) -> list[str]:
        """Return the objects of a published run that are not there or have another size, the publication among them."""
        there = {item.name: item.size_bytes for item in self._list(source_id)}
        name = self._publication_name(run_id)
        files = self._files_of(source_id, run_id) if name in there else None
        if files is None:
            return [self._place(source_id, name)]
        return [
            self._place(source_id, file.object_name) for file in files if there.get(file.object_name) != file.size_bytes
        ]

    def used_names(self, source_id: str) -> list[SegmentName]:
        """Return the names that segments in the storage have."""
        names = (self._segment_name(item.name) for item in self._list(source_id))
        return [name for name in names if name is not None]

    def discard_garbage(self, source_id: str, run_id: int, now: datetime | None = None) -> None:
        """Delete what no publication names, of the published run and of those that were replaced not long ago."""
        now = now or datetime.now(timezone.utc)
        items = self._list(source_id)
        runs = self._published_runs(items)
        if run_id not in runs:
            return
        changed = {item.name: item.changed_at for item in items}
        kept_runs, dropped = [], []
        for run, later in zip(runs, [*runs[1:], None], strict=True):
            is_replaced = run < run_id and later is not None
            if is_replaced and now - changed[self._publication_name(later or run)] > GRACE:
                dropped.append(self._publication_name(run))
            else:
                kept_runs.append(run)
        named = {self._publication_name(run) for run in kept_runs}
        for run in kept_runs:
            named |= {file.object_name for file in self._files_of(source_id, run) or ()}
        # What names them first: who finds it finds the objects, too.
        garbage = dropped + [
            item.name for item in items if item.name not in named and self._is_garbage(item, run_id, now)
        ]
        self._objects.delete(self._place(source_id, name) for name in dict.fromkeys(garbage))

    def _is_garbage(self, item: StoredObject, run_id: int, now: datetime) -> bool:
        if not item.name.startswith(f"{self._format_name}-") or item.name.endswith(SUFFIX):
            return False
        name = self._segment_name(item.name)
        is_unfinished = name is not None and name.run_id > run_id
        return now - item.changed_at > (UNFINISHED if is_unfinished else GRACE)

    def remove(self, source_id: str) -> None:
        """Delete every object of a data source."""
        # What names the others first: who finds it finds them, too.
        names = [item.name for item in self._list(source_id) if item.name.endswith(SUFFIX)]
        self._objects.delete(self._place(source_id, name) for name in names)
        self._objects.delete_folder(f"{FOLDER}/{source_id}")
        self._forget(source_id)

    def _forget(self, source_id: str) -> None:
        for key in [key for key in self._uploaded if key[0] == source_id]:
            del self._uploaded[key]

    def _list(self, source_id: str) -> list[StoredObject]:
        return self._objects.list(f"{FOLDER}/{source_id}")

    def _read(self, source_id: str, run_id: int) -> tuple[list[SharedFile], bytes] | None:
        """Return the files of a published run, and the publication itself; None when there is none to be read."""
        name = self._publication_name(run_id)
        try:
            data = self._objects.read(self._place(source_id, name))
            return read_publication(data), data
        except FileNotFoundError:
            return None
        except DamagedFileError as error:
            logger.warning("%s: %s", self._place(source_id, name), error)
            return None

    def _files_of(self, source_id: str, run_id: int) -> list[SharedFile] | None:
        """Return the files of a published run, by what is noted here where it is; None where there is nothing."""
        try:
            return read_publication(self._files.publication_path(source_id, run_id).read_bytes())
        except (OSError, DamagedFileError):
            found = self._read(source_id, run_id)
            return None if found is None else found[0]

    def _read_local(self, source_id: str) -> Iterable[SharedFile]:
        for data in self._files.read_publications(source_id):
            try:
                yield from read_publication(data)
            except DamagedFileError:
                continue

    def _published_runs(self, items: Iterable[StoredObject]) -> list[int]:
        prefix = f"{self._format_name}-"
        names = (item.name for item in items if item.name.startswith(prefix) and item.name.endswith(SUFFIX))
        runs = (name[len(prefix) :].removesuffix(SUFFIX) for name in names)
        return sorted(int(run) for run in runs if run.isascii() and run.isdigit())

    def _segment_name(self, object_name: str) -> SegmentName | None:
        prefix = f"{self._format_name}-"
        if not object_name.startswith(prefix) or not object_name.endswith(".segment"):
            return None
        return read_segment_name(object_name[len(prefix) :].partition(".")[0])

    def _publication_name(self, run_id: int) -> str:
        return f"{self._format_name}-{run_id}{SUFFIX}"

    def _place(self, source_id: str, name: str) -> str:
        return f"{FOLDER}/{source_id}/{name}"

    def _cannot_read(self, error: OSError) -> StoreError:
        return StoreError(f"Cannot read {error.filename or 'the search index'}: {error.strerror or error}.")
