"""Keeps the index of one folder up to date by processes of its own, and says how far they are.

The first index is made by a run; from then on a process watches the folder. Where that ends, runs look now and then.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from codesearch.cli.index_process import IndexProcess
from codesearch.cli.mcp.folder import Folder, find_covering
from codesearch.cli.programs import command_of
from codesearch.core.catalog.catalog import Catalog, RunState
from codesearch.core.counts import say_count
from codesearch.core.types import DataSource
from codesearch.mcp.reply import Progress
from indexer.source.location import parse_location, source_id

logger = logging.getLogger(__name__)

# An index is looked at again no sooner than this after the last time, nor so soon that looking takes over a 20th of the
# time: on a large repository it takes seconds.
REFRESH_SECONDS = 30.0
REFRESH_SHARE = 20.0
_POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Standing:
    """How the index of the folder stands: `is_ready` to be asked; else how far it is, or why there is none."""

    is_ready: bool
    progress: Progress | None = None
    failure: str | None = None


class LocalIndex:
    """The index of a folder's checkout. Safe to use from many threads."""

    def __init__(self, folder: Folder, catalog: Catalog, is_ready: Callable[[DataSource], bool]) -> None:
        """`is_ready` says whether a data source has an index that can be read here."""
        self._folder = folder
        self._catalog = catalog
        self._is_ready = is_ready
        self._lock = threading.Lock()
        self._process: IndexProcess | None = None
        self._watcher: IndexProcess | None = None
        self._started = 0.0
        self._took = 0.0
        self._ended = float("-inf")
        self._failure: str | None = None

    def find(self) -> DataSource | None:
        """Return the data source of the folder, None where there is none yet."""
        return find_covering(self._catalog.list_sources(), self._folder)

    def refresh(self) -> None:
        """Begin to watch the folder, which brings its index up to date first; nothing where it is watched already.

        Where it has no index yet, or could not be watched, begin a run, unless one is under way or was done just now.
        """
        root = self._folder.root
        if root is None:
            return
        source = self.find()
        is_indexed = source is not None and self._is_ready(source)
        with self._lock:
            if self._watcher is not None and not self._watcher.wait(0):
                return
            if self._watcher is None and is_indexed and self._process is None:
                arguments = (str(self._folder.here), str(root))
                self._watcher = IndexProcess(command_of("codesearch.cli.watching.process", *arguments))
                return
            rest = max(REFRESH_SECONDS, self._took * REFRESH_SHARE)
            if self._process is None and time.monotonic() - self._ended >= rest:
                self._start(root)

    def wait(self, seconds: float, report: Callable[[Progress], None], is_wanted: Callable[[], bool]) -> Standing:
        """Wait until there is an index, for so long at most; report how far it is whenever that changes."""
        deadline, reported = time.monotonic() + seconds, None
        while True:
            standing = self.look()
            if standing.is_ready or standing.failure or time.monotonic() > deadline or not is_wanted():
                return standing
            if standing.progress != reported and standing.progress is not None:
                report(standing.progress)
                reported = standing.progress
            time.sleep(_POLL_SECONDS)

    def look(self) -> Standing:
        """Say how the index stands now; where there is none and none is being made, begin."""
        source = self.find()
        if source is not None and self._is_ready(source):
            return Standing(is_ready=True)
        self.refresh()
        with self._lock:
            failure, is_running = self._failure, self._process is not None
        if failure is not None and not is_running:
            return Standing(is_ready=False, failure=failure)
        return Standing(is_ready=False, progress=self._describe(source))

    def _describe(self, source: DataSource | None) -> Progress:
        root = self._folder.root
        identifier = source.id if source is not None else source_id(parse_location(str(root)))
        run = self._catalog.latest_run(identifier)
        if run is None or run.state is not RunState.RUNNING:
            return Progress(0, None, "starting")
        phase = run.phase or "starting"
        if not run.files_total:
            return Progress(0, None, phase)
        of = say_count(run.files_total, "file")
        return Progress(run.files_done, run.files_total, f"{phase}: {run.files_done:,} of {of}")

    def _start(self, root: Path) -> None:
        source = self.find()
        is_first = "" if source is not None and self._is_ready(source) else "first"
        target = (source.location, source.subdir or "") if source is not None else (str(root), "")
        self._failure, self._started = None, time.monotonic()
        process = self._process = IndexProcess(command_of("codesearch.cli.mcp.index_run", *target, is_first))
        threading.Thread(target=self._watch, args=(process,), name="index-run", daemon=True).start()

    def _watch(self, process: IndexProcess) -> None:
        """Note how the run ended."""
        process.wait()
        with self._lock:
            self._process, self._ended = None, time.monotonic()
            self._took = self._ended - self._started
            self._failure = process.failure
            if self._failure is None and self._watcher is not None:
                # What kept it from being watched may be over, too.
                self._watcher = None
