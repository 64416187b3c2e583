"""The queue as services see it, on the real engine and without a worker."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NoReturn

import pytest

from codesearch.api.management import Job, JobKind, JobRequest, JobState
from codesearch.core.catalog.catalog import open_catalog
from codesearch.core.errors import CatalogError, JobsUnavailableError, NotFoundError, TooManyRequestsError
from codesearch.jobs import queue as queue_module
from codesearch.jobs.database import QUEUE, JobDatabase, jobs_url
from codesearch.jobs.places import WorkerPlace
from codesearch.jobs.queue import BUSY_SECONDS, IDLE_SECONDS, JobQueue
from codesearch.jobs.worker import Worker
from tests.unit.jobs.workers import request_of

ONE, TWO = "1" * 24, "2" * 24


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobDatabase]:
    database = JobDatabase(jobs_url(tmp_path_factory.mktemp("queue")))
    yield database
    database.close()


@pytest.fixture
def queue(database: JobDatabase) -> JobQueue:
    """The empty queue."""
    with database.asking() as engine:
        engine.delete_workflows([status.workflow_id for status in engine.list_workflows()])
    return JobQueue(database)


def refresh(source_id: str = ONE) -> JobRequest:
    return JobRequest(JobKind.REFRESH, "shop", source_id)


def test_jobs_wait_and_are_shown_the_newest_first(queue: JobQueue) -> None:
    jobs = [queue.submit(request_of(title), "admin") for title in ("one", "two", "three")]
    assert queue.list_jobs() == jobs[::-1]
    assert {job.state for job in jobs} == {JobState.QUEUED}
    assert [queue.get(job.id) for job in jobs] == jobs
    assert jobs[0].request == request_of("one")
    figures = queue.measure()
    assert {state: count for state, count in figures.counts.items() if count} == {"queued": 3}
    assert figures.longest_wait_seconds > 0


def test_asking_twice_is_one_job_while_it_waits(queue: JobQueue) -> None:
    first = queue.submit(refresh(), "admin")
    assert queue.submit(refresh(), "another") == first
    # Its name may be another one by now.
    assert queue.submit(JobRequest(JobKind.REFRESH, "store", ONE), "another") == first
    others = [queue.submit(refresh(TWO), "admin"), queue.submit(JobRequest(JobKind.REMOVE, "shop", ONE), "admin")]
    assert len({first.id, *(job.id for job in others)}) == 3
    queue.cancel(first.id)
    assert queue.submit(refresh(), "admin").id != first.id


def test_it_says_whether_a_job_waits_about_the_same(queue: JobQueue) -> None:
    merge = JobRequest(JobKind.MERGE, "shop", ONE)
    assert not queue.has_waiting(merge)
    other = queue.submit(refresh(TWO), "admin")
    assert not queue.has_waiting(merge)
    job = queue.submit(refresh(), "admin")
    assert queue.has_waiting(merge)
    for waiting in (job, other):
        queue.cancel(waiting.id)
    assert not queue.has_waiting(merge)


def test_asking_at_once_is_one_job(database: JobDatabase, queue: JobQueue) -> None:
    barrier, jobs = threading.Barrier(4), list[Job]()

    def ask() -> None:
        barrier.wait(30)
        jobs.append(queue.submit(refresh(), "admin"))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(jobs) == 4
    assert len({job.id for job in jobs}) == len(queue.list_jobs()) == 1


def test_one_occasion_is_one_job_even_when_it_is_over(queue: JobQueue) -> None:
    first = queue.submit(refresh(), "schedule", occasion="due17")
    queue.cancel(first.id)
    assert queue.submit(refresh(), "schedule", occasion="due17").state is JobState.CANCELLED
    assert queue.submit(refresh(), "schedule", occasion="due18").state is JobState.QUEUED


def test_too_many_are_refused(queue: JobQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_module, "MAX_QUEUED", 2)
    first = queue.submit(refresh(), "admin")
    queue.submit(refresh(TWO), "admin")
    with pytest.raises(TooManyRequestsError, match="2 jobs are waiting already"):
        queue.submit(request_of("another"), "admin")
    assert queue.submit(refresh(), "admin") == first


def test_a_refresh_of_all_says_where_the_queue_took_no_more(
    database: JobDatabase, queue: JobQueue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("codesearch.jobs.queue.MAX_QUEUED", 2)
    with open_catalog(f"sqlite:///{tmp_path / 'catalog.sqlite3'}") as catalog:
        everything = queue.submit(JobRequest(JobKind.REFRESH_ALL, "all sources"), "admin")
        for number in range(4):
            catalog.add_source(id=f"{number:024x}", name=f"shop-{number}", location="https://git.example.org/shop")
        place = WorkerPlace(tmp_path)
        worker = Worker(database, place, catalog, start_nothing)
        assert database.file is not None
        with closing(sqlite3.connect(database.file)) as connection, connection:
            # As the engine has it once it gave this worker the job.
            connection.execute("UPDATE workflow_status SET status = 'PENDING', executor_id = ?", [place.name])
        with worker._hold(everything.id, everything.request) as do:
            outcome = do()
    assert outcome.has_failed
    assert outcome.message.startswith("Of 4 sources, 2 are in the queue. 2 jobs are waiting already.")
    assert sorted(job.request.title for job in queue.list_jobs()) == ["all sources", "shop-0", "shop-1"]
    assert queue.get(everything.id).progress.phase == "asking for refreshes"


def test_what_is_away_for_long_is_not_said_at_each_look(
    database: JobDatabase, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker looks twice a second."""

    class Looks(threading.Event):
        left = 5

        def wait(self, timeout: float | None = None) -> bool:
            self.left -= 1
            return self.left < 0

    def fail() -> NoReturn:
        raise CatalogError(said[0])

    said = ["The catalog is away."]
    with open_catalog(f"sqlite:///{tmp_path / 'catalog.sqlite3'}") as catalog:
        worker = Worker(database, WorkerPlace(tmp_path), catalog, start_nothing)
        worker._repeat(fail, Looks())
        assert [record.message for record in caplog.records] == ["jobs: The catalog is away."]
        said[0] = "It is locked."
        worker._repeat(fail, Looks())
        assert [record.message for record in caplog.records][1:] == ["jobs: It is locked."]
        # After a while once more.
        monkeypatch.setattr("codesearch.jobs.worker._SAID_SECONDS", 0.0)
        worker._repeat(fail, Looks())
    assert len(caplog.records) == 7


