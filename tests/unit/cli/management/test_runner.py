"""Jobs, one at a time, in real processes: a few lines of Python in the place of an indexer."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

import pytest

from codesearch.api.management import Job, JobKind, JobRequest, JobState
from codesearch.cli.management import runner as runner_module
from codesearch.cli.management.job_files import KEPT, JobFiles
from codesearch.cli.management.runner import MAX_QUEUED, STOPPED, JobRunner
from codesearch.core.errors import NotFoundError, TooManyRequestsError
from codesearch.core.locks import file_lock

PATIENCE_SECONDS = 60.0
PROGRESS = {"source": "shop", "phase": "indexing", "files_done": 3, "files_total": 9, "chunks_done": 7}
REPORT = {"changed_files": 9, "removed_files": 0, "warnings": []}
# By what a job is called: succeeds, fails with a word, ends without one, or says how far it is and waits for the end of
# stdin, with a process of its own that would not end by itself.
PROGRAMS = {
    "good": f"print({json.dumps(REPORT)!r})",
    "bad": "import sys; print('noise\\ncodesearch: https://a:b@c/d is gone', file=sys.stderr); sys.exit(1)",
    "silent": "import os; os._exit(3)",
    "long": "import subprocess, sys\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    f"print({json.dumps(PROGRESS)!r}, flush=True); print(child.pid, flush=True)\n"
    "sys.stdin.read(); sys.exit(1)",
}


def command_of(request: JobRequest) -> Sequence[str]:
    return [sys.executable, "-c", PROGRAMS[request.title.partition(" ")[0]]]


def request_of(title: str) -> JobRequest:
    return JobRequest(JobKind.ADD, title, location=f"https://git.example.org/{title.replace(' ', '/')}")


@contextmanager
def running(data_dir: Path) -> Iterator[JobRunner]:
    runner = JobRunner(data_dir, command_of)
    try:
        yield runner
    finally:
        runner.close()


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[JobRunner]:
    with running(tmp_path) as runner:
        yield runner


def wait_for(runner: JobRunner, job: Job, is_reached: Callable[[Job], bool]) -> Job:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = next(item for item in runner.list_jobs() if item.id == job.id)
        if is_reached(found):
            return found
        time.sleep(0.02)
    raise AssertionError(f"it stays {found}")


def is_over(job: Job) -> bool:
    return job.state.is_over


def is_at_work(job: Job) -> bool:
    return job.state is JobState.RUNNING and job.progress.files_done == 3


def test_jobs_are_done_in_order_and_say_what_became_of_them(runner: JobRunner) -> None:
    jobs = [runner.submit(request_of(title), "admin") for title in ("good", "bad", "silent")]
    done = [wait_for(runner, job, is_over) for job in jobs]
    assert [(job.state, job.message) for job in done] == [
        (JobState.DONE, "9 files indexed, 0 removed."),
        (JobState.FAILED, "https://***@c/d is gone"),
        (JobState.FAILED, "indexing ended without a word"),
    ]
    assert [job.id for job in runner.list_jobs()] == [job.id for job in reversed(jobs)]
    starts = [(job.started_at, job.ended_at) for job in done]
    assert starts == sorted(starts)
    assert {job.requested_by for job in done} == {"admin"}


def test_a_job_says_how_far_it_is_to_every_process_and_can_be_stopped_from_any(
    runner: JobRunner, tmp_path: Path
) -> None:
    job = runner.submit(request_of("long"), "admin")
    with running(tmp_path) as other:
        seen = wait_for(other, job, is_at_work)
        assert (seen.progress.files_total, seen.progress.phase, seen.message) == (9, "indexing", "")
        assert other.cancel(job.id).is_stopping
        assert wait_for(other, job, is_over).state is JobState.CANCELLED
    assert runner.cancel(job.id).state is JobState.CANCELLED


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_what_a_stopped_job_has_started_ends_with_it(runner: JobRunner) -> None:
    before = children_of("time.sleep(600)")
    job = runner.submit(request_of("long"), "admin")
    wait_for(runner, job, is_at_work)
    assert len(children_of("time.sleep(600)") - before) == 1
    runner.cancel(job.id)
    wait_for(runner, job, is_over)
    assert children_of("time.sleep(600)") - before == set()


def children_of(code: str) -> set[str]:
    """Return the processes that run this code and are no zombies."""
    found = set()
    for path in Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "cmdline").read_bytes().split(b"\0")
            if b"import " + code.partition(".")[0].encode() + b"; " + code.encode() in words:
                found.add(path.name)
        except OSError:
            continue
    return found


def test_a_job_that_waits_is_stopped_at_once(runner: JobRunner) -> None:
    first, second = (runner.submit(request_of(title), "admin") for title in ("long", "good"))
    wait_for(runner, first, is_at_work)
    assert runner.cancel(second.id).state is JobState.CANCELLED
    runner.cancel(first.id)
    assert wait_for(runner, second, lambda job: job.ended_at is not None).state is JobState.CANCELLED


def test_asking_twice_is_one_job_and_too_many_are_refused(runner: JobRunner) -> None:
    first = runner.submit(request_of("long"), "admin")
    wait_for(runner, first, is_at_work)
    jobs = [runner.submit(request_of(f"good {number}"), "admin") for number in range(MAX_QUEUED)]
    assert runner.submit(request_of("good 0"), "another") == jobs[0]
    with pytest.raises(TooManyRequestsError, match="waiting already"):
        runner.submit(request_of("good more"), "admin")


def test_the_end_of_the_service_ends_its_job_and_the_next_one_goes_on(tmp_path: Path) -> None:
    with running(tmp_path) as runner:
        job, waiting = (runner.submit(request_of(title), "admin") for title in ("long", "good"))
        wait_for(runner, job, is_at_work)
    with running(tmp_path) as next_one:
        next_one.start()
        assert wait_for(next_one, waiting, is_over).state is JobState.DONE
        stopped = wait_for(next_one, job, is_over)
        assert (stopped.state, stopped.message) == (JobState.FAILED, STOPPED)


def test_a_job_whose_process_died_is_not_at_work(tmp_path: Path, runner: JobRunner) -> None:
    now = datetime.now(timezone.utc)
    files = JobFiles(tmp_path / "page-jobs")
    job = Job(files.create_id(), request_of("good"), JobState.RUNNING, "admin", now, now)
    files.write(job)
    assert [(item.state, item.message) for item in runner.list_jobs()] == [(JobState.FAILED, STOPPED)]


def test_one_job_at_a_time_is_done_in_all_processes(
    tmp_path: Path, runner: JobRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "_RETRY_SECONDS", 0.05)
    with file_lock(tmp_path / "locks" / "page-jobs.lock"):
        job = runner.submit(request_of("good"), "admin")
        time.sleep(0.2)
        assert runner.list_jobs()[0].state is JobState.QUEUED
    assert wait_for(runner, job, is_over).state is JobState.DONE


def test_a_program_that_is_missing_is_a_failure(tmp_path: Path) -> None:
    runner = JobRunner(tmp_path, lambda _: [str(tmp_path / "missing")])
    job = runner.submit(request_of("good"), "admin")
    assert "cannot be started" in wait_for(runner, job, is_over).message
    runner.close()


def test_old_jobs_are_forgotten(tmp_path: Path) -> None:
    now = datetime.now(timezone.utc)
    files = JobFiles(tmp_path / "page-jobs")
    jobs = [Job(files.create_id(), request_of("good"), JobState.DONE, "admin", now) for _ in range(KEPT + 2)]
    for job in jobs:
        files.write(job)
    files.mark_cancelled(jobs[0].id)
    files.prune()
    assert files.list_jobs() == sorted(jobs, key=lambda job: job.id)[2:]
    assert not list((tmp_path / "page-jobs").glob("*.cancel"))


@pytest.mark.parametrize("job_id", ["", "nothing", "../catalog", "0" * 20 + "-../../../a", "0" * 20 + "-" + "0" * 8])
def test_what_is_no_job_is_not_found(runner: JobRunner, job_id: str) -> None:
    with pytest.raises(NotFoundError):
        runner.cancel(job_id)


def test_a_file_that_is_no_job_is_passed_over(tmp_path: Path, runner: JobRunner) -> None:
    job = runner.submit(request_of("good"), "admin")
    wait_for(runner, job, is_over)
    folder = tmp_path / "page-jobs"
    for number, content in enumerate((b"", b"[]", b"{}", b"\xff", b'{"state": "done"}')):
        (folder / f"{number:020d}-{number:08x}.json").write_bytes(content)
    (folder / "other.json").write_bytes((folder / f"{job.id}.json").read_bytes())
    assert [item.id for item in runner.list_jobs()] == [job.id]


def test_jobs_are_their_owner_s_alone(tmp_path: Path, runner: JobRunner) -> None:
    wait_for(runner, runner.submit(request_of("good"), "admin"), is_over)
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "page-jobs").glob("*.json")} == {0}
