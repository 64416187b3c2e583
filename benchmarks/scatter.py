"""What it costs that several services answer together: bytes between them, milliseconds and CPU, beside one alone.

python -m benchmarks.scatter TREE... [--services 3] [--rounds 2] [--queries FILE] [--work DIR]

Indexes the trees, each a source of a workspace, or takes what lies in DIR. One service alone and so many that answer
together, all on this machine with one data folder, are asked the same in turns: each query at POST /retrieval, a word
of it by grep_search, and some files by read_file. Services reach one another through relays that count bytes, in this
process. Answers have to be equal. Prints a JSON object for each kind of request and number of services.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.faults.proxy import Proxy
from benchmarks.latency import index, read_queries
from benchmarks.quality import open_assembly
from benchmarks.services import Service, connect, free_port, post, serve
from codesearch.assembly import Assembly
from codesearch.core.errors import CodesearchError
from codesearch.retrieval.scatter.placement import place_sources

WORKSPACE, KEY = "scatter-everything", "scatter"
SECRET = "what-services-share"
WARM_UP_QUERIES = 5
# So many files are read, one after the other, each of another source.
FILES = 8


@dataclass(slots=True)
class Costs:
    """What the requests to one service or several took."""

    milliseconds: list[float] = field(default_factory=list)
    cpu_seconds: float = 0.0
    asked_bytes: list[int] = field(default_factory=list)
    answered_bytes: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Request:
    """A request by the name under which it is counted."""

    name: str
    path: str
    body: dict[str, object]


class Fleet:
    """Services that answer as one: the first is asked."""

    def __init__(self, services: Sequence[Service], relays: Sequence[Proxy]) -> None:
        self._services = services
        self._relays = relays
        self._connection = connect(services[0].port, 60)
        self.costs: dict[str, Costs] = {}

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def ask(self, request: Request, secret: str, *, is_counted: bool = True) -> bytes:
        """Send a request and note what it took; return the answer."""
        costs = self.costs.setdefault(request.name, Costs()) if is_counted else Costs()
        asked, answered = self._read_bytes()
        begun = time.perf_counter()
        status, body = post(self._connection, request.path, secret, request.body)
        costs.milliseconds.append(1000 * (time.perf_counter() - begun))
        if status != 200:
            sys.exit(f"status {status}: {body[:300]!r}")
        now = self._read_bytes()
        costs.asked_bytes.append(now[0] - asked)
        costs.answered_bytes.append(now[1] - answered)
        return body

    def cpu_seconds(self) -> float:
        """Return what the services have used so far."""
        return sum(service.cpu_seconds() for service in self._services)

    def _read_bytes(self) -> tuple[int, int]:
        return sum(relay.asked_bytes for relay in self._relays), sum(relay.answered_bytes for relay in self._relays)


def main() -> None:
    """Index, serve, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trees", nargs="*", type=Path, metavar="TREE", help="folders with source code")
    parser.add_argument("--services", type=int, default=3, help="how many answer together")
    parser.add_argument("--rounds", type=int, default=2, help="how often all queries are asked")
    parser.add_argument("--queries", type=Path, help="a file with one query per line; default: the golden set")
    parser.add_argument("--most-queries", type=int, default=60, help="of these the first, every third")
    parser.add_argument("--work", type=Path, help="keep the index here, and use it when it is there")
    arguments = parser.parse_args()
    queries = read_queries(arguments.queries)[::3][: arguments.most_queries]
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        data_dir = arguments.work or Path(temporary) / "data"
        with closing(open_assembly(data_dir)) as assembly:
            secret = prepare(assembly, arguments.trees)
            sources = assembly.catalog.list_sources()
            chunks = sum(source.chunk_count for source in sources)
            files = [(one.name, find_path(assembly, one.id, one.run_id)) for one in sources[:FILES]]
        requests = write_requests(queries, files)
        alone = stack.enter_context(open_fleet(data_dir, 1, []))
        ids = [source.id for source in sources]
        together = stack.enter_context(open_fleet(data_dir, arguments.services, ids))
        measure([alone, together], requests, secret, arguments.rounds)
        for name in alone.costs:
            report(name, [(1, alone), (arguments.services, together)], len(sources), chunks)


def prepare(assembly: Assembly, trees: Sequence[Path]) -> str:
    """Index the trees where nothing is indexed yet; return the secret of a new key."""
    catalog = assembly.catalog
    if not catalog.list_sources():
        for tree in trees:
            index(assembly, tree, tree.name)
    if not catalog.list_sources():
        sys.exit("Nothing is indexed: name a folder with source code.")
    if catalog.resolve(WORKSPACE) is None:
        catalog.create_workspace(WORKSPACE, [source.id for source in catalog.list_sources()])
    with suppress(CodesearchError):  # there is none yet
        catalog.revoke_key(KEY)
    return catalog.create_key(KEY)[1]


