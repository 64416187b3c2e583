"""Merges: the small segments that runs of a data source have left become larger ones; what is answered stays the same.

Nothing of the source itself is read: its commit, its age and what the last run said stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from codesearch.core.catalog.catalog import Catalog
from codesearch.core.index.published import SearchIndexes
from codesearch.core.store.chunk_store import ChunkStore
from codesearch.core.store.writer import StoreWriter
from codesearch.core.types import DataSource
from indexer.bases import Base, Bases
from indexer.drafts import Draft
from indexer.exclusion import one_at_a_time
from indexer.tiers import find_crowded

if TYPE_CHECKING:
    from collections.abc import Collection

    from indexer.pipeline import Progress


@dataclass(frozen=True, slots=True)
class MergeReport:
    """How many segments the search index of a data source had, and has.

    `has_rest`: an interrupted run left something that the next run goes on from; until then nothing is merged.
    """

    source: DataSource
    segments_before: int
    segments_after: int
    has_rest: bool = False


class Merger:
    """Merges segments of the data sources of one catalog and one store."""

    def __init__(
        self,
        *,
        catalog: Catalog,
        store: ChunkStore,
        writer: StoreWriter,
        search_indexes: SearchIndexes,
        data_dir: Path,
        segment_rows: int,
    ) -> None:
        """Keep the parts. A segment has about `segment_rows` rows at most."""
        self._catalog = catalog
        self._writer = writer
        self._search_indexes = search_indexes
        self._bases = Bases(store, writer, search_indexes)
        self._data_dir = data_dir
        self._segment_rows = segment_rows

    def merge(self, source_id: str, progress: Progress) -> MergeReport:
        """Merge until there is nothing to merge. Whatever stops it, what was published goes on answering.

        Raises NotFoundError for an unknown data source, also for one that is removed meanwhile, StoreError,
        CatalogError.
        """

        def say_waiting() -> None:
            progress.start("waiting for an indexer of the same source")

        progress.start("looking for small segments")
        before: int | None = None
        with (
            one_at_a_time(self._data_dir, self._catalog, source_id, say_waiting),
            self._search_indexes.hold(source_id),
        ):
            while True:
                source = self._catalog.get_source(source_id)
                base = self._bases.open_settled(source)
                if base is None:
                    return MergeReport(
                        source, before or 0, before or 0, has_rest=bool(self._bases.find_readable(source))
                    )
                count = len(base.segments)
                before = before or count
                crowded = find_crowded(base.parts, self._segment_rows)
                if not crowded:
                    return MergeReport(source, before, count)
                progress.start("merging segments")
                self._merge(source, base, crowded)

    def _merge(self, source: DataSource, base: Base, crowded: Collection[int]) -> None:
        run_id = self._catalog.reserve_run(source.id)
        indexes = self._search_indexes
        with Draft(base, source.id, run_id, source.commit, self._writer, indexes, self._segment_rows) as draft:
            draft.merge(crowded)
        self._catalog.publish_merged(source, run_id)
        indexes.discard_others(source.id, run_id)
