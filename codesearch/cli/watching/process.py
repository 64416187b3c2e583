"""The process that watches a folder for another one, such as for `codesearch mcp`; ends when its stdin does."""

from __future__ import annotations

import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from filelock import FileLock, Timeout

from codesearch.cli import output
from codesearch.cli.context import open_logging_assembly
from codesearch.cli.limits import require_room_to_index
from codesearch.cli.mcp.folder import Folder
from codesearch.cli.programs import end_with, lower_priority
from codesearch.cli.watching.turn import watch_lock
from codesearch.cli.wording import describe_error
from codesearch.core.errors import CodesearchError

# How often one that waits looks whether the other watcher of the folder has gone.
_WAIT_SECONDS = 2.0


def main(here: str, root: str) -> None:
    """Watch a folder once nobody else does, and exit with 0, or with 1 after one line on stderr.

    `here` is where whoever is served stands, `root` what is indexed. Others go first.
    """
    lower_priority()
    try:
        _watch(Folder(Path(here), Path(root)), Path(root))
    except KeyboardInterrupt:
        sys.exit(0)
    except CodesearchError as error:
        output.print_error(describe_error(error))
        sys.exit(1)


def _watch(folder: Folder, root: Path) -> None:
    # Whoever started this process has said what does not count.
    assembly = open_logging_assembly(lambda _: None)
    with _held(watch_lock(assembly.settings.data_dir, root)):
        require_room_to_index(assembly.settings.index_workers)
        from indexer.workers.nurseries import fork_workers

        # Before the first thread: a process with threads cannot be forked.
        with fork_workers(assembly.settings) as forked:
            end_with(sys.stdin.fileno())
            from codesearch.cli.watching.relevance import Relevance
            from codesearch.cli.watching.runs import WarmRuns
            from codesearch.cli.watching.watcher import FolderWatcher
            from indexer.pipeline import SilentProgress

            try:
                with WarmRuns(assembly, folder, forked) as runs:
                    relevance = Relevance(root, assembly.settings)
                    FolderWatcher(
                        root, relevance, lambda: runs.run(nullcontext(SilentProgress())), output.print_error, runs.rest
                    ).watch()
            finally:
                assembly.close()


@contextmanager
def _held(lock: FileLock) -> Iterator[None]:
    """Hold the lock, once nobody else does. Raises KeyboardInterrupt when stdin ends before."""
    while True:
        try:
            lock.acquire()
            break
        except Timeout:
            # Nothing is ever written to it: it can be read when it has ended.
            if select.select([sys.stdin], [], [], _WAIT_SECONDS)[0]:
                raise KeyboardInterrupt from None
    try:
        yield
    finally:
        lock.release()
