"""Opens the parts that every command, the service and the library share; with cli, the only one that knows the indexer.

Each part is imported when it is opened: LanceDB and the embedding engine take a second that `list` need not wait for.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cached_property
from typing import TYPE_CHECKING

from codesearch.core.errors import (
    ConfigurationError,
    DamagedStoreError,
    IndexMismatchError,
    JobsUnavailableError,
    LostRowsError,
)
from codesearch.core.types import BUNDLED_MODEL, DataSource, Principal, SourceState

if TYPE_CHECKING:
    from codesearch.api.management import JobFigures
    from codesearch.core.catalog.catalog import Catalog
    from codesearch.core.config import Settings
    from codesearch.core.embedding.embedder import Embedder
    from codesearch.core.index.objects import Objects
    from codesearch.core.index.published import SearchIndexes
    from codesearch.core.index.surplus import Published
    from codesearch.core.removals import Removals
    from codesearch.core.store.chunk_store import ChunkStore
    from codesearch.core.store.rows import IndexFormat
    from codesearch.core.store.writer import StoreWriter
    from codesearch.jobs.database import JobDatabase
    from codesearch.jobs.queue import JobQueue
    from codesearch.peers.connection import PeerConnection
    from codesearch.retrieval.scatter.desk import PeerDesk
    from codesearch.retrieval.scatter.rounds import Peers
    from codesearch.retrieval.search import Retriever
    from codesearch.telemetry.figures import InstallationFigures
    from codesearch.telemetry.opening import Telemetry
    from codesearch.tools.lookups.desk import LookupDesk
    from codesearch.tools.toolbox import Toolbox
    from indexer.merger import Merger
    from indexer.pipeline import Indexer
    from indexer.workers.indexing_pool import IndexingPool

logger = logging.getLogger(__name__)

# The place of a data source's id, which is never this one.
_CREATION_TURN = "0" * 24

# Where in the data folder the lexicons of the user's own lie.
OWN_LEXICONS = "lexicons"
# And the search indexes.
SEARCH_FOLDER = "search"
# The person at the shell owns the data folder, and with it every key.
LOCAL_PRINCIPAL = Principal(key_id="local", name="local", is_admin=True, source_ids=None)


@dataclass
class Assembly:
    """The parts of one process, each opened when it is first asked for."""

    settings: Settings
    chunker_version: int

    @cached_property
    def catalog(self) -> Catalog:
        """The catalog, created when missing."""
        from codesearch.core.catalog.catalog import open_catalog

        if self.settings.database_url is None:
            self.require_data_dir()
        return open_catalog(self.settings.resolved_database_url)

    def has_catalog(self) -> bool:
        """Say whether there is a catalog, or the backup of a lost one: whether opening it would not begin a new one.

        Raises ConfigurationError where there can be none, since the data folder is no folder.
        """
        file = self.settings.default_catalog_path
        if self.settings.database_url is not None:
            from codesearch.core.catalog.database import sqlite_path_of

            given = sqlite_path_of(self.settings.database_url)
            if given is None:
                return True
            file = given
        try:
            if any(path.exists() for path in (file, file.with_name(f"{file.name}.backup"))):
                return True
            above = next((path for path in file.absolute().parents if path.exists()), file)
            is_possible = above.is_dir()
        except OSError:
            # Opening it says what is wrong.
            return True
        if not is_possible:
            self.require_data_dir()
        return False

    @cached_property
    def embedder(self) -> Embedder:
        """The embedding model of the settings, loaded."""
        from codesearch.core.embedding.loading import load_embedder

        return load_embedder(self.settings)

    @cached_property
    def index_format(self) -> IndexFormat:
        """What an index must have been written with to be readable here."""
        from codesearch.core.embedding.loading import identify_bundled_model
        from codesearch.core.store.rows import IndexFormat

        is_bundled = self.settings.embedding_model == BUNDLED_MODEL
        model = identify_bundled_model() if is_bundled else self.embedder
        return IndexFormat(
            embedding_model=model.name,
            embedding_fingerprint=model.fingerprint,
            dimension=model.dimension,
            chunker_version=f"{self.chunker_version}, {self.settings.max_chunk_tokens} tokens",
        )

    @cached_property
    def store(self) -> ChunkStore:
        """The vector store, seen through the index format."""
        from codesearch.core.store.chunk_store import ChunkStore

        return ChunkStore(self.settings.resolved_store_uri, self.index_format, self._hold_creation)

    def _hold_creation(self) -> AbstractContextManager[None]:
        """Give what holds the turn of those that make a table in the store, among all machines of the catalog."""
        return self.catalog.turn_of(_CREATION_TURN, lambda: None)

    @cached_property
    def search_indexes(self) -> SearchIndexes:
        """The search indexes beside the catalog; the store is opened when one has to be made."""
        from codesearch.core.index.published import SearchIndexes

        current = self.index_format
        folder = self.settings.data_dir / SEARCH_FOLDER
        return SearchIndexes(
            folder,
            current.table_name,
            current.dimension,
            lambda source_id, run_id: self.store.scan_rows(source_id, run_id, self.settings.segment_chunks),
            self._require_rows,
            self._open_objects(),
            self.settings.cache_bytes,
            self._find_published,
            lambda source_id: self.store.count_rows(source_id),
        )

    def _find_published(self, source_id: str) -> Published | None:
        from codesearch.core.index.surplus import Published

        source = self.catalog.resolve(source_id)
        return Published(source.run_id, source.chunk_count) if isinstance(source, DataSource) else None

    def _open_objects(self) -> Objects | None:
        """Return the object storage that the store is on, where search indexes are published beside the rows."""
        from codesearch.core.settings.environment import read_storage_variables
        from codesearch.core.store.objects import S3_SCHEME, S3Objects

        uri = self.settings.resolved_store_uri
        return S3Objects(uri, read_storage_variables()) if uri.startswith(S3_SCHEME) else None

    def _require_rows(self, source_id: str, row_count: int) -> None:
        """Raise LostRowsError when fewer rows of a data source are there than the catalog knows to be published."""
        from codesearch.core.catalog.runs import index_command
        from codesearch.core.counts import say_count

        source = self.catalog.resolve(source_id)
        if isinstance(source, DataSource) and row_count < source.chunk_count:
            lost = "The rows" if not row_count else f"{say_count(source.chunk_count - row_count, 'row')}"
            raise LostRowsError(
                f"{lost} of {source.name} are lost from the vector store, and its search index, too. "
                f"Run `{index_command(source)}`."
            )

    @cached_property
    def job_database(self) -> JobDatabase:
        """Where jobs are kept; opened when something is asked of it."""
        from codesearch.jobs.database import JobDatabase, jobs_url

        return JobDatabase(jobs_url(self.settings.data_dir, self.settings.jobs_url, self.settings.database_url))

    @cached_property
    def jobs(self) -> JobQueue:
        """The queue of jobs."""
        from codesearch.jobs.queue import JobQueue

        return JobQueue(self.job_database)

    @cached_property
    def writer(self) -> StoreWriter:
        """The one way to change the store."""
        from codesearch.core.store.writer import StoreWriter

        return StoreWriter(self.store, self.settings.data_dir)

    @cached_property
    def retriever(self) -> Retriever:
        """The retrieval over search indexes and catalog."""
        from codesearch.retrieval.search import Retriever
        from codesearch.retrieval.translation.translation import Lexicons

        lexicons = Lexicons(self.settings.data_dir / OWN_LEXICONS)
        return Retriever(
            self.search_indexes,
            self.catalog,
            lambda: self.embedder,
            self.index_format.table_name,
            lexicons,
            self.search_indexes.connect,
            self.peers,
        )

    @cached_property
    def peers(self) -> Peers | None:
        """The services that sources are placed on, where there are others. Raises ConfigurationError."""
        settings = self.settings
        if not settings.peers:
            return None
        if settings.peer_url is None or settings.peer_secret is None:
            raise ConfigurationError("CODESEARCH_PEERS needs CODESEARCH_PEER_URL and CODESEARCH_PEER_SECRET, too.")
        from codesearch.retrieval.scatter.rounds import Peers

        return Peers(settings.peers, settings.peer_url, self._peer_identity, self.peer_connection.post)

    @cached_property
    def peer_connection(self) -> PeerConnection:
        """What asks other services."""
        from codesearch.peers.connection import PeerConnection

        secret = self.settings.peer_secret
        return PeerConnection("" if secret is None else secret.get_secret_value(), self.settings.peer_seconds)

    @property
    def _peer_identity(self) -> str:
        """What services have to have in common: another version ranks otherwise."""
        from importlib.metadata import version

        from codesearch.core.index.search_index import LAYOUT_VERSION

        return f"{version('codesearch')} {LAYOUT_VERSION} {self.index_format.table_name}"

    @property
    def _is_asked_by_peers(self) -> bool:
        return bool(self.settings.peers) and self.settings.peer_secret is not None

    def open_peer_desk(self) -> PeerDesk | None:
        """Return what answers other services, where there are any."""
        if not self._is_asked_by_peers:
            return None
        from codesearch.retrieval.scatter.desk import PeerDesk

        return PeerDesk(self.search_indexes, self.retriever.turns, self._peer_identity)

    def open_lookup_desk(self) -> LookupDesk | None:
        """Return what answers the tools of other services, where there are any."""
        if not self._is_asked_by_peers:
            return None
        from codesearch.tools.lookups.desk import LookupDesk

        return LookupDesk(self.search_indexes, self.retriever.turns, self._peer_identity)

    @cached_property
    def toolbox(self) -> Toolbox:
        """The tools over retrieval, catalog and search indexes."""
        from codesearch.tools.toolbox import Toolbox

        return Toolbox(self.retriever, self.catalog, self.search_indexes, self.settings, peers=self.peers)

    def measure(self) -> InstallationFigures:
        """Return what is indexed, in figures of this moment. Raises CatalogError."""
        from codesearch.core.index.usage import list_segments
        from codesearch.telemetry.figures import measure_installation

        folder, now = self.settings.data_dir / SEARCH_FOLDER, datetime.now(timezone.utc)
        return measure_installation(
            self.catalog,
            lambda source_id: list_segments(folder / source_id),
            self.index_format.table_name,
            now,
            self._measure_jobs(),
        )

    def _measure_jobs(self) -> JobFigures | None:
        try:
            return self.jobs.measure()
        except JobsUnavailableError as error:
            logger.warning("%s", error.message)
            return None

    def open_telemetry(self) -> Telemetry:
        """Return what observes requests, as far as the settings ask for it. Raises ConfigurationError."""
        from codesearch.telemetry.opening import open_telemetry

        telemetry = open_telemetry(self.settings, self.measure, self.search_indexes.count_open)
        if telemetry.metrics is not None:
            self.retriever.turns.report_waiting = telemetry.metrics.count_waiting
        return telemetry

    def require_data_dir(self) -> None:
        """Create the data folder where it is missing. Raises ConfigurationError when there can be none."""
        folder = self.settings.data_dir
        try:
            # Whatever lies below is then nobody else's to read.
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(
                f"The data folder {folder} cannot be created: {error.strerror or error}. "
                "Set CODESEARCH_DATA_DIR to a folder that can be written."
            ) from error

    def close(self) -> None:
        """Close what was opened."""
        if "job_database" in self.__dict__:
            self.job_database.close()
        if "peer_connection" in self.__dict__:
            self.peer_connection.close()
        if "retriever" in self.__dict__:
            self.retriever.close()
        if "search_indexes" in self.__dict__:
            self.search_indexes.close()
        if "catalog" in self.__dict__:
            self.catalog.close()

    @cached_property
    def removals(self) -> Removals:
        """The removals of data sources that are under way."""
        from codesearch.core.removals import Removals

        return Removals(
            self.settings.data_dir,
            is_known=lambda source_id: self.catalog.resolve(source_id) is not None,
            list_removed=lambda: self.catalog.list_removed_ids(),
            turn_of=lambda source_id, seconds: self.catalog.turn_of(source_id, lambda: None, timeout_seconds=seconds),
            remove_rows=self.remove_rows,
            remove_search_index=lambda source_id: self.search_indexes.remove(source_id),
        )

    def remove_rows(self, source_id: str) -> None:
        """Delete a data source's rows, from a damaged store after it was healed. Raises StoreError."""
        try:
            self.writer.remove(source_id)
        except DamagedStoreError as error:
            self.heal_store(error)
            self.writer.remove(source_id)

    def heal_damaged_files(self) -> None:
        """Read every file of the store's table, about 2 GB a second, and heal it where one is not what was written."""
        error = self.store.find_damage()
        if error is not None:
            self.heal_store(error)

    def heal_store(self, error: DamagedStoreError) -> None:
        """Put the readable rows in the place of a damaged table and log whose are lost. Raises StoreError."""
        logger.warning("%s", error.message)
        sources = self.catalog.list_sources()
        counts = self.writer.heal(error.table_name, [source.id for source in sources])
        lost = [item.name for item in sources if self.count_own_rows(item) and not counts.get(item.id)]
        if lost and error.table_name == self.index_format.table_name:
            logger.warning(
                "the rows of %s are to be read from their sources again: run `codesearch index --all`; "
                "until then their search indexes answer",
                ", ".join(lost),
            )

    def count_own_rows(self, source: DataSource) -> int:
        """Return how many rows the store should have of a data source: those that another one lends are not its own."""
        return source.chunk_count - self.search_indexes.count_lent_rows(source.id, source.run_id)

    def outdated_sources(self) -> list[DataSource]:
        """Return the data sources whose index was written in another format, in name order."""
        current = self.index_format.table_name
        sources = self.catalog.list_sources()
        return [item for item in sources if item.state is SourceState.READY and item.index_format != current]

    def require_readable_index(self) -> None:
        """Raise IndexMismatchError when there are indexes, but none that this configuration can read."""
        ready = [source for source in self.catalog.list_sources() if source.state is SourceState.READY]
        if ready and len(self.outdated_sources()) == len(ready):
            raise IndexMismatchError(self.describe_mismatch())

    def describe_mismatch(self) -> str:
        """Say in one line what the indexes were written with, what is configured, and what to run."""
        current = self.index_format
        others = [item for item in self.store.formats() if item != current]
        written = "; ".join(
            f"model {item.embedding_model} ({item.dimension} dimensions), chunker {item.chunker_version}"
            for item in others
        )
        return (
            f"The index was written with {written or 'another format'}; configured is model {current.embedding_model} "
            f"({current.dimension} dimensions), chunker {current.chunker_version}. Run `codesearch index --all` to "
            "index everything again, or set CODESEARCH_EMBEDDING_MODEL back."
        )


