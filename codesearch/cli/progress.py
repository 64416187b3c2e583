"""How far an index run is, on stderr: a bar on a terminal, plain lines elsewhere. index.py hands it to the run."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from codesearch.cli.output import visible
from codesearch.core.counts import say_count

if TYPE_CHECKING:
    from rich.progress import Progress

# Without a terminal, a line so often says that a long run is alive.
PLAIN_LINE_SECONDS = 10.0


class _BarProgress:
    """A bar on a terminal."""

    def __init__(self, progress: Progress, name: str) -> None:
        self._progress = progress
        self._name = name
        self._task = progress.add_task("starting", total=None, detail="")
        self._started = time.monotonic()

    def start(self, phase: str, total: int | None = None) -> None:
        self._started = time.monotonic()
        self._progress.reset(self._task, description=f"{self._name}: {phase}", total=total, detail="")

    def advance(self, files: int, chunks: int, skipped: int) -> None:
        self._progress.update(self._task, completed=files, detail=_detail(chunks, skipped, self._started))


class _LineProgress:
    """Plain lines where stderr is no terminal."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._started = self._printed = time.monotonic()
        self._total: int | None = None

    def start(self, phase: str, total: int | None = None) -> None:
        self._total = total
        self._started = time.monotonic()
        self._print(f"{phase}: {say_count(total, 'file')} to read" if total else phase)

    def advance(self, files: int, chunks: int, skipped: int) -> None:
        now = time.monotonic()
        if now - self._printed >= PLAIN_LINE_SECONDS:
            self._printed = now
            done = f"{files:,} of {say_count(self._total, 'file')}" if self._total else say_count(files, "file")
            self._print(f"{done}, {_detail(chunks, skipped, self._started)}")

    def _print(self, line: str) -> None:
        print(f"{self._name}: {line}", file=sys.stderr, flush=True)


def _detail(chunks: int, skipped: int, started: float) -> str:
    rate = chunks / max(0.001, time.monotonic() - started)
    return f"{say_count(chunks, 'chunk')}, {rate:,.0f}/s, {skipped:,} skipped"


@contextmanager
def index_progress(name: str) -> Iterator[_BarProgress | _LineProgress]:
    """Show how far an index run of what is called `name` is: a bar on a terminal, plain lines elsewhere, on stderr."""
    if not sys.stderr.isatty():
        yield _LineProgress(visible(name))
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[detail]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield _BarProgress(progress, escape(visible(name)))
