"""A PostgreSQL of Debian's binaries in a folder of its own, to be killed and started again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from benchmarks.services import free_port

_START_SECONDS = 60


class Postgres:
    """One cluster. What it committed is there after a kill, also without waiting for the disk: the machine lives on."""

    def __init__(self, folder: Path) -> None:
        binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
        if not binaries:
            sys.exit("There is no /usr/lib/postgresql/*/bin/postgres; install Debian's postgresql.")
        self._tools, self._folder, self.port = binaries[-1].parent, folder, free_port()
        # It refuses to run as root.
        self._user = "nobody" if os.getuid() == 0 else None
        folder.mkdir(parents=True)
        if self._user:
            shutil.chown(folder, self._user)
        create: list[str | Path] = [
            self._tools / "initdb",
            "-D",
            folder / "data",
            "-U",
            "tester",
            "--auth=trust",
            "-E",
            "UTF8",
        ]
        subprocess.run(create, user=self._user, cwd=folder, check=True, capture_output=True)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = ["-p", str(self.port), "-k", str(self._folder), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
        command = [str(self._tools / "postgres"), "-D", str(self._folder / "data"), *options]
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            with (self._folder / "log").open("ab") as log:
                self._process = subprocess.Popen(
                    command, user=self._user, cwd=self._folder, stdout=log, stderr=log, start_new_session=True
                )
            while self._process.poll() is None and time.monotonic() < deadline:
                if self._answers():
                    return
                time.sleep(0.05)
            # What the killed one left of its memory is in use until its last child has seen that it is gone.
            time.sleep(0.2)
        sys.exit(f"PostgreSQL does not start: {self._folder / 'log'}")

    def _answers(self) -> bool:
        ready: list[str | Path] = [self._tools / "pg_isready", "-h", "127.0.0.1", "-p", str(self.port), "-q"]
        return subprocess.run(ready, check=False).returncode == 0

    def kill(self) -> None:
        """Kill all of its processes at once."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
