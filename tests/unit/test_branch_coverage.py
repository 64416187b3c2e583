"""What `make test` says of lines and branches: by all workers together, also of files that no test imports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SIGN = """
def sign(number):
    if number < 0:
        return -1
    for _ in range(number):
        return 1
    return 0
"""
# A test each, which worksteal gives to several processes.
TESTS = {
    "test_negative.py": "from measured.signs import sign\n\ndef test_negative():\n    assert sign(-2) == -1\n",
    "test_positive.py": "from measured.signs import sign\n\ndef test_positive():\n    assert sign(2) == 1\n",
    "test_zero.py": "from measured.signs import sign\n\ndef test_zero():\n    assert sign(0) == 0\n",
}


@pytest.mark.parametrize(
    ("processes", "tests", "rows"),
    [
        ("2", ["test_negative.py", "test_positive.py"], {"signs.py": (6, 1, 4, 1), "other.py": (1, 1, 0, 0)}),
        ("2", [*TESTS], {"other.py": (1, 1, 0, 0)}),
        ("0", ["test_zero.py"], {"signs.py": (6, 2, 4, 2), "other.py": (1, 1, 0, 0)}),
    ],
)
def test_lines_and_branches_of_all_processes_are_told(
    tmp_path: Path, processes: str, tests: list[str], rows: dict[str, tuple[int, ...]]
) -> None:
    package = tmp_path / "measured"
    package.mkdir()
    for name, text in {"__init__.py": "", "signs.py": SIGN, "other.py": "nobody = 1\n"}.items():
        (package / name).write_text(text)
    for name, text in TESTS.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    command = [sys.executable, "-m", "pytest", "-p", "tests.branch_coverage", "-p", "no:cacheprovider"]
    given = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(
        [*command, "--measure=measured", "-n", processes, *tests],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([*given, str(tmp_path)])},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    table = [line.split() for line in done.stdout.splitlines() if line.startswith("measured/")]
    assert {line[0].removeprefix("measured/"): tuple(map(int, line[1:5])) for line in table} == rows
