"""Which worker processes there are, as the system lists them."""

from __future__ import annotations

import multiprocessing
import subprocess
import time

from tests.patience import PATIENCE_SECONDS


def worker_pids() -> list[int]:
    """Return the worker processes: those that this process, or a server of workers below it, has started."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,stat="], capture_output=True, text=True, check=True).stdout
    rows = [(int(pid), int(parent), state) for pid, parent, state in map(str.split, listed.splitlines())]
    servers = {child.pid for child in multiprocessing.active_children()}
    return [pid for pid, parent, state in rows if parent in servers and not state.startswith("Z")]


def wait_for_workers() -> list[int]:
    """Return the worker processes as soon as there is one; none when nobody starts one."""
    deadline = time.monotonic() + 30
    while not (pids := worker_pids()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return pids


def wait_for_no_workers() -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while worker_pids():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
