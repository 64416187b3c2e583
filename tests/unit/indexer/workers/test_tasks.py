"""What becomes of a task that a worker died of: one file is read otherwise, all others as before, in order."""

from __future__ import annotations

import signal

from hypothesis import given
from hypothesis import strategies as st

from codesearch.core.types import SourceFile
from indexer.batches import Reading
from indexer.chunking.budget import Unparsed
from indexer.workers.tasks import MEMORY_STATUS, Step, Task, WorkerDiedError, divide

FILES = tuple(SourceFile(f"{number}.py", "x = 1\n", str(number), None) for number in range(5))


def task_of(count: int, reading: Reading = Reading.TREE) -> Task:
    return Task(Step.INDEX, "source", FILES[:count], reading)


@given(st.integers(1, 5), st.data())
def test_every_file_stays_in_its_place(count: int, data: st.DataObject) -> None:
    position = data.draw(st.none() | st.integers(0, count - 1))
    status = data.draw(st.sampled_from([-signal.SIGKILL, -signal.SIGSEGV, MEMORY_STATUS, None]))
    parts = divide(task_of(count), WorkerDiedError(position, status))
    assert tuple(file for part in parts for file in part.files) == FILES[:count]
    for part in parts:
        if part.reading is not Reading.TREE:
            assert part.files == (FILES[position or 0],)


def test_what_a_worker_died_of_is_read_as_lines_and_then_not_at_all() -> None:
    death = WorkerDiedError(1, -signal.SIGSEGV)
    before, culprit, after = divide(task_of(3), death)
    assert (before.reading, after.reading) == (Reading.TREE, Reading.TREE)
    assert (culprit.reading, culprit.reason) == (Reading.LINES, Unparsed.CRASH)
    (again,) = divide(culprit, WorkerDiedError(0, -signal.SIGPROF))
    assert (again.reading, again.reason) == (Reading.NOTHING, Unparsed.TIME)


def test_a_kill_from_outside_may_be_bad_luck_once() -> None:
    killed = WorkerDiedError(0, -signal.SIGKILL)
    (again,) = divide(task_of(1), killed)
    assert (again.reading, again.was_killed) == (Reading.TREE, True)
    (lines,) = divide(again, killed)
    assert (lines.reading, lines.reason) == (Reading.LINES, Unparsed.CRASH)


def test_a_death_between_files_is_looked_for_one_by_one() -> None:
    parts = divide(task_of(3), WorkerDiedError(None, -signal.SIGSEGV))
    assert [part.files for part in parts] == [(file,) for file in FILES[:3]]
    assert {part.reading for part in parts} == {Reading.TREE}


def test_the_reason_is_what_ended_the_worker() -> None:
    assert WorkerDiedError(0, -signal.SIGPROF).reason is Unparsed.TIME
    assert WorkerDiedError(0, -signal.SIGKILL, was_overdue=True).reason is Unparsed.TIME
    assert WorkerDiedError(0, MEMORY_STATUS).reason is Unparsed.MEMORY
    assert WorkerDiedError(0, -signal.SIGABRT).reason is Unparsed.CRASH
