"""How far an index run is, on stderr: a bar on a terminal, plain lines elsewhere. index.py hands it to the run."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from codesearch.cli.output import visible
from codesearch.core.counts import say_count

if TYPE_CHECKING:
    from rich.progress import Progress

# Without a terminal, a line so often says that a long run is alive.
PLAIN_LINE_SECONDS = 10.0
_TOLD_FROM = 0.05


class _BarProgress:
    """A bar on a terminal."""

    def __init__(self, progress: Progress, name: str) -> None:
        self._progress = progress
        self._name = name
        self._task = progress.add_task("starting", total=None, detail="")
        self._started = time.monotonic()
        self._total: int | None = None

    def start(self, phase: str, total: int | None = None) -> None:
        self._total = total
        self._started = time.monotonic()
        self._progress.reset(self._task, description=f"{self._name}: {phase}", total=total, detail="")

    def advance(self, files: int, chunks: int, skipped: int) -> None:
        seconds = time.monotonic() - self._started
        detail = describe_progress(files, self._total, chunks, skipped, seconds)
        self._progress.update(self._task, completed=files, detail=detail)


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
            detail = describe_progress(files, self._total, chunks, skipped, now - self._started)
            self._print(f"{done}, {detail}")

    def _print(self, line: str) -> None:
        try:
            print(f"{self._name}: {line}", file=sys.stderr, flush=True)
        except BrokenPipeError:
            # Nobody reads on, which is no reason to stop: what is read is indexed all the same.
            sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - as long as the process


def describe_progress(files: int, total: int | None, chunks: int, skipped: int, seconds: float) -> str:
    """Return how many chunks there are, how many come a second, how many files were skipped, and how long it takes.

    The time that is left is told once a twentieth of the files is read: before, it would say little.
    """
    said = f"{say_count(chunks, 'chunk')}, {chunks / max(0.001, seconds):,.0f}/s, {skipped:,} skipped"
    if not total or files < _TOLD_FROM * total or files >= total:
        return said
    left = seconds * (total - files) / files
    return f"{said}, about {_say_duration(left)} left"


def _say_duration(seconds: float) -> str:
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


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
