"""A TCP proxy on loopback whose network can be cut: reset, refused, stalled, or closed one way."""

from __future__ import annotations

import random
import socket
import struct
import threading
import time
from contextlib import suppress
from enum import Enum

_BYTES = 1 << 16
_POLL_SECONDS = 0.02
# Closing a socket with this sends a reset, as a router does that knows nothing of a connection any more.
_RESET = struct.pack("ii", 1, 0)


class Cut(Enum):
    """What a network does."""

    NONE = "works"
    RESET = "connections reset, new ones refused"
    STALL = "nothing gets through, nothing is said"
    HALF = "answers end in the middle"


class Proxy:
    """Forwards connections from a port of its own to another one on loopback, as far as the network works.

    asked_bytes, answered_bytes: how much was passed on in either direction.
    """

    def __init__(self, target_port: int) -> None:
        self.asked_bytes = self.answered_bytes = 0
        self._target_port = target_port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._cut = Cut.NONE
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._forgotten: set[tuple[socket.socket, socket.socket]] = set()
        self._lock = threading.Lock()
        self._is_closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, how: Cut) -> None:
        """Let the network do this from now on."""
        self._cut = how
        if how is Cut.RESET:
            self._drop_all()

    def forget(self) -> None:
        """Pass nothing on for those who are connected now, for good, and say nothing of it; new connections work."""
        with self._lock:
            self._forgotten |= self._pairs

    def close(self) -> None:
        """Close everything."""
        self._is_closed = True
        self._listener.close()
        self._drop_all()

    def _drop_all(self) -> None:
        with self._lock:
            pairs, self._pairs = self._pairs, set()
            self._forgotten.clear()
        for pair in pairs:
            for end in pair:
                with suppress(OSError):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                with suppress(OSError):
                    end.close()

    def _accept(self) -> None:
        while not self._is_closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._cut is Cut.RESET:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                client.close()
                continue
            threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._target_port), timeout=5)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        pair = (client, server)
        with self._lock:
            self._pairs.add(pair)
        for source, sink, is_answer in ((client, server, False), (server, client, True)):
            threading.Thread(target=self._forward, args=(pair, source, sink, is_answer), daemon=True).start()

    def _forward(
        self, pair: tuple[socket.socket, socket.socket], source: socket.socket, sink: socket.socket, is_answer: bool
    ) -> None:
        with suppress(OSError):
            while data := source.recv(_BYTES):
                while (self._cut is Cut.STALL or pair in self._forgotten) and pair in self._pairs:
                    time.sleep(_POLL_SECONDS)
                if self._cut is Cut.HALF and is_answer:
                    sink.sendall(data[: random.randrange(len(data))])
                    break
                sink.sendall(data)
                with self._lock:
                    if is_answer:
                        self.answered_bytes += len(data)
                    else:
                        self.asked_bytes += len(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
        if is_answer:
            with self._lock:
                self._pairs.discard(pair)
                self._forgotten.discard(pair)
            for end in pair:
                with suppress(OSError):
                    end.close()
