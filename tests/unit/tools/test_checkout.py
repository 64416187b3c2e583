"""What is checked out is told from a repository's files as git itself tells it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from codesearch.core.types import DataSource, Principal
from codesearch.tools.checkout import observe_checkout
from codesearch.tools.freshness import Observation, assess
from tests.unit.indexer.conftest import Repository, isolated_git, make_repository

__all__ = ["isolated_git", "make_repository"]


def source_at(location: object, branch: str | None = None) -> DataSource:
    return DataSource("a" * 24, "sample", "repository", str(location), branch=branch)


@pytest.fixture
def repository(make_repository: Callable[..., Repository]) -> Repository:
    repository = make_repository("sample")
    repository.commit({"src/a.py": "a = 1\n"})
    return repository


def head_of(repository: Repository, folder: Path | None = None) -> Observation:
    at = ("-C", str(folder or repository.path))
    branch = repository.git(*at, "branch", "--show-current")
    return Observation(repository.git(*at, "rev-parse", "HEAD"), branch or None)


def test_head_is_told_as_git_tells_it(repository: Repository) -> None:
    path = repository.path
    assert observe_checkout(source_at(path)) == head_of(repository)
    assert observe_checkout(source_at(path / "src")) == head_of(repository)
    repository.commit({"src/a.py": "a = 2\n"})
    assert observe_checkout(source_at(path)) == head_of(repository)
    repository.git("pack-refs", "--all")
    assert observe_checkout(source_at(path)) == head_of(repository)
    repository.git("checkout", "-q", "--detach")
    assert observe_checkout(source_at(path)) == head_of(repository)
    assert head_of(repository).branch is None


def test_a_work_tree_of_its_own_has_its_own_head(repository: Repository, tmp_path: Path) -> None:
    other = tmp_path / "other"
    repository.git("worktree", "add", "-q", "-b", "feature/two", str(other))
    (other / "b.py").write_text("b = 1\n")
    repository.git("-C", str(other), "add", ".")
    repository.git("-C", str(other), "commit", "-q", "-m", "Add b")
    assert observe_checkout(source_at(other)) == head_of(repository, other)
    assert observe_checkout(source_at(other)).branch == "feature/two"
    assert observe_checkout(source_at(repository.path)) == head_of(repository)
    assert observe_checkout(source_at(repository.path)) != observe_checkout(source_at(other))


def test_a_branch_is_told_by_its_tip(repository: Repository) -> None:
    repository.git("branch", "old")
    repository.git("tag", "-a", "-m", "first", "v1")
    tip = repository.git("rev-parse", "old")
    repository.commit({"src/a.py": "a = 3\n"})
    for _ in range(2):
        assert observe_checkout(source_at(repository.path, "old")) == Observation(tip, "old")
        repository.git("pack-refs", "--all")
    # Packed, an annotated tag says its commit.
    assert observe_checkout(source_at(repository.path, "v1")) == Observation(tip, "v1")
    assert observe_checkout(source_at(repository.path, "HEAD")) == head_of(repository)
    assert observe_checkout(source_at(repository.path, "gone")) == Observation(None, "gone")


def test_a_commit_that_is_checked_out_is_told_with_its_branch(repository: Repository) -> None:
    reader = Principal(key_id="key", name="key", is_admin=False, source_ids=None)
    source = source_at(repository.path, "HEAD")
    assert assess(source, observe_checkout(source), reader).branch == head_of(repository).branch
    repository.git("checkout", "-q", "--detach")
    assert assess(source, observe_checkout(source), reader).branch is None


def test_a_bare_repository_has_a_head(repository: Repository, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    repository.git("clone", "-q", "--bare", str(repository.path), str(bare))
    assert observe_checkout(source_at(bare)).commit == repository.git("-C", str(bare), "rev-parse", "HEAD")


def test_what_has_no_commit_here_is_not_known(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "HEAD").write_text("no repository")
    for location in (tmp_path / "folder", tmp_path / "gone", "https://example.org/a.git", "git@example.org:a.git"):
        assert observe_checkout(source_at(location)) == Observation()


def test_a_repository_without_commits_has_a_branch(make_repository: Callable[..., Repository]) -> None:
    repository = make_repository("empty")
    assert observe_checkout(source_at(repository.path)) == Observation(None, "main")


def test_a_damaged_reference_is_not_known(repository: Repository) -> None:
    branch = repository.git("branch", "--show-current")
    (repository.path / ".git" / "refs" / "heads" / branch).write_bytes(b"\xff\xfe not an id\n")
    assert observe_checkout(source_at(repository.path)).commit is None
