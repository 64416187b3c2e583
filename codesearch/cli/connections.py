"""Connections: uvicorn's own protocol, with an end for those that send nothing, and room for those that do."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

logger = logging.getLogger(__name__)

# Connections that the system keeps until they are accepted.
BACKLOG = 2048
# How many are accepted before any is looked at: each has a file, and where there are no more, asyncio tries in vain for
# all the rest before it pauses for a second. A process that may open few files takes few at once.
ACCEPTED_AT_ONCE, FEW_AT_ONCE, FEW_FILES = 64, 2, 1024
# Files that requests need beside their connections: the catalog's, indexes that are opened. And for each connection
# that is accepted at once, one for those of each turn of the loop that are not looked at yet.
RESERVED_FILES, UNSEEN_TURNS = 48, 4
LEAST_CONNECTIONS = 8
# What the application answers, with a body of its own, needs a moment more than it waited.
GRACE_SECONDS = 1.0
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nRetry-After: 1\r\n"
    b"Connection: close\r\nContent-Length: 22\r\n\r\nToo many connections.\n"
)


class ServingLoop(asyncio.SelectorEventLoop):
    """asyncio's event loop, which accepts few connections at once: those that came make room before others come."""

    async def create_server(self, *where: Any, backlog: int = BACKLOG, **options: Any) -> asyncio.Server:
        """Listen as asyncio does; `backlog` is for the system alone."""
        server = await super().create_server(*where, backlog=self.count_accepted(), **options)
        for listening in server.sockets:
            with socket.fromfd(listening.fileno(), listening.family, listening.type) as same:
                same.listen(backlog)
        return server

    def count_accepted(self) -> int:
        """Return how many connections are accepted before any is looked at."""
        return count_accepted()


class SharingLoop(ServingLoop):
    """The event loop of one of several processes that serve one address.

    At one socket for all, who wakes first takes all connections that come together. They stay open, and leave the
    other processes without work: 16 clients got no more from two processes than from one. So each listens at a socket
    of its own where the system spreads connections over them; elsewhere it takes one connection at a time.
    """

    async def create_server(self, *where: Any, sock: socket.socket | None = None, **options: Any) -> asyncio.Server:
        """Listen as asyncio does, in place of `sock` at a socket beside it."""
        return await super().create_server(*where, sock=None if sock is None else bind_beside(sock), **options)

    def count_accepted(self) -> int:
        """Return 1."""
        return 1


def share_address(listening: socket.socket) -> None:
    """Let the sockets of `bind_beside` have the address that this one is bound to next, where there are such."""
    if sys.platform == "linux":
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)


def bind_beside(bound: socket.socket) -> socket.socket:
    """Return another socket bound to the address of one of `share_address`; elsewhere the same one."""
    if sys.platform != "linux" or not bound.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT):
        return bound
    beside = socket.socket(bound.family, bound.type, socket.IPPROTO_TCP)
    try:
        for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
            beside.setsockopt(socket.SOL_SOCKET, option, 1)
        beside.bind(bound.getsockname())
    except BaseException:
        beside.close()
        raise
    return beside


@dataclass(frozen=True)
class ConnectionFactory:
    """Makes the protocol of each connection, in whichever process: uvicorn calls it like the protocol's class."""

    request_seconds: float
    max_connections: int

    def __call__(self, **parts: Any) -> BoundedConnection:
        """Return the protocol of one connection."""
        return BoundedConnection(self, **parts)


class BoundedConnection(H11Protocol):
    """A connection that waits for its client no longer than it may.

    It waits while a header or body is under way, between requests, and while an answer is not taken. `waits_since` is
    None where the client has done its part.
    """

    def __init__(self, limits: ConnectionFactory, **parts: Any) -> None:
        super().__init__(**parts)
        self._limits = limits
        self._phase: str | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.TimerHandle | None = None
        self.waits_since: float | None = None
        self.has_answered = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a header, after another connection made room where there are too many."""
        super().connection_made(transport)
        if len(self.connections) > find_connection_limit(self._limits.max_connections) and not self._make_room():
            logger.warning("a connection was refused: all others have requests that are being answered")
            transport.write(_FULL)
            transport.close()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop(self._timer)
        self._stop(self._writing)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Go on; a part of a header or body gives no more time for the rest."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        self.has_answered = True
        super().on_response_complete()
        self._watch()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection without a request."""
        super().timeout_keep_alive_handler()
        self._watch()

    def pause_writing(self) -> None:
        """Give the client time to take what it asked for."""
        super().pause_writing()
        self._stop(self._writing)
        self._writing = self.loop.call_later(self._limits.request_seconds, self.abort)

    def resume_writing(self) -> None:
        """Go on writing."""
        self._stop(self._writing)
        super().resume_writing()

    def abort(self) -> None:
        """Drop the connection at once, with what was not sent yet."""
        self.transport.abort()

    def _watch(self) -> None:
        """Begin to wait for what is missing now, unless that is what it waits for."""
        phase = self._find_phase()
        if phase == self._phase:
            return
        self._stop(self._timer)
        self._phase, self._timer = phase, None
        self.waits_since = None if phase is None else self.loop.time()
        if phase is not None and phase != "idle":
            seconds = self._limits.request_seconds + (GRACE_SECONDS if phase == "body" else 0.0)
            self._timer = self.loop.call_later(seconds, self.abort)

    def _find_phase(self) -> str | None:
        if self.transport.is_closing():
            return "closing"
        state = self.conn.their_state
        if state is h11.IDLE:
            # Between requests uvicorn's own timer runs, until the first byte of the next one.
            return "header" if self.timeout_keep_alive_task is None else "idle"
        return "body" if state is h11.SEND_BODY else None

    def _make_room(self) -> bool:
        """Drop the connection that has waited for its client longest; False where none waits.

        One that has had an answer is kept as long as there are others: its client may just be sending the next request.
        """
        waiting = [
            (other.has_answered, other.waits_since, id(other), other)
            for other in self.connections
            if isinstance(other, BoundedConnection) and other.waits_since is not None and other is not self
        ]
        if waiting:
            min(waiting)[-1].abort()
        return bool(waiting)

    @staticmethod
    def _stop(timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()


def count_files() -> int | None:
    """Return how many files this process may open, None where nobody says."""
    try:
        import resource

        files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    except (ImportError, OSError):  # another system
        return None
    return None if files == resource.RLIM_INFINITY else files


def count_accepted() -> int:
    """Return how many connections are accepted at once."""
    files = count_files()
    return ACCEPTED_AT_ONCE if files is None or files >= FEW_FILES else FEW_AT_ONCE


@lru_cache(maxsize=1)
def find_connection_limit(wanted: int) -> int:
    """Return how many connections this process may have: no more than the files that it may open leave room for."""
    files = count_files()
    opened = Path("/proc/self/fd")
    if files is None or not opened.is_dir():
        return wanted
    reserved = RESERVED_FILES + UNSEEN_TURNS * count_accepted()
    room = max(LEAST_CONNECTIONS, files - sum(1 for _ in opened.iterdir()) - reserved)
    if room < wanted:
        logger.warning("%d connections at most: the process may open %d files (ulimit -n)", room, files)
    return min(wanted, room)
