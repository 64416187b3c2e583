"""Who is dead: workers of one folder by their locks, others by silence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from codesearch.jobs.engine import LEASE_SECONDS, Leases
from codesearch.jobs.places import WorkerPlace

if TYPE_CHECKING:
    from dbos import WorkflowStatus


@dataclass
class Row:
    """A job at work, as the engine tells of it."""

    workflow_id: str
    executor_id: str
    updated_at: int = 1


def statuses(*rows: Row) -> Sequence[WorkflowStatus]:
    return cast("Sequence[WorkflowStatus]", rows)


def test_each_worker_of_a_folder_has_a_place_until_it_ends(tmp_path: Path) -> None:
    first, second = WorkerPlace(tmp_path), WorkerPlace(tmp_path)
    assert first.name != second.name
    assert (first.is_gone(second.name), first.is_gone(first.name)) == (False, False)
    name = second.name
    second.release()
    assert first.is_gone(name) is True
    assert WorkerPlace(tmp_path).name == name


def test_workers_of_other_folders_are_not_judged_by_locks(tmp_path: Path) -> None:
    here, there = WorkerPlace(tmp_path / "here"), WorkerPlace(tmp_path / "there")
    assert here.name != there.name
    assert here.is_gone(there.name) is None
    for name in ("", "local", f"{here.name}x", here.name.rpartition(".")[0]):
        assert here.is_gone(name) is None


def test_silence_is_the_end_of_a_worker_elsewhere() -> None:
    now = 100.0
    leases = Leases(clock=lambda: now)
    silent, alive = Row("1", "silent"), Row("2", "alive")
    assert leases.find_gone(statuses(silent, alive)) == set()
    now += LEASE_SECONDS
    alive.updated_at += 1
    assert leases.find_gone(statuses(silent, alive)) == set()
    now += 1
    assert leases.find_gone(statuses(silent, alive)) == {"silent"}
    # Another worker has the job now.
    silent.executor_id, silent.updated_at = "another", 7
    assert leases.find_gone(statuses(silent, alive)) == set()


def test_a_worker_that_is_heard_of_by_one_job_is_alive() -> None:
    now = 100.0
    leases = Leases(clock=lambda: now)
    one, two = Row("1", "busy"), Row("2", "busy")
    leases.find_gone(statuses(one, two))
    now += LEASE_SECONDS + 1
    two.updated_at += 1
    assert leases.find_gone(statuses(one, two)) == set()
