"""`codesearch serve --first-run` and the make targets: from nothing to an answer with one line to paste."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import stat
import subprocess
import time
from pathlib import Path

import pytest

from codesearch.cli.serve import FIRST_KEY_FILE
from tests.e2e.service import (
    FIXTURES,
    ROOT,
    Service,
    clean_environment,
    command_of,
    copy_index,
    create_key,
    index_fixtures,
    run_bash,
    run_cli,
    source_ids,
    spawn_cli,
)
from tests.patience import PATIENCE_SECONDS
from tests.unit.indexer.conftest import Repository

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


def pasted_line(service: Service) -> str:
    """Return the curl line that the welcome shows."""
    (line,) = [line.strip() for line in service.printed.splitlines() if line.strip().startswith("curl ")]
    return line


def first_key(data_dir: Path) -> str:
    """Return the secret of the first key, from its file."""
    return (data_dir / FIRST_KEY_FILE).read_text().strip()


def test_a_terminal_is_shown_the_first_key_and_no_file_keeps_it(data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command_of("serve", "--port", "0", "--first-run", str(tmp_path / "demo")),
        env=clean_environment(data_dir),
        stdout=theirs,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs)
    try:
        shown = ""
        while "--" not in shown and "shown this once: " not in shown:
            shown += os.read(ours, 4096).decode()
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)
        os.close(ours)
    assert re.search(r"shown this once: cs_[\w-]{40,}", shown)
    assert not (data_dir / FIRST_KEY_FILE).exists()


def test_what_a_process_writes_is_its_owners_alone(data_dir: Path, tmp_path: Path) -> None:
    repository = Repository(tmp_path / "origin")
    repository.commit({"a.py": "def a():\n    return 1\n"})
    old = os.umask(0)
    try:
        assert spawn_cli(data_dir, "index", repository.url, index_workers="2").status == 0
        assert spawn_cli(data_dir, "key", "create", "reader").status == 0
    finally:
        os.umask(old)
    written = [data_dir, *data_dir.rglob("*")]
    assert {"catalog.sqlite3", "store", "search", "mirrors", "locks"} <= {path.name for path in written}
    assert [str(path) for path in written if path.stat().st_mode & 0o077] == []


@needs_curl
def test_from_an_empty_folder_to_an_answer(data_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "repositories"
    for name in ("ledger-go", "orders-service"):
        shutil.copytree(FIXTURES / name, folder / name)
    (folder / ".git" / "hooks").mkdir(parents=True)
    (folder / "README.md").write_text("a file, no repository\n")
    with Service(data_dir, "", "--first-run", str(folder), log=tmp_path / "first.log") as service:
        ids = source_ids(data_dir)
        assert sorted(ids) == ["ledger-go", "orders-service"]
        for name, identifier in ids.items():
            assert f"{identifier}  {name}" in service.printed
        assert "examples  workspace of 2 repositories" in service.printed
        # What it prints goes to a file here, as into a log: the secret does not.
        assert not re.search(r"cs_[\w-]{40,}", service.printed + service.logged)
        file = data_dir / FIRST_KEY_FILE
        assert str(file) in service.printed
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        (key,) = run_cli(data_dir, "key", "list", "--json").json["keys"]
        assert key["admin"] is False
        assert "sources" not in key
        pasted = run_bash(pasted_line(service), tmp_path, clean_environment(data_dir))
        assert pasted.status == 0
        assert len(json.loads(pasted.out)["records"]) == 5
    started = time.monotonic()
    with Service(data_dir, "", "--first-run", str(folder), log=tmp_path / "second.log") as service:
        # It indexes nothing again; what it takes is the start of two processes on a busy machine.
        assert time.monotonic() - started < 30
        assert "indexing" not in service.logged
        assert not re.search(r"cs_[\w-]{40,}", service.printed)
        assert "codesearch key create" in service.printed
        line = pasted_line(service)
        assert "$CODESEARCH_KEY" in line
        made = {**clean_environment(data_dir), "CODESEARCH_KEY": create_key(data_dir, "second")}
        assert json.loads(run_bash(line, tmp_path, made).out)["records"]
        refused = json.loads(run_bash(line, tmp_path, clean_environment(data_dir)).out)
        assert refused["error_code"] == 1004


def test_what_a_person_indexed_is_all_that_is_served(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A first run adds its folders to nothing that is there already; the first key it does make."""
    data_dir = copy_index(index_fixtures(tmp_path_factory), tmp_path / "data")
    (tmp_path / "demo" / "extra").mkdir(parents=True)
    (tmp_path / "demo" / "extra" / "a.py").write_text("a = 1\n")
    with Service(data_dir, "", "--first-run", str(tmp_path / "demo")) as service:
        assert service.ask("ledger-go", key=first_key(data_dir)).status_code == 200
        assert "extra" not in source_ids(data_dir)


