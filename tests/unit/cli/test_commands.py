"""Each command is where the table says, and a run of one imports none of the others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from codesearch.cli.commands import PLACES, LazyCommands
from tests.patience import PATIENCE_SECONDS

# What `codesearch index` needs nothing of: other commands, and what they or libraries would import at once.
NEEDLESS = """
codesearch.api codesearch.tools.toolbox codesearch.retrieval.search codesearch.cli.admin codesearch.cli.search
codesearch.cli.serve codesearch.cli.mcp codesearch.cli.dify pydantic_settings sqlalchemy.orm
sqlalchemy.dialects.postgresql rich lance_namespace_urllib3_client
"""
PROGRAM = """
import os, sys
leave = os._exit
def end(status):
    # Forked processes end like that, too.
    if os.getpid() == main:
        print(status, *(name for name in needless if name in sys.modules), flush=True)
    leave(status)
main, needless, os._exit = os.getpid(), sys.argv.pop().split(), end
from codesearch.cli.program import run
run()
"""


@pytest.mark.parametrize("name", sorted(PLACES))
def test_a_command_is_where_the_table_says(name: str) -> None:
    assert LazyCommands()[name].name == name


def test_other_commands_can_be_added_and_taken_away() -> None:
    commands = LazyCommands()
    count = len(commands)
    commands["again"] = commands["list"]
    assert commands["again"] is commands["list"]
    assert list(commands)[-1] == "again"
    del commands["again"]
    assert len(commands) == count


def test_a_run_imports_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODESEARCH_DATA_DIR", str(tmp_path / "data"))
    source = tmp_path / "source"
    source.mkdir()
    (source / "add.py").write_text("def add(a, b):\n    return a + b\n")
    command = [sys.executable, "-c", PROGRAM, "index", str(source), NEEDLESS]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    assert done.stdout.splitlines()[-1:] == ["0"], done.stderr