def start_nothing(*_: object) -> NoReturn:
    raise AssertionError("no process is started")


def test_the_time_is_that_of_the_clock(database: JobDatabase, queue: JobQueue) -> None:
    """Whatever SQLite this Python has."""
    before = time.time()
    queue.submit(refresh(), "admin")
    after = time.time()
    assert database.file is not None
    with closing(sqlite3.connect(database.file)) as connection:
        ((at,),) = connection.execute("SELECT created_at FROM workflow_status")
    # On a Python before 3.12 the engine's times are whole seconds.
    assert before - 1 <= at / 1000 <= after + 0.002


def test_a_job_that_waits_is_stopped_at_once(queue: JobQueue) -> None:
    job = queue.submit(refresh(), "admin")
    stopped = queue.cancel(job.id)
    assert (stopped.state, stopped.is_stopping, stopped.ended_at is not None) == (JobState.CANCELLED, False, True)
    assert queue.cancel(job.id) == queue.get(job.id) == stopped


def test_workers_look_more_often_while_jobs_wait(database: JobDatabase, queue: JobQueue) -> None:
    # Before any worker there is nobody to be told.
    queue.keep_pace()
    with database.asking() as engine:
        engine.register_queue(QUEUE, worker_concurrency=1, partition_concurrency=1, polling_interval_sec=IDLE_SECONDS)

        def look() -> float:
            queue.keep_pace()
            registered = engine.retrieve_queue(QUEUE)
            assert registered is not None
            return registered.polling_interval_sec

        assert look() == IDLE_SECONDS
        job = queue.submit(refresh(), "admin")
        assert [look(), look()] == [BUSY_SECONDS, BUSY_SECONDS]
        queue.cancel(job.id)
        assert look() == IDLE_SECONDS


