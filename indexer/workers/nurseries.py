"""Where worker processes come from: a server that was forked in time, one that is kept, or each started by itself."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

# One thread of BLAS is all that is wanted, see core/embedding.py; more of them would keep this process from forking.
os.putenv("OPENBLAS_NUM_THREADS", "1")

from codesearch.core.types import BUNDLED_MODEL
from indexer.workers.pool import REFUSALS, warn_of_none
from indexer.workers.processes import ForkServer, Nursery, SpawnedWorkers
from indexer.workers.tasks import WorkerSettings

if TYPE_CHECKING:
    from codesearch.core.config import Settings

logger = logging.getLogger(__name__)

_kept: dict[WorkerSettings, ForkServer] = {}
_kept_lock = threading.Lock()


@contextmanager
def fork_workers(settings: Settings) -> Iterator[ForkServer | None]:
    """Give a server of worker processes, forked from this one while it has nothing but modules that they need as well.

    None where it cannot be had that way: a process with threads must not fork, other models than the bundled one start
    some, only Linux forks safely, and some machines allow no more processes.
    """
    server = None
    if _can_fork(settings) and len(list(Path("/proc/self/task").iterdir())) == 1:
        try:
            server = ForkServer(_needed(settings), method="fork")
        except REFUSALS as error:
            logger.info("no worker processes can be forked: %s", error)
    with nullcontext() if server is None else server:
        yield server


class Nurseries:
    """Finds where workers come from, the same place again as long as it is there."""

    def __init__(self, settings: Settings, forked: ForkServer | None) -> None:
        """`forked`: what `fork_workers` gave."""
        self._needed = _needed(settings)
        self._can_fork = _can_fork(settings)
        self._forked = forked
        self._spawned: SpawnedWorkers | None = None

    def find(self) -> Nursery | None:
        """Return where workers come from, None where no process can be started."""
        if self._forked is not None and self._forked.is_alive:
            return self._forked
        if self._can_fork:
            return self._find_kept()
        if self._spawned is None:
            self._spawned = SpawnedWorkers(self._needed)
        return self._spawned

    def _find_kept(self) -> ForkServer | None:
        with _kept_lock:
            server = _kept.get(self._needed)
            if server is None or not server.is_alive:
                try:
                    server = ForkServer(self._needed, method="spawn", is_kept=True)
                except REFUSALS as error:
                    warn_of_none(error)
                    return None
                _kept[self._needed] = server
            return server


def _can_fork(settings: Settings) -> bool:
    return sys.platform == "linux" and settings.embedding_model == BUNDLED_MODEL


def _needed(settings: Settings) -> WorkerSettings:
    # The bundled model needs no folder: one server is enough for all data folders.
    folder = Path() if settings.embedding_model == BUNDLED_MODEL else settings.resolved_model_cache_dir
    return WorkerSettings(
        settings.embedding_model,
        folder,
        settings.max_chunk_tokens,
        settings.max_parse_seconds,
        settings.max_parse_memory_mb,
    )
