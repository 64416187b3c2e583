"""Commands that only read, where nothing was made yet: they create nothing, and say what to do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from codesearch.cli.main import commands
from tests.e2e.service import run_cli

# What only reads, with what it is asked, and what it answers where there is nothing.
DIFY = "Set CODESEARCH_DIFY_URL"
NOTHING = "Run `codesearch index SOURCE`"
READERS = {
    "list": ([], NOTHING),
    "search": (["x"], NOTHING),
    "grep": (["x"], NOTHING),
    "context": (["x"], NOTHING),
    "show": (["a.py"], NOTHING),
    "outline": (["a.py"], NOTHING),
    "related": (["x"], NOTHING),
    "tree": ([], NOTHING),
    "evaluate": (["x"], NOTHING),
    "merge": (["x"], NOTHING),
    "remove": (["x"], NOTHING),
    "schedule": (["x"], NOTHING),
    "doctor": ([], NOTHING),
    "doctor --restore-catalog": ([], NOTHING),
    "jobs": ([], "codesearch schedule"),
    "job cancel": (["x"], "codesearch jobs"),
    "key list": ([], "codesearch key create NAME"),
    "key revoke": (["x"], "Nothing was made here yet"),
    "group list": ([], "codesearch group create NAME"),
    "group add": (["x", "y"], "Nothing was made here yet"),
    "group remove": (["x", "y"], "Nothing was made here yet"),
    "group delete": (["x"], "Nothing was made here yet"),
    "workspace list": ([], "codesearch workspace create NAME"),
    "workspace create": (["x", "y"], NOTHING),
    "workspace remove": (["x"], "Nothing was made here yet"),
    "organisation list": ([], "codesearch organisation add URL"),
    "organisation discover": (["x"], "Nothing was made here yet"),
    "organisation remove": (["x"], "Nothing was made here yet"),
    "permissions": (["ana"], NOTHING),
    "completion": (["bash"], "codesearch"),
    "trust --list": ([], "codesearch trust"),
    "dify status": ([], DIFY),
    "dify ask": (["x"], DIFY),
    "dify connect": (["x"], NOTHING),
    "dify push": (["x"], NOTHING),
    "dify remove": (["x"], DIFY),
    "dify sample-app": ([], "kind: app"),
}
# What makes something, or does not end by itself.
MAKERS = {
    *("index", "watch", "serve", "worker", "init", "trust", "key create", "group create", "organisation add"),
    *("mcp serve", "mcp install", "mcp uninstall"),
}


def names_of_commands(group: click.Group, before: str = "") -> Iterator[str]:
    """Yield the names of all commands as they are typed."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from names_of_commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}"


def test_each_command_reads_or_makes() -> None:
    known = {name.partition(" --")[0] for name in READERS} | MAKERS
    assert known == set(names_of_commands(commands))


@pytest.mark.parametrize("is_there", [False, True], ids=["no-folder", "empty-folder"])
@pytest.mark.parametrize("command", READERS)
def test_where_nothing_was_made_nothing_is_created(
    command: str, is_there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments, said = READERS[command]
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    permissions = tmp_path / "permissions.json"
    permissions.write_text('{"ana": ["https://github.com/pallets/flask"]}')
    data_dir = tmp_path / "data"
    if is_there:
        data_dir.mkdir()
    before = sorted(tmp_path.rglob("*"))
    outcome = run_cli(data_dir, *command.split(), *arguments, permissions_file=str(permissions))
    assert sorted(tmp_path.rglob("*")) == before
    assert "Traceback" not in outcome.err
    assert said in outcome.out + outcome.err
