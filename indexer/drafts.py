"""Drafts: the segments of a run on its way: written one by one, small ones joined, published by one manifest."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import chain

from codesearch.core.errors import StoreError
from codesearch.core.index.builder import RowBatch
from codesearch.core.index.manifest import SegmentEntry, SegmentName, first_code
from codesearch.core.index.merging import read_rows
from codesearch.core.index.published import SearchIndexes
from codesearch.core.index.search_index import SearchIndex
from codesearch.core.index.segment_files import Part
from codesearch.core.memory import give_back_memory
from codesearch.core.store.rows import RowColumns
from codesearch.core.store.staging import StagedRows
from codesearch.core.store.writer import DoomedRows, StoreWriter
from indexer.bases import Base
from indexer.tiers import choose_joined

# Of so many rows, the store's part and the segment are written at once; of more, one after the other takes less memory.
WRITTEN_MEANWHILE_ROWS = 50_000
# Paths are compared one by one up to so many; of more, all paths of a segment are read.
FEW_PATHS = 256


class Draft:
    """What becomes the next published run of a data source. For the holder of its lock."""

    def __init__(
        self,
        base: Base,
        source_id: str,
        run_id: int,
        commit: str | None,
        writer: StoreWriter,
        indexes: SearchIndexes,
        segment_rows: int,
        at_once_rows: int | None = None,
    ) -> None:
        """Begin with the segments of `base`. A segment has about `segment_rows` rows at most.

        With `at_once_rows`, no more rows than that are joined: a merge follows.
        """
        self._base = base
        self._source_id = source_id
        self._run_id = run_id
        self._commit = commit
        self._writer = writer
        self._indexes = indexes
        self._segment_rows = segment_rows
        self._at_once_rows = at_once_rows
        self._made: list[SegmentEntry] = []
        self._staged: StagedRows | None = None
        self._doomed: list[DoomedRows] = []

    def __enter__(self) -> Draft:
        return self

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        if self._staged is None:
            return
        if error is None or isinstance(error, Exception):
            self._staged.discard()
        else:
            # Ctrl-C: the next run goes on from what is there.
            with suppress(StoreError):
                self._staged.close()

    @property
    def doomed(self) -> list[DoomedRows]:
        """The rows that are to be deleted once the run is published."""
        return self._doomed

    def add(self, rows: RowColumns) -> None:
        """Take the rows of whole files. Raises StoreError."""
        if self._staged is None:
            self._staged = self._writer.stage(self._source_id, self._next_name().code, self._commit)
        self._staged.write_columns(rows)
        if self._staged.row_count >= self._segment_rows:
            self._write(self._staged, ())

    def finish(self, replaced: Collection[str]) -> None:
        """Write what is left and the run's manifest, in which the files of the paths `replaced` are dead.

        Nothing of it is visible before the catalog names the run. Raises StoreError.
        """
        parts = self._bury(replaced)
        new_rows = self._staged.row_count if self._staged is not None else 0
        self._publish(parts, choose_joined(parts, new_rows, self._segment_rows, self._at_once_rows))

    def merge(self, joined: Collection[int]) -> None:
        """Write the segments of the base that have these numbers as one, and the manifest. Raises StoreError."""
        self._publish(self._base.parts, joined)

    def _publish(self, parts: Sequence[Part], joined: Collection[int]) -> None:
        if self._staged is not None or joined:
            staged = self._staged or self._writer.stage(self._source_id, self._next_name().code, self._commit)
            self._staged = staged
            self._write(staged, [parts[number][1] for number in sorted(joined)])
        rest = (part for number, part in enumerate(parts) if number not in joined)
        kept = [entry for entry, segment in rest if segment.live_row_count] + self._made
        if not kept:
            name = self._next_name()
            self._indexes.files.write_segment(self._source_id, name, ())
            kept = [SegmentEntry(name)]
        self._indexes.files.write_doomed(self._source_id, self._run_id, [rows.as_json() for rows in self._doomed])
        self._indexes.files.write_manifest(self._source_id, self._run_id, kept)
        self._indexes.publish(self._source_id, self._run_id)

    def _next_name(self) -> SegmentName:
        return SegmentName(self._run_id, len(self._made))

    def _write(self, staged: StagedRows, parts: Iterable[SearchIndex]) -> None:
        """Put the staged rows into the store, and them and the live rows of other segments into one of their own."""
        name = self._next_name()
        staged.close()
        batches: Iterator[RowBatch] = chain(staged.scan(), chain.from_iterable(map(read_rows, parts)))
        if staged.row_count > WRITTEN_MEANWHILE_ROWS:
            self._writer.append(staged)
            give_back_memory()
            self._indexes.files.write_segment(self._source_id, name, batches)
            give_back_memory()
        else:
            with ThreadPoolExecutor(1) as side:
                # The store's part stays here, where ctrl-C ends the wait for another writer.
                written = side.submit(self._indexes.files.write_segment, self._source_id, name, batches)
                self._writer.append(staged)
                written.result()
        self._indexes.upload_segment(self._source_id, name)
        self._made.append(SegmentEntry(name))
        self._staged = None
        staged.discard()

    def _bury(self, replaced: Collection[str]) -> list[Part]:
        """Return the segments of the base without the files that the run or a newer segment replaced."""
        dead = set(replaced)
        parts: list[Part] = []
        base = self._base
        for number in reversed(range(len(base.segments))):
            entry, segment = base.entries[number], base.segments[number]
            files = _find_files(segment, dead)
            if files:
                self._doom(number, segment, files)
                entry = entry.bury(segment, files)
                buried = segment.without(entry.dead_files)
            else:
                buried = segment
            parts.append((entry, buried))
            if number >= base.published_count:
                dead.update(segment.live_paths())
        return parts[::-1]

    def _doom(self, number: int, segment: SearchIndex, files: list[int]) -> None:
        """Have the rows of files deleted that a segment had live until now. Those of a lent segment are another's."""
        if self._base.entries[number].lender:
            return
        if number < self._base.published_count:
            first, end = 0, first_code(self._base.run_id + 1)
        else:
            first = self._base.entries[number].name.code
            end = first + 1
        paths = tuple(segment.path_of(file) for file in files)
        self._doomed.append(DoomedRows(first, end, paths=paths))


def _find_files(segment: SearchIndex, paths: Collection[str]) -> list[int]:
    """Return the live files of a segment that are at one of the paths, ascending."""
    if len(paths) <= FEW_PATHS:
        found = (segment.find_file(path) for path in paths)
        return sorted(file for file in found if file is not None)
    pairs = zip(segment.live_files().tolist(), segment.live_paths(), strict=True)
    return [file for file, path in pairs if path in paths]
