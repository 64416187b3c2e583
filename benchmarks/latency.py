"""Latency of POST /retrieval: fills an index with real chunks, starts `codesearch serve`, sends real HTTP requests.

python -m benchmarks.latency TREE... [--queries FILE] [--chunks 100000] [--data-dir DIR] [--requests 300] [--clients 16]

One source of `--chunks` chunks is made of the trees, repeated under numbered folders until there are enough, beside
each tree as a source of its own. FILE holds a query per line; without one, the golden set asks. Prints one JSON object
per scope: milliseconds at p50, p95 and p99. With --clients, after one client that many ask at once.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from benchmarks.clients import load_service
from benchmarks.processes import ProcessWatch, read_tree
from benchmarks.quality import open_assembly
from codesearch.assembly import Assembly, open_indexer
from codesearch.core.errors import CodesearchError
from indexer.pipeline import SilentProgress

LARGE, WORKSPACE, KEY = "latency-large", "latency-everything", "latency"
NARROW = {
    "logical_operator": "and",
    "conditions": [{"name": ["path"], "comparison_operator": "contains", "value": "test"}],
}
WARM_UP_REQUESTS = 20
GOLDEN = Path(__file__).parents[1] / "tests" / "golden" / "queries"
START_SECONDS = 60


def main() -> None:
    """Fill, serve, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trees", nargs="+", type=Path, metavar="TREE", help="folders with source code")
    parser.add_argument("--queries", type=Path, help="a file with one query per line; default: the golden set")
    parser.add_argument("--chunks", type=int, default=100_000, help="chunks of the large source")
    parser.add_argument("--requests", type=int, default=300, help="measured requests per scope")
    parser.add_argument("--data-dir", type=Path, help="keep the index here, and use it when it is there")
    parser.add_argument("--clients", type=int, default=0, help="also measure so many clients at once")
    parser.add_argument("--seconds", type=float, default=10, help="how long the clients ask in each scope")
    arguments = parser.parse_args()
    queries = read_queries(arguments.queries)
    with tempfile.TemporaryDirectory() as temporary:
        data_dir = arguments.data_dir or Path(temporary) / "data"
        with closing(open_assembly(data_dir)) as assembly:
            secret = prepare(assembly, arguments.trees, arguments.chunks)
            small = min(assembly.catalog.list_sources(), key=lambda source: source.chunk_count).name
            chunks = {source.name: source.chunk_count for source in assembly.catalog.list_sources()}
        # The first start reads the index from the disk, the second finds it in the system's cache.
        for attempt in ("first start", "second start"):
            with serve(data_dir, secret, queries[0]) as (port, seconds):
                print(json.dumps({"start": attempt, "seconds_to_first_answer": round(seconds, 2)}), flush=True)
                if attempt == "second start":
                    measure_all(port, secret, queries, arguments.requests, small, chunks)
                    if arguments.clients:
                        measure_clients(port, secret, queries, arguments.clients, arguments.seconds, chunks)


