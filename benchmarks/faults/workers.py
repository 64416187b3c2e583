"""The same fleet with workers: index runs are jobs in PostgreSQL, done by several `codesearch worker` processes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from benchmarks.faults.fleet import Fleet
from benchmarks.faults.proxy import Proxy
from benchmarks.faults.repositories import Repository
from benchmarks.faults.runs import STAGES, News, Run
from benchmarks.services import environment_of
from codesearch.api.management import Job, JobKind, JobRequest, JobState
from codesearch.core.errors import JobsUnavailableError
from codesearch.jobs.database import JobDatabase, jobs_url
from codesearch.jobs.queue import JobQueue

WORKERS = 3
# Of a worker: all of it, as on a machine that loses its power; what takes the jobs; what does one.
WHOLE, TAKER, DOER = "all of its processes", "the process that takes jobs", "the process of the job"
_MODULES = {TAKER: "codesearch.cli.worker", DOER: "codesearch.cli.management.job_process"}
_LOOK_SECONDS = 0.2
_START_SECONDS = 60
_SUBMIT_SECONDS = 30
_PRIORITY_SECONDS = 1.0
_PHASE = re.compile(r" (repository-\d+): ([a-z ]+)$")


class WorkerProcess:
    """One `codesearch worker` with a data folder of its own, as on a machine of its own."""

    def __init__(
        self, data_dir: Path, settings: dict[str, str], to_postgres: Proxy, hear: Callable[[WorkerProcess, str], None]
    ) -> None:
        self._data_dir, self._settings, self._hear, self.to_postgres = data_dir, settings, hear, to_postgres
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "codesearch.cli", "worker", "--jobs", "1"],
            env=environment_of(self._data_dir, {**self._settings, "CODESEARCH_LOG_LEVEL": "debug"}),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=self._listen, args=(self.process.stderr,), daemon=True).start()

    def _listen(self, stream: IO[str]) -> None:
        with stream, self._data_dir.with_suffix(".log").open("a") as log:
            for line in stream:
                log.write(line)
                log.flush()
                self._hear(self, line.rstrip())

    def processes(self) -> list[int]:
        """Return the ids of its processes, those that start others first."""
        found = [] if self.process is None else [self.process.pid]
        for pid in found:
            found += _children_of(pid)
        return found

    def find(self, part: str) -> int | None:
        """Return the id of one of its processes, None where it is not there."""
        for pid in self.processes():
            with suppress(OSError):
                if f"from {_MODULES[part]} import main" in Path(f"/proc/{pid}/cmdline").read_text():
                    return pid
        return None

    def is_ready(self) -> bool:
        """Say whether what takes jobs is there."""
        return self.process is not None and self.process.poll() is None and self.find(TAKER) is not None

    def kill(self, part: str = WHOLE) -> None:
        """Kill it or a part of it."""
        found = self.find(part) if part in _MODULES else None
        for pid in self.processes() if found is None else [found]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.process is not None and found is None:
            self.process.wait()


def _children_of(pid: int) -> list[int]:
    children = list[int]()
    with suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):
                children += map(int, (thread / "children").read_text().split())
    return children


class JobRun(Run):
    """A refresh in the queue, done by whichever worker takes it."""

    def __init__(self, repository: Repository, news: News, queue: JobQueue, source_id: str) -> None:
        super().__init__(repository, news)
        self.worker: WorkerProcess | None = None
        self._workers = set[WorkerProcess]()
        # After whose latest beginning another one was heard of: these are to say nothing any more.
        self._superseded = set[WorkerProcess]()
        self._has_two = False
        self._queue = queue
        self._request = JobRequest(JobKind.REFRESH, repository.name, source_id)
        self._job: Job | None = None
        self._looked_at = time.monotonic()

    def submit(self) -> None:
        """Ask for it."""
        deadline = time.monotonic() + _SUBMIT_SECONDS
        while self._job is None:
            try:
                self._job = self._queue.submit(self._request, "faults")
            except JobsUnavailableError:
                # Its connections were to a PostgreSQL that was killed.
                if time.monotonic() > deadline:
                    raise
                time.sleep(_LOOK_SECONDS)

    def hear_bound(self, worker: WorkerProcess, line: str) -> None:
        """Take what a worker says of the beginning or the end of a job, maybe this one."""
        if self._job is not None and f"job {self._job.id} begins" in line:
            self._superseded.discard(worker)
        if self._job is not None and f"job {self._job.id} ends here" in line:
            self.stage = None

    def hear_from(self, worker: WorkerProcess, phase: str) -> None:
        """Take what a worker says that it does for this job."""
        if phase in STAGES:
            self._has_two |= worker in self._superseded
            self._superseded |= self._workers - {worker}
            self._workers.add(worker)
            self.worker = worker
        self.hear(phase)

    def is_over(self) -> bool:
        """Say whether the queue says so, or said it when it was asked last."""
        now, job = time.monotonic(), self._job
        if job is None:
            return False
        if not job.state.is_over and now - self._looked_at >= _LOOK_SECONDS:
            self._looked_at = now
            with suppress(JobsUnavailableError):
                self._job = job = self._queue.get(job.id)
        return job.state.is_over

    def kill(self, variant: str) -> None:
        """Kill the worker that is at work, or a part of it."""
        if self.worker is not None:
            self.worker.kill(variant)

    def judge(self) -> tuple[str, list[str]]:
        """Return how it ended; it is wrong that it does not, or that two workers were at it in turns."""
        name, job = self.repository.name, self._job
        if job is None or not job.state.is_over:
            return "hangs", [f"the job of {name} hangs: {job and (job.state.value, job.progress.phase)}"]
        self.said = job.message or ""
        wrong = []
        if self._has_two:
            wrong.append(f"two workers were at {name} at once")
        if len(self._workers) > 1:
            self.notes.append("another worker took it over")
        return "well" if job.state is JobState.DONE else "said why not", wrong


class WorkerFleet(Fleet):
    """The fleet whose index runs are jobs."""

    kind = "worker"
    # What has nothing to do costs little, and keeps the processes of jobs for the next fault.
    runs_again = True

    def _start(self) -> None:
        super()._start()
        database_url = f"postgresql://tester@127.0.0.1:{self.postgres.port}/postgres"
        self.queue = JobQueue(JobDatabase(jobs_url(self.folder / "jobs", None, database_url)))
        self._stack.callback(self.queue.close)
        with self.reading(self.folder / "first") as assembly:
            found = {source.name: source.id for source in assembly.catalog.list_sources()}
        self._source_ids = found
        self._runs: Sequence[JobRun] = ()
        self.workers: list[WorkerProcess] = []
        for number in range(WORKERS):
            # One behind the other: what is cut for all is cut for each.
            own = Proxy(self.to_postgres.port)
            self._stack.callback(own.close)
            settings = self.settings_at(own.port, self.to_objects.port)
            worker = WorkerProcess(self.folder / f"worker-{number}", settings, own, self._hear)
            self.workers.append(worker)
            self._stack.callback(worker.kill)
            worker.start()
        if os.getuid() == 0:
            threading.Thread(target=self._keep_priority, daemon=True).start()

    def settings_at(self, postgres_port: int, objects_port: int) -> dict[str, str]:
        """Return the settings of those who reach PostgreSQL and the S3 server at these ports."""
        # Services have a worker of their own by default.
        return {**super().settings_at(postgres_port, objects_port), "CODESEARCH_WORKER_JOBS": "0"}

    def _hear(self, worker: WorkerProcess, line: str) -> None:
        found = _PHASE.search(line)
        for run in self._runs:
            if found is not None and run.repository.name == found[1]:
                run.hear_from(worker, found[2])
            run.hear_bound(worker, line)

    def prepare(self) -> None:
        """Have all workers there; one that waits before it starts again what was killed of it is started anew."""
        for worker in self.workers:
            if not self.news.wait_until(worker.is_ready, 3):
                worker.kill()
                worker.start()
        for worker in self.workers:
            self.news.wait_until(worker.is_ready, _START_SECONDS)

    def _keep_priority(self) -> None:
        """Give the processes of jobs the priority of everything else here, again and again.

        They lower it, as searches go first. Where this program has a low one among others, that comes to nearly none.
        """
        wanted = os.getpriority(os.PRIO_PROCESS, 0)
        while True:
            time.sleep(_PRIORITY_SECONDS)
            for worker in self.workers:
                for pid in worker.processes():
                    with suppress(OSError):
                        os.setpriority(os.PRIO_PROCESS, pid, wanted)

    def start_runs(self, repositories: Sequence[Repository]) -> Sequence[Run]:
        """Ask for a refresh of each of these."""
        self._runs = [
            JobRun(repository, self.news, self.queue, self._source_ids[repository.name]) for repository in repositories
        ]
        for run in self._runs:
            run.submit()
        return self._runs
