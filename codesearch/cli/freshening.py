"""What brings data sources up to date for a query: git asks remotes, jobs of the service or our own processes run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from codesearch.api.management import JobKind, JobRequest, Jobs, JobState
from codesearch.assembly import LOCAL_PRINCIPAL
from codesearch.cli.index_process import IndexProcess
from codesearch.cli.programs import command_of
from codesearch.core.catalog.catalog import Catalog
from codesearch.core.types import DataSource
from codesearch.retrieval.freshening import Freshener, State

if TYPE_CHECKING:
    from codesearch.assembly import Assembly
    from codesearch.core.config import Settings

# A remote that does not say a word for so long is not waited for.
_REMOTE_SECONDS = 10.0
_RUNS_AT_ONCE = 2


def open_job_freshener(catalog: Catalog, settings: Settings, jobs: Jobs) -> Freshener:
    """Return what a service does: refreshes are its jobs."""

    def begin(source: DataSource, name: str) -> JobRefresh:
        job = jobs.submit(JobRequest(JobKind.REFRESH, source.name, source.id), name)
        return JobRefresh(jobs, job.id)

    return Freshener(look_with(catalog, settings), begin)


def open_process_freshener(assembly: Assembly) -> Freshener:
    """Return what a command does: refreshes are processes of its own, a few at once, that end with it."""
    room = threading.BoundedSemaphore(_RUNS_AT_ONCE)
    return Freshener(look_with(assembly.catalog, assembly.settings), lambda source, _: ProcessRefresh(source, room))


def look_with(catalog: Catalog, settings: Settings) -> Callable[[DataSource], str | None]:
    """Return what asks where a data source lies which commit its branch has there; None where a run has to look."""

    def look(source: DataSource) -> str | None:
        from indexer.source.tips import find_tip_of

        commit = find_tip_of(source.location, source.branch, settings, _REMOTE_SECONDS)
        if commit is not None and commit not in (source.commit, source.remote_commit):
            catalog.note_remote(source.id, commit)
        return commit

    return look


class JobRefresh:
    """A job of the service."""

    def __init__(self, jobs: Jobs, job_id: str) -> None:
        self._jobs = jobs
        self._job = jobs.get(job_id)

    def is_over(self) -> bool:
        """Say whether the job is over."""
        if not self._job.state.is_over:
            self._job = self._jobs.get(self._job.id)
        return self._job.state.is_over

    def failure(self) -> str | None:
        """Return the message of a job that did not do it."""
        return None if self._job.state is JobState.DONE else self._job.message or self._job.state.value


class ProcessRefresh:
    """A process of our own, once there is room for it."""

    def __init__(self, source: DataSource, room: threading.BoundedSemaphore) -> None:
        self._arguments = (source.location, source.subdir or "", "waited for", source.branch or "")
        self._room = room
        self._process: IndexProcess | None = None
        self._has_ended = threading.Event()

    def is_over(self) -> bool:
        """Say whether it has ended; begin it where it has not begun and may."""
        if self._process is None:
            if not self._room.acquire(blocking=False):
                return False
            try:
                process = IndexProcess(command_of("codesearch.cli.mcp.index_run", *self._arguments), has_own_group=True)
            except OSError:
                self._room.release()
                raise
            self._process = process
            # It gives its room back, also when nobody looks any more.
            threading.Thread(target=self._wait, args=(process,), name="refresh", daemon=True).start()
        return self._has_ended.is_set()

    def failure(self) -> str | None:
        """Return what it said last, where it failed."""
        return None if self._process is None else self._process.failure

    def _wait(self, process: IndexProcess) -> None:
        process.wait()
        self._room.release()
        self._has_ended.set()


def freshen_at_shell(
    assembly: Assembly, sources: Sequence[DataSource], seconds: int, tell: Callable[[str], None]
) -> list[DataSource]:
    """Bring data sources up to date for a command that asks them, and return them as they are then.

    `tell` gets a line for each that is not.
    """
    freshener = open_process_freshener(assembly)
    try:
        for item in freshener.freshen(sources, seconds, LOCAL_PRINCIPAL.key_id, LOCAL_PRINCIPAL.name):
            if item.state is not State.FRESH:
                is_behind = item.state is State.BEHIND
                stands = "is behind its source" if is_behind else "may be behind its source"
                tell(f"warning: {item.source.name} {stands}. {item.message}")
    finally:
        freshener.close()
    return [assembly.catalog.get_source(source.id) for source in sources]
