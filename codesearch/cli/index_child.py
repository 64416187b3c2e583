"""A process that indexes for another one: its side, which ends when its stdin does, and says how far it is."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from codesearch.assembly import Assembly
from codesearch.cli import output
from codesearch.cli.context import open_logging_assembly
from codesearch.cli.programs import end_with
from codesearch.cli.wording import describe_error
from codesearch.core.errors import CodesearchError

if TYPE_CHECKING:
    from indexer.workers.processes import ForkServer

logger = logging.getLogger(__name__)

_REPORT_SECONDS = 0.5


def run_child(work: Callable[[Assembly, ForkServer | None], None], hear: Callable[[bytes], object] = bytes) -> None:
    """Open the assembly, fork the workers, do the work, and exit with 0, or with 1 after one line on stderr.

    What comes from stdin is given to `hear`, in another thread; its end ends the work.
    """
    try:
        _run(work, hear)
    except KeyboardInterrupt:
        sys.exit(1)
    except CodesearchError as error:
        output.print_error(describe_error(error))
        sys.exit(1)


def _run(work: Callable[[Assembly, ForkServer | None], None], hear: Callable[[bytes], object]) -> None:
    # Whoever started this process has said what does not count.
    assembly = open_logging_assembly(lambda _: None)
    from indexer.workers.nurseries import fork_workers

    # Before the first thread: a process with threads cannot be forked.
    with fork_workers(assembly.settings) as forked:
        end_with(sys.stdin.fileno(), hear)
        try:
            work(assembly, forked)
        finally:
            assembly.close()


class _ReportedProgress:
    """Progress as lines of JSON on stdout: `source`, `phase`, `files_done`, `files_total`, `chunks_done`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._phase = "starting"
        self._total: int | None = None
        self._reported = float("-inf")

    def start(self, phase: str, total: int | None = None) -> None:
        self._phase, self._total = phase, total
        logger.debug("%s: %s", self._name, phase)
        self._report(0, 0)

    def advance(self, files: int, chunks: int, skipped: int) -> None:
        if time.monotonic() - self._reported >= _REPORT_SECONDS:
            self._report(files, chunks)

    def _report(self, files: int, chunks: int) -> None:
        self._reported = time.monotonic()
        fields = {"files_done": files, "files_total": self._total, "chunks_done": chunks}
        print(json.dumps({"source": self._name, "phase": self._phase, **fields}), flush=True)


@contextmanager
def reported_progress(name: str) -> Iterator[_ReportedProgress]:
    """Say how far an index run of what is called `name` is, for the process that reads this one's stdout."""
    yield _ReportedProgress(name)
