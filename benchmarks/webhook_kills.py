"""Service and worker killed together at random moments of a burst of webhooks: what was answered waits or has a job.

python -m benchmarks.webhook_kills [--rounds 20] [--repositories 24]: small git repositories are made and indexed; in
each round each of them is pushed to once, and the kill comes somewhere between. Prints a line for each round; status 1
where a push that was answered with 202 is neither in the catalog nor in the queue.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import httpx

from benchmarks.made_repositories import Made, make_repository
from benchmarks.many_sources import index
from benchmarks.pushes import SECRET, url_of
from benchmarks.quality import open_assembly
from benchmarks.services import environment_of, free_port, wait_until_ready
from codesearch.core.catalog import deliveries
from codesearch.jobs.database import JobDatabase, jobs_url
from codesearch.jobs.queue import JobQueue

BETWEEN_SECONDS = 0.02
LONGEST_SECONDS = 1.6


def main() -> None:
    """Make, index, kill, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--repositories", type=int, default=24)
    arguments = parser.parse_args()
    # Those that a killed worker had claimed are to be seen, too.
    deliveries.CLAIM_SECONDS = -1.0
    answered = lost = 0
    with tempfile.TemporaryDirectory(prefix="kills-", ignore_cleanup_errors=True) as temporary:
        data_dir = Path(temporary, "data")
        trees = [make_repository(Path(temporary), Made(number), 2) for number in range(arguments.repositories)]
        index(data_dir, *map(url_of, trees))
        for number in range(arguments.rounds):
            kill_after = random.Random(number).uniform(BETWEEN_SECONDS, LONGEST_SECONDS)
            taken = push_and_kill(data_dir, trees, number, kill_after)
            waiting, with_job = look(data_dir)
            missing = sorted(taken - waiting - with_job)
            answered, lost = answered + len(taken), lost + len(missing)
            print(
                f"killed after {kill_after:.2f} s: {len(taken)} answered, {len(waiting)} in the catalog, "
                f"{len(with_job)} with a job, lost: {', '.join(missing) or 'none'}",
                flush=True,
            )
    print(f"{answered} answered, {lost} lost")
    sys.exit(1 if lost else 0)


def push_and_kill(data_dir: Path, trees: Sequence[Path], number: int, kill_after: float) -> set[str]:
    """Push to each repository while a service runs that is killed; return the names of those that it answered."""
    port = free_port()
    command = [sys.executable, "-m", "codesearch.cli", "serve", "--port", str(port), "--jobs", "1"]
    environment = environment_of(data_dir, {"CODESEARCH_WEBHOOK_SECRETS": SECRET})
    service = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        wait_until_ready(port, service)
        # Sometimes its worker is at work already, sometimes not.
        time.sleep(4 * random.Random(-number).random())
        taken = set[str]()
        threads = [threading.Thread(target=_tell, args=(port, tree, number, taken)) for tree in trees]
        timer = threading.Timer(kill_after, os.killpg, (service.pid, signal.SIGKILL))
        timer.start()
        for thread in threads:
            thread.start()
            time.sleep(BETWEEN_SECONDS)
        for thread in (*threads, timer):
            thread.join()
    finally:
        if service.poll() is None:
            os.killpg(service.pid, signal.SIGKILL)
        service.wait()
    return taken


def _tell(port: int, tree: Path, number: int, taken: set[str]) -> None:
    body = json.dumps({"ref": "refs/heads/main", "repository": {"clone_url": url_of(tree)}}).encode()
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-Gitea-Event": "push", "X-Gitea-Delivery": f"{number}-{tree.name}", "X-Gitea-Signature": signature}
    try:
        response = httpx.post(f"http://127.0.0.1:{port}/webhooks/gitea", content=body, headers=headers, timeout=20)
    except httpx.HTTPError:
        return
    if response.status_code == 202:
        taken.add(tree.name)


def look(data_dir: Path) -> tuple[set[str], set[str]]:
    """Return the sources that wait in the catalog and those that have a job, and forget both for the next round."""
    with (
        closing(open_assembly(data_dir)) as assembly,
        closing(JobQueue(JobDatabase(jobs_url(data_dir)))) as queue,
    ):
        pushes = assembly.catalog.claim_pushes()
        assembly.catalog.forget_pushes(pushes)
        jobs = {job.request.title for job in queue.list_jobs()}
    for file in data_dir.glob("jobs.sqlite3*"):
        file.unlink()
    return {push.source_name for push in pushes}, jobs


if __name__ == "__main__":
    main()
