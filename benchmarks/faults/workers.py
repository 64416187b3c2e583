"""The same fleet with workers: index runs are jobs in PostgreSQL, done by several `codesearch worker` processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from sqlalchemy import create_engine, select

from benchmarks.faults.fleet import SOURCE, Fleet, Run
from benchmarks.faults.proxy import Cut, Proxy
from benchmarks.processes import read_tree
from benchmarks.services import environment_of
from codesearch.api.management import JobKind, JobRequest, JobState
from codesearch.core.catalog.catalog import RunState
from codesearch.core.catalog.schema import index_runs
from codesearch.core.errors import CodesearchError
from codesearch.jobs.database import JobDatabase, jobs_url
from codesearch.jobs.queue import JobQueue

WORKERS = 3
_LOOK_SECONDS = 0.05
# In so much of a moment is seen who works.
_SAMPLE_SECONDS = 0.15


class WorkerProcess:
    """One `codesearch worker` with a data folder of its own, as on a machine of its own."""

    def __init__(self, data_dir: Path, settings: dict[str, str], to_postgres: Proxy) -> None:
        self._data_dir, self._settings, self.to_postgres = data_dir, settings, to_postgres
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it."""
        command = [sys.executable, "-m", "codesearch.cli", "worker", "--jobs", "1"]
        environment = environment_of(self._data_dir, {**self._settings, "CODESEARCH_LOG_LEVEL": "info"})
        with self._data_dir.with_suffix(".log").open("ab") as log:
            self.process = subprocess.Popen(
                command, env=environment, stdout=subprocess.DEVNULL, stderr=log, start_new_session=True
            )

    def processes(self) -> list[tuple[int, float]]:
        """Return the ids of its processes with the CPU seconds of each."""
        return [] if self.process is None else [(pid, cpu) for pid, cpu, _ in read_tree(self.process.pid)]

    def kill(self) -> None:
        """Kill it with all of its processes, as a machine does that loses its power."""
        for pid, _ in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.process is not None:
            self.process.wait()


class JobRun:
    """A refresh in the queue, done by whichever worker takes it."""

    def __init__(self, fleet: WorkerFleet) -> None:
        self._fleet = fleet
        self.lines: list[str] = []
        self._job = fleet.queue.submit(JobRequest(JobKind.REFRESH, SOURCE, fleet.source_id), "faults")

    def wait_for(self, stage: str, timeout_seconds: float = 120) -> bool:
        """Wait until the queue says that a stage has begun; False where the job is over before."""
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            job = self._fleet.queue.get(self._job.id)
            if stage in job.progress.phase or job.state.is_over:
                return not job.state.is_over
            time.sleep(_LOOK_SECONDS)
        return False

    def kill(self) -> None:
        """Kill the worker that is at work with all of its processes; it is started again."""
        worker = self._find_worker()
        worker.kill()
        worker.start()

    def cut_off(self, how: Cut, seconds: float) -> None:
        """Cut the network between the worker that is at work and PostgreSQL; the others keep theirs."""
        worker = self._find_worker()
        worker.to_postgres.cut(how)
        time.sleep(seconds)
        worker.to_postgres.cut(Cut.NONE)

    def _find_worker(self) -> WorkerProcess:
        before = [dict(worker.processes()) for worker in self._fleet.workers]
        time.sleep(_SAMPLE_SECONDS)
        used = [
            sum(cpu - old.get(pid, cpu) for pid, cpu in worker.processes())
            for worker, old in zip(self._fleet.workers, before, strict=True)
        ]
        return self._fleet.workers[used.index(max(used))]

    def wait(self, timeout_seconds: float = 300) -> int:
        """Wait until the job is over; return 0 where it was done, 1 where it failed and says why."""
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            with suppress(CodesearchError):
                job = self._fleet.queue.get(self._job.id)
                if job.state.is_over:
                    self.lines.append(f"codesearch: {job.message}")
                    return int(job.state is not JobState.DONE)
            time.sleep(_LOOK_SECONDS)
        raise subprocess.TimeoutExpired(f"job {self._job.id}", timeout_seconds)


class WorkerFleet(Fleet):
    """The fleet whose index runs are jobs."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        super().__init__(folder, stack)
        with self.reading(folder / "indexer") as assembly:
            self.source_id = assembly.catalog.get_source(SOURCE).id
        self._database_url = f"postgresql://tester@127.0.0.1:{self.postgres.port}/postgres"
        self.queue = JobQueue(JobDatabase(jobs_url(folder / "indexer", None, self._database_url)))
        stack.callback(self.queue.close)
        self.workers: list[WorkerProcess] = []
        for number in range(WORKERS):
            # One behind the other: what is cut for all is cut for each.
            own = Proxy(self.to_postgres.port)
            stack.callback(own.close)
            settings = self._settings_at(own.port, self.to_objects.port)
            self.workers.append(WorkerProcess(folder / f"worker-{number}", settings, own))
        for worker in self.workers:
            stack.callback(worker.kill)
            worker.start()
        self._has_workers = True

    def _settings_at(self, postgres_port: int, objects_port: int) -> dict[str, str]:
        # Services have a worker of their own by default.
        return {**super()._settings_at(postgres_port, objects_port), "CODESEARCH_WORKER_JOBS": "0"}

    def start_index(self) -> Run:
        """Ask for a refresh. The first index, before there are workers, is a command's."""
        return JobRun(self) if getattr(self, "_has_workers", False) else super().start_index()

    def published_files(self) -> tuple[tuple[str, Path], ...]:
        """Return nothing: which worker wrote them is not known."""
        return ()

    def compare(self, generation: int, number: int) -> list[str]:
        """Compare as without workers, and hold that no two runs that ended well were at work at once."""
        return [*super().compare(generation, number), *self._find_overlaps()]

    def _find_overlaps(self) -> list[str]:
        engine = create_engine(self._database_url.replace("postgresql://", "postgresql+psycopg://"))
        columns = index_runs.c.started_at, index_runs.c.finished_at
        asked = select(*columns).where(index_runs.c.state == RunState.FINISHED.value).order_by(index_runs.c.id)
        with engine.connect() as connection:
            runs: list[tuple[datetime, datetime]] = [(row[0], row[1]) for row in connection.execute(asked)]
        engine.dispose()
        is_torn = any(ended > begun for (_, ended), (begun, _) in pairwise(runs))
        return ["two runs of the source at once"] if is_torn else []
