"""`codesearch worker`: processes that do jobs, one each; the service starts the same of its own."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from types import FrameType
from typing import Final

import click

from codesearch.cli import output
from codesearch.cli.context import LazyAssembly, open_logging_assembly
from codesearch.cli.programs import command_of
from codesearch.cli.wording import describe_error
from codesearch.core.counts import say_count
from codesearch.core.errors import CodesearchError

logger = logging.getLogger(__name__)

# One that ends by itself is started again after a second, and after a minute where that goes on.
_FIRST_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 60.0
_STEADY_SECONDS: Final = 30.0
# Longer than a job's process gets to end.
_STOP_SECONDS: Final = 10.0


@click.command()
@click.option("--jobs", type=click.IntRange(1, 64), help="Jobs done at once; default CODESEARCH_WORKER_JOBS or 1.")
@click.pass_obj
def worker(holder: LazyAssembly, jobs: int | None) -> None:
    """Do jobs until ctrl-C: what was asked for on the page, over HTTP, or by a schedule.

    `codesearch serve` does so itself. Run this where nothing is served, on as many machines as you like when the jobs
    are in PostgreSQL. What is at work when it ends is begun again by another one.
    """
    is_over = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        is_over.set()

    assembly = holder.get()
    assembly.require_data_dir()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    workers = Workers(jobs or assembly.settings.worker_jobs or 1)
    output.print_error(
        f"Doing {say_count(workers.count, 'job')} at once. Ctrl-C ends this; what is at work goes back to the queue."
    )
    try:
        while not is_over.wait(3600):
            pass
    finally:
        workers.close()


class Workers:
    """Worker processes that are started again when they end, and end with this one, however that ends."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._is_closing = threading.Event()
        self._threads = [threading.Thread(target=self._keep, name="worker", daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End them; what they were at goes back into the queue."""
        self._is_closing.set()
        for thread in self._threads:
            thread.join(_STOP_SECONDS + 2)

    def _keep(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while not self._is_closing.is_set():
            begun = time.monotonic()
            try:
                self._run()
            except OSError as error:
                logger.warning("a worker cannot be started: %s", error)
            if self._is_closing.is_set():
                return
            is_steady = time.monotonic() - begun > _STEADY_SECONDS
            pause = _FIRST_PAUSE_SECONDS if is_steady else min(2 * pause, _LONGEST_PAUSE_SECONDS)
            logger.warning("a worker has ended; the next one is started in %g s", pause)
            self._is_closing.wait(pause)

    def _run(self) -> None:
        """Run one worker to its end."""
        process = subprocess.Popen(
            command_of("codesearch.cli.worker"), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        ended = threading.Thread(target=process.wait, daemon=True)
        ended.start()
        while ended.is_alive() and not self._is_closing.is_set():
            ended.join(0.1)
        if process.stdin is not None:
            process.stdin.close()
        ended.join(_STOP_SECONDS)
        if ended.is_alive():
            process.kill()
            ended.join()


def main() -> None:
    """Be a worker: do one job at a time until stdin ends, or SIGTERM comes; does not return."""
    is_over = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        is_over.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    threading.Thread(target=_wait_for_end, args=(is_over,), name="end-with", daemon=True).start()
    os.umask(0o077)
    status = 0
    try:
        # Whoever started this process has said what does not count.
        assembly = open_logging_assembly(lambda _: None)
        from codesearch.cli.management.opening import work

        work(assembly, is_over)
    except CodesearchError as error:
        output.print_error(describe_error(error))
        status = 1
    except Exception:
        logger.exception("the worker ends")
        status = 1
    # Threads of the engine still wait for jobs that went back into the queue.
    sys.stderr.flush()
    os._exit(status)


def _wait_for_end(is_over: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    is_over.set()
