"""What is asked: SOURCE as an id, a name, a path, an address, several, all, or what holds the current folder."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from codesearch.core.config import Settings
from tests.e2e.conftest import AssemblyFactory
from tests.e2e.service import (
    FIXTURES,
    PATIENCE_SECONDS,
    clean_environment,
    command_of,
    index_fixtures,
    names_of,
    run_cli,
    source_ids,
)
from tests.unit.indexer.conftest import Repository

MakeRepository = Callable[..., Repository]
ORDERS = FIXTURES / "orders-service"


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fixtures; not to be changed."""
    return index_fixtures(tmp_path_factory)


def asked(data_dir: Path, *arguments: str) -> set[str]:
    """Return the names of the data sources that a search finds something in."""
    records = run_cli(data_dir, "search", *arguments, "--top-k", "100", "--json").json["records"]
    assert records
    return set(names_of(records, "data_source_name"))


def read_terminal(ours: int) -> str:
    """Return what is shown until whoever writes to the terminal has ended."""
    shown = b""
    while True:
        try:
            part = os.read(ours, 65_536)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.close(ours)
    return shown.decode()


def test_a_path_means_the_data_source_that_holds_it(indexed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(indexed, str(ORDERS / "orders"), "money") == {"orders-service"}
    assert asked(indexed, str(ORDERS / "orders" / "tax.py"), "money") == {"orders-service"}
    monkeypatch.chdir(ORDERS / "orders")
    for arguments in (["money"], [".", "money"], ["..", "money"], ["--in", "tax.py", "money"]):
        assert asked(indexed, *arguments) == {"orders-service"}, arguments
    assert asked(indexed, "../../ledger-go", "money") == {"ledger-go"}
    assert asked(indexed, "ledger-go", "money") == {"ledger-go"}


def test_several_are_one_ranking_and_all_are_all(indexed: Path) -> None:
    both = {"ledger-go", "orders-service"}
    assert asked(indexed, "ledger-go", "orders-service", "money") == both
    assert asked(indexed, "--in", "ledger-go", "--in", str(ORDERS), "money") == both
    assert asked(indexed, "ledger-go", "ledger-go", "--in", source_ids(indexed)["ledger-go"], "money") == {"ledger-go"}
    assert len(asked(indexed, "--all", "money")) > 4
    records = run_cli(indexed, "search", "ledger-go", "orders-service", "money", "--json").json["records"]
    assert [item["score"] for item in records] == sorted((item["score"] for item in records), reverse=True)
    wrong = run_cli(indexed, "search", "--all", "ledger-go", "money")
    assert (wrong.status, wrong.out) == (2, "")


def test_where_it_is_not_clear_what_is_asked_the_names_are_told(indexed: Path, data_dir: Path) -> None:
    outcome = run_cli(indexed, "search", "money")
    assert (outcome.status, outcome.out) == (2, "")
    assert "Error: No data source holds the current folder. Name one: " in outcome.err
    assert "--all" in outcome.err
    for command in (["show", "a.py"], ["outline", "a.py"], ["tree"]):
        refused = run_cli(indexed, *command)
        assert (refused.status, "--all" in refused.err) == (2, False)
        assert "Name one with --in: " in refused.err
    outcome = run_cli(indexed, "search", "where", "is", "money")
    assert outcome.status == 1
    assert "'where'" in outcome.error
    assert "goes in quotes" in outcome.error
    outcome = run_cli(data_dir, "search", "money")
    assert outcome.status == 2
    assert "codesearch index SOURCE" in outcome.err
    assert not data_dir.exists()


def test_a_path_in_no_data_source_names_the_command(
    indexed: Path, data_dir: Path, make_repository: MakeRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = make_repository("shop")
    repository.commit({"server/a.py": "def a():\n    return 1\n"})
    monkeypatch.chdir(repository.path / "server")
    for folder in (indexed, data_dir):
        outcome = run_cli(folder, "search", ".", "a")
        assert (outcome.status, outcome.out) == (1, "")
        assert f"Run `codesearch index {repository.path}`." in outcome.error
    assert not data_dir.exists()
    outcome = run_cli(indexed, "search", "./nope", "a")
    assert (outcome.status, "There is no 'nope'" in outcome.error) == (1, True)


def test_a_source_of_which_nothing_is_indexed_is_named(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("vendor/lib.py", "lib/a.py"):
        (tmp_path / "shop" / name).parent.mkdir(parents=True)
        (tmp_path / "shop" / name).write_text("def add_tax():\n    return 1\n")
    (tmp_path / "shop" / ".gitignore").write_text("vendor\n")
    assert run_cli(data_dir, "index", str(tmp_path / "shop")).status == 0
    monkeypatch.chdir(tmp_path)
    said = "codesearch: vendor/ of shop: no path here begins so; there are .gitignore, lib/.\n"
    assert run_cli(data_dir, "search", "shop/vendor", "add_tax").err == said
    assert run_cli(data_dir, "context", "shop/vendor", "add_tax").err == f"codesearch: Nothing found.\n{said}"
    assert run_cli(data_dir, "grep", "add_tax", "shop/vendor").err.endswith(said)
    both = run_cli(data_dir, "grep", "add_tax", "shop/vendor", "shop/lib")
    assert (both.status, both.err) == (0, said)
    assert run_cli(data_dir, "grep", "add_tax", "shop/lib").err == ""


def test_a_file_that_is_not_in_a_source_below_is_said_to_be_none_of_it(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "a.py").write_text("def add_tax():\n    return 1\n")
    assert run_cli(data_dir, "index", str(tmp_path / "shop")).status == 0
    monkeypatch.chdir(tmp_path)
    for command in ("show", "outline"):
        outcome = run_cli(data_dir, command, "shop/b.py")
        assert (outcome.status, outcome.out) == (1, "")
        assert outcome.error.startswith("b.py of shop is not indexed: there is no such file on disk either.")


def test_a_workspace_is_no_repository(data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "a.py").write_text("def add_tax():\n    return 1\n")
    assert run_cli(data_dir, "index", str(tmp_path / "shop")).status == 0
    assert run_cli(data_dir, "workspace", "create", "all-of-it", "shop").status == 0
    for command in ("merge", "evaluate", "schedule"):
        outcome = run_cli(data_dir, command, "all-of-it")
        assert outcome.status == 1
        assert outcome.error == "all-of-it is a workspace; name one of its repositories: shop."
    removed = run_cli(data_dir, "remove", "all-of-it")
    assert removed.status == 1
    assert "`codesearch workspace remove all-of-it` removes it" in removed.error


@pytest.mark.parametrize("answer", ["y", "n"])
def test_at_a_terminal_it_is_indexed_once_somebody_says_so(
    data_dir: Path, make_repository: MakeRepository, answer: str
) -> None:
    repository = make_repository("shop")
    repository.commit({"server/a.py": "def add_tax():\n    return 1\n"})
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command_of("search", ".", "add_tax", "--lines"),
        env=clean_environment(data_dir, index_workers="1"),
        cwd=repository.path / "server",
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    )
    os.close(theirs)
    os.write(ours, f"{answer}\n".encode())
    shown = read_terminal(ours)
    out, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert f"Index {repository.path} now?" in shown
    if answer == "n":
        assert (process.returncode, out) == (1, "")
        assert not data_dir.exists()
    else:
        assert (process.returncode, out) == (0, "a.py:1-2\n")
        assert list(source_ids(data_dir)) == ["shop"]


def test_the_innermost_data_source_is_meant_and_the_files_before_a_commit(
    data_dir: Path, make_repository: MakeRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = make_repository("shop")
    repository.commit({"server/a.py": "def a():\n    return 1\n", "b.py": "def a():\n    return 2\n"})
    path = repository.path
    assert run_cli(data_dir, "index", "--committed", str(path), "--name", "committed").status == 0
    assert run_cli(data_dir, "index", str(path)).status == 0
    assert run_cli(data_dir, "index", str(path / "server")).status == 0
    monkeypatch.chdir(path)
    assert asked(data_dir, "def a") == {"shop"}
    assert asked(data_dir, "server", "def a") == {"server"}
    monkeypatch.chdir(path / "server")
    assert asked(data_dir, "def a") == {"server"}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("pallets/flask", "flask"),
        ("github.com/pallets/flask", "flask"),
        ("https://github.com/pallets/flask.git", "flask"),
        ("git@github.com:pallets/flask.git", "flask"),
        ("Pallets/Flask", "flask"),
        ("team/app", "app"),
        ("https://git.example.org/team/app", "app"),
    ],
)
def test_an_address_in_any_form_means_what_was_indexed_from_it(
    assembly_factory: AssemblyFactory, data_dir: Path, text: str, name: str
) -> None:
    catalog = assembly_factory().catalog
    catalog.add_source(id="a" * 24, location="https://github.com/pallets/flask", name="flask")
    catalog.add_source(id="b" * 24, location="git@git.example.org:team/app.git", name="app")
    catalog.add_source(id="c" * 24, location="https://github.com/pallets/flask-admin", name="flask-admin")
    # Nothing is indexed of them, which the message says of the one that is meant.
    assert f"{name!r}" in run_cli(data_dir, "search", text, "x").error
    assert "No finished index yet" in run_cli(data_dir, "search", text, "x").error


def test_of_several_from_one_address_one_has_to_be_named(assembly_factory: AssemblyFactory, data_dir: Path) -> None:
    catalog = assembly_factory().catalog
    for letter, branch in (("a", "main"), ("b", "next")):
        location = "https://github.com/pallets/flask"
        catalog.add_source(id=letter * 24, location=location, name=f"flask-{branch}", branch=branch)
    outcome = run_cli(data_dir, "search", "pallets/flask", "x")
    assert (outcome.status, "flask-main, flask-next" in outcome.error) == (1, True)
    assert "Did you mean flask-main or flask-next?" in run_cli(data_dir, "search", "pallets/flsk", "x").error


def test_filters_leave_out_what_they_say(indexed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def paths(*options: str) -> list[str]:
        found = run_cli(indexed, "search", "orders-service", "tax of an order", "--top-k", "100", "--json", *options)
        return list(map(str, names_of(found.json["records"], "path")))

    everything = paths()
    assert any(path.startswith("tests/") for path in everything)
    assert not any(path.startswith("tests/") for path in paths("--no-tests"))
    assert {path.rpartition(".")[2] for path in paths("--ext", "py", "--ext", ".md")} == {"py", "md"}
    assert {path.rpartition(".")[2] for path in paths("--lang", "SQL")} == {"sql"}
    assert all(path.startswith("orders/t") for path in paths("--path", "orders/t"))
    monkeypatch.chdir(ORDERS / "orders")
    assert {path.partition("/")[0] for path in paths("--path", "../tests", "--path", "tax.py")} == {"tests", "orders"}
    records = run_cli(indexed, "search", ".", "tax", "--top-k", "100", "--kind", "class", "--json").json["records"]
    assert set(names_of(records, "symbol_kind")) == {"class"}
    records = run_cli(indexed, "search", ".", "tax", "--kind", "chunk", "--kind", "file", "--json").json["records"]
    assert set(names_of(records, "artifact_kind")) <= {"chunk", "file"}


def test_files_lines_and_jsonl_are_a_line_each(indexed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = run_cli(indexed, "search", "orders-service", "tax", "--top-k", "20", "--json").json["records"]
    places = [item["metadata"] for item in records]
    files = list(dict.fromkeys(place["path"] for place in places))
    assert run_cli(indexed, "search", "orders-service", "tax", "--top-k", "20", "--files").out.splitlines() == files
    assert run_cli(indexed, "search", "orders-service", "tax", "--top-k", "20", "--lines").out.splitlines() == [
        f"{place['path']}:{place['start_line']}-{place['end_line']}" for place in places
    ]
    lines = run_cli(indexed, "search", "orders-service", "tax", "--top-k", "20", "--jsonl").out.splitlines()
    assert len(lines) == len(records)
    assert run_cli(indexed, "search", "orders-service", "tax", "--files", "--json").status == 2
    monkeypatch.chdir(ORDERS / "orders")
    here = run_cli(indexed, "search", "tax", "--top-k", "20", "--files").out.splitlines()
    assert here == [os.path.relpath(ORDERS / path) for path in files]
    both = run_cli(indexed, "search", "--in", ".", "--in", "ledger-go", "money", "--top-k", "20", "--files").out
    for line in both.splitlines():
        assert line.startswith("ledger-go::") or Path(line).exists(), line


@pytest.mark.parametrize("value", ["vs code", "javascript", "https://example.org/", "file://{path}\x1b"])
def test_an_editor_link_that_is_none_is_refused(data_dir: Path, value: str) -> None:
    outcome = run_cli(data_dir, "list", editor_link=value)
    assert outcome.status == 1
    assert "CODESEARCH_EDITOR_LINK" in outcome.error
    assert "editor_link" in Settings.model_fields
