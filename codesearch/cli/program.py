"""The program: imported first, so that ctrl-C ends it in a line also while the commands are imported."""

from __future__ import annotations

import os
import sys


def run() -> None:
    """Import the commands and be the program. Ends the process."""
    try:
        from codesearch.cli.garbage import imports_kept

        with imports_kept():
            from codesearch.cli.main import run as run_commands
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        sys.stderr.flush()
        os._exit(130)
    run_commands()
