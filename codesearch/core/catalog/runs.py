"""The catalog's index runs: started, reported on, and published by the indexer; described to whoever waits for them."""

from __future__ import annotations

import os
import shlex
import socket
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import Enum

from sqlalchemy import Connection, RowMapping, bindparam, delete, func, select, update

from codesearch.core.catalog.schema import data_sources, index_runs
from codesearch.core.catalog.sources import CatalogPart, find_source_row
from codesearch.core.catalog.totals import count_run
from codesearch.core.counts import count_contents, say_count
from codesearch.core.errors import NotFoundError
from codesearch.core.processes import is_alive
from codesearch.core.redaction import redact
from codesearch.core.types import DataSource, SourceState

RUNS_KEPT_PER_SOURCE = 20
# A run elsewhere, whose process cannot be asked, counts as stopped after this long without a report. Longer than
# a fetch may stand still (the setting git_timeout_seconds), which is the longest silence of a living run.
SILENCE_UNTIL_STOPPED = timedelta(minutes=30)
# Every request that asks the data source reads them.
MOST_PATHS = 2000
_MAX_MESSAGE_LENGTH = 1000


class RunState(str, Enum):
    """How an index run stands; one whose process died stays `running`, see IndexRun.has_stopped."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class IndexRun:
    """One run of the indexer over a data source. Times are in UTC; `host` and `process_id` say who runs it."""

    id: int
    source_id: str
    state: RunState
    commit: str | None
    phase: str | None
    files_done: int
    files_total: int | None
    chunks_done: int
    started_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    message: str | None
    host: str
    process_id: int

    def has_stopped(self, now: datetime) -> bool:
        """Say whether the run ended without a word: its process is gone, or silent for too long."""
        if self.state is not RunState.RUNNING:
            return False
        # Also one that reported long after now, by a clock that was ahead; one that lives does so again.
        is_silent = abs(now - self.updated_at) > SILENCE_UNTIL_STOPPED
        return is_silent or (self.host == socket.gethostname() and not is_alive(self.process_id))


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far a run is."""

    phase: str
    files_done: int = 0
    files_total: int | None = None
    chunks_done: int = 0


# Statements are built once: to build one takes as long as to run it, and a source has a dozen in its first run.
_SELECT_RUNS = select(index_runs)
_SELECT_LATEST = (
    _SELECT_RUNS.where(index_runs.c.source_id == bindparam("source")).order_by(index_runs.c.id.desc()).limit(1)
)
_SELECT_SOURCE_ID = select(index_runs.c.source_id).where(index_runs.c.id == bindparam("run"))
_ADD_RUN = index_runs.insert().returning(index_runs.c.id)
# What is set comes with the values.
_UPDATE_RUN = update(index_runs).where(index_runs.c.id == bindparam("run"))
_UPDATE_SOURCE = update(data_sources).where(data_sources.c.id == bindparam("source"))
_REPORT = _UPDATE_RUN.where(index_runs.c.state == RunState.RUNNING.value)
_KEPT = (
    select(index_runs.c.id)
    .where(index_runs.c.source_id == bindparam("source"))
    .order_by(index_runs.c.id.desc())
    .limit(RUNS_KEPT_PER_SOURCE)
    .subquery()
)
_PRUNE = delete(index_runs).where(
    index_runs.c.source_id == bindparam("source"),
    index_runs.c.id < select(func.min(_KEPT.c.id)).scalar_subquery(),
)


