"""Bases: what a run starts from: the published segments of its source, and those that a killed run left whole."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from codesearch.core.errors import CodesearchError, LostRowsError
from codesearch.core.index.manifest import SegmentEntry, SegmentName, first_code
from codesearch.core.index.published import SearchIndexes
from codesearch.core.index.search_index import SearchIndex
from codesearch.core.index.segment_files import Part
from codesearch.core.store.chunk_store import ChunkStore
from codesearch.core.store.writer import NO_END, DoomedRows, StoreWriter
from codesearch.core.types import DataSource

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Base:
    """The segments that a run goes on from, the oldest first.

    The first `published_count` are the published run's, or lent to a new data source: no path is live in two of them.
    The others are what killed runs left. `run_id` is that of the published run, 0 for none. `is_borrowed`: the first
    are lent, and no run of the data source is published that has them; `lender` is the name of the data source that
    they are of, where there is one. `commit` is the one that the published ones are of, None where there is none.
    """

    run_id: int
    entries: tuple[SegmentEntry, ...] = ()
    segments: tuple[SearchIndex, ...] = ()
    published_count: int = 0
    is_borrowed: bool = False
    lender: str | None = None
    commit: str | None = None

    @property
    def has_subjects(self) -> bool:
        """Whether the published run knows of any file what commits said of it."""
        return any(segment.has_subjects for segment in self.segments[: self.published_count])

    def subjects_of(self, path: str) -> str:
        """Return what the published run knows of what commits said of a file, one subject a line; '' for nothing."""
        # The largest first: it has most files.
        for segment in sorted(self.segments[: self.published_count], key=lambda segment: -segment.file_count):
            if segment.has_subjects and (file := segment.find_file(path)) is not None:
                return segment.subjects_of(file)
        return ""

    @property
    def is_resumed(self) -> bool:
        """Whether a killed run left segments."""
        return len(self.segments) > self.published_count

    @property
    def row_count(self) -> int:
        """How many live rows the published run has."""
        return sum(segment.live_row_count for segment in self.segments[: self.published_count])

    @property
    def file_count(self) -> int:
        """How many live files the published run has."""
        return sum(segment.live_file_count for segment in self.segments[: self.published_count])

    @property
    def parts(self) -> list[Part]:
        """The segments with their entries."""
        return list(zip(self.entries, self.segments, strict=True))

    def known_files(self) -> dict[str, str]:
        """Return path -> content id of every live file; of one that is in several segments, that of the newest."""
        known: dict[str, str] = {}
        for segment in self.segments:
            known.update(segment.content_ids())
        return known


class Bases:
    """Finds what runs start from, and puts in order what killed ones left in store and folder."""

    def __init__(self, store: ChunkStore, writer: StoreWriter, indexes: SearchIndexes) -> None:
        """Keep the parts."""
        self._store = store
        self._writer = writer
        self._indexes = indexes

    def open(
        self,
        source: DataSource,
        newest_run: int,
        report: Callable[[str], None],
        find_lender: Callable[[], DataSource | None],
    ) -> Base:
        """Return what a run of a data source starts from; whoever calls it holds the source's lock.

        Rows of the store that belong to none of its segments are deleted; where rows are missing, the published
        segments are made again from those there are. `newest_run` is the latest that the catalog knows of the source,
        0 for none: what has a later number was left by a catalog that was lost, and goes. `report` gets the phase when
        that takes long. A new source starts from the segments of the one that `find_lender` gives. Raises StoreError.
        """
        run_id = self.find_readable(source)
        self._finish_deletion(source.id, run_id)
        self._take_up_staged(source.id, run_id, newest_run, report)
        # By a column: who counts by the index of data sources alone would not see that a file of rows is lost.
        total = self._store.count_rows(source.id, (0, NO_END))
        if total and newest_run > run_id:
            self._indexes.fetch_unfinished(source.id, run_id, newest_run)
        left = self._find_left(source.id, run_id, newest_run)
        parts = self._open_published(source.id, run_id, self._indexes.open_parts)
        expected = sum(segment.live_row_count for entry, segment in parts if not entry.lender)
        expected += sum(segment.row_count for _, segment in left)
        if total != expected:
            report("putting the store in order")
            self._delete_strangers(source.id, run_id if parts else 0, [entry.name for entry, _ in left])
            if self._store.count_rows(source.id, (0, NO_END)) != expected:
                parts = self._open_published(source.id, run_id if parts else 0, self._indexes.rebuild)
        is_borrowed, lender = not parts, None
        if is_borrowed and (lender := find_lender()) is not None:
            parts = self._borrow(source.id, lender)
        entries = tuple(entry for entry, _ in (*parts, *left))
        segments = tuple(segment for _, segment in (*parts, *left))
        name = lender.name if lender is not None and parts else None
        commit = (source if lender is None else lender).commit if parts else None
        return Base(run_id, entries, segments, len(parts), is_borrowed, name, commit)

    def open_settled(self, source: DataSource) -> Base | None:
        """Return the published segments alone, for whoever holds the source's lock; what stopped runs left stays.

        None where nothing is published that can be read here, and where something is left that the next run goes on
        from or puts in order. Raises StoreError.
        """
        run_id = self.find_readable(source)
        self._finish_deletion(source.id, run_id)
        for left in self._writer.find_left(source.id):
            if left.row_count:
                return None
            left.discard()
        parts = self._open_published(source.id, run_id, self._indexes.open_parts)
        expected = sum(segment.live_row_count for entry, segment in parts if not entry.lender)
        if not parts or self._store.count_rows(source.id, (0, NO_END)) != expected:
            return None
        return Base(run_id, tuple(entry for entry, _ in parts), tuple(segment for _, segment in parts), len(parts))

    def find_readable(self, source: DataSource) -> int:
        """Return the published run, 0 for none that can be read here."""
        is_readable = source.run_id and source.index_format == self._store.index_format.table_name
        return source.run_id if is_readable else 0

    def _open_published(self, source_id: str, run_id: int, find: Callable[[str, int], list[Part]]) -> list[Part]:
        """Return the published segments; none where there are none, or where rows are lost and must be read again."""
        if not run_id:
            return []
        try:
            return find(source_id, run_id)
        except LostRowsError as error:
            logger.warning("%s", error.message)
            return []

    def _borrow(self, source_id: str, lender: DataSource) -> list[Part]:
        """Take the segments of another data source; none when it is overtaken meanwhile."""
        try:
            entries = self._indexes.files.read_manifest(lender.id, lender.run_id) or []
            for entry in entries:
                self._indexes.files.lend(lender.id, source_id, entry.name)
            lent = [replace(entry, lender=entry.lender or lender.id) for entry in entries]
            parts = self._indexes.files.open_parts(source_id, lent)
        except (OSError, CodesearchError) as error:
            logger.info("the index of %s is not gone on from: %s", lender.name, error)
            return []
        if parts:
            logger.info("going on from the index of %s", lender.name)
        return parts or []

    def _finish_deletion(self, source_id: str, run_id: int) -> None:
        """Delete the rows that the published run replaced, when it was killed before it had."""
        doomed = self._indexes.files.read_doomed(source_id, run_id)
        if doomed:
            self.delete(source_id, run_id, [DoomedRows.from_json(value) for value in doomed])

    def delete(self, source_id: str, run_id: int, doomed: Iterable[DoomedRows], *, are_there: bool = False) -> None:
        """Delete the rows that a published run replaced, and note that it is done. Raises StoreError.

        `are_there`: nobody has begun to delete them.
        """
        for rows in doomed:
            self._writer.delete(source_id, rows, are_there=are_there)
        self._indexes.files.forget_doomed(source_id, run_id)

    def _take_up_staged(self, source_id: str, run_id: int, newest_run: int, report: Callable[[str], None]) -> None:
        """Make segments of the rows that stopped runs had staged, as if these had written them."""
        for left in self._writer.find_left(source_id):
            name = SegmentName.of(left.segment)
            if run_id < name.run_id <= newest_run and not self._is_whole(source_id, name):
                report("going on from what an interrupted run left")
                self._writer.delete(source_id, DoomedRows(name.code, name.code + 1))
                self._writer.append(left)
                self._indexes.files.write_segment(source_id, name, left.scan())
                logger.info("going on from %d chunks that an interrupted run had staged", left.row_count)
            left.discard()

    def _is_whole(self, source_id: str, name: SegmentName) -> bool:
        """Say whether a segment of a killed run is there, and all of its rows in the store."""
        segment = self._indexes.files.open_segment(source_id, SegmentEntry(name))
        return segment is not None and segment.row_count == self._store.count_rows(
            source_id, (name.code, name.code + 1)
        )

    def _find_left(self, source_id: str, run_id: int, newest_run: int) -> list[Part]:
        """Return the segments of killed runs whose rows are all in the store, in order."""
        left = []
        for name in self._indexes.files.segment_names(source_id):
            if run_id < name.run_id <= newest_run:
                entry = SegmentEntry(name)
                segment = self._indexes.files.open_segment(source_id, entry)
                count = self._store.count_rows(source_id, (name.code, name.code + 1))
                if segment is not None and count == segment.row_count:
                    left.append((entry, segment))
        if left:
            logger.info("going on from %d segments that an earlier run left", len(left))
        return left

    def _delete_strangers(self, source_id: str, run_id: int, kept: Iterable[SegmentName]) -> None:
        """Delete rows of killed runs that are in no segment, and rows that newer ones of their file replaced."""
        first = first_code(run_id + 1) if run_id else 0
        self._writer.delete(source_id, DoomedRows(first, NO_END, kept=tuple(name.code for name in kept)))
        by_code: dict[int, list[str]] = {}
        for path, code in self._store.find_superseded(source_id, first_code(run_id + 1)).items():
            by_code.setdefault(code, []).append(path)
        for code, paths in by_code.items():
            self._writer.delete(source_id, DoomedRows(0, code, paths=tuple(sorted(paths))))
