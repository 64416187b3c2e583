"""Shell completion as click's scripts ask for it: commands, options, names of data sources."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.service import PATIENCE_SECONDS, clean_environment, index_fixtures, run_cli

PROGRAM = "import sys; sys.argv = ['codesearch']; from codesearch.cli.main import run; run()"


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fixtures; not to be changed."""
    return index_fixtures(tmp_path_factory)


def complete(data_dir: Path, *words: str) -> list[str]:
    """Return what may stand in the place of the last word, as the script for bash asks for it."""
    asked = {
        "_CODESEARCH_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(["codesearch", *words]),
        "COMP_CWORD": str(len(words)),
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**clean_environment(data_dir), **asked},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert done.stderr == ""
    return [line.partition(",")[2] for line in done.stdout.splitlines() if line]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script_that_asks_this_program(data_dir: Path, shell: str) -> None:
    outcome = run_cli(data_dir, "completion", shell)
    assert (outcome.status, outcome.err) == (0, "")
    assert f"_CODESEARCH_COMPLETE={shell}_complete" in outcome.out
    assert not data_dir.exists()


def test_sources_are_completed_by_name(indexed: Path) -> None:
    assert complete(indexed, "remove", "LED") == ["ledger-git", "ledger-go"]


def test_where_nothing_is_indexed_nothing_is_offered_and_made(data_dir: Path) -> None:
    assert complete(data_dir, "search", "l") == []
    assert not data_dir.exists()
