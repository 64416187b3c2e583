"""Connections to PostgreSQL that wait for no network for ever: the catalog's, and those of the engine of jobs.

libpq waits for an answer without end. The system notices a machine that is gone; what is between, a proxy or a load
balancer that goes on acknowledging, it does not: so the wait itself is bounded here.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import Connection, Engine, event

# How long nothing at all may come where an answer is waited for. Nothing that is asked takes so long of itself: who has
# to wait for a lock says so.
SILENCE_SECONDS = 15.0
# Of libpq: a connection that is cut is noticed long before that; the system's own times are hours.
CONNECTION: Final = {
    "keepalives_idle": "4",
    "keepalives_interval": "2",
    "keepalives_count": "2",
    "tcp_user_timeout": "6000",
}
# Of the server: it would hold the locks of a machine that is cut off for as long, and those of a process that stands
# still in the middle of a transaction for ever.
_SERVER_SETTINGS: Final = (
    "SET tcp_keepalives_idle = 5",
    "SET tcp_keepalives_interval = 3",
    "SET tcp_keepalives_count = 3",
    "SET idle_in_transaction_session_timeout = '60s'",
)


def bound_waits(engine: Engine) -> None:
    """Have each connection that an engine of psycopg makes fail after SILENCE_SECONDS of waiting, and be closed then.

    The error is psycopg's OperationalError, as of a connection that was reset. Waiting for notifications has no bound.
    """
    event.listen(engine, "do_connect", _connect)
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "checkin", _forget_lock)


def expect_lock(connection: Connection, seconds: float) -> None:
    """Let a connection of such an engine wait so much longer than others until it is given back: for a lock."""
    driver: Any = connection.connection.driver_connection
    driver.lock_seconds = seconds


def _connect(_dialect: object, _record: object, arguments: Sequence[Any], options: Mapping[str, Any]) -> Any:
    return _bounded_connection().connect(*arguments, **{**CONNECTION, **options})


def _set_up(connection: Any, _record: object) -> None:
    for setting in _SERVER_SETTINGS:
        connection.execute(setting)
    connection.commit()


def _forget_lock(connection: Any, _record: object) -> None:
    # None where it was closed.
    if connection is not None:
        connection.lock_seconds = 0.0


@cache
def _bounded_connection() -> Any:
    # Imported here, for SQLite needs no driver of PostgreSQL.
    import psycopg

    class BoundedConnection(psycopg.Connection[Any]):
        """A connection whose every wait for the server ends."""

        lock_seconds = 0.0
        _is_listening = False

        def wait(self, gen: Any, *arguments: Any, **options: Any) -> Any:
            if self._is_listening:
                return super().wait(gen, *arguments, **options)
            return super().wait(self._bound(gen), *arguments, **options)

        def notifies(self, **options: Any) -> Any:
            self._is_listening = True
            try:
                yield from super().notifies(**options)
            finally:
                self._is_listening = False

        def _bound(self, gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
            """Pass on what a generator of the driver waits for, and end it where that does not come."""
            try:
                wanted = next(gen)
                heard_at = time.monotonic()
                while True:
                    ready = yield wanted
                    now = time.monotonic()
                    if ready:
                        heard_at = now
                    elif now - heard_at > SILENCE_SECONDS + self.lock_seconds:
                        self.pgconn.finish()
                        raise psycopg.OperationalError(f"nothing was heard of it for {now - heard_at:.0f} seconds")
                    wanted = gen.send(ready)
            except StopIteration as end:
                return end.value

    return BoundedConnection
