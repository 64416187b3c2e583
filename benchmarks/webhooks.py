"""A burst of webhooks to a real service: how long each waits for its answer, and searches beside them.

python -m benchmarks.webhooks [--sources 20] [--per-second 50] [--seconds 60] [--workers 1]

Small git repositories are made and indexed; then pushes to them are told, each with an id of its own, while somebody
searches five times a second. Prints one JSON object: milliseconds of webhooks and of searches (p50, p99), what they
were answered, and of how many data sources they told.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import hmac
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx

SECRET = "a secret of the benchmark"
_SEARCHES_PER_SECOND = 5


def main() -> None:
    """Make repositories, index, serve, send, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=int, default=20)
    parser.add_argument("--per-second", type=int, default=50)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("CODESEARCH_")},
            "CODESEARCH_DATA_DIR": str(folder / "data"),
            "CODESEARCH_WEBHOOK_SECRETS": SECRET,
            "CODESEARCH_LOG_LEVEL": "warning",
        }
        urls = [_make_repository(folder / f"shop-{number}") for number in range(arguments.sources)]
        _run(environment, "index", *urls, "--json")
        key = _run(environment, "key", "create", "benchmark").split()[-1]
        port = 20_000 + os.getpid() % 20_000
        command = [*_COMMAND, "serve", "--port", str(port), "--workers", str(arguments.workers)]
        service = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        try:
            measured = asyncio.run(
                _measure(f"http://127.0.0.1:{port}", key, urls, arguments.per_second, arguments.seconds)
            )
        finally:
            service.terminate()
            service.wait(60)
        print(json.dumps({**vars(arguments), **measured}, indent=2))


_COMMAND = [sys.executable, "-m", "codesearch.cli"]


def _run(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run([*_COMMAND, *arguments], env=environment, check=True, stdout=subprocess.PIPE)
    return done.stdout.decode()


def _make_repository(folder: Path) -> str:
    folder.mkdir()
    (folder / "cart.py").write_text(f"def add_to_{folder.name.replace('-', '_')}(item):\n    return [item]\n")
    name = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org"]
    for arguments in (["init", "--quiet"], ["add", "."], [*name, "commit", "--quiet", "-m", "Begin"]):
        subprocess.run(["git", *arguments], cwd=folder, check=True)
    return f"file://{folder}"


async def _measure(url: str, key: str, urls: list[str], per_second: int, seconds: int) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        await _wait_until_ready(client)
        sent: list[asyncio.Task[tuple[float, int, int]]] = []
        asked: list[asyncio.Task[tuple[float, int, int]]] = []
        began = time.monotonic()
        for number in range(per_second * seconds):
            await asyncio.sleep(max(0.0, began + number / per_second - time.monotonic()))
            sent.append(asyncio.create_task(_tell(client, urls[number % len(urls)], f"delivery-{number}")))
            if number % max(1, per_second // _SEARCHES_PER_SECOND) == 0:
                asked.append(asyncio.create_task(_ask(client, key)))
        told, found = await asyncio.gather(asyncio.gather(*sent), asyncio.gather(*asked))
    return {
        "webhooks": _describe(told),
        "data sources told of": sum(sources for _, _, sources in told),
        "searches": _describe(found),
    }


async def _wait_until_ready(client: httpx.AsyncClient) -> None:
    while True:
        try:
            if (await client.get("/readyz")).status_code == 200:
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.2)


async def _tell(client: httpx.AsyncClient, url: str, delivery: str) -> tuple[float, int, int]:
    repository = {"clone_url": url, "default_branch": "main"}
    body = json.dumps({"ref": "refs/heads/main", "repository": repository}).encode()
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-GitHub-Event": "push", "X-GitHub-Delivery": delivery, "X-Hub-Signature-256": f"sha256={signature}"}
    began = time.perf_counter()
    response = await client.post("/webhooks/github", content=body, headers=headers)
    took = time.perf_counter() - began
    return took, response.status_code, len(response.json().get("data_sources", ()))


async def _ask(client: httpx.AsyncClient, key: str) -> tuple[float, int, int]:
    began = time.perf_counter()
    question = {"knowledge_id": "shop-0", "query": "add to the cart"}
    response = await client.post("/retrieval", json=question, headers={"Authorization": f"Bearer {key}"})
    return time.perf_counter() - began, response.status_code, 0


def _describe(results: list[tuple[float, int, int]]) -> dict[str, Any]:
    milliseconds = sorted(took * 1000 for took, _, _ in results)
    return {
        "count": len(results),
        "p50 ms": round(statistics.median(milliseconds), 1),
        "p99 ms": round(milliseconds[int(0.99 * (len(milliseconds) - 1))], 1),
        "statuses": dict(Counter(status for _, status, _ in results)),
    }


if __name__ == "__main__":
    main()
