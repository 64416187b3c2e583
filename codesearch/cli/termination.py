"""SIGTERM as ctrl-C, for commands that it ends without a failure: once, and where Python lets an exception pass."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_AGAIN_SECONDS = 0.02
_IMPORTING = "<frozen importlib"


@contextmanager
def interrupted_by_termination() -> Iterator[None]:
    """Raise KeyboardInterrupt in this, the main thread, at SIGTERM: at the first one alone, in the context alone.

    A moment later while a module is imported, whose C code would print the exception and fail by another one, and
    where Python prints exceptions and goes on: in destructors and callbacks. Processes that are forked in the context
    would have the same handler.
    """
    main_thread = threading.get_ident()
    has_raised = False

    def try_again() -> None:
        def send() -> None:
            if hasattr(signal, "pthread_kill"):
                signal.pthread_kill(main_thread, signal.SIGTERM)
            else:
                signal.raise_signal(signal.SIGTERM)

        later = threading.Timer(_AGAIN_SECONDS, send)
        later.daemon = True
        later.start()

    def interrupt(_: int, frame: FrameType | None) -> None:
        nonlocal has_raised
        if has_raised:
            return
        if _must_not_raise(frame):
            try_again()
            return
        has_raised = True
        raise KeyboardInterrupt

    def hear(lost: sys.UnraisableHookArgs) -> None:
        nonlocal has_raised
        if not issubclass(lost.exc_type, KeyboardInterrupt):
            tell(lost)
            return
        has_raised = False
        try_again()

    tell, sys.unraisablehook = sys.unraisablehook, hear
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        # What comes once it has been raised makes no difference, also to what is still to be closed.
        if not has_raised:
            signal.signal(signal.SIGTERM, before)
        sys.unraisablehook = tell


def _must_not_raise(frame: FrameType | None) -> bool:
    """Say whether a module is imported, or a destructor runs, where a frame is."""
    while frame is not None:
        code = frame.f_code
        if code.co_name == "__del__" or code.co_filename.startswith(_IMPORTING):
            return True
        frame = frame.f_back
    return False