def test_a_first_run_that_was_cut_short_is_completed(data_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    for name in ("one", "two"):
        (folder / name).mkdir(parents=True)
        (folder / name / "a.py").write_text("def a():\n    return 1\n")
    assert run_cli(data_dir, "index", str(folder / "one")).status == 0
    with Service(data_dir, "", "--first-run", str(folder)):
        assert sorted(source_ids(data_dir)) == ["one", "two"]


def test_examples_stay_among_themselves_and_go_together(data_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    for name in ("demo/one", "demo/two", "own/app"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "a.py").write_text("def a():\n    return 1\n")
    reports = run_cli(data_dir, "index", "--examples", str(folder), "--json").json["sources"]
    assert [item["name"] for item in reports] == ["one", "two"]
    assert run_cli(data_dir, "index", "--examples", str(folder)).out.count("nothing changed") == 2
    assert run_cli(data_dir, "index", str(tmp_path / "own" / "app")).status == 0
    refused = run_cli(data_dir, "index", "--examples", str(folder))
    assert (refused.status, refused.out) == (1, "")
    assert "here is app" in refused.error
    (workspace,) = run_cli(data_dir, "workspace", "list", "--json").json["workspaces"]
    assert (workspace["name"], len(workspace["members"])) == ("examples", 2)
    removed = run_cli(data_dir, "remove", "--examples")
    assert removed.status == 0
    assert [line.split(" (")[0] for line in removed.out.splitlines()] == [
        "Removed one",
        "Removed two",
        "Removed the workspace examples.",
    ]
    assert list(source_ids(data_dir)) == ["app"]
    assert run_cli(data_dir, "remove", "--examples").out == "There are no examples.\n"


def test_a_workspace_of_ones_own_that_is_called_examples_stays(data_dir: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.py").write_text("def a():\n    return 1\n")
    assert run_cli(data_dir, "index", str(tmp_path / "one"), str(tmp_path / "two")).status == 0
    assert run_cli(data_dir, "workspace", "create", "examples", "one", "two").status == 0
    assert run_cli(data_dir, "remove", "--examples").out == "There are no examples.\n"
    assert sorted(source_ids(data_dir)) == ["one", "two"]


def test_a_folder_that_cannot_be_indexed_does_not_keep_the_service_from_starting(
    data_dir: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "demo"
    for name in ("bad", "good"):
        (folder / name).mkdir(parents=True)
        (folder / name / "a.py").write_text("def a():\n    return 1\n")
    (folder / "bad" / ".git").write_text("gitdir: /no/such/place\n")
    with Service(data_dir, "", "--first-run", str(folder), log=tmp_path / "serve.log") as service:
        assert service.ask("good", key=first_key(data_dir)).status_code == 200
        assert "codesearch: " in service.logged
        assert "Traceback" not in service.logged


def make_n(*arguments: str) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CODESEARCH_")}
    done = subprocess.run(["make", "-n", *arguments], cwd=ROOT, env=kept, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_targets_run_what_the_readme_promises() -> None:
    assert "codesearch serve --first-run fixtures/repos" in make_n("serve")
    for target in ("serve", "index"):
        assert f"{target}: CODESEARCH_DATA_DIR := {ROOT}/.codesearch" in make_n("--print-data-base", target)
    assert "codesearch index --examples fixtures/repos" in make_n("index")
    one = make_n("index", "REPO=https://github.com/pallets/flask")
    assert "codesearch index https://github.com/pallets/flask" in one
    assert "fixtures" not in one
    several = make_n("index", "REPO=/srv/a /srv/b", "BRANCH=next", "SUBDIR=server")
    assert "codesearch index /srv/a /srv/b --branch next --subdir server" in several
    assert "pytest" in make_n("test")
    checked = make_n("check")
    assert all(tool in checked for tool in ("ruff check", "ruff format --check", "mypy", "pytest"))
    assert "make check" in (ROOT / ".ci" / "run").read_text()
