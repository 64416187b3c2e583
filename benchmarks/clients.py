"""Many clients at once: each with a connection that stays open, asking without pause for some seconds."""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field


@dataclass(slots=True)
class Load:
    """What the clients met: milliseconds of each answered request, and the seconds that all of it took."""

    seconds: float = 0.0
    milliseconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        """Return requests per second and the percentiles."""
        rate = len(self.milliseconds) / self.seconds if self.seconds else 0.0
        return {"requests": len(self.milliseconds), "requests_per_second": round(rate, 1), **self.percentiles()}

    def percentiles(self) -> dict[str, float]:
        """Return the milliseconds within which 50, 95 and 99 of 100 requests were answered."""
        return percentiles(self.milliseconds)


def percentiles(milliseconds: Sequence[float]) -> dict[str, float]:
    """Return p50, p95 and p99 by name; nothing for no times at all."""
    times = sorted(milliseconds)
    return {f"p{share}_ms": round(times[len(times) * share // 100], 1) for share in (50, 95, 99)} if times else {}


def load_service(
    port: int, secret: str, body: dict[str, object], queries: Sequence[str], *, clients: int, seconds: float
) -> Load:
    """Let the clients ask for `seconds`, each from another query of the list on; exit at a failed request.

    The first request of each client opens its connection and is not counted.
    """
    load = Load()
    ready = threading.Barrier(clients + 1)
    step = max(1, len(queries) // clients)
    threads = [
        threading.Thread(
            target=_ask_until, args=(load, ready, port, secret, body, (*queries[at:], *queries[:at]), seconds)
        )
        for at in (client * step % len(queries) for client in range(clients))
    ]
    for thread in threads:
        thread.start()
    ready.wait()
    started = time.perf_counter()
    for thread in threads:
        thread.join()
    load.seconds = time.perf_counter() - started
    if load.failures:
        sys.exit(f"{len(load.failures)} of {clients} clients failed: {load.failures[0]}")
    return load


def _ask_until(
    load: Load,
    ready: threading.Barrier,
    port: int,
    secret: str,
    body: dict[str, object],
    queries: Sequence[str],
    seconds: float,
) -> None:
    """Be one client. The answers are read whole but not parsed: the clients share the machine with the service."""
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    payloads = [json.dumps({**body, "query": query}).encode() for query in queries]
    times: list[float] = []
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        try:
            _post(connection, payloads[-1], headers)
        except (OSError, http.client.HTTPException) as error:
            load.failures.append(str(error))
        ready.wait()
        end = time.perf_counter() + seconds
        while not load.failures and time.perf_counter() < end:
            begun = time.perf_counter()
            try:
                _post(connection, payloads[len(times) % len(payloads)], headers)
            except (OSError, http.client.HTTPException) as error:
                load.failures.append(str(error))
                break
            times.append(1000 * (time.perf_counter() - begun))
    load.milliseconds += times


def _post(connection: http.client.HTTPConnection, payload: bytes, headers: dict[str, str]) -> None:
    connection.request("POST", "/retrieval", payload, headers)
    response = connection.getresponse()
    answer = response.read()
    if response.status != 200:
        raise http.client.HTTPException(f"status {response.status}: {answer.decode('utf-8', 'replace')[:200]}")