class RunCatalog(CatalogPart):
    """Index runs. A later run has a higher id than every earlier one of any data source, also of removed ones."""

    def start_run(self, source_id: str, commit: str | None = None) -> int:
        """Begin a run of this process and return its id. Raises NotFoundError for an unknown data source.

        Of the data source's older runs, the last RUNS_KEPT_PER_SOURCE are kept.
        """
        now = self._clock()
        with self._database.writing() as connection:
            source = find_source_row(connection, source_id)
            run_id = _add_run(connection, source.id, commit, now)
            if source.state is not SourceState.READY:
                _update_source(connection, source.id, state=SourceState.INDEXING.value, message=None)
            connection.execute(_PRUNE, {"source": source.id})
        return run_id

    def report_progress(
        self, run_id: int, *, phase: str, files_done: int = 0, files_total: int | None = None, chunks_done: int = 0
    ) -> None:
        """Note how far a run is: one small write, for a few times per second at most.

        Raises NotFoundError when the run is over or its data source was removed: there is no point in going on.
        """
        progress = RunProgress(phase, files_done, files_total, chunks_done)
        with self._database.writing() as connection:
            values = {"run": run_id, "updated_at": self._clock(), **asdict(progress)}
            if connection.execute(_REPORT, values).rowcount == 0:
                raise _no_such_run(run_id)

    def finish_run(
        self,
        run_id: int,
        *,
        commit: str | None,
        file_count: int,
        chunk_count: int,
        index_format: str | None = None,
        uncommitted: Sequence[str] | None = None,
        progress: RunProgress | None = None,
    ) -> bool:
        """End a run and publish what it wrote, in one transaction: its rows are the data source's from now on.

        `uncommitted` are the files of a work tree that are not as in the commit; None when it was no work tree.
        `progress` is noted, too.
        Return False, and publish nothing, when a later run of the data source was published before.
        Raises NotFoundError when the data source was removed meanwhile.
        """
        now = self._clock()
        with self._database.writing() as connection:
            source = _source_of_run(connection, run_id)
            values = {"state": RunState.FINISHED.value, "commit_id": commit, "updated_at": now, "finished_at": now}
            _update_run(connection, run_id, **values, **(asdict(progress) if progress is not None else {}))
            count_run(connection, run_id, has_failed=False)
            if source.run_id >= run_id:
                return False
            _update_source(
                connection,
                source.id,
                state=SourceState.READY.value,
                commit_id=commit,
                run_id=run_id,
                file_count=file_count,
                chunk_count=chunk_count,
                index_format=index_format,
                uncommitted_count=None if uncommitted is None else len(uncommitted),
                uncommitted_paths=join_paths(uncommitted),
                indexed_at=now,
                message=None,
            )
        return True

    def reserve_run(self, source_id: str) -> int:
        """Return a number that no run has or will have, for what is published without a run: merged segments.

        Raises NotFoundError for an unknown data source.
        """
        with self._database.writing() as connection:
            run_id = _add_run(connection, find_source_row(connection, source_id).id, None, self._clock())
            connection.execute(index_runs.delete().where(index_runs.c.id == run_id))
        return run_id

    def publish_merged(self, source: DataSource, run_id: int) -> None:
        """Publish the segments of a number that was reserved in the place of those that `source` has.

        They hold the same rows: nothing else of the data source changes. Raises NotFoundError when it was removed, or
        is no more what it was.
        """
        table = data_sources
        statement = table.update().where(table.c.id == source.id, table.c.run_id == source.run_id)
        with self._database.writing() as connection:
            if connection.execute(statement.values(run_id=run_id)).rowcount == 0:
                raise NotFoundError(f"{source.name} was removed or indexed while its segments were merged.")

    def fail_run(self, run_id: int, message: str) -> None:
        """End a run that failed. A data source with an index goes on answering from it and remembers the message.

        A run that is not the data source's latest changes nothing but itself. Raises NotFoundError when the data
        source was removed meanwhile.
        """
        now = self._clock()
        message = _to_line(message)
        with self._database.writing() as connection:
            source = _source_of_run(connection, run_id)
            _update_run(
                connection, run_id, state=RunState.FAILED.value, message=message, updated_at=now, finished_at=now
            )
            count_run(connection, run_id, has_failed=True)
            latest = _find_latest(connection, source.id)
            if latest is not None and latest.id == run_id:
                state = SourceState.READY if source.state is SourceState.READY else SourceState.FAILED
                _update_source(connection, source.id, state=state.value, message=message)

    def latest_run(self, source_id: str) -> IndexRun | None:
        """Return the data source's latest run, whatever became of it, or None when there was none."""
        with self._database.reading() as connection:
            return _find_latest(connection, source_id)

    def list_latest_runs(self) -> dict[str, IndexRun]:
        """Return the latest run of each data source that had one, by the ids of the data sources."""
        latest = select(func.max(index_runs.c.id)).group_by(index_runs.c.source_id)
        with self._database.reading() as connection:
            rows = connection.execute(_SELECT_RUNS.where(index_runs.c.id.in_(latest))).mappings()
            return {row["source_id"]: _to_run(row) for row in rows}

    def list_running(self) -> dict[str, IndexRun]:
        """Return the runs that are at work now, as far as can be told, by the ids of their data sources."""
        statement = _SELECT_RUNS.where(index_runs.c.state == RunState.RUNNING.value).order_by(index_runs.c.id)
        with self._database.reading() as connection:
            runs = [_to_run(row) for row in connection.execute(statement).mappings()]
        now = self._clock()
        return {run.source_id: run for run in runs if not run.has_stopped(now)}

    def is_running(self, source_id: str) -> bool:
        """Say whether a run of the data source is at work now, as far as can be told."""
        run = self.latest_run(source_id)
        return run is not None and run.state is RunState.RUNNING and not run.has_stopped(self._clock())

    def describe_progress(self, source: DataSource, *, in_detail: bool = True) -> str:
        """Return a phrase that says how far indexing the data source is, and what to do when it is stuck.

        Only `in_detail` with why it failed and where the source lies, which are for those who run the service.
        """
        run = self.latest_run(source.id)
        if not in_detail:
            return _describe_briefly(run, self._clock())
        command = f"`{index_command(source)}`"
        if run is None:
            return f"never indexed; run {command}"
        if run.state is RunState.FINISHED:
            return f"indexed: {count_contents(source)}"
        if run.state is RunState.FAILED:
            return f"its last run failed: {(run.message or 'no reason given').rstrip('.')}; run {command} again"
        if run.has_stopped(self._clock()):
            where = f" at {_describe_files(run)}" if run.files_total else ""
            return f"its last run stopped{where}; run {command} again"
        if run.files_total:
            return f"indexing: {_describe_files(run)}"
        return f"indexing: {run.phase or 'just started'}"


