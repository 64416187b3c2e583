"""Requests a second with 1, 2 and 4 server processes, asked by a client that takes next to no CPU: wrk (Debian: wrk).

python -m benchmarks.processes_at_once TREE... [--chunks 20000] [--clients 16] [--seconds 6] [--rounds 3]
[--data-dir DIR]: one source of so many chunks, `codesearch serve --workers N` for each N in turns. Client and service
share the machine, so beside requests a second it prints what a request takes of both, and from that how many cores were
busy and what the service's processes alone could do with all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.latency import LARGE, prepare, read_queries
from benchmarks.quality import open_assembly
from benchmarks.services import Service, connect, post, serve

_SCRIPT = """local bodies = {{ {bodies} }}
local at = 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer {secret}"
request = function()
  at = at % #bodies + 1
  return wrk.format("POST", "/retrieval", nil, bodies[at])
end
"""
WARM_UP_SECONDS = 2
PROCESSES = (1, 2, 4)


@dataclass(slots=True)
class Figures:
    """What rounds with one number of processes gave."""

    rates: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)
    service_ms: list[float] = field(default_factory=list)
    client_ms: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        values = [self.rates, self.p99_ms, self.service_ms, self.client_ms]
        rate, p99, service, client = (statistics.median(found) for found in values)
        busy = rate * (service + client) / 1_000
        alone = f"{os.cpu_count()} x {1_000 / service:.0f}"
        return f"{rate:.0f} | {p99:.0f} | {service:.2f} | {client:.2f} | {busy:.2f} | {alone}"


def main() -> None:
    """Prepare, serve in turns, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trees", nargs="+", type=Path, metavar="TREE", help="folders with source code")
    parser.add_argument("--chunks", type=int, default=20_000, help="chunks of the source")
    parser.add_argument("--clients", type=int, default=16, help="connections at once")
    parser.add_argument("--seconds", type=int, default=6, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3, help="turns")
    parser.add_argument("--data-dir", type=Path, help="keep the index here, and use it when it is there")
    arguments = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("There is no wrk; install Debian's package of that name.")
    figures = {count: Figures() for count in PROCESSES}
    with tempfile.TemporaryDirectory() as temporary:
        data_dir = arguments.data_dir or Path(temporary) / "data"
        with closing(open_assembly(data_dir)) as assembly:
            secret = prepare(assembly, arguments.trees, arguments.chunks)
        script = Path(temporary) / "ask.lua"
        script.write_text(write_script(secret))
        for _ in range(arguments.rounds):
            for count, found in figures.items():
                # What limits one key would limit the benchmark.
                with serve(data_dir, "--workers", str(count), settings={"CODESEARCH_LOG_LEVEL": "error"}) as service:
                    check(service, secret)
                    ask(service, script, arguments.clients, WARM_UP_SECONDS)
                    measure(service, script, arguments.clients, arguments.seconds, found)
                load = os.getloadavg()[0]
                print(f"{count}: {found.rates[-1]:.0f} requests/s, load {load:.1f}", file=sys.stderr, flush=True)
    print(
        "| processes | requests/s | p99 ms | CPU ms of the service | of the client | cores busy | the service alone |"
    )
    print("|---:|---:|---:|---:|---:|---:|---:|")
    for count, found in figures.items():
        print(f"| {count} | {found} |")
    one, two = (statistics.median(figures[count].rates) for count in (1, 2))
    print(f"\nTwo do {two / one:.2f} times what one does. Load average at the end: {os.getloadavg()[0]:.1f}.")


def write_script(secret: str) -> str:
    """Return what wrk asks, one query after another."""
    bodies = (json.dumps({"knowledge_id": LARGE, "query": query}) for query in read_queries(None))
    return _SCRIPT.format(secret=secret, bodies=", ".join(f"[==[{body}]==]" for body in bodies))


def check(service: Service, secret: str) -> None:
    """Ask once; exit where that fails, for wrk would only count."""
    with closing(connect(service.port)) as connection:
        status, answer = post(connection, "/retrieval", secret, {"knowledge_id": LARGE, "query": "open a file"})
    if status != 200:
        sys.exit(f"{status}: {answer[:200]!r}")


def ask(service: Service, script: Path, clients: int, seconds: int) -> str:
    """Let wrk ask for so long; return what it says."""
    address = f"http://127.0.0.1:{service.port}"
    command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--latency", "-s", str(script), address]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        sys.exit(said)
    return said


def measure(service: Service, script: Path, clients: int, seconds: int, figures: Figures) -> None:
    """Ask, and add what came out."""
    service_before, client_before, begun = service.cpu_seconds(), _client_cpu_seconds(), time.monotonic()
    said = ask(service, script, clients, seconds)
    taken = time.monotonic() - begun
    requests = int(re.findall(r"(\d+) requests in", said)[0])
    number, unit = re.findall(r"99%\s+([\d.]+)(us|ms|s)", said)[0]
    figures.rates.append(requests / taken)
    figures.p99_ms.append(float(number) * {"us": 0.001, "ms": 1.0, "s": 1_000.0}[unit])
    figures.service_ms.append(1_000 * (service.cpu_seconds() - service_before) / requests)
    figures.client_ms.append(1_000 * (_client_cpu_seconds() - client_before) / requests)


def _client_cpu_seconds() -> float:
    """Return what wrk took so far: of the children it alone has ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
