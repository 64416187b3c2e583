"""The limits of a worker end it, whatever its code does, and only while it reads a file."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from indexer.chunking.budget import ParseLimits
from indexer.workers.limits import Marks
from tests.patience import PATIENCE_SECONDS

LIMITED = """
import sys, re, time
from indexer.workers.limits import FileGuard, Marks, prepare_limits
from indexer.chunking.budget import ParseLimits
prepare_limits()
guard = FileGuard(Marks([0.0, 0.0], 0), ParseLimits(0.01, 1 << 20))
guard.enter(0, 10)
if sys.argv[1] == "native":
    # One call into native code that comes back after minutes, and holds the interpreter all the while.
    sum(range(1 << 40))
elif sys.argv[1] == "memory":
    try:
        bytes(1 << 30)
    except MemoryError:
        print("refused")
guard.leave()
if sys.argv[1] == "after":
    len(bytes(1 << 28)), sum(range(1 << 25))
print("alive")
"""


def run(case: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", LIMITED, case], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )


@pytest.mark.skipif(sys.platform == "win32", reason="there are no timers")
def test_native_code_that_does_not_end_is_ended() -> None:
    assert run("native").returncode == -signal.SIGPROF


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps this limit")
def test_memory_beyond_the_limit_is_refused() -> None:
    assert run("memory").stdout.split() == ["refused", "alive"]


def test_behind_the_file_nothing_is_limited() -> None:
    assert run("after").stdout.split() == ["alive"]


def test_longer_files_may_cost_more() -> None:
    limits = ParseLimits(1.0, 100)
    assert (limits.of(0), limits.of(500_000), limits.of(1_000_000)) == (
        ParseLimits(1.0, 100),
        ParseLimits(2.0, 200),
        ParseLimits(3.0, 300),
    )


def test_marks_of_two_workers_do_not_meet() -> None:
    shared = [0.0] * 4
    first, second = Marks(shared, 0), Marks(shared, 1)
    first.set(3)
    second.set(None)
    assert (first.get()[0], second.get()[0]) == (3, None)
    assert 0 <= first.get()[1] < 60
