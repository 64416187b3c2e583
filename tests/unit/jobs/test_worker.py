"""Jobs in real worker processes on the real engine: done, told, stopped, tried again, and not lost by any death."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from codesearch.api.management import JobKind, JobRequest, JobState
from codesearch.core.catalog.catalog import open_catalog
from codesearch.jobs.database import jobs_url
from codesearch.jobs.places import WorkerPlace
from codesearch.jobs.worker import STEP, Worker
from tests.patience import PATIENCE_SECONDS
from tests.unit.jobs.workers import Jobs, is_at_work, is_over, jobs_in

ONE, TWO = "1" * 24, "2" * 24


def open_jobs(folder: Path) -> Iterator[Jobs]:
    with jobs_in(folder, jobs_url(folder), f"sqlite:///{folder / 'catalog.sqlite3'}") as jobs:
        yield jobs


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jobs]:
    """Jobs with one worker, for tests that leave it at work."""
    for jobs in open_jobs(tmp_path_factory.mktemp("jobs")):
        jobs.start_worker()
        yield jobs


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    """Jobs without a worker."""
    yield from open_jobs(tmp_path)


def test_jobs_are_done_and_say_what_became_of_them(shared: Jobs) -> None:
    titles = ("good", "bad", "silent")
    done = [shared.wait_for(shared.submit(title), is_over) for title in titles]
    assert [(job.state, job.message) for job in done] == [
        (JobState.DONE, "9 files indexed, 0 removed."),
        (JobState.FAILED, "https://***@c/d is gone"),
        (JobState.FAILED, "indexing ended without a word"),
    ]
    for job in done:
        assert job.started_at is not None
        assert job.ended_at is not None
        assert job.requested_at <= job.started_at
    shown = [job.request.title for job in shared.queue.list_jobs()]
    assert [title for title in shown if title in titles] == ["silent", "bad", "good"]
    assert {job.requested_by for job in done} == {"admin"}


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_job_says_how_far_it_is_and_is_stopped_with_all_that_it_started(shared: Jobs) -> None:
    before = sleepers()
    job = shared.submit("long")
    seen = shared.wait_for(job, is_at_work)
    assert (seen.progress.files_total, seen.progress.phase, seen.message) == (9, "indexing", "")
    assert len(sleepers() - before) == 1
    stopping = shared.queue.cancel(job.id)
    assert (stopping.state, stopping.is_stopping) == (JobState.RUNNING, True)
    stopped = shared.wait_for(job, is_over)
    assert (stopped.state, stopped.message.partition(".")[0]) == (JobState.CANCELLED, "Stopped on request")
    assert sleepers() - before == set()
    assert shared.queue.cancel(job.id).state is JobState.CANCELLED
    assert shared.wait_for(shared.submit("good after"), is_over).state is JobState.DONE


def sleepers() -> set[str]:
    """Return the processes of the program `long` that would not end by themselves."""
    found = set()
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if b"import time; time.sleep(600)" in (path / "cmdline").read_bytes().split(b"\0"):
                found.add(path.name)
        except OSError:
            continue
    return found


def test_what_may_pass_is_tried_again_and_what_will_not_is_not(shared: Jobs) -> None:
    assert shared.wait_for(shared.submit("flaky", ONE), is_over).state is JobState.DONE
    (shared.folder / "again").unlink()
    assert shared.wait_for(shared.submit("killed"), is_over).state is JobState.DONE
    assert shared.wait_for(shared.submit("bad", TWO), is_over).state is JobState.FAILED
    assert [mark for mark in shared.marks() if mark[1:] in (ONE, TWO)] == [f"+{ONE}", f"+{ONE}", f"-{ONE}", f"+{TWO}"]


def test_what_is_due_is_done_without_asking_and_all_are_refreshed_on_request(shared: Jobs) -> None:
    an_hour_ago = datetime.now(timezone.utc) - timedelta(hours=1)
    with open_catalog(shared.catalog_url, clock=lambda: an_hour_ago) as catalog:
        for source_id, name in ((ONE, "good"), (TWO, "silent")):
            catalog.add_source(id=source_id, name=name, location=f"https://git.example.org/{name}")
        catalog.set_schedule("good", 15)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (done := [job for job in shared.queue.list_jobs() if job.requested_by == "schedule"]):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert shared.wait_for(done[0], is_over).state is JobState.DONE
        next_at = catalog.get_source("good").next_refresh_at
        assert next_at is not None
        assert next_at > datetime.now(timezone.utc)
    everything = shared.queue.submit(JobRequest(JobKind.REFRESH_ALL, "all sources"), "admin")
    assert shared.wait_for(everything, is_over).message == "2 sources are in the queue."
    asked = [job for job in shared.queue.list_jobs() if job.requested_by == "refresh all"]
    ends = {job.request.title: shared.wait_for(job, is_over).state for job in asked}
    assert ends == {"good": JobState.DONE, "silent": JobState.FAILED}


def test_a_paused_source_is_refreshed_only_for_who_knows_that_it_is_paused(jobs: Jobs) -> None:
    with open_catalog(jobs.catalog_url) as catalog:
        for source_id, name in ((ONE, "good"), (TWO, "good too")):
            catalog.add_source(id=source_id, name=name, location=f"https://git.example.org/{source_id}")
            catalog.set_paused(source_id, True)
    # It was asked for at the moment at which somebody paused the source.
    held = jobs.queue.submit(JobRequest(JobKind.REFRESH, "good", ONE), "webhook")
    wanted = jobs.queue.submit(JobRequest(JobKind.REFRESH, "good", TWO, even_if_paused=True), "admin")
    jobs.start_worker()
    assert jobs.wait_for(wanted, is_over).state is JobState.DONE
    done = jobs.wait_for(held, is_over)
    assert (done.state, done.message.partition(".")[0]) == (JobState.CANCELLED, "The source was paused before it began")
    assert jobs.marks() == [f"+{TWO}", f"-{TWO}"]
    everything = jobs.queue.submit(JobRequest(JobKind.REFRESH_ALL, "all sources"), "admin")
    assert jobs.wait_for(everything, is_over).message == "2 sources are in the queue."
    asked = [job for job in jobs.queue.list_jobs() if job.requested_by == "refresh all"]
    assert [jobs.wait_for(job, is_over).state for job in asked] == [JobState.DONE] * 2


def test_who_asks_for_all_stops_asking_when_that_is_stopped_or_another_worker_does_it(
    jobs: Jobs,
) -> None:
    """It has no process that could be ended."""
    with open_catalog(jobs.catalog_url) as catalog:
        for number in range(STEP + 1):
            catalog.add_source(id=f"{number:024x}", location=f"https://git.example.org/{number}", name=f"good {number}")
        jobs.start_worker()
        everything = jobs.queue.submit(JobRequest(JobKind.REFRESH_ALL, "all sources"), "admin")
        assert jobs.wait_for(everything, is_over).message == f"{STEP + 1} sources are in the queue."
        jobs.stop(jobs.processes[0])
        for job in jobs.queue.list_jobs():
            jobs.queue.cancel(job.id)
        worker = Worker(
            jobs.database, WorkerPlace(jobs.folder), catalog, lambda *_: pytest.fail("no process is needed")
        )
        stopped = jobs.queue.submit(JobRequest(JobKind.REFRESH_ALL, "all sources"), "admin")
        jobs.queue.cancel(stopped.id)
        elsewhere = jobs.queue.submit(JobRequest(JobKind.REFRESH_ALL, "all sources"), "admin")
        for job in (stopped, elsewhere):
            with worker._hold(job.id, job.request) as ask:
                assert ask().has_failed
        waiting = [job.id for job in jobs.queue.list_jobs() if job.state is JobState.QUEUED]
        assert waiting == [elsewhere.id]


def test_what_a_run_leaves_is_merged_once_no_other_run_waits(jobs: Jobs) -> None:
    first = jobs.submit("crowded", ONE)
    jobs.start_worker()
    jobs.wait_for(first, lambda job: job.state is JobState.RUNNING)
    second = jobs.submit("crowded", ONE)
    after = jobs.wait_for(second, is_over)
    assert after.state is JobState.DONE
    (merge,) = [job for job in jobs.queue.list_jobs() if job.request.kind is JobKind.MERGE]
    assert (merge.request.source_id, merge.request.title, merge.requested_by) == (ONE, "crowded", "run")
    done = jobs.wait_for(merge, is_over)
    assert (done.state, done.message) == (JobState.DONE, "4 segments became 1.")
    # Not by the first, while the second waited.
    assert after.started_at is not None
    assert done.requested_at > after.started_at


def test_a_worker_that_is_killed_loses_nothing(jobs: Jobs) -> None:
    job, waiting = jobs.submit("once", ONE), jobs.submit("good", TWO)
    first = jobs.start_worker()
    jobs.wait_for(job, is_at_work)
    jobs.stop(first, signal.SIGKILL)
    assert jobs.queue.get(waiting.id).state in (JobState.QUEUED, JobState.DONE)
    # Its place is free: the next one of the folder goes on under its name.
    jobs.start_worker()
    assert jobs.wait_for(job, is_over).state is JobState.DONE
    assert jobs.wait_for(waiting, is_over).state is JobState.DONE
    assert [mark for mark in jobs.marks() if mark[1:] == ONE] == [f"+{ONE}", f"+{ONE}", f"-{ONE}"]


def test_another_worker_of_the_folder_goes_on_where_one_was_killed_and_none_does_what_another_does(jobs: Jobs) -> None:
    job = jobs.submit("once", ONE)
    first = jobs.start_worker()
    jobs.wait_for(job, is_at_work)
    jobs.start_worker()
    # The other one does the rest, but not what waits for the same source.
    same, another = jobs.submit("marks", ONE), jobs.submit("marks", TWO)
    assert jobs.wait_for(another, is_over).state is JobState.DONE
    assert jobs.queue.get(same.id).state is JobState.QUEUED
    jobs.stop(first, signal.SIGKILL)
    assert jobs.wait_for(job, is_over).state is JobState.DONE
    assert jobs.wait_for(same, is_over).state is JobState.DONE
    assert [mark for mark in jobs.marks() if mark[1:] == ONE] == [f"+{ONE}", f"+{ONE}", f"-{ONE}", f"+{ONE}", f"-{ONE}"]


def test_a_worker_that_ends_gives_its_job_back(jobs: Jobs) -> None:
    job = jobs.submit("once", ONE)
    worker = jobs.start_worker()
    jobs.wait_for(job, is_at_work)
    assert jobs.stop(worker) == 0
    assert jobs.queue.get(job.id).state is JobState.QUEUED
    elsewhere = jobs.folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "again").touch()
    jobs.start_worker(elsewhere)
    assert jobs.wait_for(job, is_over).state is JobState.DONE
    assert (jobs.marks(), jobs.marks(elsewhere)) == ([f"+{ONE}"], [f"+{ONE}", f"-{ONE}"])
