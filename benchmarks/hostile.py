"""What hostile clients of one key cost another key's, and what thousands of generated requests leave behind.

python -m benchmarks.hostile TREE... [--data-dir DIR] [--clients 8] [--requests 300] [--generated 10000]

Serves the large source of benchmarks.latency on loopback. One key asks the golden set's questions, first alone, then
beside each kind of hostile clients of another key: each sends the next request as soon as the last is answered. Prints
a row for each kind, then what the generated requests met.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import multiprocessing
import os
import random
import re
import socket
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing, suppress
from multiprocessing.synchronize import Event
from pathlib import Path

from benchmarks.clients import percentiles
from benchmarks.hostile_requests import generate, make_heavy
from benchmarks.latency import LARGE, ask, prepare, read_queries, serve
from benchmarks.processes import read_tree
from benchmarks.quality import open_assembly
from codesearch.core.errors import CodesearchError

HOSTILE_KEY = "hostile"
HEADERS = {"Content-Type": "application/json"}
SEED = 20_261_129
WARM_UP_REQUESTS = 500
# Stop asking beside a kind after so long, with however many answers there are.
MAX_SECONDS = 20.0
HANGS_UP, HALF_OPEN, HUGE = "clients that hang up while they wait", "half a header, again and again", "bodies of 1 MiB"
STAY_SECONDS = 0.2


def main() -> None:
    """Fill, serve, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trees", nargs="+", type=Path, metavar="TREE", help="folders with source code")
    parser.add_argument("--chunks", type=int, default=100_000, help="chunks of the source")
    parser.add_argument("--data-dir", type=Path, help="keep the index here, and use it when it is there")
    parser.add_argument("--clients", type=int, default=8, help="hostile clients at once")
    parser.add_argument("--requests", type=int, default=300, help="of the other key, for each kind")
    parser.add_argument("--generated", type=int, default=10_000, help="generated requests")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        data_dir = arguments.data_dir or Path(temporary) / "data"
        with closing(open_assembly(data_dir)) as assembly:
            secret = prepare(assembly, arguments.trees, arguments.chunks)
            with suppress(CodesearchError):  # there is none yet
                assembly.catalog.revoke_key(HOSTILE_KEY)
            hostile = assembly.catalog.create_key(HOSTILE_KEY)[1]
        words = read_names(arguments.trees)
        with serve(data_dir, secret, "warm up") as (port, _):
            if arguments.requests:
                measure_kinds(port, secret, hostile, words, arguments.clients, arguments.requests)
            if arguments.generated:
                measure_generated(port, hostile, words, arguments.generated)


def read_names(trees: Sequence[Path]) -> list[str]:
    """Return names that the trees define, as far as a pattern tells."""
    names: set[str] = set()
    for tree in trees:
        for path in sorted(tree.rglob("*")):
            if path.is_file() and path.stat().st_size < 1_000_000:
                text = path.read_text(encoding="utf-8", errors="ignore")
                names.update(re.findall(r"(?:def|class|func|function|fn)\s+([A-Za-z_]\w{3,40})", text))
    return sorted(names)


def measure_kinds(port: int, secret: str, hostile: str, words: Sequence[str], clients: int, requests: int) -> None:
    """Print what one client of a key waits, alone and beside each kind."""
    queries = read_queries(None)
    head = "p50 ms | p95 ms | p99 ms | p99, times the quiet one | their answers"
    print(f"| beside {clients} clients of another key | {head} |")
    print("|---|---:|---:|---:|---:|---|")
    measure(port, secret, queries, 100)
    quiet = percentiles(measure(port, secret, queries, 2 * requests))
    print(f"| nobody | {quiet['p50_ms']} | {quiet['p95_ms']} | {quiet['p99_ms']} | 1.0 | |", flush=True)
    spawn = multiprocessing.get_context("spawn")
    for kind in (*make_heavy(LARGE, words), HUGE, HANGS_UP, HALF_OPEN):
        done, answers = spawn.Event(), spawn.Queue()
        attack = spawn.Process(target=attack_until, args=(port, hostile, kind, list(words), clients, done, answers))
        attack.start()
        try:
            time.sleep(2)
            times = percentiles(measure(port, secret, queries, requests))
        finally:
            done.set()
            statuses = answers.get(timeout=120)
            attack.join(30)
        ratio = times["p99_ms"] / quiet["p99_ms"]
        row = f"{times['p50_ms']} | {times['p95_ms']} | {times['p99_ms']} | {ratio:.1f}"
        print(f"| {kind} | {row} | {describe(statuses)} |", flush=True)


