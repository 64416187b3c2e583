"""A file that costs too much, hangs or ends the process that reads it costs itself: every other one is indexed."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from codesearch.core.types import SourceFile
from indexer.batches import IndexedFiles
from indexer.chunking.budget import Unparsed
from indexer.workers import limits, processes
from indexer.workers.pool import WorkerPool
from indexer.workers.processes import ForkServer, Nursery, WorkerProcess
from indexer.workers.tasks import Step, WorkerSettings
from tests.e2e.service import run_cli

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers are forked, and limited, on Linux")

SETTINGS = WorkerSettings("bundled", Path(), 400, 1.0, 128)
SLOW = "".join(f"def slow_{n}(x):\n    return [x, {n}]\n\n\n" for n in range(6000))


def files_around(text: str) -> list[SourceFile]:
    texts = {"a.py": "def a():\n    return 1\n", "b.py": text, "c.py": "def c():\n    return 3\n"}
    return [SourceFile(path, text, path, None) for path, text in texts.items()]


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    with ForkServer(SETTINGS, method="spawn") as server:
        yield server


class Harmful(Nursery):
    """Starts workers and sends each, up to `times`, a signal as soon as it is at the second file."""

    def __init__(self, server: ForkServer, number: signal.Signals, times: int) -> None:
        self._server = server
        self._number = number
        self._left = times

    def start(self) -> WorkerProcess:
        worker = self._server.start()
        if self._left:
            self._left -= 1
            threading.Thread(target=self._harm, args=(worker,), daemon=True).start()
        return worker

    def _harm(self, worker: WorkerProcess) -> None:
        deadline = time.monotonic() + 20
        # It takes half a second.
        while time.monotonic() < deadline:
            if worker.position()[0] == 1:
                os.kill(worker.pid, self._number)
                return
            time.sleep(0.0005)


def index(nursery: Nursery) -> list[IndexedFiles]:
    with WorkerPool(nursery, 1) as pool, pool.work_for("source") as work:
        assert pool.can_start()
        return list(work.run(Step.INDEX, [files_around(SLOW)]))  # type: ignore[arg-type]


def described(groups: list[IndexedFiles]) -> tuple[list[str], list[tuple[str, Unparsed, bool]]]:
    unparsed = [(item.path, item.reason, item.is_left_out) for group in groups for item in group.unparsed]
    return [path for group in groups for path in group.paths], unparsed


def symbols(groups: list[IndexedFiles], path: str) -> set[str]:
    found = set()
    for group in groups:
        if group.rows is not None:
            texts = group.rows.texts
            found |= {symbol for where, symbol in zip(texts["path"], texts["symbol"], strict=True) if where == path}
    return found


def test_a_worker_that_crashes_costs_the_tree_of_its_file(server: ForkServer) -> None:
    groups = index(Harmful(server, signal.SIGSEGV, 1))
    assert described(groups) == (["a.py", "b.py", "c.py"], [("b.py", Unparsed.CRASH, False)])
    assert symbols(groups, "a.py") == {"a"}
    assert symbols(groups, "b.py") == {""}
    assert symbols(groups, "c.py") == {"c"}


def test_a_worker_that_is_killed_from_outside_costs_nothing_the_first_time(server: ForkServer) -> None:
    groups = index(Harmful(server, signal.SIGKILL, 1))
    assert described(groups) == (["a.py", "b.py", "c.py"], [])
    assert "slow_5999" in symbols(groups, "b.py")


def test_a_worker_that_hangs_is_ended_by_its_parent(server: ForkServer, monkeypatch: pytest.MonkeyPatch) -> None:
    # A stopped process uses no CPU time: the timer of the system never runs out.
    monkeypatch.setattr(limits, "WALL_FACTOR", 0.3)
    monkeypatch.setattr(processes, "WATCH_SECONDS", 0.05)
    paths, unparsed = described(index(Harmful(server, signal.SIGSTOP, 1)))
    assert paths == ["a.py", "b.py", "c.py"]
    # On a busy machine others may be at their file for that long as well.
    assert ("b.py", Unparsed.TIME, False) in unparsed


def test_a_run_names_what_it_read_as_lines_and_goes_on(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for file in files_around(SLOW[:50_000]):
        (source / file.path).write_text(file.text)
    monkeypatch.setenv("CODESEARCH_MAX_PARSE_SECONDS", "1e-9")
    outcome = run_cli(data_dir, "index", str(source), "--json")
    assert outcome.status == 0
    report = json.loads(outcome.out)
    assert report["files"] == 3
    assert report["unparsed"] == [{"path": "b.py", "reason": "took too long", "left_out": False}]
    assert "b.py is read as lines: it took too long" in outcome.err
    (source / "b.py").write_text(SLOW[:50_100])
    outcome = run_cli(data_dir, "index", str(source))
    assert "  read as lines, their syntax being too much: 1: b.py (took too long)" in outcome.out.splitlines()
