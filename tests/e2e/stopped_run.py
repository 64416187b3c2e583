"""`codesearch` in a process that sends itself a signal when an index run has come so far: no moment is ever missed.

    python -m tests.e2e.stopped_run STAGE SIGKILL index SOURCE

What runs is the real thing. Only the one method that a stage is about is watched: while it works for a new file in the
data folder, and at its end, where the run waits for what the signal does.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from codesearch.cli.main import run


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a run is stopped: in a method as soon as a file of `pattern` is new, or at its end after `rows` rows."""

    module: str
    owner: str
    method: str
    pattern: str | None = None
    rows: int = 0


_WRITER, _FILES = "codesearch.core.store.writer", "codesearch.core.index.segment_files"
# None: as soon as the worker processes are there, before anything of the store is imported.
STAGES: dict[str, Stage | None] = {
    "worker processes": None,
    "the first staged rows": Stage(_WRITER, "StagedRows", "write_columns", rows=1),
    "many staged rows": Stage(_WRITER, "StagedRows", "write_columns", rows=400),
    "the first rows in the store": Stage(_WRITER, "StoreWriter", "append", "store/*.lance/data/*"),
    "the commit of the new rows": Stage(_WRITER, "StoreWriter", "append", "store/*.lance/_versions/*"),
    "the segment": Stage(_FILES, "SegmentFiles", "write_segment", "search/*/chunks_*.segment"),
    "the manifest": Stage(_FILES, "SegmentFiles", "write_manifest", "search/*/chunks_*.manifest"),
    "the deletion of the old rows": Stage(_WRITER, "StoreWriter", "delete", "store/*.lance/_versions/*"),
    "tidying up": Stage(_WRITER, "StoreWriter", "maintain", "store/*.lance/_indices/*"),
}


class _Stop:
    """Sends the signal, once, to this process or, as a terminal does for ctrl-C, to its group."""

    def __init__(self, number: signal.Signals) -> None:
        self._number = number
        self._turn = threading.Lock()

    def send(self) -> None:
        if not self._turn.acquire(blocking=False):
            return
        if self._number is signal.SIGINT:
            os.killpg(os.getpgrp(), self._number)
        else:
            os.kill(os.getpid(), self._number)


def _watch(stage: Stage, stop: _Stop) -> None:
    """Put the stage's method into one that does the same, and stops the run."""
    owner = getattr(import_module(stage.module), stage.owner)
    method: Callable[..., Any] = getattr(owner, stage.method)

    def watched(self: Any, *arguments: Any, **named: Any) -> Any:
        if stage.pattern is not None:
            folder = Path(os.environ["CODESEARCH_DATA_DIR"])
            seen = set(folder.glob(stage.pattern))
            threading.Thread(target=_wait_for_new, args=(folder, stage.pattern, seen, stop), daemon=True).start()
        result = method(self, *arguments, **named)
        if not stage.rows or self.row_count >= stage.rows:
            stop.send()
            while True:
                time.sleep(60)
        return result

    setattr(owner, stage.method, watched)


def _wait_for_new(folder: Path, pattern: str, seen: set[Path], stop: _Stop) -> None:
    while not set(folder.glob(pattern)) - seen:
        time.sleep(0.0005)
    stop.send()


def main() -> None:
    """Run the command line of the arguments, with the stage and the signal before it."""
    stage, stop = STAGES[sys.argv[1]], _Stop(signal.Signals[sys.argv[2]])
    del sys.argv[1:3]
    command: Any = import_module("codesearch.cli.index")
    open_indexer = command.open_indexer

    def open_watched(*arguments: Any, **named: Any) -> Any:
        if stage is None:
            stop.send()
            while True:
                time.sleep(60)
        _watch(stage, stop)
        return open_indexer(*arguments, **named)

    command.open_indexer = open_watched
    run()


if __name__ == "__main__":
    main()
