"""Jobs of a real service with its worker and the real indexer: no death loses one; and the commands about them."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from codesearch.api.management import Job, JobKind, JobRequest, JobState
from codesearch.core.catalog.catalog import open_catalog
from codesearch.core.locks import source_lock
from codesearch.jobs.database import JobDatabase, jobs_url
from codesearch.jobs.queue import JobQueue
from indexer.source.location import parse_location, source_id
from tests.e2e.service import PATIENCE_SECONDS, Service, create_key, run_cli

WAITS = "waiting for another indexer of the same source"


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[JobQueue]:
    """The queue of the data folder `data`."""
    (tmp_path / "data").mkdir()
    queue = JobQueue(JobDatabase(jobs_url(tmp_path / "data")))
    yield queue
    queue.close()


def wait_for(queue: JobQueue, job: Job, is_reached: Callable[[Job], bool]) -> Job:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = queue.get(job.id)
        if is_reached(found):
            return found
        time.sleep(0.05)
    raise AssertionError(f"it stays {found}")


def worker_of(service: Service) -> int:
    """Return the process id of the service's worker."""
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rpartition(") ")[2].split()[1])
            if parent == service.process.pid and b"codesearch.cli.worker" in (path / "cmdline").read_bytes():
                return int(path.name)
        except OSError:
            continue
    raise AssertionError("the service has no worker")


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_job_outlives_its_worker_and_its_service(tmp_path: Path, queue: JobQueue) -> None:
    data_dir, folder = tmp_path / "data", tmp_path / "shop"
    folder.mkdir()
    (folder / "cart.py").write_text("def add_to_cart(item):\n    return [item]\n")
    location = parse_location(str(folder))
    identifier = source_id(location, None, None)
    secret = create_key(data_dir, "reader")
    request = JobRequest(JobKind.ADD, "shop", identifier, location.display)

    def is_waiting(job: Job) -> bool:
        return job.state is JobState.RUNNING and job.progress.phase == WAITS

    with source_lock(data_dir, identifier):
        with Service(data_dir, secret, "--jobs", "1", index_workers="1") as service:
            job = queue.submit(request, "boss")
            first = wait_for(queue, job, is_waiting)
            os.kill(worker_of(service), signal.SIGKILL)
            second = wait_for(queue, job, lambda job: is_waiting(job) and job.started_at != first.started_at)
            assert second.requested_at == first.requested_at
        assert queue.get(job.id).state is JobState.QUEUED
        service = Service(data_dir, secret, "--jobs", "1", index_workers="1")
    with service:
        done = wait_for(queue, job, lambda job: job.state.is_over)
        assert (done.state, done.message) == (JobState.DONE, "1 file indexed, 0 removed.")
        assert [record["metadata"]["path"] for record in service.records("shop", "add to cart")] == ["cart.py"]


def test_a_job_merges_what_runs_have_left_and_answers_stay_the_same(tmp_path: Path, queue: JobQueue) -> None:
    data_dir, folder = tmp_path / "data", tmp_path / "shop"
    folder.mkdir()
    for run in range(3):
        for number in range(20 * run, 20 * run + 20):
            (folder / f"part_{number:02}.py").write_text(f"def part_{number}():\n    return {number}\n")
        # Segments of so few chunks leave no room for one another.
        indexed = run_cli(data_dir, "index", str(folder), "--json", segment_chunks="16", index_workers="1")
    files = data_dir / "search" / indexed.json["id"]
    assert len(list(files.glob("*.segment"))) == 3
    with Service(data_dir, create_key(data_dir, "reader"), "--jobs", "1", index_workers="1") as service:
        answers = service.records("shop", "part 17")
        job = queue.submit(JobRequest(JobKind.MERGE, "shop", indexed.json["id"]), "boss")
        done = wait_for(queue, job, lambda job: job.state.is_over)
        assert (done.state, done.message) == (JobState.DONE, "3 segments became 1.")
        assert len(list(files.glob("*.segment"))) == 1
        assert service.records("shop", "part 17") == answers
        assert answers[0]["metadata"]["path"] == "part_17.py"


