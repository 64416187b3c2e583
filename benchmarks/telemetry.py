"""What it costs a request to be observed: CPU of POST /retrieval with neither, with metrics, with metrics and traces.

python -m benchmarks.telemetry TREE [--rounds 100] [--requests 8]

One application of each kind in this process, asked in turns past the network: what a server adds is the same for all.
Spans are made and handed to a processor that drops them: sending them is work of another thread. Prints one JSON
object: least and median CPU milliseconds of a request, the ratios to the first kind round by round, and of one scrape.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any

import httpx
from opentelemetry.sdk.trace import SpanProcessor

from benchmarks.quality import open_assembly
from codesearch.api.app import create_app
from codesearch.api.deps import Services
from codesearch.assembly import Assembly, open_indexer
from codesearch.core.config import load_settings
from codesearch.telemetry.opening import Telemetry, open_telemetry
from codesearch.telemetry.traces import Traces
from indexer.pipeline import SilentProgress

NAME = "observed"
QUESTIONS = ("where is a failed request retried?", "parse_options", "how are settings read from a file", "errors")
KINDS: Mapping[str, Mapping[str, bool]] = {
    "neither": {},
    "metrics": {"metrics": True},
    "metrics and traces": {"metrics": True, "traces": True},
}


def main() -> None:
    """Index, ask in turns, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree", type=Path, metavar="TREE", help="a folder with source code")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--requests", type=int, default=8, help="of each kind in a round")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary, closing(open_assembly(Path(temporary) / "data")) as assembly:
        open_indexer(assembly).index(
            str(arguments.tree), name=NAME, branch=None, subdir=None, progress=SilentProgress()
        )
        _, secret = assembly.catalog.create_key("benchmark", is_admin=True)
        measured = asyncio.run(_measure(assembly, secret, arguments.rounds, arguments.requests))
    print(json.dumps(measured, indent=2))


async def _measure(assembly: Assembly, secret: str, rounds: int, requests: int) -> dict[str, Any]:
    found: dict[str, list[float]] = {kind: [] for kind in KINDS}
    scrapes = []
    async with AsyncExitStack() as stack:
        clients = {kind: await _serve(stack, assembly, secret, wanted) for kind, wanted in KINDS.items()}
        for number in range(rounds + 1):
            kinds = list(KINDS) if number % 2 else list(KINDS)[::-1]
            for kind in kinds:
                milliseconds = await _ask(clients[kind], requests)
                if number:  # the first opens the index
                    found[kind].append(milliseconds)
            started = time.process_time()
            (await clients["metrics"].get("/metrics")).raise_for_status()
            scrapes.append((time.process_time() - started) * 1000)
    base, *others = KINDS
    return {
        "rounds": rounds,
        "requests of each in a round": requests,
        "least CPU ms": {kind: round(min(values), 3) for kind, values in found.items()},
        "CPU ms": {kind: round(statistics.median(values), 3) for kind, values in found.items()},
        "ratio": {
            kind: round(statistics.median(a / b for a, b in zip(found[kind], found[base], strict=True)), 4)
            for kind in others
        },
        "CPU ms of a scrape": round(statistics.median(scrapes), 2),
    }


async def _serve(
    stack: AsyncExitStack, assembly: Assembly, secret: str, wanted: Mapping[str, bool]
) -> httpx.AsyncClient:
    settings = load_settings(data_dir=assembly.settings.data_dir, metrics=wanted.get("metrics", False))
    telemetry = open_telemetry(settings, assembly.measure, assembly.search_indexes.count_open)
    if wanted.get("traces"):
        telemetry = Telemetry([*telemetry.observers, Traces(SpanProcessor())], telemetry.metrics)
    services = Services(
        assembly.retriever, assembly.catalog, lambda: None, assembly.toolbox, assembly.retriever.turns,
        telemetry=telemetry,
    )  # fmt: skip
    app = create_app(settings, lambda _: services)
    state = await stack.enter_async_context(app.router.lifespan_context(app))

    async def with_state(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "state": dict(state or {})}, receive, send)

    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(with_state),
        base_url="http://service",
        headers={"Authorization": f"Bearer {secret}"},
    )
    return await stack.enter_async_context(client)


async def _ask(client: httpx.AsyncClient, requests: int) -> float:
    """Return CPU milliseconds of this process for each request."""
    started = time.process_time()
    for number in range(requests):
        body = {"knowledge_id": NAME, "query": QUESTIONS[number % len(QUESTIONS)]}
        (await client.post("/retrieval", json=body)).raise_for_status()
    return (time.process_time() - started) / requests * 1000


if __name__ == "__main__":
    main()
