"""Which targets may have most files in common: the later one then begins with the index of the earlier."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from codesearch.cli.targets import Target


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("https://github.com/team/app", "https://github.com/fork/app.git", True),
        ("https://github.com/team/app", "git@example.org:other/App.git", True),
        ("https://github.com/team/app", "https://github.com/team/library", False),
        ("not a source", "not a source", True),
        ("not a source", "another one", False),
    ],
)
def test_remotes_are_alike_by_their_last_part(first: str, second: str, *, expected: bool) -> None:
    assert Target(first).may_be_like(Target(second)) is expected
    assert Target(second).may_be_like(Target(first)) is expected


def test_branches_and_folders_of_one_place_are_alike(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    app = str(tmp_path / "app")
    assert Target(app, branch="main").may_be_like(Target(app, branch="next"))
    (tmp_path / "copies" / "app").mkdir(parents=True)
    assert Target(app).may_be_like(Target(str(tmp_path / "copies" / "app")))
    (tmp_path / "library").mkdir()
    assert not Target(app).may_be_like(Target(str(tmp_path / "library")))


def test_work_trees_of_a_repository_are_alike_whatever_their_names(tmp_path: Path) -> None:
    app, feature, other = tmp_path / "app", tmp_path / "feature-x", tmp_path / "feature-y"
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (
        ["init", "--quiet", str(app)],
        ["-C", str(app), *identity, "commit", "--quiet", "--allow-empty", "-m", "first"],
        ["-C", str(app), "worktree", "add", "--quiet", str(feature)],
        ["-C", str(app), "worktree", "add", "--quiet", str(other)],
    ):
        subprocess.run(["git", *command], check=True, capture_output=True)
    assert Target(str(app)).may_be_like(Target(str(feature)))
    assert Target(str(feature)).may_be_like(Target(str(other)))


def test_what_is_known_begins_with_its_own_index() -> None:
    app, fork = "https://github.com/team/app", "https://github.com/fork/app"
    assert Target(fork).must_wait_for(Target(app))
    assert Target(fork).must_wait_for(Target(app, is_known=True))
    assert not Target(fork, is_known=True).must_wait_for(Target(app))
    assert not Target(fork).must_wait_for(Target("https://github.com/team/library"))
