"""Writing the store: staged rows are added in one commit, replaced ones deleted, and what is left over cleaned up."""

from __future__ import annotations

import logging
import random
import re
import time
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa

from codesearch.core.errors import CodesearchError, StoreError
from codesearch.core.locks import file_lock
from codesearch.core.store.checksums import Checksums
from codesearch.core.store.chunk_store import ChunkStore
from codesearch.core.store.healing import heal_table
from codesearch.core.store.library import import_lancedb
from codesearch.core.store.quoting import quote
from codesearch.core.store.rows import LANCE_GENERATION
from codesearch.core.store.schema import format_of
from codesearch.core.store.staging import LeftRows, StagedFile, StagedRows, find_left

logger = logging.getLogger(__name__)

# Rows outside the indexes are scanned by every run: up to so many that is not felt.
UNINDEXED_ROWS = 4096
# To tidy up writes a table anew, up to so many rows of it: that waits until what was written since is a fair share.
# Rows that were only added need no more than an index anew, which reads one column.
REWRITTEN_ROWS = 1 << 20
UNINDEXED_SHARE = 16
ROWS_PER_VERSION = 2048
MOST_VERSIONS = 64
DELETED_AT_ONCE = 4_096
# Greater than the code of any segment.
NO_END = 1 << 62
# Maintenance writes small tables anew as a whole. Put off for longer, versions and rows outside the indexes pile up.
MAINTAINED_TOGETHER = 64
# Among machines that write to one store elsewhere, and what the library says of what another one did meanwhile.
WRITE_ATTEMPTS = 6
_PAUSE_SECONDS = 0.5
_CAME_SECOND = re.compile(r"conflict|concurrent transaction", re.IGNORECASE)
_MET_ANOTHER = re.compile(rf"{_CAME_SECOND.pattern}|not found", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DoomedRows:
    """Rows of a data source that are to be deleted: of segments from code `first` to before `end`.

    Of these, those of the paths; None: all, but for the segments `kept`.
    """

    first: int
    end: int
    paths: tuple[str, ...] | None = None
    kept: tuple[int, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return what `from_json` makes it of again."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> DoomedRows:
        """Return what `as_json` was given of. Raises TypeError, KeyError, ValueError for anything else."""
        paths = value["paths"]
        return cls(
            first=int(value["first"]),
            end=int(value["end"]),
            paths=None if paths is None else tuple(map(str, paths)),
            kept=tuple(map(int, value["kept"])),
        )

    @property
    def condition(self) -> str:
        """What of the segments the rows satisfy, in SQL."""
        kept = f" AND segment NOT IN ({', '.join(map(str, self.kept))})" if self.kept else ""
        return f"segment >= {self.first} AND segment < {self.end}{kept}"

    def parts(self) -> Iterator[str]:
        """Yield what else they satisfy, a condition at a time that is no longer than the store can take."""
        if self.paths is None:
            yield ""
            return
        for begin in range(0, len(self.paths), DELETED_AT_ONCE):
            yield f" AND path IN ({', '.join(map(quote, self.paths[begin : begin + DELETED_AT_ONCE]))})"


class StoreWriter:
    """The one way rows get into a ChunkStore. Writers on one machine take turns by a lock file.

    It lies in the store's folder, so that two data folders with one store take turns as well; for a store elsewhere, in
    the data folder.
    """

    def __init__(self, store: ChunkStore, data_dir: Path) -> None:
        self._store = store
        self._data_dir = data_dir
        self._put_off: int | None = None

    def stage(self, source_id: str, segment: int, commit: str | None) -> StagedRows:
        """Open a staging file for the rows of one segment of a data source, given its code."""
        return StagedRows(self._data_dir / "staging", self._store.index_format, source_id, segment, commit)

    def find_left(self, source_id: str) -> list[LeftRows]:
        """Return what stopped runs of a data source left staged, in order. For the one run of it that is at work.

        What cannot be read is deleted. Raises StoreError.
        """
        return find_left(self._data_dir / "staging", source_id, self._store.index_format)

    def append(self, staged: StagedFile) -> None:
        """Add the staged rows of a segment that has none there, in one commit. Raises StoreError.

        Then the store is as it was.
        """
        where = f"data_source_id = {quote(staged.source_id)} AND segment = {staged.segment}"
        is_repeated = False

        def append(table: Any) -> None:
            nonlocal is_repeated
            # What was said not to be found may have been of after the commit: rows are not to be added twice.
            if staged.row_count and not (is_repeated and table.count_rows(where)):
                is_repeated = True
                table.add(staged.reader())
                pa.default_memory_pool().release_unused()

        self._change("append to", append)

    def delete(self, source_id: str, doomed: DoomedRows, *, are_there: bool = False) -> None:
        """Delete rows of a data source, which may be gone unless they `are_there`.

        Raises StoreError; then some of them may be gone.
        """
        where = f"data_source_id = {quote(source_id)} AND {doomed.condition}"

        def delete(table: Any) -> None:
            for part in doomed.parts() if table is not None else ():
                # Deleting nothing would be a version, too. But to count them takes as long as to delete them.
                if are_there or table.count_rows(where + part):
                    table.delete(where + part)

        self._change("delete from", delete, create=False)

    def remove(self, source_id: str) -> None:
        """Delete every row of a data source, in every format, and give their space back."""
        where = f"data_source_id = {quote(source_id)}"

        def remove(_: Any) -> None:
            for name, table in self._tables():
                if table.count_rows(where):
                    table.delete(where)
                    self._optimize(table)
                    self._update_checksums(name)

        self._change("remove from", remove, create=False)

    def drop_other_formats(self, source_ids: Collection[str]) -> None:
        """Delete the tables of every other format whose rows are all of these data sources.

        Other rows are another data folder's: of such a table, only those of these data sources are deleted.
        """

        def drop(_: Any) -> None:
            for name, table in self._tables():
                if name != self._store.index_format.table_name:
                    self._drop(name, table, frozenset(source_ids))

        self._change("clean", drop, create=False)

    def _drop(self, name: str, table: Any, source_ids: frozenset[str]) -> None:
        found = table.search().select(["data_source_id"]).limit(2**31 - 1).to_arrow().column(0).unique().to_pylist()
        if source_ids.issuperset(found):
            self._store.drop_table(name)
        elif ours := sorted(source_ids.intersection(found)):
            table.delete(f"data_source_id IN ({', '.join(map(quote, ours))})")
        self._update_checksums(name)

    def heal(self, table_name: str, source_ids: Collection[str]) -> dict[str, int]:
        """Put the readable rows in the place of a damaged table; return how many each data source has now.

        The damaged table is kept beside it. `source_ids` are those to look for one by one where they cannot be read
        all at once. Raises StoreError.
        """
        with self._turn("heal"):
            self._store.forget()
            counts = heal_table(self._store, table_name, source_ids)
            self._store.forget()
            if counts:
                _create_indexes(self._store.open_table(table_name))
                self._update_checksums(table_name)
        return counts

    def _tables(self) -> Iterator[tuple[str, Any]]:
        """Yield every table that this version may write to, with its name; others are left alone."""
        for name in self._store.table_names():
            try:
                table = self._store.open_table(name)
            except Exception as error:
                raise self._store.explain(error, "Cannot open", name) from error
            if _is_of_this_generation(table):
                yield name, table
            else:
                logger.warning("the table %s is left as it is: another version of codesearch wrote it", name)

    def _update_checksums(self, name: str | None = None) -> None:
        folder = self._store.table_folder(name)
        if folder is not None:
            try:
                Checksums(folder).update()
            except OSError as error:
                # They are taken after the next write, or else doctor only reads.
                logger.warning("no checksums of %s were written: %s", folder, error)

    def maintain(self) -> None:
        """Bring the indexes up to date where that pays, and delete what no reader needs any more.

        What it costs grows with the table, so that it is done the less often the larger that is: each run pays for
        no more than a few thousand rows, however many other sources there are. Small tables are always kept tidy.
        """
        if self._put_off is not None:
            self._put_off += 1
            if self._put_off < MAINTAINED_TOGETHER:
                return
            self._put_off = 0
        self._change("maintain", self._maintain)

    def _maintain(self, table: Any) -> None:
        rewritten = min(table.count_rows(), REWRITTEN_ROWS)
        unindexed = max((index.num_unindexed_rows for index in table.list_indices()), default=0)
        is_behind = unindexed > max(UNINDEXED_ROWS, rewritten // UNINDEXED_SHARE)
        versions = table.list_versions()
        has_versions = len(versions) > min(rewritten // ROWS_PER_VERSION, MOST_VERSIONS)
        try:
            if has_versions or (is_behind and _holds_deleted_rows(versions)):
                self._optimize(table)
            elif is_behind:
                _index_sources(table, replace=True)
        except Exception as error:
            if not self._store.is_remote or not _CAME_SECOND.search(str(error)):
                raise
            # Another machine has just tidied up, or writes: its run does it then, or the next one.
            logger.info("tidying up is left to another machine, which writes to the store, too")

    @contextmanager
    def maintaining_together(self, watch: Callable[[], AbstractContextManager[object]] = nullcontext) -> Iterator[None]:
        """Put `maintain` off until the context ends, for several data sources that are written one after the other.

        It is done under `watch` then, if it was asked for; after an exception it is left to the next run.
        """
        self._put_off = 0
        try:
            yield
            is_due = self._put_off > 0
        finally:
            self._put_off = None
        if is_due:
            with watch():
                self.maintain()

    def _optimize(self, table: Any) -> None:
        with warnings.catch_warnings():
            # It warns that readers of older versions may fail: ours look again at the newest.
            warnings.simplefilter("ignore", UserWarning)
            table.optimize(cleanup_older_than=timedelta(0), delete_unverified=not self._store.is_remote)

    def _change(self, verb: str, change: Callable[[Any], None], *, create: bool = True) -> None:
        """Make a change under the writers' lock. Raises StoreError.

        Of a store elsewhere each machine has a lock of its own: where another one was first, or has just deleted what
        was to be read, the change is made again, to the newest version.
        """
        for attempt in range(1, WRITE_ATTEMPTS + 1):
            try:
                with self._locked(verb, create=create) as table:
                    change(table)
                return
            except StoreError as error:
                if not self._store.is_remote or attempt == WRITE_ATTEMPTS or not _MET_ANOTHER.search(error.message):
                    raise
                logger.info("another machine writes to the store, too; trying again after: %s", error.message)
                self._store.forget()
                # Of any length but the other's: nothing depends on who could guess it.
                time.sleep(random.uniform(0, attempt * _PAUSE_SECONDS))  # noqa: S311

    @contextmanager
    def _locked(self, verb: str, *, create: bool = True) -> Iterator[Any]:
        """Hold the writers' lock; give the table of this format, made where there is none unless `create` is false."""
        with self._turn(verb):
            self._store.require_files()
            table = self._store.table(create=create)
            if table is not None and create:
                _require_generation(table, self._store.uri)
                _create_indexes(table)
            yield table
            self._update_checksums()

    @contextmanager
    def _turn(self, verb: str) -> Iterator[None]:
        folder = self._store.folder
        try:
            with file_lock((folder or self._data_dir) / ("writers.lock" if folder else "store.lock")):
                yield
        except CodesearchError:
            raise
        except Exception as error:
            raise self._store.explain(error, f"Cannot {verb}") from error


def _holds_deleted_rows(versions: Sequence[Mapping[str, Any]]) -> bool:
    """Say whether there are files of rows that are deleted, by whatever process: tidying up gives their space back.

    Either a version says that it has such rows, or one lacks files that the one before has.
    """
    said = [version["metadata"] for version in sorted(versions, key=lambda version: int(version["version"]))]
    rows = [int(metadata.get("total_data_file_rows", 0)) for metadata in said]
    has_dropped = any(after < before for before, after in pairwise(rows))
    return has_dropped or any(int(metadata.get("total_deletion_file_rows", 0)) for metadata in said[-1:])


def _is_of_this_generation(table: Any) -> bool:
    found = format_of(table.schema)
    return found is not None and found.lance_generation == LANCE_GENERATION


def _require_generation(table: Any, uri: str) -> None:
    if not _is_of_this_generation(table):
        found = format_of(table.schema)
        said = f"by Lance {found.lance_generation}" if found is not None else "by another version of codesearch"
        raise StoreError(
            f"The table {table.name} of the vector store at {uri} was written {said}; this codesearch writes with "
            f"Lance {LANCE_GENERATION} and would corrupt it. Use the version that wrote it, or set "
            "CODESEARCH_STORE_URI to another place and run `codesearch index --all`."
        )


def _create_indexes(table: Any) -> None:
    # The rows of one data source are what everything asks for. Nothing else pays: reading a million paths takes a
    # twentieth of a second, and who counts by segment is to see that a file of rows is lost.
    if "data_source_id_idx" not in {index.name for index in table.list_indices()}:
        _index_sources(table, replace=False)


def _index_sources(table: Any, *, replace: bool) -> None:
    table.create_index("data_source_id", config=import_lancedb().index.Bitmap(), replace=replace)