def measure(port: int, secret: str, queries: Sequence[str], requests: int) -> list[float]:
    """Return the milliseconds of each answered request of one client; exit at one that is not answered with 200."""
    times = []
    end = time.monotonic() + MAX_SECONDS
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        for query in itertools.islice(itertools.cycle(queries), requests):
            begun = time.perf_counter()
            ask(connection, secret, {"knowledge_id": LARGE, "query": query})
            times.append(1000 * (time.perf_counter() - begun))
            if time.monotonic() > end:
                break
    return times


def describe(statuses: Counter[str]) -> str:
    """Return counted answers in one line."""
    return ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items())) or "none"


def attack_until(
    port: int,
    secret: str,
    kind: str,
    words: Sequence[str],
    clients: int,
    done: Event,
    answers: multiprocessing.Queue[Counter[str]],
) -> None:
    """Be the hostile clients, in a process of their own, until `done`; leave what they were answered."""
    statuses: Counter[str] = Counter()
    chance = random.Random(SEED)
    makers = make_heavy(LARGE, words)
    # Made before, so that the clients are as fast as they can be.
    bodies = [b"[" * 1_000_000] if kind == HUGE else [makers.get(kind, makers["days"])(chance) for _ in range(64)]
    threads = [
        threading.Thread(target=_attack, args=(port, secret, kind, bodies[at % len(bodies) :] + bodies, done, statuses))
        for at in range(0, 8 * clients, 8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers.put(statuses)


def _attack(port: int, secret: str, kind: str, bodies: Sequence[bytes], done: Event, statuses: Counter[str]) -> None:
    headers = {**HEADERS, "Authorization": f"Bearer {secret}"}
    for body in itertools.cycle(bodies):
        if done.is_set():
            return
        with suppress(OSError, http.client.HTTPException):
            if kind in (HANGS_UP, HALF_OPEN):
                with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
                    head = f"POST /retrieval HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {secret}\r\n"
                    whole = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
                    client.sendall(whole if kind == HANGS_UP else head.encode())
                    time.sleep(STAY_SECONDS)
                statuses["left"] += 1
                continue
            statuses[str(_post(port, body, headers))] += 1


def _post(port: int, body: bytes, headers: dict[str, str]) -> int:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("POST", "/retrieval", body, headers)
        response = connection.getresponse()
        response.read()
        return response.status


def measure_generated(port: int, secret: str, words: Sequence[str], count: int) -> None:
    """Send generated requests one after the other; print their answers, the slowest, and what the memory grew by."""
    # The service is the largest of this process's children.
    pid = max((memory, pid) for pid, _, memory in read_tree(os.getpid()) if pid != os.getpid())[1]
    headers = {**HEADERS, "Authorization": f"Bearer {secret}"}
    statuses: Counter[str] = Counter()
    slowest, before = 0.0, {"Rss": 0, "Private": 0}
    for number, body in enumerate(generate(LARGE, words, WARM_UP_REQUESTS + count, SEED)):
        if number == WARM_UP_REQUESTS:
            before = read_memory(pid)
            statuses.clear()
            slowest = 0.0
        begun = time.perf_counter()
        try:
            status = str(_post(port, body, headers))
        except (OSError, http.client.HTTPException) as error:
            status = type(error).__name__
        slowest = max(slowest, time.perf_counter() - begun)
        statuses[status] += 1
    after = read_memory(pid)
    figures = {
        "generated_requests": count,
        "answers": dict(sorted(statuses.items())),
        "slowest_seconds": round(slowest, 2),
        **{f"{name.lower()}_megabytes": [round(before[name] / 1e3, 1), round(after[name] / 1e3, 1)] for name in before},
        "growth_of_private_percent": round(100 * (after["Private"] / before["Private"] - 1), 1),
    }
    print(json.dumps(figures))


def read_memory(pid: int) -> dict[str, int]:
    """Return a process's memory in kB: all that is resident, and what is its own, without mapped files' pages."""
    lines = (line.split() for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    sizes = {fields[0].rstrip(":"): int(fields[1]) for fields in lines}
    return {"Rss": sizes["Rss"], "Private": sizes["Private_Dirty"]}


if __name__ == "__main__":
    main()
