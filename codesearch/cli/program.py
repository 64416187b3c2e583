"""The program: imported first, so that ctrl-C ends it in a line also while the commands are imported."""

from __future__ import annotations

import gc
import os
import sys


def run() -> None:
    """Import the commands and be the program. Ends the process."""
    # Modules stay: to look for garbage among them takes a twentieth of a start.
    gc.disable()
    try:
        from codesearch.cli.main import run as run_commands
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        sys.stderr.flush()
        os._exit(130)
    gc.freeze()
    gc.enable()
    run_commands()