def test_jobs_are_listed_and_stopped_at_a_shell(tmp_path: Path, queue: JobQueue) -> None:
    data_dir = tmp_path / "data"
    assert run_cli(data_dir, "jobs", "--json").json == {"jobs": []}
    assert "There are no jobs" in run_cli(data_dir, "jobs").out
    assert not (data_dir / "jobs.sqlite3").exists()
    assert "no such job" in run_cli(data_dir, "job", "cancel", "nothing").error
    job = queue.submit(JobRequest(JobKind.REFRESH, "shop", "a" * 24), "boss")
    (listed,) = run_cli(data_dir, "jobs", "--json").json["jobs"]
    assert (listed["id"], listed["kind"], listed["state"], listed["requested_by"]) == (
        job.id, "refresh", "queued", "boss",
    )  # fmt: skip
    assert "refresh shop" in run_cli(data_dir, "jobs").out
    assert "is cancelled" in run_cli(data_dir, "job", "cancel", job.id).out
    assert queue.get(job.id).state is JobState.CANCELLED


def test_a_schedule_is_set_shown_paused_and_ended_at_a_shell(tmp_path: Path, queue: JobQueue) -> None:
    data_dir = tmp_path / "data"
    with open_catalog(f"sqlite:///{data_dir / 'catalog.sqlite3'}") as catalog:
        catalog.add_source(id="a" * 24, name="shop", location="https://git.example.org/shop")
        assert "only on request" in run_cli(data_dir, "schedule", "shop").out
        assert "only on request" in run_cli(data_dir, "schedule", "shop", "0m").out
        paused = run_cli(data_dir, "schedule", "shop", "pause").out
        assert paused == (
            "shop is refreshed only on request, and is paused; `codesearch schedule shop resume` goes on.\n"
        )
        assert run_cli(data_dir, "schedule", "shop", "resume").out == "shop is refreshed only on request.\n"
        for given, most in (("400d", "366 days"), ("8785h", "8,784 hours"), ("900000m", "527,040 minutes")):
            refused = run_cli(data_dir, "schedule", "shop", given)
            assert refused.status == 2
            assert f"Error: '{given}' is too long: give at most {most}, which is a year, or off" in refused.err
        assert "every 15 minutes, next at" in run_cli(data_dir, "schedule", "shop", "15m").out
        assert catalog.get_source("shop").refresh_minutes == 15
        assert run_cli(data_dir, "schedule", "shop", "2h", "--json").json["refresh_minutes"] == 120
        assert run_cli(data_dir, "list", "--json").json["sources"][0]["refresh_minutes"] == 120
        waiting = queue.submit(JobRequest(JobKind.REFRESH, "shop", "a" * 24), "schedule")
        assert "is paused" in run_cli(data_dir, "schedule", "shop", "pause").out
        assert catalog.get_source("shop").is_paused
        assert queue.get(waiting.id).state is JobState.CANCELLED
        assert "every 2 hours, next at" in run_cli(data_dir, "schedule", "shop", "resume").out
        (caught_up,) = [job for job in queue.list_jobs() if job.state is JobState.QUEUED]
        assert (caught_up.request.source_id, caught_up.requested_by) == ("a" * 24, "shell")
        run_cli(data_dir, "schedule", "shop", "off")
        assert catalog.get_source("shop").refresh_minutes == 0
        assert "only on request" in run_cli(data_dir, "schedule", "shop", refresh_minutes="60").out
        assert "every hour, as all" in run_cli(data_dir, "schedule", "shop", "default", refresh_minutes="60").out
        assert catalog.get_source("shop").refresh_minutes is None
    assert run_cli(data_dir, "schedule", "shop", "often").status == 2
    assert "No such repository" in run_cli(data_dir, "schedule", "shopp", "1d").error