def join_paths(paths: Sequence[str] | None) -> str | None:
    """Return paths as DataSource.uncommitted_paths has them; None for none at all, and for too many."""
    return "".join(("\n", *(f"{path}\n" for path in paths))) if paths and len(paths) <= MOST_PATHS else None


def _describe_briefly(run: IndexRun | None, now: datetime) -> str:
    if run is None:
        return "not indexed yet"
    if run.state is RunState.FINISHED:
        return "indexed"
    if run.state is RunState.FAILED or run.has_stopped(now):
        return "its last run did not finish; whoever runs the service sees why with `codesearch list`"
    return f"indexing: {_describe_files(run)}" if run.files_total else "indexing"


def _describe_files(run: IndexRun) -> str:
    return f"{run.files_done:,} of {say_count(run.files_total or 0, 'file')}"


def index_command(source: DataSource) -> str:
    """Return the command that brings a data source up to date, as for a shell."""
    words = ["codesearch", "index", redact(source.location)]
    words += ["--branch", source.branch] if source.branch else []
    words += ["--subdir", source.subdir] if source.subdir else []
    return shlex.join(words)


def _add_run(connection: Connection, source_id: str, commit: str | None, now: datetime) -> int:
    values = {
        "source_id": source_id,
        "state": RunState.RUNNING.value,
        "commit_id": commit,
        "started_at": now,
        "updated_at": now,
        "host": socket.gethostname(),
        "process_id": os.getpid(),
    }
    return int(connection.execute(_ADD_RUN, values).scalar_one())


def _find_latest(connection: Connection, source_id: str) -> IndexRun | None:
    row = connection.execute(_SELECT_LATEST, {"source": source_id}).mappings().first()
    return None if row is None else _to_run(row)


def _to_run(row: RowMapping) -> IndexRun:
    return IndexRun(
        id=row["id"],
        source_id=row["source_id"],
        state=RunState(row["state"]),
        commit=row["commit_id"],
        phase=row["phase"],
        files_done=row["files_done"],
        files_total=row["files_total"],
        chunks_done=row["chunks_done"],
        started_at=row["started_at"],
        updated_at=row["updated_at"],
        finished_at=row["finished_at"],
        message=row["message"],
        host=row["host"],
        process_id=row["process_id"],
    )


def _source_of_run(connection: Connection, run_id: int) -> DataSource:
    source_id = connection.execute(_SELECT_SOURCE_ID, {"run": run_id}).scalar()
    if source_id is None:
        raise _no_such_run(run_id)
    return find_source_row(connection, source_id)


def _no_such_run(run_id: int) -> NotFoundError:
    return NotFoundError(f"Index run {run_id} is over, or its repository was removed while it was indexed.")


def _update_run(connection: Connection, run_id: int, **values: object) -> None:
    connection.execute(_UPDATE_RUN, {"run": run_id, **values})


def _update_source(connection: Connection, source_id: str, **values: object) -> None:
    connection.execute(_UPDATE_SOURCE, {"source": source_id, **values})


def _to_line(message: str) -> str:
    """Return the message as one storable line, whatever was raised."""
    printable = redact(message).encode("utf-8", "replace").decode("utf-8").replace("\0", "")
    return " ".join(printable.split())[:_MAX_MESSAGE_LENGTH] or "no reason given"