def open_assembly(report: Callable[[str], None] = logger.warning, /, **overrides: object) -> Assembly:
    """Open the assembly that the settings describe; `overrides` win over them. Raises ConfigurationError.

    `report` gets a line for what lies in the current folder and does not count.
    """
    from codesearch.core.config import load_settings
    from indexer.chunking.version import CHUNKER_VERSION

    return Assembly(load_settings(report, **overrides), CHUNKER_VERSION)


def open_indexer(
    assembly: Assembly,
    pool: IndexingPool | None = None,
    heal_store: Callable[[DamagedStoreError], None] | None = None,
    at_once_rows: int | None = None,
) -> Indexer:
    """Return an indexer into the assembly's catalog and store. Raises ConfigurationError without a data folder.

    `pool` has the workers, by default some of its own for each data source. `heal_store` is what is done about a
    damaged store, by default the assembly's. With `at_once_rows`, a run joins no more rows and reports what is left.
    """
    from indexer.pipeline import Indexer

    assembly.require_data_dir()
    return Indexer(
        catalog=assembly.catalog,
        store=assembly.store,
        writer=assembly.writer,
        heal_store=heal_store or assembly.heal_store,
        search_indexes=assembly.search_indexes,
        load_embedder=lambda: assembly.embedder,
        settings=assembly.settings,
        pool=pool,
        at_once_rows=at_once_rows,
    )


def open_merger(assembly: Assembly) -> Merger:
    """Return what merges segments of the assembly's data sources. Raises ConfigurationError without a data folder."""
    from indexer.merger import Merger

    assembly.require_data_dir()
    return Merger(
        catalog=assembly.catalog,
        store=assembly.store,
        writer=assembly.writer,
        search_indexes=assembly.search_indexes,
        data_dir=assembly.settings.data_dir,
        segment_rows=assembly.settings.segment_chunks,
    )
