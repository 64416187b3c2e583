"""Services of a benchmark: real `codesearch serve` processes on loopback, stopped by their own process id."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import read_tree

START_SECONDS = 90
STOP_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Service:
    """A running service."""

    port: int
    process: subprocess.Popen[bytes]

    def cpu_seconds(self) -> float:
        """Return what it and its processes have used so far."""
        return sum(cpu for _, cpu, _ in read_tree(self.process.pid))

    def memory_bytes(self) -> int:
        """Return the memory that it and its processes have written: pages of files do not count."""
        total = 0
        for pid, _, _ in read_tree(self.process.pid):
            with suppress(OSError):
                fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
                total += 1024 * int(fields["RssAnon"].split()[0])
        return total


def environment_of(data_dir: Path, settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a command on a data folder; nothing of the caller's own settings is in it."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CODESEARCH_")}
    own = {"CODESEARCH_DATA_DIR": str(data_dir.resolve()), "CODESEARCH_LOG_LEVEL": "warning"}
    return {**inherited, **own, **(settings or {})}


def free_port() -> int:
    """Return a port on loopback that nobody listens at."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serve(
    data_dir: Path, *arguments: str, settings: Mapping[str, str] | None = None, port: int | None = None
) -> Iterator[Service]:
    """Start a service, give it once it is ready, and stop it at the end."""
    port = port or free_port()
    command = [sys.executable, "-m", "codesearch.cli", "serve", "--port", str(port), *arguments]
    process = subprocess.Popen(command, env=environment_of(data_dir, settings), stdout=subprocess.DEVNULL)
    try:
        wait_until_ready(port, process)
        yield Service(port, process)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return once the service answers at /readyz with 200; exit where it ends or takes too long."""
    started = time.monotonic()
    while time.monotonic() - started < START_SECONDS and process.poll() is None:
        with suppress(OSError, http.client.HTTPException), closing(connect(port)) as connection:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.02)
    sys.exit("The service did not start.")


def connect(port: int, timeout_seconds: float = 30) -> http.client.HTTPConnection:
    """Return a connection to a service, which opens with the first request."""
    return http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_seconds)


def post(
    connection: http.client.HTTPConnection, path: str, secret: str, body: Mapping[str, object]
) -> tuple[int, bytes]:
    """Send one request; return status and body."""
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    connection.request("POST", path, json.dumps(body), headers)
    response = connection.getresponse()
    return response.status, response.read()
