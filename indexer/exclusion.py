"""One run or merge of a data source at a time, among the processes of a machine and among machines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import Timeout

from codesearch.core.catalog.catalog import Catalog
from codesearch.core.locks import source_lock


@contextmanager
def one_at_a_time(data_dir: Path, catalog: Catalog, identifier: str, say_waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the data source's lock: a second indexer of the same source waits for the first."""
    lock = source_lock(data_dir, identifier)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say_waiting()
        lock.acquire()
    try:
        # Those of this machine have taken turns already; others share the catalog.
        with catalog.turn_of(identifier, say_waiting):
            yield
    finally:
        lock.release()
