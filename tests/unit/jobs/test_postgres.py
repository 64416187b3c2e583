"""Jobs in a real PostgreSQL: workers of several machines, each with a data folder of its own."""

from __future__ import annotations

import signal
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy

from benchmarks.faults.proxy import Cut, Proxy
from codesearch.api.management import JobState
from codesearch.jobs.database import jobs_url
from tests.unit.core.catalog.conftest import postgres_url
from tests.unit.jobs.workers import Jobs, is_at_work, is_over, jobs_in

__all__ = ["postgres_url"]

ONE, TWO = "1" * 24, "2" * 24
# Long enough for a busy machine to end a process in what is left of it, short enough to wait for.
SHORT_LEASE_SECONDS = 8.0
SHORTEST_LEASE_SECONDS = 3.0


@pytest.fixture
def jobs(tmp_path: Path, postgres_url: str) -> Iterator[Jobs]:
    """Jobs in a database of their own, which is the catalog's, too."""
    url = sqlalchemy.make_url(postgres_url).set(drivername="postgresql+psycopg")
    engine = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.NullPool)
    name = f"test_{uuid.uuid4().hex}"
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    own = url.set(database=name, drivername="postgresql").render_as_string(hide_password=False)
    try:
        with jobs_in(tmp_path, jobs_url(tmp_path, own), own) as jobs:
            yield jobs
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


def test_of_two_machines_one_does_a_job_and_the_other_goes_on_when_it_dies(jobs: Jobs) -> None:
    here, there = jobs.folder / "here", jobs.folder / "there"
    there.mkdir()
    (there / "again").touch()
    jobs.lease_seconds = SHORT_LEASE_SECONDS
    job = jobs.submit("once", ONE)
    assert jobs.submit("once", ONE) == job
    first = jobs.start_worker(here)
    jobs.wait_for(job, is_at_work)
    jobs.start_worker(there)
    same, another = jobs.submit("marks", ONE), jobs.submit("marks", TWO)
    assert jobs.wait_for(another, is_over).state is JobState.DONE
    assert jobs.queue.get(same.id).state is JobState.QUEUED
    jobs.stop(first, signal.SIGKILL)
    assert jobs.wait_for(job, is_over).state is JobState.DONE
    assert jobs.wait_for(same, is_over).state is JobState.DONE
    assert jobs.marks(here) == [f"+{ONE}"]
    done_there = [f"+{ONE}", f"-{ONE}", f"+{ONE}", f"-{ONE}"]
    assert [mark for mark in jobs.marks(there) if mark[1:] == ONE] == done_there


def test_a_job_is_stopped_from_another_machine(jobs: Jobs) -> None:
    job = jobs.submit("long", ONE)
    jobs.start_worker()
    jobs.wait_for(job, is_at_work)
    assert jobs.queue.cancel(job.id).is_stopping
    assert jobs.wait_for(job, is_over).state is JobState.CANCELLED
    assert jobs.queue.measure().counts["cancelled"] == 1


@pytest.mark.parametrize("cut", [Cut.STALL, Cut.RESET])
def test_a_worker_that_is_cut_off_has_ended_its_job_before_another_begins_it(jobs: Jobs, cut: Cut) -> None:
    url = sqlalchemy.make_url(jobs.url)
    assert url.port is not None
    network = Proxy(url.port)
    jobs.lease_seconds = SHORT_LEASE_SECONDS
    job = jobs.submit("alone", ONE)
    through = url.set(port=network.port).render_as_string(hide_password=False)
    here, there = jobs.folder / "here", jobs.folder / "there"
    try:
        jobs.start_worker(here, through)
        jobs.wait_for(job, is_at_work)
        jobs.start_worker(there)
        assert jobs.wait_for(jobs.submit("good", TWO), is_over).state is JobState.DONE
        network.cut(cut)
        ended = jobs.wait_for(job, is_over)
        network.cut(Cut.NONE)
        assert (ended.state, ended.message) == (JobState.DONE, "9 files indexed, 0 removed.")
        assert (jobs.marks(here), jobs.marks(there)[-2:]) == ([f"+{ONE}"], [f"+{ONE}", f"-{ONE}"])
        # The one that was cut off works again: it does what comes, and what another did stays as it is.
        jobs.stop(jobs.processes[-1])
        assert jobs.wait_for(jobs.submit("marks", TWO), is_over).state is JobState.DONE
        assert jobs.queue.get(job.id) == ended
    finally:
        network.cut(Cut.NONE)
        jobs.close()
        network.close()


def test_a_worker_whose_connections_pass_nothing_on_for_good_works_with_new_ones(jobs: Jobs) -> None:
    url = sqlalchemy.make_url(jobs.url)
    assert url.port is not None
    network = Proxy(url.port)
    jobs.lease_seconds = SHORTEST_LEASE_SECONDS
    try:
        jobs.start_worker(jobs.folder, url.set(port=network.port).render_as_string(hide_password=False))
        assert jobs.wait_for(jobs.submit("good", ONE), is_over).state is JobState.DONE
        network.forget()
        assert jobs.wait_for(jobs.submit("marks", ONE), is_over).state is JobState.DONE
    finally:
        # Also where it waits for ever.
        jobs.stop(jobs.processes[-1], signal.SIGKILL)
        network.close()
