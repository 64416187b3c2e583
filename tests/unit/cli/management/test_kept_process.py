"""A process that is kept between jobs: reused while all is well, never after a failure, and never for long."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import pytest

from codesearch.api.management import JobKind, JobRequest
from codesearch.cli.management import kept_process
from codesearch.cli.management.kept_process import KeptProcess
from codesearch.jobs.running import Process
from tests.patience import PATIENCE_SECONDS

# Says its process id, and then does what a request is called.
PROGRAM = """
import json, os, sys, time
for line in sys.stdin:
    title = json.loads(line)["title"]
    print(json.dumps({"phase": str(os.getpid())}), flush=True)
    if title == "die":
        os._exit(3)
    if title == "kill":
        os.kill(os.getpid(), 9)
    if title == "hang":
        time.sleep(600)
    print(json.dumps({"ended": True, "failure": "no such branch" if title == "fail" else None}), flush=True)
"""


turns: list[Process] = []


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def kept() -> KeptProcess:
    return KeptProcess([sys.executable, "-c", PROGRAM])


def run(kept: KeptProcess, title: str) -> tuple[str, str | None]:
    """Run a job as a worker does; return what its process said of itself, and why it failed."""
    lines: list[str] = []
    turn = kept.start(JobRequest(JobKind.REFRESH, title), lines.append)
    turns.append(turn)
    if title == "hang":
        wait_until(lambda: bool(lines))
    else:
        wait_until(lambda: turn.wait(0.1))
    turn.stop(0.2)
    return lines[0], turn.failure


def test_jobs_that_go_well_share_a_process(kept: KeptProcess) -> None:
    first = run(kept, "good")
    assert first[1] is None
    assert run(kept, "good") == run(kept, "good") == first


@pytest.mark.parametrize(
    ("title", "failure"), [("fail", "no such branch"), ("die", "without a word"), ("kill", "without a word")]
)
def test_after_a_failure_there_is_another_process(kept: KeptProcess, title: str, failure: str) -> None:
    first, _ = run(kept, "good")
    said, told = run(kept, title)
    assert turns[-1].was_killed is (title == "kill")
    assert said == first
    assert told is not None
    assert failure in told
    assert run(kept, "good")[0] != first


def test_a_job_that_is_stopped_ends_its_process(kept: KeptProcess) -> None:
    first, _ = run(kept, "good")
    assert run(kept, "hang")[0] == first
    assert run(kept, "good")[0] != first


def test_a_process_ends_after_many_jobs_and_when_there_are_none(
    kept: KeptProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_process, "MOST_JOBS", 2)
    first = run(kept, "good")
    assert run(kept, "good") == first
    second = run(kept, "good")
    assert second != first
    monkeypatch.setattr(kept_process, "IDLE_SECONDS", 0.1)
    assert run(kept, "good") == second
    wait_until(lambda: kept._process is None)
    assert run(kept, "good") != second
