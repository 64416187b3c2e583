"""Which folder `codesearch mcp` is about, and which data source holds it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from codesearch.cli.mcp.folder import Folder, choose_folder, find_covering
from codesearch.cli.programs import command_of
from codesearch.core.errors import ConfigurationError
from codesearch.core.types import DataSource
from tests.unit.indexer.conftest import Repository, isolated_git

__all__ = ["isolated_git"]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A checkout with a folder, and a work tree of its own inside."""
    repository = Repository(tmp_path / "shop")
    repository.commit({"src/a.py": "a = 1\n"})
    repository.git("worktree", "add", "-q", "-b", "feature", ".trees/feature")
    return repository


def source(name: str, location: Path | str, *, branch: str | None = None, subdir: str | None = None) -> DataSource:
    return DataSource("a" * 24, name, "repository", str(location), branch, subdir)


def test_a_checkout_is_indexed_from_its_root(repository: Repository) -> None:
    inside = repository.path / "src"
    for given, current in ((None, inside), ("src", repository.path), (str(inside), Path("/"))):
        assert choose_folder(given, current) == Folder(inside, repository.path)


def test_a_work_tree_is_a_checkout_of_its_own(repository: Repository) -> None:
    inner = repository.path / ".trees" / "feature"
    assert choose_folder(None, inner) == Folder(inner, inner)


def test_a_plain_folder_counts_only_where_it_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    assert choose_folder(None, folder) == Folder(folder, None)
    assert choose_folder(".", folder) == Folder(folder, folder)


def test_home_and_the_root_are_never_indexed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for folder in (tmp_path, Path("/")):
        assert choose_folder(None, folder) == Folder(folder, None)
        with pytest.raises(ConfigurationError, match="is too much to index"):
            choose_folder(str(folder), tmp_path)


def test_a_home_under_git_is_no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Repository(tmp_path / "home")
    monkeypatch.setenv("HOME", str(home.path))
    folder = home.path / "notes"
    folder.mkdir()
    assert choose_folder(None, folder) == Folder(folder, None)
    assert choose_folder(".", folder) == Folder(folder, folder)


@pytest.mark.parametrize(
    "given", ["${workspaceFolder}", "${workspaceFolder}/src", "$PROJECT", "%CD%", "{{workspace}}", "${env:X}"]
)
def test_what_no_client_has_filled_in_is_named(given: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="on as it is written, instead of a folder"):
        choose_folder(given, tmp_path)


def test_a_folder_with_a_strange_name_is_one(tmp_path: Path) -> None:
    for name in ("a$b", "100%", "{a}", "$a b"):
        (tmp_path / name).mkdir()
        assert choose_folder(name, tmp_path).here == tmp_path / name


def test_what_is_no_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="is a file"):
        choose_folder("file", tmp_path)
    with pytest.raises(ConfigurationError, match="There is no folder"):
        choose_folder("none", tmp_path)


def test_the_innermost_source_of_the_very_checkout_holds_a_folder(repository: Repository) -> None:
    root, inner = repository.path, repository.path / ".trees" / "feature"
    whole, part = source("whole", root), source("part", root, subdir="src")
    others = [
        source("branch", root, branch="main"),
        source("remote", "https://example.org/shop.git"),
        source("beside", root.parent / "shop-2"),
        source("around", root.parent),
    ]
    here = Folder(root / "src", root)
    assert find_covering([*others, whole, part], here) == part
    assert find_covering([*others, whole], here) == whole
    assert find_covering(others, here) is None
    # The repository around a work tree has other files.
    assert find_covering([whole], Folder(inner, inner)) is None
    assert find_covering([whole, source("tree", inner)], Folder(inner, inner)) == source("tree", inner)


def test_no_other_command_waits_for_the_sdk() -> None:
    script = (
        "import sys, codesearch.cli.main, codesearch.assembly, codesearch.cli.mcp.engine, codesearch.cli.mcp.install\n"
        "import codesearch.mcp.engine_process\n"
        "print(sorted({'mcp', 'mcp_types', 'httpx2'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_process_does_not_look_for_modules_in_the_current_folder(tmp_path: Path) -> None:
    for name in ("json", "click", "codesearch"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(7)")
    done = subprocess.run(
        command_of("json.tool"), cwd=tmp_path, input="{}", text=True, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "{}\n")
