"""Which changes ask for a run: of real work trees with ignored files, of git's own files, of our own data folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from codesearch.cli.watching import relevance
from codesearch.cli.watching.relevance import Relevance
from codesearch.core.config import load_settings
from tests.unit.indexer.conftest import Repository, isolated_git

__all__ = ["isolated_git"]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "shop")
    repository.commit({"cart.py": "x = 1\n", ".gitignore": "node_modules/\n*.log\nkept.log\n", "kept.log": "kept\n"})
    return repository


def judge(repository: Repository, *paths: str, data_dir: str = ".data") -> bool:
    judged = Relevance(repository.path, load_settings(data_dir=repository.path / data_dir))
    return judged.matters({path for name in paths if judged.may_matter(path := str(repository.path / name))})


@pytest.mark.parametrize(
    ("path", "matters"),
    [
        ("cart.py", True),
        ("new/deep/file.py", True),
        ("gone.py", True),
        # Tracked, though a pattern of the ignored ones names it.
        ("kept.log", True),
        (".gitignore", True),
        ("yarn.lock", True),
        ("run.log", False),
        ("node_modules/left-pad/index.js", False),
        (".git/HEAD", True),
        (".git/refs/heads/main", True),
        (".git/info/exclude", True),
        (".git/index", False),
        (".git/refs/heads/main.lock", False),
        (".git/objects/ab/cdef", False),
        ("vendor/lib/.git/HEAD", False),
        (".data/catalog.sqlite3", False),
        (".data/store/table.lance/data/x", False),
        (".cart.py.swp", False),
        ("cart.py~", False),
        ("4913", False),
    ],
)
def test_a_change_in_a_work_tree(repository: Repository, path: str, matters: bool) -> None:
    assert judge(repository, path) is matters
    # One that matters among others that do not.
    assert judge(repository, path, "run.log", ".git/index") is matters


def test_of_a_burst_the_folders_are_asked_about(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relevance, "MOST_PATHS", 20)
    burst = [f"node_modules/package-{number % 9}/{number}.js" for number in range(100)]
    assert not judge(repository, *burst)
    assert judge(repository, *burst, "src/new.py")
    assert judge(repository, *burst, "new.py")
    assert judge(repository, *(f"node_modules/package-{number}/x.js" for number in range(100)))


def test_a_plain_folder_passes_over_what_tools_fill(tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    judged = Relevance(folder, load_settings(data_dir=tmp_path / "data"))
    assert judged.may_matter(str(folder / "notes.md"))
    assert judged.matters({str(folder / "notes.md")})
    assert not judged.matters(set())
    assert not judged.may_matter(str(folder / "node_modules" / "a" / "b.js"))
    assert not judged.may_matter(str(tmp_path / "elsewhere.py"))
    # An editor's names may be those of folders, too.
    (folder / "old~").mkdir()
    assert judged.may_matter(str(folder / "old~"))


def test_git_is_left_to_end_what_it_is_at(repository: Repository) -> None:
    judged = Relevance(repository.path, load_settings(data_dir=repository.path / ".data"))
    assert not judged.is_busy()
    (repository.path / ".git" / "index.lock").touch()
    assert judged.is_busy()
