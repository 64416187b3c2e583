"""SIGTERM ends what is to end at it, wherever it comes, once, and without a word."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROGRAM = """
import os, signal, sys, time, weakref
from codesearch.cli.termination import interrupted_by_termination

def end():
    os.kill(os.getpid(), signal.SIGTERM)
    # The handler runs between two steps of the interpreter.
    for _ in range(1000):
        pass

class Plain:
    pass

class Resource:
    def __del__(self):
        end()

{body}
"""
LOOP = """
try:
    with interrupted_by_termination():
        {step}
        while True:
            time.sleep(0.01)
except KeyboardInterrupt:
    print("ended")
"""
IMPORTED = """
import os, signal
os.kill(os.getpid(), signal.SIGTERM)
for _ in range(1000):
    pass
print("imported")
"""


def run_program(body: str, folder: Path) -> tuple[int, str, str]:
    (folder / "signalled.py").write_text(IMPORTED)
    program = PROGRAM.format(body=body)
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {[str(ROOT), str(folder)]!r}\n{program}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("step", "printed"),
    [
        ("end()", "ended\n"),
        ("Resource()", "ended\n"),
        ("watched = Plain(); seen = weakref.ref(watched, lambda _: end()); del watched", "ended\n"),
        ("import signalled", "imported\nended\n"),
    ],
)
def test_it_is_one_interruption_wherever_it_comes(tmp_path: Path, step: str, printed: str) -> None:
    assert run_program(LOOP.format(step=step), tmp_path) == (0, printed, "")


def test_further_ones_make_no_difference_while_it_is_closed(tmp_path: Path) -> None:
    body = """
try:
    with interrupted_by_termination():
        try:
            end()
        finally:
            end()
            print("closed")
except KeyboardInterrupt:
    end()
    print("ended")
end()
"""
    assert run_program(body, tmp_path) == (0, "closed\nended\n", "")


def test_behind_the_context_it_is_what_it_was(tmp_path: Path) -> None:
    body = """
hook = sys.unraisablehook
with interrupted_by_termination():
    pass
print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL, sys.unraisablehook is hook)
"""
    assert run_program(body, tmp_path) == (0, "True True\n", "")


def test_what_else_a_destructor_raises_is_printed(tmp_path: Path) -> None:
    body = """
class Broken:
    def __del__(self):
        raise ValueError("broken")

with interrupted_by_termination():
    Broken()
"""
    status, printed, said = run_program(body, tmp_path)
    assert (status, printed) == (0, "")
    assert "ValueError: broken" in said
