"""Pushes become refreshes: one of each source, whoever is killed at whatever step, and however many look."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from codesearch.api.management import JobKind, JobRequest
from codesearch.core.catalog.catalog import Catalog, open_catalog
from codesearch.core.catalog.deliveries import CLAIM_SECONDS, Delivery
from codesearch.core.catalog.sources import utc_now
from codesearch.jobs.database import JobDatabase, jobs_url
from codesearch.jobs.pushes import Pushes
from codesearch.jobs.queue import JobQueue

IDS = [f"{number:024x}" for number in range(1, 121)]


class Place:
    """A catalog and a queue in a folder; the clock of the catalog may be moved."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.later = timedelta()
        self.catalog = open_catalog(f"sqlite:///{folder / 'catalog.sqlite3'}", clock=self._now)
        self.queue = JobQueue(JobDatabase(jobs_url(folder)))

    def _now(self) -> datetime:
        return utc_now() + self.later

    def titles(self) -> list[str]:
        return sorted(job.request.title for job in self.queue.list_jobs())


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.catalog.close()
    place.queue.close()


def push(catalog: Catalog, source_ids: list[str], delivery: str = "first") -> None:
    for source_id in source_ids:
        catalog.add_source(id=source_id, name=f"shop-{int(source_id, 16)}", location="https://git.example.org/shop")
    told = [Delivery(delivery, tuple(source_ids), "webhook of gitea")]
    catalog.take_deliveries(catalog.mark_sources(), lambda _: told)


def test_each_source_is_refreshed_once(place: Place) -> None:
    push(place.catalog, IDS)
    waiting = place.queue.submit(JobRequest(JobKind.REFRESH, "shop-7", IDS[6]), "admin")
    other = place.queue.submit(JobRequest(JobKind.REMOVE, "shop-8", IDS[7]), "admin")
    pushes = Pushes(place.catalog, place.queue)
    pushes.enqueue()
    assert not place.catalog.has_pushes()
    jobs = place.queue.list_jobs()
    refreshes = {job.request.source_id or "": job for job in jobs if job.request.kind is JobKind.REFRESH}
    assert sorted(refreshes) == sorted(source_id for source_id in IDS)
    assert len(jobs) == len(IDS) + 1
    assert refreshes[IDS[6]] == waiting
    assert other in jobs
    assert refreshes[IDS[7]].requested_by == "webhook of gitea"
    push(place.catalog, IDS[:3], "second")
    pushes.enqueue()
    assert len(place.queue.list_jobs()) == len(jobs)


def test_however_many_look_each_is_refreshed_once(place: Place) -> None:
    push(place.catalog, IDS[:20])
    threads = [threading.Thread(target=Pushes(place.catalog, place.queue).enqueue) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(place.titles()) == 20
    assert not place.catalog.has_pushes()


@pytest.mark.parametrize("step", ["submit_all", "forget_pushes"])
def test_who_is_killed_at_a_step_loses_none(place: Place, step: str) -> None:
    push(place.catalog, IDS[:3])
    process = multiprocessing.get_context("spawn").Process(target=be_killed, args=(place.folder, step))
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL
    pushes = Pushes(place.catalog, place.queue)
    assert place.catalog.has_pushes()
    place.later = timedelta(seconds=CLAIM_SECONDS + 1)
    pushes.enqueue()
    assert place.titles() == ["shop-1", "shop-2", "shop-3"]
    assert not place.catalog.has_pushes()


def be_killed(folder: Path, step: str) -> None:
    """Enqueue, and be killed where a step begins."""
    place = Place(folder)
    owner: type = JobQueue if step == "submit_all" else Catalog
    setattr(owner, step, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    Pushes(place.catalog, place.queue).enqueue()


def test_nothing_is_opened_where_nothing_was_pushed(place: Place) -> None:
    Pushes(place.catalog, place.queue).enqueue()
    assert not (place.folder / "jobs.sqlite3").exists()


def test_a_push_of_a_removed_source_is_none(place: Place) -> None:
    push(place.catalog, IDS[:2])
    place.catalog.remove_source(IDS[0])
    Pushes(place.catalog, place.queue).enqueue()
    assert place.titles() == ["shop-2"]
    assert datetime.now(timezone.utc) >= place.queue.list_jobs()[0].requested_at
