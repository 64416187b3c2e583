"""`codesearch evaluate` on real repositories: figures for people and programs, clear refusals, nothing left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.service import FIXTURES, PATIENCE_SECONDS, clean_environment, command_of, copy_index, run_cli
from tests.unit.indexer.conftest import Repository
from tests.unit.indexer.history.history_repositories import AREAS, build_history


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    return folder


def left_behind(temporary: Path) -> list[str]:
    """Return what the command itself put there; libraries have caches of their own."""
    return [path.name for path in temporary.iterdir() if path.name.startswith("codesearch")]


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A repository with sixteen questions in its history, and beside it an index of it, called `shop`."""
    repository = Repository(tmp_path_factory.mktemp("history") / "shop")
    build_history(repository)
    assert run_cli(repository.path.parent / "data", "index", str(repository.path)).status == 0
    return repository


@pytest.fixture
def indexed(history: Repository, data_dir: Path, temporary: Path) -> Repository:
    """That repository, not to be changed, and a copy of its index in the data folder."""
    copy_index(history.path.parent / "data", data_dir)
    return history


def test_one_json_object_with_every_question(indexed: Repository, data_dir: Path, temporary: Path) -> None:
    outcome = run_cli(data_dir, "evaluate", "shop", "--commits", "12", "--json")
    assert outcome.status == 0, outcome.err
    value = outcome.json
    assert (value["name"], value["queries"], value["top_k"], value["files"]) == ("shop", 12, 10, len(AREAS))
    assert value["base"] == indexed.git("rev-parse", "HEAD~12")
    assert value["tip"] == indexed.git("rev-parse", "HEAD")
    assert value["file_recall"] == value["symbol_recall"] == value["mrr"] == 1.0
    assert len(value["questions"]) == 12
    question = value["questions"][0]
    path = question["expected_files"][0]["path"]
    assert question["expected_files"] == [{"path": path, "rank": 1}]
    area = Path(path).stem
    assert question["query"].startswith(f"Round the {area} total, step ")
    assert question["expected_symbols"] == [{"path": path, "symbol": f"compute_{area}_total", "found": True}]
    assert left_behind(temporary) == []


def test_a_table_and_the_worst_for_people(indexed: Repository, data_dir: Path) -> None:
    outcome = run_cli(data_dir, "evaluate", "shop", "--commits", "12", "--top-k", "1")
    assert outcome.status == 0, outcome.err
    base = indexed.git("rev-parse", "--short=12", "HEAD~12")
    assert outcome.out.startswith(f"shop: 12 later commits asked of the tree at {base} (4 files, ")
    assert re.search(r"^file recall@1 +1\.000 ", outcome.out, re.MULTILINE)
    assert re.search(r"^symbol recall@1 +[01]\.\d{3} .*\(12 commits\)$", outcome.out, re.MULTILINE)
    assert re.search(r"^MRR +1\.000 ", outcome.out, re.MULTILINE)
    assert "asking 12 questions" in outcome.err


def test_what_was_not_found_is_shown_with_what_was(
    make_repository: Callable[..., Repository], data_dir: Path, temporary: Path
) -> None:
    repository = make_repository("misleading")
    build_history(repository, 1)
    repository.commit({"shop/ledger.py": "def zebra():\n    return 1\n"})
    base = repository.git("rev-parse", "HEAD")
    repository.commit({"shop/ledger.py": "def zebra():\n    return 2\n"})
    repository.git("commit", "--quiet", "--amend", "--message=Compute the cart total anew")
    assert run_cli(data_dir, "index", str(repository.path)).status == 0
    arguments = ("evaluate", "misleading", "--since", base[:12], "--commits", "1", "--top-k", "1")
    outcome = run_cli(data_dir, *arguments)
    assert outcome.status == 0, outcome.err
    assert "The worst:" in outcome.out
    assert "Compute the cart total anew\n  changed: shop/ledger.py (" in outcome.out
    assert "  found:   shop/cart.py\n" in outcome.out
    value = run_cli(data_dir, *arguments, "--json").json
    assert (value["file_recall"], value["first_right"]) == (0.0, 0.0)
    assert value["mrr"] < 1


def test_a_remote_is_evaluated_from_its_address(indexed: Repository, data_dir: Path, temporary: Path) -> None:
    assert run_cli(data_dir, "index", indexed.url, "--name", "remote").status == 0
    here, there = (run_cli(data_dir, "evaluate", name, "--commits", "12", "--json").json for name in ("shop", "remote"))
    same = ("base", "tip", "queries", "file_recall", "symbol_recall", "mrr", "questions")
    assert {key: here[key] for key in same} == {key: there[key] for key in same}
    assert left_behind(temporary) == []


def test_the_index_and_the_repository_stay_as_they_are(indexed: Repository, data_dir: Path) -> None:
    before = run_cli(data_dir, "list", "--json").json["sources"][0]
    objects = sorted(path for path in (indexed.path / ".git").rglob("*") if path.is_file())
    assert run_cli(data_dir, "evaluate", "shop", "--commits", "12", "--json").status == 0
    (after,) = run_cli(data_dir, "list", "--json").json["sources"]
    assert after == before
    assert sorted(path for path in (indexed.path / ".git").rglob("*") if path.is_file()) == objects


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("evaluate", "nothing"), 1, "nothing"),
        (("evaluate", "shop", "--since", "0123456789"), 1, "There is no commit 0123456789"),
        (("evaluate", "ledger-go"), 1, "plain folder without git history"),
        (("evaluate",), 2, "Missing argument 'ID'"),
        (("evaluate", "shop", "--commits", "0"), 2, "--commits"),
        (("evaluate", "shop", "--top-k", "101"), 2, "--top-k"),
    ],
)
def test_what_cannot_be_evaluated_says_why(
    indexed: Repository, data_dir: Path, temporary: Path, arguments: tuple[str, ...], status: int, message: str
) -> None:
    # The fixtures lie in a repository; a copy does not.
    subprocess.run(["cp", "-r", str(FIXTURES / "ledger-go"), str(data_dir.parent / "ledger-go")], check=True)
    assert run_cli(data_dir, "index", str(data_dir.parent / "ledger-go")).status == 0
    outcome = run_cli(data_dir, *arguments)
    assert (outcome.status, outcome.out) == (status, "")
    assert message in outcome.err
    if status == 1:
        assert message in outcome.error
    assert left_behind(temporary) == []


def test_ctrl_c_leaves_nothing_behind(indexed: Repository, data_dir: Path, temporary: Path) -> None:
    process = subprocess.Popen(
        command_of("evaluate", "shop", "--commits", "12"),
        env={**clean_environment(data_dir), "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("shop: reading the history"):
                break
        was_there = left_behind(temporary)
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert len(was_there) == 1
    assert (process.returncode, out) == (130, "")
    assert err.splitlines()[-1].startswith("codesearch: Interrupted.")
    assert left_behind(temporary) == []


def test_json_names_are_documented(indexed: Repository, data_dir: Path) -> None:
    value = run_cli(data_dir, "evaluate", "shop", "--commits", "12", "--json").json
    page = (Path(__file__).parents[2] / "docs" / "evaluate.md").read_text(encoding="utf-8")
    names = {*value, *(name for question in value["questions"] for name in question)}
    assert {name for name in names if f"`{name}`" not in page and f'"{name}"' not in page} == set()
    assert json.dumps(value)
