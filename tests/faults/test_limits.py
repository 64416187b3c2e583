"""Limits of the system, and dates nobody can read: one clear line, or the run goes on; no library ends the process."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.service import FIXTURES, clean_environment, command_of, run_cli
from tests.patience import PATIENCE_SECONDS
from tests.unit.indexer.conftest import Repository

MakeRepository = Callable[..., Repository]
LEDGER = str(FIXTURES / "ledger-go")
MEGABYTE = 1 << 20

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the limits are those of Linux")


def run_limited(data_dir: Path, kind: int, limit: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command_of(*arguments),
        env=clean_environment(data_dir),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
        preexec_fn=lambda: resource.setrlimit(kind, (limit, limit)),
    )


@pytest.mark.parametrize(
    ("kind", "limit", "command", "told"),
    [
        (resource.RLIMIT_NOFILE, 24, "index", "ulimit -n"),
        (resource.RLIMIT_AS, 1000 * MEGABYTE, "index", "ulimit -v"),
        (resource.RLIMIT_AS, 300 * MEGABYTE, "index", "ulimit -v"),
        (resource.RLIMIT_NOFILE, 20, "search", "ulimit -n"),
        (resource.RLIMIT_AS, 200 * MEGABYTE, "search", "ulimit -v"),
        (resource.RLIMIT_AS, 200 * MEGABYTE, "serve", "ulimit -v"),
    ],
)
def test_a_limit_that_is_too_tight_is_one_clear_line(
    data_dir: Path, kind: int, limit: int, command: str, told: str
) -> None:
    arguments = {"index": [LEDGER], "search": ["ledger-go", "request id"], "serve": ["--port", "0"]}[command]
    outcome = run_limited(data_dir, kind, limit, command, *arguments)
    assert outcome.returncode == 1
    assert outcome.stdout == ""
    (line,) = outcome.stderr.splitlines()
    assert line.startswith("codesearch: ")
    assert told in line
    assert "nforeseen" not in line


def test_a_soft_limit_is_raised_as_far_as_it_may_be(data_dir: Path) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    outcome = subprocess.run(
        command_of("index", LEDGER, "--json"),
        env=clean_environment(data_dir),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (24, hard)),
    )
    assert outcome.returncode == 0, outcome.stderr
    assert json.loads(outcome.stdout)["files"] == 14


@pytest.mark.parametrize("written", ["", "yesterday", "99999999999999999999", "-5"])
def test_a_commit_with_a_date_that_git_cannot_read_is_indexed(
    data_dir: Path, make_repository: MakeRepository, written: str
) -> None:
    repository = make_repository("odd")
    repository.commit({"a.py": "def a():\n    return 1\n"})

    def git(*arguments: str, text: str | None = None) -> str:
        command = ["git", "-C", str(repository.path), *arguments]
        return subprocess.run(command, input=text, capture_output=True, text=True, check=True, env=os.environ).stdout

    tree = git("rev-parse", "HEAD^{tree}").strip()
    who = f"A <a@example.org> {written} +0000"
    commit = f"tree {tree}\nauthor {who}\ncommitter {who}\n\nodd\n"
    made = git("hash-object", "-t", "commit", "-w", "--literally", "--stdin", text=commit).strip()
    git("update-ref", "HEAD", made)
    outcome = run_cli(data_dir, "index", str(repository.path), "--json")
    assert outcome.status == 0, outcome.err
    assert json.loads(outcome.out)["files"] == 1
    found = json.loads(run_cli(data_dir, "search", "odd", "a", "--json").out)["records"]
    assert [record["metadata"]["path"] for record in found] == ["a.py"]
    assert "last_modified" not in found[0]["metadata"]
