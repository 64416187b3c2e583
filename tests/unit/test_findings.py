"""Holds the scripts of findings/ to their form. Whether they still hold is asked by `make findings`, outside of CI."""

from __future__ import annotations

import ast
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "findings").glob("*.sh"))
every_script = pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)


def test_there_is_nothing_else() -> None:
    assert {path for path in (ROOT / "findings").iterdir() if path.name != "README.md"} == set(SCRIPTS)
    assert SCRIPTS


@every_script
def test_the_script_says_what_one_would_expect_and_cleans_up(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    assert os.access(script, os.X_OK)
    subprocess.run(["sh", "-n", script], check=True)
    comment, _, commands = text.removeprefix("#!/bin/sh\n").partition("set -eu\n")
    assert all(line.startswith("#") for line in comment.splitlines())
    assert "\n# Expected: " in comment
    assert "\n# Really: " in comment
    assert "folder=$(mktemp -d)\ntrap 'rm -rf \"$folder\"' EXIT\n" in commands


@every_script
def test_the_script_installs_pinned_packages_and_uses_nothing_of_ours(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    (packages,) = re.findall(r"-m pip install --quiet --disable-pip-version-check (.+)", text)
    assert all(re.fullmatch(r"[a-z0-9-]+==[\w.]+", package) for package in packages.split())
    for package in packages.split():
        name, version = package.split("==")
        assert version in text.partition("set -eu\n")[0] or name == "pyarrow", f"the comment does not name {package}"
    (code,) = re.findall(r"<<'EOF'\n(.*?)^EOF$", text, re.MULTILINE | re.DOTALL)
    tree = ast.parse(code)
    assert any(isinstance(node, ast.Assert) for node in ast.walk(tree)), "nothing fails when the behaviour changes"
    assert not re.search(r"\b(codesearch|indexer)\b", text)
