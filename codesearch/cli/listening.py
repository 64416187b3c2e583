"""Listening: the port and address that the service gets, and serving from several processes."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from codesearch.core.errors import ConfigurationError

if TYPE_CHECKING:
    import uvicorn

    from codesearch.core.config import Settings


def find_port(host: str, port: int) -> int:
    """Return the port, a free one for 0, before anything is indexed or printed.

    Raises ConfigurationError when nothing can listen there.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or error
            other = "--port" if getattr(error, "errno", None) in (errno.EADDRINUSE, errno.EACCES) else "--host"
            raise ConfigurationError(
                f"Cannot listen on {host} port {port}: {reason}. Choose another with {other}."
            ) from error
        return int(probe.getsockname()[1])


def url_host(host: str) -> str:
    """Return the host as it stands in a URL of this machine."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


@contextmanager
def share_metrics(settings: Settings) -> Iterator[None]:
    """Give the server processes that are started meanwhile a folder for what they count together, if they count."""
    from codesearch.core.settings.environment import METRICS_FOLDER

    if not settings.metrics:
        yield
        return
    with TemporaryDirectory(prefix="codesearch-metrics-") as folder:
        # For them alone: the library would read it here, too.
        os.putenv(METRICS_FOLDER, folder)
        yield


def run_workers(config: uvicorn.Config) -> None:
    """Serve from several processes, as uvicorn.run does, on sockets that send at once.

    Each process listens at one of its own beside the one that keeps the address for them (`SharingLoop`). The sockets
    that these processes accept hold every answer back by 40 ms otherwise: uvicorn leaves their protocol
    unnamed, and asyncio sets TCP_NODELAY on sockets alone that are said to be TCP.
    """
    from uvicorn.supervisors import Multiprocess

    from codesearch.cli.connections import share_address

    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_STREAM)) as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        share_address(bound)
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        bound.bind((config.host, config.port))
        bound.set_inheritable(True)
        Multiprocess(config, sockets=[bound]).run()
