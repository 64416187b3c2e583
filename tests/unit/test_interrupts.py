"""A suite that was started in the background: ctrl-C is ignored there, but not by what its tests start."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CHILD = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
SUITE = f"""
import os, signal, subprocess, sys
{{}}
os.kill(os.getpid(), signal.SIGINT)
subprocess.run([sys.executable, "-c", {CHILD!r}], check=True)
"""


def run_in_background(suite: str) -> str:
    """Run Python as a shell runs what it starts with `&`, and return what it prints."""
    with_ignored = 'trap "" INT; exec "$@"'
    command = ["sh", "-c", with_ignored, "sh", sys.executable, "-c", suite]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_what_the_suite_starts_in_the_background_can_be_interrupted() -> None:
    assert signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
    assert run_in_background(SUITE.format("")) == "False\n"
    assert run_in_background(SUITE.format("import tests.conftest")) == "True\n"
