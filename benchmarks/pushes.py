"""Pushes of a benchmark: commits to made repositories and the webhooks that tell of them, as a Gitea sends them."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import multiprocessing
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from benchmarks.made_repositories import Made
from benchmarks.taken_repositories import Taken

SECRET = "a secret of the benchmark"


@dataclass(slots=True)
class Pushes:
    """What became of the webhooks."""

    commits: int = 0
    seconds: float = 0.0
    milliseconds: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)

    @property
    def errors(self) -> int:
        """How many were not taken."""
        return sum(count for status, count in self.statuses.items() if not status.startswith("2"))


def url_of(tree: Path) -> str:
    """Return the address under which a repository is indexed and pushed to."""
    return tree.resolve().as_uri()


def push_for(
    answers: multiprocessing.Queue[Pushes],
    port: int,
    trees: Sequence[Path],
    made: Sequence[Made | Taken],
    commits: int,
    per_second: int,
    pushes_per_second: float,
    seconds: float,
) -> None:
    """Send webhooks for so long, in turns of the repositories; before some of them a commit is made.

    `commits` is how many each repository has. What came of it is put into `answers`.
    """
    every = max(1, round(per_second / pushes_per_second)) if pushes_per_second else 0
    answers.put(asyncio.run(_push(port, trees, made, commits, per_second, every, round(per_second * seconds))))


async def _push(
    port: int,
    trees: Sequence[Path],
    made: Sequence[Made | Taken],
    commits: int,
    per_second: int,
    every: int,
    count: int,
) -> Pushes:
    pushes, pushed = Pushes(), Counter[int]()
    # A connection that the service is about to close is not used again.
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64, keepalive_expiry=1)
    begun = time.monotonic()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60, limits=limits) as client:
        sent: list[asyncio.Task[None]] = []
        for number in range(count):
            await asyncio.sleep(max(0.0, begun + number / per_second - time.monotonic()))
            place = number % len(trees)
            commit = None
            if every and number % every == 0:
                # Not the one whose turn it is, which would be the same few where the numbers have a divisor in common.
                place = pushes.commits % len(trees)
                commit = commits + pushed[place]
                pushed[place] += 1
                pushes.commits += 1
            sent.append(asyncio.create_task(_tell(client, trees[place], made[place], commit, number, pushes)))
        await asyncio.gather(*sent)
    pushes.seconds = time.monotonic() - begun
    return pushes


async def _tell(
    client: httpx.AsyncClient, tree: Path, made: Made | Taken, commit: int | None, number: int, pushes: Pushes
) -> None:
    if commit is not None:
        await asyncio.to_thread(made.add_commit, tree, commit)
    repository = {"clone_url": url_of(tree), "default_branch": "main"}
    body = json.dumps({"ref": "refs/heads/main", "repository": repository, "number": number}).encode()
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-Gitea-Event": "push", "X-Gitea-Delivery": f"delivery-{number}", "X-Gitea-Signature": signature}
    begun = time.perf_counter()
    try:
        response = await client.post("/webhooks/gitea", content=body, headers=headers)
    except httpx.HTTPError as error:
        pushes.statuses[repr(error)] += 1
        return
    pushes.milliseconds.append(1000 * (time.perf_counter() - begun))
    pushes.statuses[str(response.status_code)] += 1
