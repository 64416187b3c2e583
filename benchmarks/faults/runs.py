"""Index runs that faults come to: what they say of themselves, as it is said, and how they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from benchmarks.faults.repositories import Repository
from benchmarks.services import environment_of

STAGES = ("reading the source", "indexing", "publishing", "tidying up")
_LOOK_SECONDS = 0.05


class News:
    """What runs say wakes up who waits for it; and how long stages last, in seconds."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.stage_seconds = dict.fromkeys(STAGES, 0.1)

    def wait_until(self, is_so: Callable[[], bool], timeout_seconds: float = 120) -> bool:
        """Wait until something is so; say whether it is."""
        deadline = time.monotonic() + timeout_seconds
        with self.changed:
            while not is_so():
                if time.monotonic() > deadline:
                    return False
                self.changed.wait(_LOOK_SECONDS)
        return True


class Run(ABC):
    """One index run of one repository. `said` is what it said last, `notes` what is not said in a usual run."""

    def __init__(self, repository: Repository, news: News) -> None:
        self.repository, self._news = repository, news
        self.stage: str | None = None
        self.reached: set[str] = set()
        self.said = ""
        self.notes: list[str] = []
        self._stage_began = time.monotonic()

    def hear(self, phase: str) -> None:
        """Take what it says that it does now."""
        with self._news.changed:
            now = time.monotonic()
            if self.stage is not None:
                seconds = self._news.stage_seconds
                # Of the latest ones, and never more than a second: a fault makes some of them long.
                seconds[self.stage] = 0.8 * seconds[self.stage] + 0.2 * min(1.0, now - self._stage_began)
            self.stage = phase if phase in STAGES else self.stage
            self.reached.add(phase)
            self._stage_began = now
            if "healing" in phase:
                self.notes.append(phase)
            self._news.changed.notify_all()

    def is_past(self, stage: str) -> bool:
        """Say whether a stage has begun, or a later one."""
        return bool(self.reached.intersection(STAGES[STAGES.index(stage) :]))

    @abstractmethod
    def is_over(self) -> bool:
        """Say whether it has ended."""

    @abstractmethod
    def kill(self, variant: str) -> None:
        """Kill what does it."""

    @abstractmethod
    def judge(self) -> tuple[str, list[str]]:
        """Return how it ended and what is wrong with that; to be asked when it is over."""


class IndexRun(Run):
    """A `codesearch index` in a process group of its own."""

    def __init__(self, data_dir: Path, settings: dict[str, str], repository: Repository, news: News) -> None:
        super().__init__(repository, news)
        command = ["index", str(repository.path), "--committed", "--name", repository.name]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "codesearch.cli", *command],
            env=environment_of(data_dir, settings),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._lines.append(line.rstrip())
            for phase in (*STAGES, "healing the store"):
                if phase in line:
                    self.hear(phase)

    def is_over(self) -> bool:
        """Say whether the process has ended."""
        return self._process.poll() is not None

    def kill(self, variant: str) -> None:
        """Kill it, not its workers: they are to end by themselves."""
        self._process.kill()

    def end(self) -> None:
        """Kill all of it, unless it has ended."""
        if not self.is_over():
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def judge(self) -> tuple[str, list[str]]:
        """Return how it ended: well, killed, or with one line that says why not; anything else is wrong."""
        if not self.is_over():
            self.end()
            return "hangs", [f"the run of {self.repository.name} hangs"]
        self._reader.join(10)
        status = self._process.wait()
        failures = [line for line in self._lines if line.startswith("codesearch: ")]
        self.said = failures[0] if failures else ""
        if status > 1 or (status == 1 and len(failures) != 1) or any("Traceback" in line for line in self._lines):
            return "said nothing", [f"the run ended with {status}: {' / '.join(self._lines[-3:])}"]
        return "killed" if status < 0 else "said why not" if status else "well", []
