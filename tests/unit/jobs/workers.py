"""Real worker processes over one database of jobs, and what tests ask of both."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from codesearch.api.management import Job, JobKind, JobRequest, JobState
from codesearch.jobs.database import JobDatabase
from codesearch.jobs.engine import LEASE_SECONDS
from codesearch.jobs.queue import JobQueue
from tests.patience import PATIENCE_SECONDS

ROOT = Path(__file__).parents[3]


class Jobs:
    """A database of jobs, its queue, and workers."""

    def __init__(self, folder: Path, url: str, catalog_url: str) -> None:
        self.folder = folder
        self.url = url
        self.catalog_url = catalog_url
        self.lease_seconds = LEASE_SECONDS
        self.database = JobDatabase(url)
        self.queue = JobQueue(self.database)
        self.processes: list[subprocess.Popen[bytes]] = []

    def start_worker(self, folder: Path | None = None, url: str | None = None) -> subprocess.Popen[bytes]:
        """Start a worker, of another data folder or with another way to the jobs where one is given."""
        place = folder or self.folder
        place.mkdir(exist_ok=True)
        arguments = [str(place), url or self.url, self.catalog_url, str(self.lease_seconds)]
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.unit.jobs.worker_process", *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self.processes.append(process)
        return process

    def stop(self, process: subprocess.Popen[bytes], by: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait."""
        if process.poll() is None:
            process.send_signal(by)
        return process.wait(PATIENCE_SECONDS)

    def submit(self, title: str, source_id: str | None = None) -> Job:
        """Ask for a job."""
        return self.queue.submit(request_of(title, source_id), "admin")

    def wait_for(self, job: Job, is_reached: Callable[[Job], bool]) -> Job:
        """Wait until a job is as wanted."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            found = self.queue.get(job.id)
            if is_reached(found):
                return found
            time.sleep(0.05)
        raise AssertionError(f"it stays {found}")

    def marks(self, folder: Path | None = None) -> list[str]:
        """Return what programs noted: + and the source when one begins, - when it ends by itself."""
        path = (folder or self.folder) / "marks"
        return path.read_text().split() if path.exists() else []

    def close(self) -> None:
        """End the workers."""
        for process in self.processes:
            self.stop(process)
        self.queue.close()


@contextmanager
def jobs_in(folder: Path, url: str, catalog_url: str) -> Iterator[Jobs]:
    """Give a database of jobs whose workers are stopped in the end."""
    jobs = Jobs(folder, url, catalog_url)
    try:
        yield jobs
    finally:
        jobs.close()


def request_of(title: str, source_id: str | None = None) -> JobRequest:
    """Return a request that the programs of worker_process.py know."""
    location = f"https://git.example.org/{title.replace(' ', '/')}"
    return JobRequest(JobKind.ADD, title, source_id=source_id, location=location)


def is_over(job: Job) -> bool:
    """Say whether a job is over."""
    return job.state.is_over


def is_at_work(job: Job) -> bool:
    """Say whether a job's program has said how far it is."""
    return job.state is JobState.RUNNING and job.progress.files_done == 3
