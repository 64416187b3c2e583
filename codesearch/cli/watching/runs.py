"""Index runs of one folder, one after the other in a process that keeps what they need: workers, model, open tables."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import TYPE_CHECKING

from codesearch.assembly import Assembly, open_indexer
from codesearch.cli.mcp.folder import Folder, find_covering
from codesearch.core.errors import SourceError
from codesearch.core.types import DataSource
from indexer.workers.indexing_pool import IndexingPool

if TYPE_CHECKING:
    from indexer.pipeline import IndexReport, Progress
    from indexer.workers.processes import ForkServer


class WarmRuns:
    """A context manager: behind it the workers have ended."""

    def __init__(self, assembly: Assembly, folder: Folder, forked: ForkServer | None, name: str | None = None) -> None:
        """`forked` starts the workers. `name` is what the data source is to be called, where it is given."""
        self._assembly = assembly
        self._folder = folder
        self._name = name
        self._stack = ExitStack()
        self._pool = self._stack.enter_context(IndexingPool(assembly.settings, forked, keeps_workers=True))
        self._source_id: str | None = None

    def find(self) -> DataSource | None:
        """Return the data source that holds the folder, None where there is none yet."""
        return find_covering(self._assembly.catalog.list_sources(), self._folder)

    def run(self, shown: AbstractContextManager[Progress]) -> IndexReport:
        """Bring the folder's index up to date, and return what was done.

        Raises SourceRemovedError when the data source was removed since the last run, and what an index run raises.
        """
        source = self.find()
        if self._source_id is not None and self._assembly.catalog.resolve(self._source_id) is None:
            raise SourceRemovedError(f"{self._folder.root} was removed from what is indexed, and is watched no longer.")
        place, subdir = (source.location, source.subdir) if source is not None else (str(self._folder.root), None)
        with shown as progress:
            report = open_indexer(self._assembly, self._pool).index(
                place, name=self._name, branch=None, subdir=subdir, progress=progress
            )
        self._source_id, self._name = report.source.id, None
        return report

    def rest(self) -> None:
        """Give the workers' memory back; the next run starts others, which takes some hundredths of a second."""
        self._pool.end_workers()

    def __enter__(self) -> WarmRuns:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)


class SourceRemovedError(SourceError):
    """Somebody has removed the data source: indexing it would bring it back."""
