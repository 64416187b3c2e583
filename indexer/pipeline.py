"""source -> walk -> chunk -> embed -> store: brings one data source up to date, and publishes it in one commit."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

from codesearch.core.catalog.catalog import Catalog, RunState
from codesearch.core.catalog.runs import RunProgress, join_paths
from codesearch.core.embedding.embedder import Embedder
from codesearch.core.errors import (
    CodesearchError,
    DamagedStoreError,
    LostRowsError,
    NotFoundError,
    SourceError,
    StoreError,
)
from codesearch.core.index.published import SearchIndexes
from codesearch.core.index.segment_files import Part
from codesearch.core.store.chunk_store import ChunkStore
from codesearch.core.store.writer import StoreWriter
from codesearch.core.types import DataSource, SourceState
from indexer.bases import Base, Bases
from indexer.batches import IndexedFiles, UnparsedFile
from indexer.drafts import Draft
from indexer.exclusion import one_at_a_time
from indexer.lenders import choose_alike, find_lender
from indexer.source.opening import (
    DamagedMirrorError,
    Location,
    choose_branch,
    open_source,
    parse_location,
    source_id,
    suggested_name,
)
from indexer.source.rules import Choices
from indexer.source.skipping import Skipped
from indexer.source.snapshot import Snapshot
from indexer.source.verdicts import Verdicts
from indexer.source.walk import Walk, explain_nothing, walk
from indexer.source.work_tree import WorkTreeSnapshot
from indexer.subjects import FileSubjects
from indexer.tiers import find_crowded
from indexer.workers.indexing_pool import IndexingPool

if TYPE_CHECKING:
    from codesearch.core.config import Settings

logger = logging.getLogger(__name__)

PROGRESS_SECONDS = 1.0


class Progress(Protocol):
    """Who watches a run: a progress bar, a log, nobody."""

    def start(self, phase: str, total: int | None = None) -> None:
        """Say which phase begins, and how many files it has."""

    def advance(self, files: int, chunks: int, skipped: int) -> None:
        """Say how many files and chunks are done, and how many files were skipped, so far."""


class SilentProgress:
    """A Progress that shows nothing."""

    def start(self, phase: str, total: int | None = None) -> None:
        """Ignore the phase."""

    def advance(self, files: int, chunks: int, skipped: int) -> None:
        """Ignore the counts."""


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What one run did. `changed` counts new and changed files, `characters` their text, `skipped` by reason.

    `is_resumed`: it also published what an interrupted run had left; those files are `unchanged`. `unparsed` names
    those of the changed files that were read as lines, or left out, since their tree cost too much. `warnings` say what
    of the source was not followed, why there is nothing to search, and what to do. `is_crowded`: its search index has
    more segments than it needs, or too much of one is dead, and a merge would mend that. `shared_with` names the data
    source whose index a new one began with: its `unchanged` files were indexed there.
    """

    source: DataSource
    changed: int
    unchanged: int
    removed: int
    embedded_chunks: int
    characters: int
    seconds: float
    skipped: dict[str, int]
    unparsed: tuple[UnparsedFile, ...] = ()
    warnings: tuple[str, ...] = ()
    is_resumed: bool = False
    is_crowded: bool = False
    shared_with: str | None = None

    @property
    def wrote(self) -> bool:
        """Whether the index is another one than before."""
        return bool(self.changed or self.removed or self.is_resumed)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run would do: the files it would index with their sizes in characters, and the others with the reason."""

    location: str
    commit: str | None
    files: tuple[tuple[str, int], ...]
    skipped: tuple[Skipped, ...]
    counts: dict[str, int]
    warnings: tuple[str, ...] = ()
    is_work_tree: bool = False


@dataclass(slots=True)
class _Tally:
    changed_paths: set[str] = field(default_factory=set)
    chunks: int = 0
    characters: int = 0
    unparsed: list[UnparsedFile] = field(default_factory=list)

    def add(self, files: IndexedFiles) -> None:
        self.changed_paths.update(files.paths)
        self.characters += files.characters
        self.chunks += files.chunk_count
        for file in files.unparsed:
            how = "left out" if file.is_left_out else "read as lines"
            logger.warning("%s is %s: it %s", file.path, how, file.reason.value, extra={"fields": _details(file)})
            self.unparsed.append(file)


def preview_source(
    raw: str, *, branch: str | None, subdir: str | None, settings: Settings, committed: bool = False
) -> Preview:
    """Walk a source without indexing it. Raises SourceError."""
    location = parse_location(raw)
    branch = choose_branch(location, branch, committed=committed)
    mirrors = settings.data_dir / "mirrors"
    with open_source(location, branch=branch, subdir=subdir, mirrors_dir=mirrors, settings=settings) as snapshot:
        found = walk(snapshot, max_file_bytes=settings.max_file_bytes, choices=_choices(settings))
        files = tuple((file.path, len(file.text)) for file in found)
        warnings = (*found.notes, *explain_nothing(found, len(files)))
        skipped, is_work_tree = tuple(found.skipped), snapshot.kind == WorkTreeSnapshot.kind
        return Preview(
            location.display, snapshot.commit, files, skipped, _counts(found), warnings, is_work_tree=is_work_tree
        )


class Indexer:
    """Indexes data sources into one catalog and one store."""

    def __init__(
        self,
        *,
        catalog: Catalog,
        store: ChunkStore,
        writer: StoreWriter,
        search_indexes: SearchIndexes,
        load_embedder: Callable[[], Embedder],
        settings: Settings,
        heal_store: Callable[[DamagedStoreError], None],
        pool: IndexingPool | None = None,
        at_once_rows: int | None = None,
    ) -> None:
        """Keep the parts; the model is loaded by the first run that has something to embed.

        `heal_store` puts what can be read in the place of a damaged table. `pool` may have workers that stay. With
        `at_once_rows`, a run joins no more rows than that: whoever looks at its report has the others merged.
        """
        self._at_once_rows = at_once_rows
        self._heal_store = heal_store
        self._pool = pool or IndexingPool(settings)
        self._catalog = catalog
        self._store = store
        self._writer = writer
        self._search_indexes = search_indexes
        self._bases = Bases(store, writer, search_indexes)
        self._load_embedder = load_embedder
        self._settings = settings

    def index(
        self,
        raw: str,
        *,
        name: str | None,
        branch: str | None,
        subdir: str | None,
        progress: Progress,
        committed: bool = False,
    ) -> IndexReport:
        """Add the source when it is new, bring it up to date otherwise, and say what was done.

        A work tree is read as it is on disk, unless a branch is named or it is to be read as `committed`.
        Raises SourceError for a source that cannot be read, StoreError, CatalogError or InvalidRequestError (a name
        that is taken). Whatever stops it, the index that was there goes on answering.
        """
        try:
            location = parse_location(raw)
        except SourceError as error:
            # A folder that is gone; what else there is no catalog knows.
            for source in self._catalog.find_sources(lambda _id, _name, location: location == raw):
                if (source.branch, source.subdir) == (branch, subdir):
                    self._note_unreadable(source.id, error)
            raise
        branch = choose_branch(location, branch, committed=committed)
        identifier = source_id(location, branch, subdir)

        def say_waiting() -> None:
            progress.start("waiting for another indexer of the same source")

        with (
            one_at_a_time(self._settings.data_dir, self._catalog, identifier, say_waiting),
            self._search_indexes.hold(identifier),
        ):
            try:
                return self._index(location, identifier, name, branch, subdir, progress)
            except DamagedStoreError as error:
                progress.start("healing the store")
                self._heal_store(error)
            except DamagedMirrorError as error:
                logger.warning("%s", error.message)
                error.discard()
            except LostRowsError as error:
                # Found when all was read that is there. What is left of the index is no longer taken for whole.
                logger.warning("%s", error.message)
            return self._index(location, identifier, name, branch, subdir, progress)

    def _index(
        self,
        location: Location,
        identifier: str,
        name: str | None,
        branch: str | None,
        subdir: str | None,
        progress: Progress,
    ) -> IndexReport:
        started = time.monotonic()
        progress.start("reading the source")
        try:
            opened = self._open(location, branch, subdir)
        except DamagedMirrorError:
            raise
        except SourceError as error:
            self._note_unreadable(identifier, error)
            raise
        with opened as snapshot:
            source = self._catalog.add_source(
                id=identifier,
                name=name,
                suggested_names=[suggested_name(location, subdir)],
                location=location.display,
                branch=branch,
                subdir=subdir,
            )
            if name is not None and name != source.name:
                source = self._catalog.rename_source(source.id, name)
            return self._update(source, snapshot, progress, started)

    def _note_unreadable(self, identifier: str, error: SourceError) -> None:
        """Note that a run failed before it had begun, where the data source is known: answers say so then."""
        try:
            self._catalog.fail_run(self._catalog.start_run(identifier), error.message)
        except NotFoundError:
            return
        except CodesearchError as problem:
            logger.warning("the catalog could not note that the run failed: %s", problem.message)

    def _open(self, location: Location, branch: str | None, subdir: str | None) -> Snapshot:
        data_dir = self._settings.data_dir
        return open_source(
            location,
            branch=branch,
            subdir=subdir,
            mirrors_dir=data_dir / "mirrors",
            states_dir=data_dir / "trees",
            histories_dir=data_dir / "histories",
            settings=self._settings,
        )

    def _update(self, source: DataSource, snapshot: Snapshot, progress: Progress, started: float) -> IndexReport:
        if snapshot.kind == WorkTreeSnapshot.kind:
            progress.start("reading the work tree as it is on disk, uncommitted files included")
        # One that was only just added has none.
        latest = None if source.state is SourceState.PENDING else self._catalog.latest_run(source.id)
        newest_run = latest.id if latest is not None else 0
        base = self._bases.open(source, newest_run, progress.start, partial(self._find_lender, source, snapshot))
        known = base.known_files()
        limit = self._settings.max_file_bytes
        remembered = self._settings.data_dir / "verdicts" / source.id
        verdicts = Verdicts(remembered, limit, self._settings.fallback_encoding)
        choices = _choices(self._settings)
        found = walk(snapshot, max_file_bytes=limit, known=known, choices=choices, verdicts=verdicts)
        run = _Run(self._catalog, source, snapshot.commit, found, progress)
        if source.state is not SourceState.READY:
            run.begin()
        try:
            report = self._execute(run, source, snapshot, base, frozenset(known), started)
        except BaseException as error:
            run.fail(str(error) or "interrupted")
            raise
        verdicts.save()
        return report

    def _find_lender(self, source: DataSource, snapshot: Snapshot) -> DataSource | None:
        if self._store.is_remote:
            # Lent segments have no rows that another machine could make them from.
            return None

        def read_known(other: DataSource) -> dict[str, str]:
            try:
                parts = self._search_indexes.open_parts(other.id, other.run_id)
            except DamagedStoreError:
                raise
            except StoreError as error:
                # What is wrong with another source is said by its own run.
                logger.info("the index of %s is not gone on from: %s", other.name, error)
                return {}
            return {path: content_id for _, part in parts for path, content_id in part.content_ids().items()}

        name = self._store.index_format.table_name
        return find_lender(source, snapshot, self._catalog.find_sources(choose_alike(source)), name, read_known)

    def _execute(
        self,
        run: _Run,
        source: DataSource,
        snapshot: Snapshot,
        base: Base,
        known: frozenset[str],
        started: float,
    ) -> IndexReport:
        tally = _Tally()
        found = run.found
        # What is read and then left out for what it holds is no change.
        run.progress.start("bringing up to date" if known else "indexing", found.planned)
        with self._pool.index_files(found, found.planned_bytes, self._load_embedder, source.id) as indexed:
            self._store.prepare_to_write()
            first = next(indexed, None)
            gone = known - set(found.unchanged) if first is None else set()
            if first is None and not gone and not base.is_resumed:
                return self._finish_unchanged(run, source, snapshot, base, started)
            run.begin()
            sizes = self._settings.segment_chunks, self._at_once_rows
            with Draft(base, source.id, run.id, snapshot.commit, self._writer, self._search_indexes, *sizes) as draft:
                if first is not None:
                    subjects = FileSubjects(snapshot, base, self._settings.history_commits)
                    self._draft(_chain(first, indexed), draft, run, tally, subjects)
                    gone = known - set(found.unchanged) - tally.changed_paths
                run.progress.start("publishing")
                draft.finish(gone | (tally.changed_paths & known))
        source, parts = self._finish(run, source, snapshot)
        run.progress.start("tidying up")
        self._bases.delete(source.id, run.id, draft.doomed, are_there=True)
        self._writer.maintain()
        is_crowded = bool(find_crowded(parts, self._settings.segment_chunks))
        report = _report(source, tally, found, len(gone), started)
        return replace(report, is_resumed=base.is_resumed, is_crowded=is_crowded, shared_with=base.lender)

    def _draft(
        self, indexed: Iterable[IndexedFiles], draft: Draft, run: _Run, tally: _Tally, subjects: FileSubjects
    ) -> None:
        """Take the rows as they come."""
        for files in indexed:
            tally.add(files)
            if files.rows is not None:
                draft.add(subjects.attach(files.rows))
            run.report(len(tally.changed_paths), tally.chunks)

    def _finish(self, run: _Run, source: DataSource, snapshot: Snapshot) -> tuple[DataSource, list[Part]]:
        # Not opened to be searched: what is counted and read for that takes a second in millions of chunks.
        parts = self._search_indexes.open_parts(source.id, run.id)
        segments = [segment for _, segment in parts]
        files, chunks = sum(part.live_file_count for part in segments), sum(part.live_row_count for part in segments)
        run.finish(snapshot.commit, files, chunks, self._store.index_format.table_name)
        self._search_indexes.discard_others(source.id, run.id)
        return self._catalog.get_source(source.id), parts

    def _finish_unchanged(
        self, run: _Run, source: DataSource, snapshot: Snapshot, base: Base, started: float
    ) -> IndexReport:
        """Write nothing when the catalog already says what is published, else only a manifest and the catalog."""
        is_same_state = (source.commit, source.uncommitted_count, source.uncommitted_paths) == run.state_of_tree()
        current = (source.state, source.index_format, source.file_count, source.chunk_count)
        # Failed after its last good run: the catalog would go on asking for another one.
        latest = self._catalog.latest_run(source.id)
        is_noted = latest is not None and latest.state is RunState.FINISHED and source.message is None
        wanted = (SourceState.READY, self._store.index_format.table_name, base.file_count, base.row_count)
        if current == wanted and is_same_state and is_noted and not base.is_borrowed:
            if any(segment.is_large for segment in base.segments):
                # Smaller ones were read as a whole when they were opened.
                self._search_indexes.mend(source.id, source.run_id)
            self._search_indexes.publish_lost(source.id, source.run_id)
            self._search_indexes.discard_others(source.id, source.run_id)
        else:
            run.begin()
            with Draft(base, source.id, run.id, snapshot.commit, self._writer, self._search_indexes, 1) as draft:
                draft.finish(())
            source, _ = self._finish(run, source, snapshot)
        # What an earlier run has left counts, too.
        is_crowded = bool(find_crowded(base.parts, self._settings.segment_chunks))
        report = _report(source, _Tally(), run.found, 0, started)
        return replace(report, is_crowded=is_crowded, shared_with=base.lender)


class _Run:
    """One row of the catalog's index runs; nothing is written before there is something to say."""

    def __init__(
        self, catalog: Catalog, source: DataSource, commit: str | None, found: Walk, progress: Progress
    ) -> None:
        self.found = found
        self.progress = progress
        self.id = 0
        self._catalog = catalog
        self._source = source
        self._commit = commit
        self._reported_at = 0.0
        self._done: RunProgress | None = None

    def begin(self) -> None:
        if not self.id:
            self.id = self._catalog.start_run(self._source.id, self._commit)
            self._reported_at = time.monotonic()

    def report(self, files: int, chunks: int) -> None:
        self.progress.advance(files, chunks, len(self.found.skipped))
        now = time.monotonic()
        self._done = RunProgress("indexing", files, self.found.planned, chunks)
        if now - self._reported_at >= PROGRESS_SECONDS:
            self._reported_at = now
            self._catalog.report_progress(self.id, **asdict(self._done))

    def finish(self, commit: str | None, files: int, chunks: int, index_format: str) -> None:
        self._catalog.finish_run(
            self.id,
            commit=commit,
            file_count=files,
            chunk_count=chunks,
            index_format=index_format,
            uncommitted=self.found.find_uncommitted(),
            # How much a run has done is looked at afterwards, too.
            progress=self._done,
        )

    def state_of_tree(self) -> tuple[str | None, int | None, str | None]:
        """Return the commit and which files are not as in it, as the catalog has them; known once all are read."""
        uncommitted = self.found.find_uncommitted()
        return self._commit, None if uncommitted is None else len(uncommitted), join_paths(uncommitted)

    def fail(self, message: str) -> None:
        try:
            self.begin()
            self._catalog.fail_run(self.id, message)
        except NotFoundError:
            logger.info("the source was removed while it was indexed")
        except Exception as error:
            logger.warning("the catalog could not note that the run failed: %s", error)


def _details(file: UnparsedFile) -> dict[str, object]:
    return {"detail": file.detail} if file.detail else {}


def _chain(first: IndexedFiles, rest: Iterator[IndexedFiles]) -> Iterator[IndexedFiles]:
    yield first
    yield from rest


def _report(source: DataSource, tally: _Tally, found: Walk, removed: int, started: float) -> IndexReport:
    return IndexReport(
        source=source,
        changed=len(tally.changed_paths),
        unchanged=len(found.unchanged),
        removed=removed,
        embedded_chunks=tally.chunks,
        characters=tally.characters,
        seconds=time.monotonic() - started,
        skipped=_counts(found),
        unparsed=tuple(tally.unparsed),
        warnings=(*found.notes, *explain_nothing(found, source.file_count)),
    )


def _choices(settings: Settings) -> Choices:
    return Choices(settings.include, settings.exclude, settings.fallback_encoding)


def _counts(found: Walk) -> dict[str, int]:
    return {reason.value: count for reason, count in found.counts().items()}
