"""Time from the start of `codesearch mcp` to an agent's first answer on an index that exists, and of CPU that it takes.

python -m benchmarks.mcp_start TREE [--runs 10]

Bare pipes stand for the client, which sends everything at once: handshake, list of tools, one search. Beside each run,
in turns, the same question by `codesearch search`. Prints one JSON object: seconds, least and median, and how long the
processes take to end once stdin is closed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.quality import open_assembly
from codesearch.assembly import open_indexer
from indexer.pipeline import SilentProgress

NAME = "mcp-start"
QUESTION = "where is a failed request retried?"
_CLIENT = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "benchmark", "version": "1"}}
_MESSAGES: tuple[dict[str, Any], ...] = (
    {"jsonrpc": "2.0", "id": "handshake", "method": "initialize", "params": _CLIENT},
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
    {"jsonrpc": "2.0", "id": "tools", "method": "tools/list"},
    {
        "jsonrpc": "2.0",
        "id": "answer",
        "method": "tools/call",
        "params": {"name": "semantic_search", "arguments": {"question": QUESTION, "max_results": 5}},
    },
)


def main() -> None:
    """Index, start, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree", type=Path, metavar="TREE", help="a folder with source code")
    parser.add_argument("--runs", type=int, default=10)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        data_dir = Path(temporary) / "data"
        with closing(open_assembly(data_dir)) as assembly:
            report = open_indexer(assembly).index(
                str(arguments.tree), name=NAME, branch=None, subdir=None, progress=SilentProgress()
            )
        found: dict[str, list[float]] = {}
        for number in range(arguments.runs + 1):
            for name, seconds in {**time_mcp(data_dir, arguments.tree), **time_search(data_dir)}.items():
                if number:  # the first reads files from the disk
                    found.setdefault(name, []).append(seconds)
    times = {name: [round(min(values), 3), round(statistics.median(values), 3)] for name, values in found.items()}
    print(json.dumps({"chunks": report.source.chunk_count, "runs": arguments.runs, "least_and_median_seconds": times}))


def time_mcp(data_dir: Path, folder: Path) -> dict[str, float]:
    """Return when each answer came after the process was started, and how long its end took."""
    found: dict[str, float] = {}
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "codesearch.cli", "mcp", "serve", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "CODESEARCH_DATA_DIR": str(data_dir)},
    )
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("no pipes")
    process.stdin.writelines(json.dumps(message).encode() + b"\n" for message in _MESSAGES)
    process.stdin.flush()
    for line in process.stdout:
        message = json.loads(line)
        if "id" in message:
            found[f"mcp: {message['id']}"] = time.perf_counter() - started
            if message["id"] == "answer":
                if message["result"]["isError"]:
                    raise RuntimeError(message["result"]["content"][0]["text"])
                break
    closed = time.perf_counter()
    process.stdin.close()
    process.wait(60)
    return {**found, "mcp: end": time.perf_counter() - closed}


def time_search(data_dir: Path) -> dict[str, float]:
    """Return how long the same question takes as a command."""
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "codesearch.cli", "search", NAME, QUESTION, "--json"],
        env={**os.environ, "CODESEARCH_DATA_DIR": str(data_dir)},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return {"search": time.perf_counter() - started}


if __name__ == "__main__":
    main()
