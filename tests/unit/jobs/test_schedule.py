"""What is due is asked for once, however many look and whenever they end; by a clock that tests move."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from codesearch.api.management import JobKind, JobState
from codesearch.core.catalog.catalog import Catalog, open_catalog
from codesearch.core.types import HostKind, Organisation
from codesearch.jobs.database import JobDatabase, jobs_url
from codesearch.jobs.queue import JobQueue
from codesearch.jobs.schedule import MOST_WAITING, Schedule

ONE, TWO = "1" * 24, "2" * 24
START = datetime(2026, 11, 30, 12, 0, tzinfo=timezone.utc)


class Clock:
    """A moment that tests move."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def pass_minutes(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)


class Installation:
    """A catalog with two sources, a queue without a worker, and who looks for what is due."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.seconds = 0.0
        self.catalog_url = f"sqlite:///{folder / 'catalog.sqlite3'}"
        self.catalog: Catalog = open_catalog(self.catalog_url, clock=self.clock)
        self.queue = JobQueue(JobDatabase(jobs_url(folder)))
        self.schedule = self.look_elsewhere()
        for source_id, name in ((ONE, "shop"), (TWO, "ledger")):
            self.catalog.add_source(id=source_id, location=f"https://example.org/{name}.git", name=name)

    def look_elsewhere(self) -> Schedule:
        return Schedule(self.catalog, self.queue, self.clock, lambda: self.seconds)

    def asked(self) -> list[tuple[str, str]]:
        return [(job.request.title, job.state.value) for job in self.queue.list_jobs()]


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    installation = Installation(tmp_path)
    yield installation
    installation.queue.close()
    installation.catalog.close()


def test_what_is_due_is_asked_for_once_and_again_after_an_interval(installation: Installation) -> None:
    installation.catalog.set_schedule("shop", 15)
    installation.schedule.enqueue_due()
    assert installation.asked() == []
    # A long time nobody looked: one job, not four.
    installation.clock.pass_minutes(61)
    for schedule in (installation.schedule, installation.look_elsewhere(), installation.schedule):
        schedule.enqueue_due()
    (job,) = installation.queue.list_jobs()
    assert (job.request.kind, job.request.source_id, job.requested_by) == (JobKind.REFRESH, ONE, "schedule")
    installation.queue.cancel(job.id)
    installation.schedule.enqueue_due()
    assert installation.asked() == [("shop", "cancelled")]
    installation.clock.pass_minutes(15)
    installation.schedule.enqueue_due()
    assert sorted(installation.asked()) == [("shop", "cancelled"), ("shop", "queued")]


def test_sources_whose_ids_begin_alike_may_be_due_at_the_same_moment(installation: Installation) -> None:
    """As all are that have no schedule of their own."""
    for source_id, name in ((f"{ONE[:12]}{TWO[:12]}", "alike"), (f"{ONE[:20]}{TWO[:4]}", "more alike")):
        installation.catalog.add_source(id=source_id, location=f"https://example.org/{name}", name=name)
    schedule = Schedule(installation.catalog, installation.queue, installation.clock, default_minutes=60)
    schedule.enqueue_due()
    installation.clock.pass_minutes(60)
    schedule.enqueue_due()
    assert sorted(title for title, _ in installation.asked()) == ["alike", "ledger", "more alike", "shop"]


def test_a_clock_that_was_ahead_keeps_nothing_from_being_refreshed(installation: Installation) -> None:
    installation.clock.pass_minutes(1_000_000)
    installation.catalog.set_schedule("shop", 15)
    installation.catalog.add_organisation(
        Organisation("", "acme", HostKind.GITEA, "https://git.example.org", "acme", discover_minutes=60)
    )
    installation.clock.pass_minutes(-1_000_000)
    installation.schedule.enqueue_due()
    installation.clock.pass_minutes(60)
    installation.schedule.enqueue_due()
    assert sorted(installation.asked()) == [("acme", "queued"), ("shop", "queued")]
    # An organisation whose moment was a wrong one is looked at once.
    installation.clock.pass_minutes(59)
    installation.schedule.enqueue_due()
    assert len(installation.asked()) == 2


def test_who_ends_after_asking_asks_no_second_time(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    installation.catalog.set_schedule("shop", 15)
    installation.clock.pass_minutes(15)
    with monkeypatch.context() as patch:
        patch.setattr(installation.catalog, "pass_due", lambda *_: False)
        installation.schedule.enqueue_due()
    (job,) = installation.queue.list_jobs()
    # It is over before the next one looks.
    installation.queue.cancel(job.id)
    installation.schedule.enqueue_due()
    assert installation.asked() == [("shop", "cancelled")]


def test_paused_sources_are_left_alone(installation: Installation) -> None:
    installation.catalog.set_schedule("shop", 15)
    installation.catalog.set_paused("shop", True)
    installation.clock.pass_minutes(60)
    installation.schedule.enqueue_due()
    assert installation.asked() == []


def test_sources_without_a_schedule_are_refreshed_as_often_as_the_service_says(installation: Installation) -> None:
    schedule = Schedule(installation.catalog, installation.queue, installation.clock, default_minutes=60)
    installation.catalog.set_schedule("ledger", 0)
    schedule.enqueue_due()
    installation.clock.pass_minutes(60)
    installation.schedule.enqueue_due()
    assert installation.asked() == []
    schedule.enqueue_due()
    schedule.enqueue_due()
    assert installation.asked() == [("shop", "queued")]


def test_what_is_asked_for_already_is_not_asked_for_again(installation: Installation) -> None:
    installation.catalog.set_schedule("shop", 15)
    installation.clock.pass_minutes(15)
    installation.schedule.enqueue_due()
    installation.clock.pass_minutes(15)
    installation.schedule.enqueue_due()
    assert installation.asked() == [("shop", "queued")]


def test_few_that_are_due_wait_in_the_queue(installation: Installation) -> None:
    for number in range(MOST_WAITING + 3):
        name = f"source-{number}"
        installation.catalog.add_source(id=f"{number:024x}", location=f"https://example.org/{name}", name=name)
        installation.catalog.set_schedule(name, 15 + number)
    installation.clock.pass_minutes(60)
    installation.schedule.enqueue_due()
    installation.schedule.enqueue_due()
    assert {title for title, _ in installation.asked()} == {f"source-{number}" for number in range(MOST_WAITING)}


def test_the_store_is_tidied_up_once_a_day_by_one_who_has_been_there_a_while(installation: Installation) -> None:
    elsewhere = installation.look_elsewhere()
    installation.schedule.enqueue_due()
    assert installation.asked() == []
    installation.seconds = 601
    for schedule in (installation.schedule, elsewhere, installation.schedule):
        schedule.enqueue_due()
    (job,) = installation.queue.list_jobs()
    assert (job.request.kind, job.state) == (JobKind.UPKEEP, JobState.QUEUED)
    installation.queue.cancel(job.id)
    installation.clock.pass_minutes(24 * 60)
    elsewhere.enqueue_due()
    assert len(installation.queue.list_jobs()) == 2


def test_organisations_that_are_due_are_looked_at_once(installation: Installation) -> None:
    wanted = Organisation(
        "", "acme", HostKind.GITEA, "https://git.example.org", "acme", discover_minutes=60, refresh_minutes=5
    )
    added = installation.catalog.add_organisation(wanted)
    installation.schedule.enqueue_due()
    assert installation.asked() == []
    for _ in range(2):
        installation.clock.pass_minutes(61)
        for schedule in (installation.schedule, installation.look_elsewhere()):
            schedule.enqueue_due()
    jobs = installation.queue.list_jobs()
    assert {(job.request.kind, job.request.organisation) for job in jobs} == {(JobKind.DISCOVER, added.id)}
    assert {job.requested_by for job in jobs} == {"schedule"}
    # One waits already: nobody asks for another one.
    assert len(jobs) == 1
