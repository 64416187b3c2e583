"""Stopping: after SIGTERM a server process is not ready, answers a while longer, then takes no more and ends.

A load balancer that asks whether the process is ready sends nothing there any more by the time that nobody listens.
"""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

logger = logging.getLogger(__name__)


class Stopping:
    """Whether this process is about to stop, and when its server is told to."""

    def __init__(self, drain_seconds: float) -> None:
        """Go on answering for so long after the first SIGTERM; further ones make no difference."""
        self._drain_seconds = drain_seconds
        self.has_begun = False

    def around(self, app: ASGIApp) -> ASGIApp:
        """Return the application, which hears SIGTERM before its server does as long as it lives."""

        async def run(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "lifespan":
                await app(scope, receive, send)
                return
            with self._hearing():
                await app(scope, receive, send)

        return run

    @contextmanager
    def _hearing(self) -> Iterator[None]:
        """Take the place of the server's own handler, where it has one."""
        stop = signal.getsignal(signal.SIGTERM)
        if not callable(stop) or threading.current_thread() is not threading.main_thread():
            yield
            return
        # Commands that serve nothing need not wait for it to load.
        import asyncio

        loop = asyncio.get_running_loop()

        def begin(number: int, frame: FrameType | None) -> None:
            if self.has_begun:
                return
            self.has_begun = True
            if not self._drain_seconds:
                stop(number, frame)
                return
            logger.info("stopping: not ready any more, answering for another %g s", self._drain_seconds)
            loop.call_soon_threadsafe(loop.call_later, self._drain_seconds, partial(stop, number, None))

        signal.signal(signal.SIGTERM, begin)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, stop)
