"""The log of a repository: which commits come, which files they changed, whatever their names, and where it ends."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from codesearch.core.errors import SourceError
from indexer.source.commit_log import MOST_FILES, is_ancestor, read_log
from indexer.source.git import Git
from tests.unit.indexer.conftest import Repository
from tests.unit.indexer.history.history_repositories import commit_as


def git_on(repository: Repository) -> Git:
    return Git(repository.path / ".git", display="origin")


def said(repository: Repository, revisions: str = "HEAD", most: int = 100) -> list[tuple[str, tuple[str, ...]]]:
    return [(commit.subject, commit.paths) for commit in read_log(git_on(repository), revisions, most)]


@pytest.fixture(params=["sha1", "sha256"])
def repository(make_repository: Callable[..., Repository], request: pytest.FixtureRequest) -> Repository:
    made = make_repository(object_format=request.param)
    commit_as(made, "Begin with everything", {"a.py": "1", "b.py": "1"})
    return made


def test_the_newest_come_first_and_the_first_of_all_does_not(repository: Repository) -> None:
    commit_as(repository, "Change both files", {"a.py": "2", "b.py": "2"})
    commit_as(repository, "Remove b and add c", {"b.py": None, "sub/c.py": "1"}, author="Grace [bot]")
    expected = [("Remove b and add c", ("b.py", "sub/c.py")), ("Change both files", ("a.py", "b.py"))]
    assert said(repository) == expected
    assert [commit.author for commit in read_log(git_on(repository), "HEAD", 100)] == ["Grace [bot]", "A"]
    assert said(repository, most=1) == expected[:1]
    assert said(repository, "HEAD~1..HEAD") == expected[:1]
    assert said(repository, "HEAD..HEAD") == []


def test_a_merge_says_nothing_and_what_it_brought_in_does(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "-b", "side")
    commit_as(repository, "Change a aside", {"a.py": "aside"})
    repository.git("checkout", "--quiet", "main")
    commit_as(repository, "Change b meanwhile", {"b.py": "meanwhile"})
    repository.git("merge", "--quiet", "--no-ff", "--message=Merge side into main", "side")
    assert said(repository, most=2) == [("Change b meanwhile", ("b.py",)), ("Change a aside", ("a.py",))]


def test_a_renamed_file_is_one_that_went_and_one_that_came(repository: Repository) -> None:
    repository.git("mv", "a.py", "z.py")
    repository.git("commit", "--quiet", "--message=Call it z")
    assert said(repository) == [("Call it z", ("a.py", "z.py"))]


def test_a_commit_of_many_files_speaks_of_none(repository: Repository) -> None:
    commit_as(repository, "Just few enough", {f"{number:02}.py": "1" for number in range(MOST_FILES)})
    commit_as(repository, "One too many", {f"{number:02}.py": "2" for number in range(MOST_FILES + 1)})
    commit_as(repository, "Very many", {f"many/{number:04}.py": "2" for number in range(3_000)})
    assert [subject for subject, _ in said(repository)] == ["Just few enough"]
    assert len(said(repository)[0][1]) == MOST_FILES


def test_where_a_shallow_repository_ends_nothing_is_said(repository: Repository, tmp_path: Path) -> None:
    commit_as(repository, "Change a once", {"a.py": "2"})
    commit_as(repository, "Change a twice", {"a.py": "3"})
    shallow = Repository(tmp_path / "shallow", object_format=repository.git("rev-parse", "--show-object-format"))
    shallow.git("fetch", "--quiet", "--depth=2", repository.url, "+main:refs/heads/got")
    assert said(shallow, "refs/heads/got") == [("Change a twice", ("a.py",))]
    assert not is_ancestor(git_on(shallow), repository.git("rev-parse", "HEAD~2"), "refs/heads/got")


def test_paths_and_subjects_may_be_anything(repository: Repository) -> None:
    strange = os.fsdecode(b"caf\xe9/\n line.py")
    names = {strange: "1", "a b.py": "1", "größe.py": "1"}
    commit_as(repository, 'Größe: "say" \x1f it\tanew', names)
    repository.git("commit", "--quiet", "--allow-empty", "--message=Nothing at all")
    assert said(repository) == [('Größe: "say" \x1f it\tanew', tuple(sorted(names, key=os.fsencode)))]


def test_a_subject_of_any_length_is_cut(repository: Repository) -> None:
    commit_as(repository, "cut short", {"a.py": "2"})
    repository.git("commit", "--quiet", "--amend", "--file=-", content=b"long " * 100_000)
    ((subject, paths),) = said(repository)
    assert (len(subject), paths) == (400, ("a.py",))


def test_settings_of_a_repository_change_nothing(repository: Repository, tmp_path: Path) -> None:
    order = tmp_path / "order"
    order.write_text("b.py\n")
    for name, value in {
        "log.showSignature": "true", "log.follow": "true", "diff.renames": "copies", "diff.external": "false",
        "log.diffMerges": "on", "format.pretty": "oneline", "color.ui": "always", "i18n.logOutputEncoding": "UTF-16",
        "log.showRoot": "false", "core.quotePath": "true", "log.decorate": "full",
    }.items():  # fmt: skip
        repository.git("config", name, value)
    commit_as(repository, "Größe ändern", {"a.py": "2", "ä.py": "1"})
    assert said(repository) == [("Größe ändern", ("a.py", "ä.py"))]


def test_a_log_that_takes_too_long_is_cut(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit_as(repository, "Change a once", {"a.py": "2"})
    commit_as(repository, "Change a twice", {"a.py": "3"})
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text(f'#!/bin/sh\n"{shutil.which("git")}" "$@"\nexec sleep 600\n')
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}:{os.environ['PATH']}")
    # Of the last one it is not known whether all of its files came.
    assert [commit.subject for commit in read_log(git_on(repository), "HEAD", 100, seconds=1.0)] == ["Change a twice"]


def test_a_log_that_cannot_be_read_is_an_error(repository: Repository) -> None:
    with pytest.raises(SourceError, match="origin"):
        said(repository, "0" * 40)
    commit_as(repository, "Change a once", {"a.py": "2"})
    tree = repository.git("rev-parse", "HEAD~1^{tree}")
    (repository.path / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    with pytest.raises(SourceError):
        said(repository)


def test_which_commits_came_before_others(repository: Repository) -> None:
    commit_as(repository, "Change a once", {"a.py": "2"})
    git, first, last = git_on(repository), repository.git("rev-parse", "HEAD~1"), repository.git("rev-parse", "HEAD")
    assert is_ancestor(git, first, last)
    assert not is_ancestor(git, last, first)
    assert not is_ancestor(git, "f" * 40, last)