def read_queries(file: Path | None) -> list[str]:
    """Return the lines of a file, or the questions of the golden set (`category: question`)."""
    if file is not None:
        return [line.strip() for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    lines = (line for path in sorted(GOLDEN.glob("*.txt")) for line in path.read_text(encoding="utf-8").splitlines())
    return [line.partition(": ")[2] for line in lines if line and not line.startswith(" ")]


def prepare(assembly: Assembly, trees: Sequence[Path], wanted_chunks: int) -> str:
    """Index the trees and the large source where they are not indexed yet; return the secret of a new key."""
    catalog = assembly.catalog
    names = {source.name for source in catalog.list_sources()}
    if LARGE not in names:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / LARGE
            chunks = 0
            for number in itertools.count():
                for tree in trees:
                    shutil.copytree(tree, folder / f"copy{number}" / tree.name, symlinks=True)
                    if number == 0:
                        chunks += index(assembly, tree, f"latency-{tree.name}")
                if chunks * (number + 1) >= wanted_chunks:
                    break
            index(assembly, folder, LARGE)
    if catalog.resolve(WORKSPACE) is None:
        catalog.create_workspace(WORKSPACE, [source.id for source in catalog.list_sources()])
    with suppress(CodesearchError):  # there is none yet
        catalog.revoke_key(KEY)
    return catalog.create_key(KEY)[1]


def index(assembly: Assembly, folder: Path, name: str) -> int:
    """Index a folder; return its number of chunks."""
    indexer = open_indexer(assembly)
    report = indexer.index(str(folder), name=name, branch=None, subdir=None, progress=SilentProgress())
    print(f"{name}: {report.source.chunk_count} chunks in {report.seconds:.1f} s", file=sys.stderr)
    return report.source.chunk_count


@contextmanager
def serve(data_dir: Path, secret: str, query: str, knowledge_id: str = LARGE) -> Iterator[tuple[int, float]]:
    """Start the service; give its port and the seconds from the process's start to its first answer."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [sys.executable, "-m", "codesearch.cli", "serve", "--port", str(port)]
    environment = {**os.environ, "CODESEARCH_DATA_DIR": str(data_dir.resolve()), "CODESEARCH_LOG_LEVEL": "warning"}
    started = time.monotonic()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        while True:
            try:
                with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
                    ask(connection, secret, {"knowledge_id": knowledge_id, "query": query})
                break
            except ConnectionRefusedError:
                if process.poll() is not None or time.monotonic() - started > START_SECONDS:
                    sys.exit("The service did not start.")
                time.sleep(0.01)
        yield port, time.monotonic() - started
    finally:
        process.terminate()
        process.wait()


def ask(connection: http.client.HTTPConnection, secret: str, body: dict[str, object]) -> int:
    """Send one request; return the number of records."""
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    connection.request("POST", "/retrieval", json.dumps(body), headers)
    response = connection.getresponse()
    answer = json.loads(response.read())
    if response.status != 200:
        sys.exit(f"status {response.status}: {answer}")
    return len(answer["records"])


def measure_all(
    port: int, secret: str, queries: Sequence[str], requests: int, small: str, chunks: dict[str, int]
) -> None:
    """Measure each scope with one client on one connection, and print it."""
    pid = next(pid for pid, _, _ in read_tree(os.getpid()) if pid != os.getpid())
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection, ProcessWatch(pid) as watch:
        for scope, name, condition in (
            ("one large source", LARGE, None),
            ("one large source, narrow condition", LARGE, NARROW),
            ("one small source", small, None),
            ("workspace of all", WORKSPACE, None),
            ("workspace of all, narrow condition", WORKSPACE, NARROW),
        ):
            body: dict[str, object] = {"knowledge_id": name, "metadata_condition": condition}
            asked = itertools.cycle(queries)
            for _ in range(WARM_UP_REQUESTS):
                ask(connection, secret, {**body, "query": next(asked)})
            before = sum(cpu for _, cpu, _ in read_tree(pid))
            times = []
            for _ in range(requests):
                begun = time.perf_counter()
                ask(connection, secret, {**body, "query": next(asked)})
                times.append(1000 * (time.perf_counter() - begun))
            cpu = sum(cpu for _, cpu, _ in read_tree(pid)) - before
            times.sort()
            figures = {f"p{share}_ms": round(times[len(times) * share // 100], 1) for share in (50, 95, 99)}
            print(
                json.dumps(
                    {
                        "scope": scope,
                        "chunks": chunks.get(name, sum(chunks.values())),
                        **figures,
                        "cpu_ms_per_request": round(1000 * cpu / requests, 1),
                        "resident_megabytes": round(watch.peak_bytes / 1e6),
                        "load_average": round(os.getloadavg()[0], 1),
                    }
                ),
                flush=True,
            )


def measure_clients(
    port: int, secret: str, queries: Sequence[str], clients: int, seconds: float, chunks: dict[str, int]
) -> None:
    """Measure the large source and the workspace with many clients at once, and print it."""
    pid = next(pid for pid, _, _ in read_tree(os.getpid()) if pid != os.getpid())
    for scope, name in (("one large source", LARGE), ("workspace of all", WORKSPACE)):
        before = sum(cpu for _, cpu, _ in read_tree(pid))
        with ProcessWatch(pid) as watch:
            load = load_service(port, secret, {"knowledge_id": name}, queries, clients=clients, seconds=seconds)
        cpu = sum(cpu for _, cpu, _ in read_tree(pid)) - before
        figures = {
            "scope": scope,
            "chunks": chunks.get(name, sum(chunks.values())),
            "clients": clients,
            **load.as_json(),
            "cpu_ms_per_request": round(1000 * cpu / max(1, len(load.milliseconds)), 1),
            "resident_megabytes": round(watch.peak_bytes / 1e6),
            "load_average": round(os.getloadavg()[0], 1),
        }
        print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