def test_the_log_of_changes_stays_short(database: JobDatabase, queue: JobQueue) -> None:
    queue.submit_all([refresh(f"{number:024x}") for number in range(60)], "admin")
    assert len(queue.list_jobs()) == 60
    assert database.file is not None
    # Without a bound, these alone are over a megabyte.
    assert database.file.with_name(f"{database.file.name}-wal").stat().st_size < 600_000


def test_old_jobs_are_forgotten(queue: JobQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_module, "KEPT", 3)
    jobs = [queue.submit(request_of(f"number {number}"), "admin") for number in range(5)]
    for job in jobs[:4]:
        queue.cancel(job.id)
    waiting = queue.submit(refresh(), "admin")
    queue.cancel(jobs[4].id)
    queue.prune()
    left = queue.list_jobs()
    assert len(left) == 4
    assert waiting in left


@pytest.mark.parametrize("job_id", ["", "nothing", "../catalog", "00000000-", "0" * 8 + "-" + "0" * 10, "0" * 5000])
def test_what_is_no_job_is_not_found(queue: JobQueue, job_id: str) -> None:
    for ask in (queue.get, queue.cancel):
        with pytest.raises(NotFoundError):
            ask(job_id)


def test_what_is_no_job_of_ours_is_passed_over(database: JobDatabase, queue: JobQueue) -> None:
    with database.asking() as engine:
        for values in ({"kind": "dance", "title": "x"}, {"kind": "add"}, {}, None):
            engine.enqueue({"workflow_name": "job", "queue_name": "jobs"}, values, 0)
        engine.enqueue({"workflow_name": "job", "queue_name": "jobs"})
    assert queue.list_jobs() == []


def test_what_is_kept_of_a_job_is_no_code(tmp_path: Path) -> None:
    """The engine's own form is Python's pickle: whoever can write the database could run anything."""
    queue = JobQueue(JobDatabase(jobs_url(tmp_path)))
    queue.submit(refresh(), "admin")
    queue.close()
    with closing(sqlite3.connect(tmp_path / "jobs.sqlite3")) as connection:
        rows = connection.execute("SELECT serialization FROM workflow_status").fetchall()
        ((kept,),) = connection.execute("SELECT inputs FROM workflow_input").fetchall()
    assert rows == [("portable_json",)]
    assert ONE in json.dumps(json.loads(kept))


@pytest.mark.parametrize("url", ["postgresql://tester:sesame@127.0.0.1:9/none", "sqlite:////proc/none/jobs.sqlite3"])
def test_a_database_out_of_reach_is_said_without_its_password(url: str) -> None:
    queue = JobQueue(JobDatabase(url))
    with pytest.raises(JobsUnavailableError) as caught:
        queue.submit(refresh(), "admin")
    assert "sesame" not in caught.value.message
    assert "\n" not in caught.value.message
    queue.close()


def test_a_damaged_file_is_said_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "jobs.sqlite3").write_bytes(b"no database at all, but a longer text " * 200)
    queue = JobQueue(JobDatabase(jobs_url(tmp_path)))
    for ask in (queue.list_jobs, queue.measure):
        with pytest.raises(JobsUnavailableError, match="damaged: delete it"):
            ask()
    queue.close()


def test_the_jobs_are_in_postgresql_where_the_catalog_is(tmp_path: Path) -> None:
    assert jobs_url(tmp_path) == jobs_url(tmp_path, None, "sqlite:///x") == f"sqlite:///{tmp_path / 'jobs.sqlite3'}"
    given = jobs_url(tmp_path, None, "postgres://me:hush@host/db?sslmode=require")
    assert given.startswith("postgresql://me:hush@host/db?connect_timeout=5&keepalives_idle=")
    assert given.endswith("&sslmode=require")
    assert jobs_url(tmp_path, "postgresql://jobs/db", "postgres://me@host/db").startswith("postgresql://jobs/db")
