"""How `codesearch mcp` starts processes of its own, and how those end with it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable

_GRACE_SECONDS = 5.0


def command_of(module: str, *arguments: str) -> list[str]:
    """Return the command line that runs a module's `main` in a process of its own.

    What lies in the current folder is the project of whoever is served: Python must not look for modules there, which
    `-m` and `-c` do. So the process gets this one's search path before it imports anything.
    """
    # Both are built in: no file of the current folder can take their place. What is imported is no garbage.
    imports = f"gc.disable(); from {module} import main; gc.enable()"
    code = f"import gc, sys; sys.path[:] = {sys.path!r}; {imports}; main(*sys.argv[1:])"
    return [sys.executable, "-c", code, *arguments]


def end_with(pipe: int, hear: Callable[[bytes], object] = bytes) -> None:
    """Interrupt this process, as ctrl-C does, when the other end of a pipe is closed; end it if that does not.

    To be called from the main thread. `pipe` is its file descriptor: a thread that holds a file object's lock keeps
    Python from ending. What is written to the other end is given to `hear`, in another thread.
    """
    main_thread = threading.get_ident()

    def watch() -> None:
        while sent := os.read(pipe, 1 << 16):
            hear(sent)
        if hasattr(signal, "pthread_kill"):
            signal.pthread_kill(main_thread, signal.SIGINT)
        else:
            signal.raise_signal(signal.SIGINT)
        threading.Event().wait(_GRACE_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="end-with", daemon=True).start()


def lower_priority(steps: int = 5) -> None:
    """Let other processes go first, where the system knows that."""
    if hasattr(os, "nice"):
        os.nice(steps)
