"""A folder that holds somebody else's codesearch.toml and .codesearch: what commands started in it do, and don't."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.service import Service, create_key, run_cli, run_cli_in, spawn_cli
from tests.unit.indexer.conftest import Repository
from tests.unit.indexer.source.git_server import GitServer, serve

MakeRepository = Callable[..., Repository]
TOKEN = "sesame-0123456789"


@pytest.fixture
def strangers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, as a stranger's repository would bring it."""
    folder = tmp_path / "strangers"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def git_host(make_repository: MakeRepository, tmp_path: Path) -> Iterator[GitServer]:
    """The stranger's git host, which asks for a login."""
    make_repository("bait").commit({"a.py": "def a():\n    return 1\n"})
    with serve(tmp_path, ("x-access-token", TOKEN)) as server:
        yield server


def set_bait(strangers: Path, host: GitServer, make_repository: MakeRepository) -> str:
    """Fill the folder with an index whose source lies on the stranger's host, and return a key that opens it."""
    data = strangers / ".codesearch"
    url = f"http://{host.address}/bait"
    indexed = run_cli(data, "index", f"http://x-access-token:{TOKEN}@{host.address}/bait")
    assert indexed.status == 0, indexed.err
    assert url in run_cli(data, "list", "--json").out
    secret = create_key(data, "strangers", "--admin")
    (strangers / "codesearch.toml").write_text(f'git_token_host = "{host.address}"\nport = 1\n')
    host.seen.clear()
    return secret


def test_the_token_of_the_environment_stays_at_home(
    strangers: Path, git_host: GitServer, make_repository: MakeRepository, tmp_path: Path
) -> None:
    set_bait(strangers, git_host, make_repository)
    outcome = spawn_cli(None, "index", "--all", cwd=strangers, git_token=TOKEN)
    assert outcome.status == 1
    assert "Nothing is indexed yet" in outcome.error
    (note,) = [line for line in outcome.err.splitlines() if "Ignored" in line]
    assert f"codesearch trust {strangers}" in note
    assert git_host.seen == []
    trusted = run_cli_in(strangers, "trust")
    assert trusted.status == 0
    assert "codesearch.toml and .codesearch" in trusted.out
    # The folder counts now, and its host is asked; still it gets nothing that is not its own.
    outcome = spawn_cli(None, "index", "--all", cwd=strangers, git_token=TOKEN)
    assert outcome.status == 1
    assert "git_token_host" in outcome.err
    assert git_host.seen
    assert set(git_host.seen) == {None}
    # The environment may name the host.
    outcome = run_cli_in(strangers, "index", "--all", git_token=TOKEN, git_token_host=git_host.address)
    assert outcome.status == 0, outcome.err


def test_serve_accepts_no_key_of_a_stranger(
    strangers: Path, git_host: GitServer, make_repository: MakeRepository, tmp_path: Path
) -> None:
    secret = set_bait(strangers, git_host, make_repository)
    with Service(None, secret, cwd=strangers, log=tmp_path / "serve.log") as service:
        assert service.ask("bait").status_code == 401
        assert service.logged.count("Ignored codesearch.toml and .codesearch") == 1
    assert run_cli(None, "trust", str(strangers)).status == 0
    with Service(None, secret, cwd=strangers, log=tmp_path / "trusted.log") as service:
        assert service.ask("bait").status_code == 200


def test_init_makes_a_folder_that_keeps_its_own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine" / "code").mkdir(parents=True)
    (tmp_path / "mine" / "code" / "a.py").write_text("def a():\n    return 1\n")
    monkeypatch.chdir(tmp_path / "mine")
    made = run_cli_in(tmp_path / "mine", "init")
    assert made.status == 0, made.err
    assert run_cli_in(tmp_path / "mine", "index", "code").status == 0
    assert (tmp_path / "mine" / ".codesearch" / "catalog.sqlite3").is_file()
    assert "code" in run_cli_in(tmp_path / "mine", "list").out
    # The folder's data are no part of what lies in it.
    assert "index  .codesearch" not in run_cli_in(tmp_path / "mine", "index", ".", "--dry-run").out
    elsewhere = run_cli_in(tmp_path, "list")
    assert "Nothing is indexed yet" in elsewhere.out
    assert elsewhere.err == ""
    again = run_cli(None, "init", str(tmp_path / "mine"), "--json")
    assert again.json["trusted"] == ["codesearch.toml", ".codesearch"]
    listed = run_cli(None, "trust", "--list", "--json").json["folders"]
    assert str(tmp_path / "mine") in [item["folder"] for item in listed]
    assert run_cli(None, "trust", str(tmp_path / "mine"), "--remove").status == 0
    assert "Ignored" in run_cli_in(tmp_path / "mine", "list").err
    assert "not trusted" in run_cli(None, "trust", str(tmp_path / "mine"), "--remove").error
    assert "already has a" in run_cli(None, "init", str(tmp_path / "mine")).error


def test_what_cannot_be_trusted_is_said(tmp_path: Path) -> None:
    assert "codesearch init" in run_cli(tmp_path / "data", "trust", str(tmp_path)).error
    assert "There is no folder" in run_cli(tmp_path / "data", "trust", str(tmp_path / "none")).error
    assert run_cli(tmp_path / "data", "trust", "--list", "--remove").status == 2
