"""When Python looks for garbage: not while modules are imported, which stay, and seldom in a run of a command."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# By itself Python looks at every 700 new objects, which takes a twentieth of a short run.
COLLECTION_THRESHOLD = 50_000


@contextmanager
def imports_kept() -> Iterator[None]:
    """Look for no garbage while modules are imported, and never again at what there is behind the context."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.set_threshold(COLLECTION_THRESHOLD, 20, 20)
        gc.enable()
