"""What a process and all its descendants use, read from /proc: for the speed benchmarks. Linux only."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_SAMPLE_SECONDS = 0.05


class ProcessWatch:
    """Samples a process tree while the context lasts: `peak_bytes`, the largest sum of resident memory, and its parts.

    `cpu_seconds` counts user and system time of every process, also of those that ended (up to one sample before).
    """

    def __init__(self, root: int) -> None:
        self._root = root
        self._cpu: dict[int, float] = {}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self.peak_bytes = 0
        self.peak_parts: list[int] = []

    @property
    def cpu_seconds(self) -> float:
        """User and system time so far."""
        return sum(self._cpu.values())

    def __enter__(self) -> ProcessWatch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._done.is_set():
            resident = []
            for pid, cpu, memory in read_tree(self._root):
                self._cpu[pid] = max(cpu, self._cpu.get(pid, 0.0))
                resident.append(memory)
            if sum(resident) > self.peak_bytes:
                self.peak_bytes, self.peak_parts = sum(resident), resident
            time.sleep(_SAMPLE_SECONDS)


def read_tree(root: int) -> Iterator[tuple[int, float, int]]:
    """Yield (process id, CPU seconds, resident bytes) of a process and its descendants."""
    states: dict[int, tuple[int, float, int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has just ended
                continue
            cpu = (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND
            states[int(folder.name)] = (int(fields[1]), cpu, int(fields[21]) * _PAGE_BYTES)
    pending = [root]
    while pending:
        pid = pending.pop()
        if pid in states:
            yield pid, *states[pid][1:]
        pending.extend(child for child, (parent, _, _) in states.items() if parent == pid)


def folder_bytes(folder: Path) -> int:
    """Return the size of all files under a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
