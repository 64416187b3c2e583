"""`codesearch serve --first-run` and the make targets: from nothing to an answer with one line to paste."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.e2e.service import (
    FIXTURES,
    NAMES,
    ROOT,
    Service,
    clean_environment,
    copy_index,
    create_key,
    index_fixtures,
    run_bash,
    run_cli,
    source_ids,
)

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


def pasted_line(service: Service) -> str:
    """Return the curl line that the welcome shows."""
    (line,) = [line.strip() for line in service.printed.splitlines() if line.strip().startswith("curl ")]
    return line


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
        (secret,) = set(re.findall(r"cs_[\w-]{40,}", service.printed))
        assert secret not in service.logged
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
        assert re.search(r"cs_[\w-]{40,}", service.printed)
        assert "extra" not in source_ids(data_dir)


def test_a_first_run_that_was_cut_short_is_completed(data_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    for name in ("one", "two"):
        (folder / name).mkdir(parents=True)
        (folder / name / "a.py").write_text("def a():\n    return 1\n")
    assert run_cli(data_dir, "index", str(folder / "one")).status == 0
    with Service(data_dir, "", "--first-run", str(folder)):
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
        (secret,) = set(re.findall(r"cs_[\w-]{40,}", service.printed))
        assert service.ask("good", key=secret).status_code == 200
        assert "codesearch: " in service.logged
        assert "Traceback" not in service.logged


def make_n(*arguments: str) -> str:
    done = subprocess.run(["make", "-n", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_targets_run_what_the_readme_promises() -> None:
    assert "codesearch serve --first-run fixtures/repos" in make_n("serve")
    everything = make_n("index")
    assert all(f"fixtures/repos/{name}" in everything for name in NAMES)
    one = make_n("index", "REPO=https://github.com/pallets/flask")
    assert "codesearch index https://github.com/pallets/flask" in one
    assert "fixtures" not in one
    several = make_n("index", "REPO=/srv/a /srv/b", "BRANCH=next", "SUBDIR=server")
    assert "codesearch index /srv/a /srv/b --branch next --subdir server" in several
    assert "pytest" in make_n("test")
    checked = make_n("check")
    assert all(tool in checked for tool in ("ruff check", "ruff format --check", "mypy", "pytest"))
    assert "make check" in (ROOT / ".ci" / "run").read_text()
