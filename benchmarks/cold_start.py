"""A cold service: its first answer about a source that another machine published, beside what fetching alone takes.

python -m benchmarks.cold_start TREE [--store-uri s3://bucket/prefix] [--chunks 100000] [--runs 5] [--work DIR]

Indexes TREE, repeated until there are enough chunks, into object storage. Then, as often as --runs says, in turns: its
objects are read into files as the service reads them and nothing more is done; a service with an empty data folder is
started, waited for until it is ready, and asked its first question and a second one. Without --store-uri a stand-in
for S3 is started on this machine; AWS's own variables say where another one is. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

from benchmarks.latency import index
from codesearch.assembly import Assembly, open_assembly
from codesearch.core.index.fetching import PARTS_AT_ONCE
from codesearch.core.index.publication import PART_BYTES, SUFFIX, read_publication
from codesearch.core.index.shared_segments import FOLDER
from codesearch.core.settings.environment import read_storage_variables
from codesearch.core.store.objects import S3Objects

NAME, BUCKET = "cold", "cold-start"
QUERIES = ("where is a configuration file parsed", "how are retries delayed")
START_SECONDS = 120


def main() -> None:
    """Publish, fetch, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree", type=Path, metavar="TREE", help="folder with source code")
    parser.add_argument("--store-uri", help="s3://bucket/prefix; default: a stand-in on this machine")
    parser.add_argument("--chunks", type=int, default=100_000, help="chunks of the source, at least")
    parser.add_argument("--runs", type=int, default=5, help="cold starts")
    parser.add_argument("--work", type=Path, help="keep what is indexed here, and use it when it is there")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary, open_storage(arguments.store_uri) as uri:
        work = (arguments.work or Path(temporary)).resolve()
        settings = {"store_uri": uri, "database_url": f"sqlite:///{work / 'catalog.sqlite3'}"}
        with closing(open_assembly(data_dir=work / "publisher", **settings)) as assembly:
            secret = publish(assembly, arguments.tree, arguments.chunks)
            source = next(item for item in assembly.catalog.list_sources() if item.name == NAME)
        runs = []
        for number in range(arguments.runs):
            folder = Path(temporary) / f"cold-{number}"
            publication = f"{FOLDER}/{source.id}/{source.index_format}-{source.run_id}{SUFFIX}"
            transfer, size = fetch_alone(S3Objects(uri, read_storage_variables()), publication, folder / "alone")
            first, second = ask_cold(folder / "data", settings, secret)
            runs.append({"transfer_s": transfer, "first_s": first, "second_s": second})
            shutil.rmtree(folder)
        beyond = [run["first_s"] - run["transfer_s"] for run in runs]
        figures = {name: round(statistics.median(run[name] for run in runs), 3) for name in runs[0]}
        print(
            json.dumps(
                {
                    "chunks": source.chunk_count,
                    "megabytes": round(size / 1e6, 1),
                    "runs": len(runs),
                    **figures,
                    "first_beyond_transfer_s": round(statistics.median(beyond), 3),
                    "first_beyond_transfer_worst_s": round(max(beyond), 3),
                    "load_average": round(os.getloadavg()[0], 1),
                }
            )
        )


@contextmanager
def open_storage(given: str | None) -> Iterator[str]:
    """Give the address of a store: the given one, or one on a stand-in that is started here."""
    if given is not None:
        yield given
        return
    port = find_free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        os.environ |= {
            "AWS_ENDPOINT": f"http://127.0.0.1:{port}",
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
        }
        wait_for(port, server)
        urlopen(Request(f"http://127.0.0.1:{port}/{BUCKET}", method="PUT")).close()
        yield f"s3://{BUCKET}/store"
    finally:
        server.terminate()
        server.wait()


def find_free_port() -> int:
    """Return a port of this machine that nobody listens on now."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until somebody listens on the port."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    sys.exit("The server did not start.")


def publish(assembly: Assembly, tree: Path, wanted_chunks: int) -> str:
    """Index the tree, repeated under numbered folders until there are enough chunks; return the secret of a key."""
    if NAME not in {source.name for source in assembly.catalog.list_sources()}:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / NAME
            for number in itertools.count():
                shutil.copytree(tree, folder / f"copy{number}", symlinks=True)
                if index(assembly, folder, NAME) >= wanted_chunks:
                    break
    return assembly.catalog.create_key(f"cold-{time.time_ns()}")[1]


def fetch_alone(objects: S3Objects, publication: str, folder: Path) -> tuple[float, int]:
    """Read what a publication names into files, as many parts at once as a service does; return seconds and bytes."""
    folder.mkdir(parents=True)
    place = publication.rpartition("/")[0]
    # The library's own start is no part of a transfer.
    objects.list(place)
    begun = time.perf_counter()
    items = read_publication(objects.read(publication))

    def read(path: Path, name: str, offset: int, size: int) -> None:
        data = readers[name].read_at(offset, size)
        with path.open("r+b") as file:
            file.seek(offset)
            file.write(data)

    with ThreadPoolExecutor(PARTS_AT_ONCE) as threads:
        readers = {item.name: objects.open(f"{place}/{item.object_name}") for item in items}
        running = []
        for item in items:
            (folder / item.name).touch()
            running += [
                threads.submit(read, folder / item.name, item.name, offset, min(PART_BYTES, item.size_bytes - offset))
                for offset in range(0, item.size_bytes, PART_BYTES)
            ]
        for part in running:
            part.result()
    return time.perf_counter() - begun, sum(item.size_bytes for item in items)


def ask_cold(data_dir: Path, settings: dict[str, str], secret: str) -> tuple[float, float]:
    """Start a service with an empty data folder; return the seconds of its first answer and of a second one."""
    port = find_free_port()
    environment = {
        **os.environ,
        "CODESEARCH_DATA_DIR": str(data_dir),
        "CODESEARCH_STORE_URI": settings["store_uri"],
        "CODESEARCH_DATABASE_URL": settings["database_url"],
        "CODESEARCH_LOG_LEVEL": "warning",
        "CODESEARCH_SEARCH_SECONDS": "60",
    }
    command = [sys.executable, "-m", "codesearch.cli", "serve", "--port", str(port)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        wait_for(port, process)
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)) as connection:
            while get_status(connection, "/readyz") != 200:
                time.sleep(0.05)
            first, second = (ask(connection, secret, query) for query in QUERIES)
        return first, second
    finally:
        process.terminate()
        process.wait()


def get_status(connection: http.client.HTTPConnection, address: str) -> int:
    """Ask an address; return the status of the answer."""
    connection.request("GET", address)
    response = connection.getresponse()
    response.read()
    return response.status


def ask(connection: http.client.HTTPConnection, secret: str, query: str) -> float:
    """Ask a question; return the seconds until its answer."""
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    begun = time.perf_counter()
    connection.request("POST", "/retrieval", json.dumps({"knowledge_id": NAME, "query": query}), headers)
    response = connection.getresponse()
    answer = json.loads(response.read())
    if response.status != 200 or not answer["records"]:
        sys.exit(f"status {response.status}: {answer}")
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