def find_path(assembly: Assembly, source_id: str, run_id: int) -> str:
    """Return the path of the file in the middle of a source."""
    paths = list(assembly.search_indexes.get(source_id, run_id).paths())
    return paths[len(paths) // 2]


def write_requests(queries: Sequence[str], files: Sequence[tuple[str, str]]) -> list[Request]:
    """Return what is asked in one round."""
    asked = []
    for query in queries:
        asked.append(Request("retrieval", "/retrieval", {"knowledge_id": WORKSPACE, "query": query}))
        word = max(query.split(), key=len)
        asked.append(Request("grep_search", "/api/tools/grep_search", {"query": word, "data_sources": [WORKSPACE]}))
    for name, path in files:
        asked.append(Request("read_file", "/api/tools/read_file", {"data_source": name, "path": path}))
    return asked


@contextmanager
def open_fleet(data_dir: Path, count: int, source_ids: Sequence[str]) -> Iterator[Fleet]:
    """Start so many services; several know one another by the addresses of relays, and each has sources."""
    with ExitStack() as stack:
        if count == 1:
            fleet = Fleet([stack.enter_context(serve(data_dir, "--jobs", "0"))], [])
        else:
            ports, relays = open_relays(count, source_ids)
            for relay in relays:
                stack.callback(relay.close)
            urls = [f"http://127.0.0.1:{relay.port}" for relay in relays]
            services = []
            for port, url in zip(ports, urls, strict=True):
                settings = {
                    "CODESEARCH_PEERS": ",".join(urls),
                    "CODESEARCH_PEER_URL": url,
                    "CODESEARCH_PEER_SECRET": SECRET,
                    # A busy machine is no failure here.
                    "CODESEARCH_PEER_SECONDS": "30",
                }
                services.append(stack.enter_context(serve(data_dir, "--jobs", "0", settings=settings, port=port)))
            fleet = Fleet(services, relays)
        stack.callback(fleet.close)
        yield fleet


def open_relays(count: int, source_ids: Sequence[str]) -> tuple[list[int], list[Proxy]]:
    """Return ports for services, and a relay to each; on all of these sources are placed."""
    while True:
        ports = [free_port() for _ in range(count)]
        relays = [Proxy(port) for port in ports]
        if len(place_sources(source_ids, [f"http://127.0.0.1:{relay.port}" for relay in relays])) == count:
            return ports, relays
        for relay in relays:
            relay.close()


def measure(fleets: Sequence[Fleet], requests: Sequence[Request], secret: str, rounds: int) -> None:
    """Ask all fleets the same in turns, kind by kind; their answers have to be equal."""
    for name in dict.fromkeys(request.name for request in requests):
        of_kind = [request for request in requests if request.name == name]
        compare(fleets, of_kind[:WARM_UP_QUERIES], secret, is_counted=False)
        before = [fleet.cpu_seconds() for fleet in fleets]
        for _ in range(rounds):
            compare(fleets, of_kind, secret, is_counted=True)
        for fleet, seconds in zip(fleets, before, strict=True):
            # One that is not asked does next to nothing.
            fleet.costs[name].cpu_seconds = fleet.cpu_seconds() - seconds


def compare(fleets: Sequence[Fleet], requests: Sequence[Request], secret: str, *, is_counted: bool) -> None:
    """Ask all fleets each request; exit where they differ."""
    for request in requests:
        answers = [fleet.ask(request, secret, is_counted=is_counted) for fleet in fleets]
        if any(answer != answers[0] for answer in answers):
            sys.exit(f"The answers to {request.body} differ.")


def report(name: str, fleets: Sequence[tuple[int, Fleet]], sources: int, chunks: int) -> None:
    """Print what a kind of request took."""
    for count, fleet in fleets:
        costs = fleet.costs[name]
        times = sorted(costs.milliseconds)
        figures = {
            "request": name,
            "services": count,
            "sources": sources,
            "chunks": chunks,
            "requests": len(times),
            **{f"p{share}_ms": round(times[len(times) * share // 100], 1) for share in (50, 95)},
            "cpu_ms_per_request": round(1000 * costs.cpu_seconds / len(times), 1),
            "load_average": round(os.getloadavg()[0], 1),
        }
        if count > 1:
            for direction, sizes in (("asked", costs.asked_bytes), ("answered", costs.answered_bytes)):
                each = [size / (count - 1) for size in sizes]
                figures[f"{direction}_kB_per_other_service_median"] = round(statistics.median(each) / 1000, 1)
                figures[f"{direction}_kB_per_other_service_most"] = round(max(each) / 1000, 1)
        print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
